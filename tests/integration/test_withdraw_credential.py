"""`coffre identity withdraw`, as somebody types it whose card was stolen."""

import subprocess
from pathlib import Path

import pytest

from records.text.languages import by_language
from tests.integration.operators import command
from tests.integration.pages import Browser, Page
from tests.integration.support import DOCTOR, PRACTICE, Coffre, Patient, bearer, problem
from viewer_api.web.catalogue.viewer_failures import FAILURES


def withdraw(coffre: Coffre, *arguments: object) -> subprocess.CompletedProcess[str]:
    return command(coffre, "identity", "withdraw", *map(str, arguments))


def test_a_stolen_credential_is_refused_from_the_next_call_on(
    coffre: Coffre, patient: Patient, tmp_path: Path
) -> None:
    path, kept = f"/records/{patient.ins}/documents", tmp_path / "stolen.token"
    stolen = coffre.professional()
    patient.authorise(DOCTOR)
    kept.write_text(stolen)
    assert coffre.http.get(path, headers=bearer(stolen)).status_code == 200
    assert withdraw(coffre, "--token-file", kept).returncode == 1  # nobody answered
    assert coffre.http.get(path, headers=bearer(stolen)).status_code == 200
    done = withdraw(coffre, "--token-file", kept, "--yes")
    assert done.returncode == 0, done.stderr
    refused = coffre.http.get(path, headers=bearer(stolen))
    assert (refused.status_code, problem(refused)) == (401, "credential_withdrawn")
    assert coffre.http.get(path, headers=bearer(coffre.professional())).status_code == 200


def test_exactly_one_way_to_name_it(coffre: Coffre) -> None:
    for arguments in ((), ("--jti", "a", "--subject", DOCTOR, "--structure", PRACTICE)):
        done = withdraw(coffre, *arguments, "--yes")
        assert (done.returncode, done.stderr.split(":")[0]) == (2, "bad_request")


def test_an_open_page_leads_to_the_door_once_its_credential_is_withdrawn(coffre: Coffre) -> None:
    """What is open in a browser is no longer; it signs in anew there, with a credential that is."""
    patient = coffre.open_record()
    browser = Browser(coffre).sign_in(patient.token)
    assert browser.get("/consultations").headings
    forms, code = browser.get("/choix").forms, browser.http.cookies["coffre"]
    form = next(each for each in forms if each.action != "/sign-out")
    done = withdraw(coffre, "--subject", patient.ins, "--yes")
    assert done.returncode == 0, done.stderr
    answer = browser.send(form)
    assert (answer.status_code, Page(answer.text).link("Se connecter")) == (403, "/sign-in?next=/")
    for path in ("/consultations", "/choix", "/"):
        browser.http.cookies.set("coffre", code, domain="127.0.0.1", path="/")
        answer = browser.http.get(path)
        assert (answer.status_code, Page(answer.text).link("Se connecter")) == (403, f"/sign-in?next={path}")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_viewer_that_is_open_says_to_sign_in_again(language: str) -> None:
    words = by_language(FAILURES)[language]
    assert words["viewer.failure.credential_withdrawn"] == words["viewer.failure.signed_out"]
