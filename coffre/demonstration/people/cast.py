"""The cast of the demo: who they are, what they show at the doors, and their visits."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from client.fetch.keys import published_keys
from client.http_client import CoffreClient
from client.send.deposits import SendClient
from coffre.demo_authority.identities import Identities
from coffre.demonstration.doors.arriving import by_card, by_certificate
from coffre.demonstration.doors.health_authority import HealthAuthority, Issued
from coffre.demonstration.doors.machines import Machines
from coffre.demonstration.files.data import PATIENT, PATIENT_INS
from coffre.demonstration.people.visits import PatientsVisit, ProfessionalsVisit, Visit
from coffre.operators.directory_import import import_directory
from coffre.settings import load
from coffre.wiring import System
from keyvault.verbs.call import Denied
from records.errors import CoffreError
from records.people.identity import INS, INS_NIR_TEST
from sign_in.certificates.holders import CardType

LABORATORY, HOSPITAL, PRACTICE = "1750000001", "1750000003", "1750000002"
DOCTOR, EMERGENCY_DOCTOR, PHYSIOTHERAPIST = "899700024450", "899700024468", "899700024476"
SURGEON, NURSE = "899700024484", "899700024492"
PROFESSION_DOCTOR, PROFESSION_NURSE, PROFESSION_PHYSIOTHERAPIST = "10", "60", "70"
PERSON = INS(PATIENT_INS, INS_NIR_TEST)


DIRECTORY = Path(__file__).with_name("directory.txt")
"""The cast and their places, in the columns of the public directory; all of them are made up."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a card says of its holder; `place` is where he acts that day, of several."""

    number: str
    names: tuple[str, str]
    profession: str
    specialty: str = ""
    place: str | None = None
    kind: CardType = CardType.CPS

    def issued(self, authority: HealthAuthority) -> Issued:
        return authority.persons_card(self.kind, self.number, self.names, (self.profession, self.specialty))


CARDS: Mapping[str, Card] = {
    "doctor": Card(DOCTOR, ("MARTIN", "PAUL"), PROFESSION_DOCTOR, "SM26", PRACTICE),
    "emergency": Card(EMERGENCY_DOCTOR, ("BERNARD", "NADIA"), PROFESSION_DOCTOR, "SM24"),
    "physiotherapist": Card(PHYSIOTHERAPIST, ("PETIT", "HUGO"), PROFESSION_PHYSIOTHERAPIST),
    "surgeon": Card(SURGEON, ("ROUSSEAU", "ANNE"), PROFESSION_DOCTOR, "SM04"),
    "nurse": Card(NURSE, ("MOREAU", "LEA"), PROFESSION_NURSE),
}
STAFF = Card(f"3{HOSPITAL[1:]}/0042", ("LEROY", "MARC"), "", kind=CardType.CPE)
"""A card of the hospital's staff, which deposits and never reads (R7)."""
STRUCTURES: Mapping[str, tuple[str, tuple[str, str]]] = {
    "laboratory": (LABORATORY, ("IMAGERIE DES QUAIS", "ris.imagerie.example")),
    "hospital": (HOSPITAL, ("HOPITAL DU PARC", "dpi.parc.example")),
}
"""Number, and the names of the structure and of its software."""


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


def credentials_of_software(data: Path) -> Mapping[str, str]:
    """Of the demo authority: for programs of a person's own, to which no door gives a credential."""
    with System(load(data=data)) as system:
        identities = Identities(system)
        return {
            "doctor": identities.professional(DOCTOR, PROFESSION_DOCTOR, PRACTICE),
            "patient": identities.patient(PATIENT_INS),
        }


@dataclass(slots=True)
class Actors:
    """The cast at one server, each with what a door gave. `record` is the public id of the patient's."""

    url: str
    machines: Machines
    authority: HealthAuthority
    record: UUID
    software: Mapping[str, str] = field(repr=False)
    tokens: dict[str, str] = field(default_factory=dict, repr=False)
    _visits: dict[str, Visit] = field(default_factory=dict, repr=False)
    _depositors: dict[str, CoffreClient] = field(default_factory=dict, repr=False)
    _pinned: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def pinned(self) -> Mapping[str, bytes]:
        """The keys whose grants are accepted, as they were when first asked for."""
        self._pinned = self._pinned or published_keys(CoffreClient(self.url, None))
        return self._pinned

    def depositor(self, name: str) -> CoffreClient:
        """A structure's software, with a credential for its certificate."""
        if name not in self._depositors:
            number, names = STRUCTURES[name]
            certificate = self.authority.organisations_certificate(number, names)
            client, self.tokens[name] = by_certificate(self.machines, certificate)
            self._depositors[name] = client
        return self._depositors[name]

    def sender(self, name: str, *labels: str) -> SendClient:
        return SendClient(self.depositor(name), PERSON, labels=labels)

    def professional(self, name: str) -> ProfessionalsVisit:
        """Signed in by card when first asked for."""
        if name not in self._visits:
            card = CARDS[name]
            browser = by_card(self.url, self.machines, card.issued(self.authority), card.place)
            self._visits[name] = ProfessionalsVisit(browser, self.record, self.pinned())
        found = self._visits[name]
        assert isinstance(found, ProfessionalsVisit)
        return found

    @property
    def patient(self) -> PatientsVisit:
        """Who has signed in by then."""
        found = self._visits["patient"]
        assert isinstance(found, PatientsVisit)
        return found

    def has_signed_in(self, visit: PatientsVisit) -> None:
        self._visits["patient"] = visit

    def program(self, name: str) -> CoffreClient:
        """A program of a person's own."""
        return CoffreClient(self.url, self.software[name])

    def secrets(self) -> Mapping[str, str]:
        """All that the doors have given, by whose it is."""
        sessions = {
            f"{cookie} of {name}": value
            for name, visit in self._visits.items()
            for cookie, value in visit.secrets.items()
        }
        return {
            **{f"token of {name}": token for name, token in {**self.tokens, **self.software}.items()},
            **sessions,
        }
