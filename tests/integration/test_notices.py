"""Being told, end to end: what happens in a record leads to a message in a real mail server."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage

import pytest

from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.settings import load
from tests.integration.support import COLLEAGUE, DOCTOR, STRANGER, Coffre, Patient, bearer
from tests.services.mail import Mail, mail_server
from tests.services.warm import WarmServer

FROM = "avis@coffre.example"
GLASS = {"Coffre-Purpose": "bris_de_glace", "Coffre-Reason": "Patiente%20inconsciente%20aux%20urgences"}


@dataclass
class Told:
    """A Coffre that sends messages, and the server that they come to."""

    coffre: Coffre
    mail: Mail


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("told")
    with mail_server(folder / "mail") as mail, pytest.MonkeyPatch.context() as environment:
        initialise(load(data=folder / "data"))
        environment.setenv("COFFRE_NOTICES_URL", mail.url)
        environment.setenv("COFFRE_NOTICES_FROM", FROM)
        with WarmServer(folder / "data") as server:
            yield Told(Coffre(folder / "data", server), mail)


def code_of(message: EmailMessage) -> str:
    found = re.search(r"\b\d{6}\b", message.get_content())
    assert found is not None
    return found[0]


def reachable(told: Told, address: str) -> Patient:
    """A patient whose address is proven."""
    patient = told.coffre.open_record()
    contacts = f"/records/{patient.ins}/contacts/email"
    kept = told.coffre.http.put(contacts, json={"address": address}, headers=bearer(patient.token))
    assert kept.status_code == 200 and kept.json()["contacts"][0]["pending"] == address
    (message,) = told.mail.wait_for(address)
    proven = told.coffre.http.post(
        f"{contacts}/confirmation", json={"code": code_of(message)}, headers=bearer(patient.token)
    )
    assert proven.status_code == 200 and proven.json()["contacts"][0]["address"] == address
    told.mail.received.clear()
    return patient


def listed(told: Told, token: str, patient: Patient, **headers: str) -> int:
    path = f"/records/{patient.ins}/documents"
    return told.coffre.http.get(path, headers={**bearer(token), **headers}).status_code


@pytest.mark.requirement("R57")
@pytest.mark.requirement("R26")
def test_a_broken_glass_comes_to_the_holder_s_mail_and_page_and_says_nothing_of_what_happened(
    told: Told,
) -> None:
    patient = reachable(told, "jeanne@example.fr")
    doctor = told.coffre.professional(STRANGER)
    assert listed(told, doctor, patient, **GLASS) == 200
    (message,) = told.mail.wait_for("jeanne@example.fr")
    text = message.get_content()
    assert told.coffre.url in text and text.index("Bonjour") < text.index("Hello")
    whole = message.as_string()
    for secret in (patient.ins, STRANGER, "Patiente", "bris", "glace", "urgence", str(patient.public_id)):
        assert secret not in whole
    assert message["From"] == FROM and message["Auto-Submitted"] == "auto-generated"
    answer = told.coffre.http.get(f"/records/{patient.ins}/notices", headers=bearer(patient.token))
    (notice,) = answer.json()["notices"]
    assert (notice["kind"], notice["delivery"]) == ("bris_de_glace", "sent")
    read = told.coffre.http.delete(
        f"/records/{patient.ins}/notices/{notice['id']}", headers=bearer(patient.token)
    )
    assert read.status_code == 204
    answer = told.coffre.http.get(f"/records/{patient.ins}/notices", headers=bearer(patient.token))
    assert answer.json() == {"notices": []}


def test_messages_of_every_kind_are_alike_but_for_their_number(told: Told) -> None:
    address = "pareil@example.fr"
    patient = reachable(told, address)
    http, own = told.coffre.http, bearer(patient.token)
    http.post(f"/records/{patient.ins}/authorisations", json={"professional": DOCTOR}, headers=own)
    assert listed(told, told.coffre.professional(DOCTOR), patient) == 200
    told.coffre.publish_pdf(told.coffre.depositor(), patient.ins, demo_data.report_pdf())
    http.post(f"/records/{patient.ins}/blocks", json={"professional": COLLEAGUE}, headers=own)
    messages = told.mail.wait_for(address, 4)
    assert len({message.get_content() for message in messages}) == 1
    assert len({message["Subject"] for message in messages}) == 1
    assert len({len(message.as_string()) for message in messages}) == 1
    assert len({message["Message-ID"] for message in messages}) == 4
