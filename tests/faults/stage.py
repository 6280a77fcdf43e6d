"""A data directory with its server of the moment, two records, and everybody who acts on them."""

from pathlib import Path
from typing import Any

from coffre.demonstration.server import _free_port
from coffre.installation.install import initialise
from coffre.settings import load
from tests.faults.checker import Checker
from tests.faults.killable import KillableServer
from tests.faults.ledger import Ledger, SentDeposit, SentPart
from tests.faults.load import Person
from tests.integration.support import HOSPITAL, LABORATORY, Coffre, bearer, multipart, related


class Stage:
    """Close it at the end."""

    def __init__(self, data: Path, **server: Any) -> None:
        self.data = data
        self.port = _free_port()
        initialise(load(data=data))
        self.server = KillableServer(data, self.port, **server)
        self.coffre = Coffre(data, self.server)  # type: ignore[arg-type]
        self.ledger = Ledger()
        self.people = [self._person(structure) for structure in (LABORATORY, HOSPITAL)]

    def _person(self, structure: str) -> Person:
        patient = self.coffre.open_record()
        self.ledger.holders[patient.ins] = patient.token
        return Person(
            patient.ins, patient.token, self.coffre.depositor(structure), self.coffre.professional()
        )

    @property
    def checker(self) -> Checker:
        return Checker(self.coffre, self.ledger)

    def restart(self) -> None:
        self.server = KillableServer(self.data, self.port)

    def close(self) -> None:
        self.coffre.http.close()
        self.server.end()


def store(stage: Stage, person: Person, files: list[bytes]) -> Any:
    """A deposit that the ledger knows."""
    sent = SentDeposit(person.ins, person.depositor, tuple(SentPart.of(content) for content in files))
    answer = stage.coffre.http.post(
        f"/records/{person.ins}/dicomweb/studies",
        content=multipart(files),
        headers={**bearer(person.depositor), "Content-Type": related()},
    )
    stage.ledger.sends(sent)
    sent.status, sent.place = answer.status_code, answer.headers.get("content-location")
    sent.judged = answer.status_code == 200
    return answer
