"""`COFFRE_GATEWAY=off`: no process opens content; lists, pages and encrypted grants go on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from coffre.demo_authority.identity_files import sign_in_link
from coffre.installation.install import initialise
from coffre.settings import load
from tests.integration.operators import answer_of, command
from tests.integration.support import Coffre, Patient, bearer, serving


@pytest.fixture(scope="module")
def coffre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coffre]:
    data: Path = tmp_path_factory.mktemp("off") / "data"
    initialise(load(data=data))
    with serving(data, COFFRE_GATEWAY="off") as coffre:
        yield coffre


@pytest.fixture(scope="module")
def patient(coffre: Coffre) -> Patient:
    patient = coffre.open_record()
    assert coffre.stow(coffre.depositor(), patient.ct(slices=2, size=32), patient.ins).status_code == 200
    patient.authorise()
    return patient


@pytest.fixture(scope="module")
def study(patient: Patient) -> dict[str, Any]:
    (document,) = patient.documents()
    return document


@pytest.mark.parametrize("below", ["", "/metadata", "/series/1.2/instances/1.3/frames/1"])
def test_content_in_clear_is_told_to_be_away(patient: Patient, study: dict[str, Any], below: str) -> None:
    answer = patient.call("GET", f"/dicomweb/studies/{study['study_uid']}{below}")
    assert (answer.status_code, answer.json()["code"]) == (501, "gateway_off")
    assert "coffre fetch" in answer.text


def test_whoever_asks_about_whatever_is_told_the_same(coffre: Coffre, patient: Patient) -> None:
    """Nothing is asked of the vault, and so nothing of a record is told."""
    doctor = bearer(coffre.professional("899700099990", "1750000009"))
    path = "/dicomweb/studies/1.2.3"
    found = {
        coffre.http.get(f"/records/{record}{path}", headers=doctor).text
        for record in (patient.ins, patient.public_id, uuid4())
    }
    assert len(found) == 1


def test_lists_and_encrypted_grants_go_on(coffre: Coffre, patient: Patient, study: dict[str, Any]) -> None:
    assert patient.call("GET", "/dicomweb/studies").status_code == 200
    grant = coffre.grant(patient.token, patient.ins, documents=[study["id"]])
    assert len(grant.open().blobs) == 3


def test_pages_list_and_lead_to_where_the_browser_opens(
    coffre: Coffre, patient: Patient, study: dict[str, Any]
) -> None:
    with coffre.system() as system:
        link = sign_in_link(system, patient.token, coffre.url)
    browser = coffre.http
    signed_in = browser.get(link.removeprefix(coffre.url))
    cookie = {"Cookie": signed_in.headers["set-cookie"].partition(";")[0]}
    here = f"/dossier/{patient.public_id}/documents/{study['id']}"
    assert browser.get("/", headers=cookie).status_code == 200
    page = browser.get(here, headers=cookie)
    assert page.status_code == 200
    assert f'href="{here}/viewer"' in page.text  # the visitor's browser opens it
    assert 'name="sop"' not in page.text
    content = browser.get(f"{here}/contenu", headers=cookie)
    assert content.status_code == 501
    assert "n'ouvre pas le contenu" in content.text.replace("&#39;", "'")


def test_it_is_neither_started_nor_waited_for(coffre: Coffre) -> None:
    ready = coffre.http.get("/health/ready")
    assert (ready.status_code, "gateway" in ready.json()) == (200, False)
    processes = answer_of(command(coffre, "status", "--json"))["processes"]
    assert "gateway" not in processes
    assert {"vault", "web-0"} <= processes.keys()
