"""The cast of the demo and their credentials."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from client.fetch.documents import FetchClient
from client.fetch.keys import published_keys
from client.http_client import CoffreClient
from client.send.deposits import SendClient
from coffre.demo_authority.identities import Identities
from coffre.demonstration.data import PATIENT, PATIENT_INS
from coffre.operators.directory_import import import_directory
from coffre.settings import load
from coffre.wiring import System
from keyvault.verbs.attempt import Denied
from records.errors import CoffreError
from records.people.identity import INS, INS_NIR_TEST

LABORATORY, HOSPITAL, PRACTICE, EMERGENCY_WARD = "1750000001", "1750000003", "1750000002", "1750000004"
DOCTOR, EMERGENCY_DOCTOR, PHYSIOTHERAPIST = "899700024450", "899700024468", "899700024476"
SURGEON, NURSE = "899700024484", "899700024492"
PROFESSION_DOCTOR, PROFESSION_NURSE, PROFESSION_PHYSIOTHERAPIST = "10", "60", "70"
PERSON = INS(PATIENT_INS, INS_NIR_TEST)


DIRECTORY = Path(__file__).with_name("directory.txt")
"""The cast and their places, in the columns of the public directory; all of them are made up."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The tokens of everybody, and the record's public id."""

    record: str
    tokens: dict[str, str] = field(repr=False)


def name_everybody(data: Path) -> str:
    """The operator imports the directory, so that pages say who is who."""
    with System(load(data=data)) as system:
        done = import_directory(system.index, DIRECTORY, int(time.time() * 1000))
    return f"{done.exercises} exercises of invented people: pages show names beside national numbers"


def open_record_with_consent(data: Path) -> str:
    """The operator opens the patient's record; answers its public id."""
    with System(load(data=data)) as system:
        call = Identities(system).operator()
        answer = system.guard.operator.open_record(
            call, PATIENT_INS, PATIENT, consent_by="operator", consent_how="spoken"
        )
    if isinstance(answer, Denied):
        raise CoffreError("The vault refuses to open the record.", code=answer.reason.value)
    return str(answer.public_id)


def issue_credentials(data: Path, record: str) -> Cast:
    """The demo authority issues a credential to everybody."""
    with System(load(data=data)) as system:
        identities = Identities(system)
        tokens = {
            "laboratory": identities.depositor(LABORATORY),
            "hospital": identities.depositor(HOSPITAL),
            "doctor": identities.professional(DOCTOR, PROFESSION_DOCTOR, PRACTICE),
            "emergency": identities.professional(EMERGENCY_DOCTOR, PROFESSION_DOCTOR, EMERGENCY_WARD),
            "physiotherapist": identities.professional(PHYSIOTHERAPIST, PROFESSION_PHYSIOTHERAPIST, PRACTICE),
            "surgeon": identities.professional(SURGEON, PROFESSION_DOCTOR, HOSPITAL),
            "nurse": identities.professional(NURSE, PROFESSION_NURSE, HOSPITAL),
            "patient": identities.patient(PATIENT_INS),
        }
    return Cast(record, tokens)


class Actors:
    """The cast with their clients on one server."""

    def __init__(self, url: str, cast: Cast) -> None:
        self.cast = cast
        self.url = url
        self._clients = {name: CoffreClient(url, token) for name, token in cast.tokens.items()}
        self._objects = CoffreClient(url, None)
        self._pinned = published_keys(self._objects)

    def client(self, name: str) -> CoffreClient:
        return self._clients[name]

    def sender(self, name: str, *labels: str) -> SendClient:
        return SendClient(self.client(name), PERSON, labels=labels)

    def reader(self, name: str, *, purpose: str = "normal", reason: str | None = None) -> FetchClient:
        client = self.client(name)
        return FetchClient(client, self._objects, PERSON, self._pinned, purpose=purpose, reason=reason)
