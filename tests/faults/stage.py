"""A data directory with its server of the moment, two records, and everybody who acts on them."""

import os
import random
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from coffre.demonstration.server import _free_port
from tests.faults.answers import Answers
from tests.faults.checker import Checker
from tests.faults.kill_rounds import Moment
from tests.faults.killable import KillableServer, comm
from tests.faults.ledger import Ledger, SentDeposit, SentPart
from tests.faults.load import Load, Person
from tests.faults.seeds import shuffled
from tests.integration.support import HOSPITAL, LABORATORY, Coffre, bearer, multipart, related
from tests.services.installed import installed
from tests.services.server import descendants, survivors

PARTS = ("vault", "housekeeper", "gateway", "worker-0", "web-0")
SUPERVISOR, EVERYTHING = "the supervisor alone", "everything"
PAUSE_S = 0.1
BACK_S, ALL_GONE_S = 30.0, 5.0


class Stage:
    """Close it at the end."""

    def __init__(self, data: Path, **server: Any) -> None:
        self.data = data
        self.port = _free_port()
        installed(data)
        self.server = KillableServer(data, self.port, **server)
        self.coffre = Coffre(data, self.server)  # type: ignore[arg-type]
        self.ledger, self.answers = Ledger(), Answers()
        self._before: dict[str, int] = {}
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

    def load(self, seed: int) -> Load:
        return Load(self.server.url, self.people, self.ledger, seed, self.answers.excuses, PAUSE_S)

    def turn(self, chance: random.Random) -> list[Moment]:
        """Each kind of part twice, the supervisor alone and with all that it started, in any order."""
        return [(name,) for name in shuffled([*PARTS, *PARTS, SUPERVISOR, EVERYTHING], chance)]

    def kill(self, name: str) -> None:
        """A part, or the supervisor alone, or all, of which nothing is left when this returns."""
        self._before = self.server.parts()
        if name == EVERYTHING:
            below = descendants(self.server.pid)
            self.server.kill()
            assert survivors(below, ALL_GONE_S) == set()
        elif name == SUPERVISOR:
            self.server.kill_supervisor()
        else:
            os.kill(self._before[comm(name)], signal.SIGKILL)

    def recover(self, name: str) -> None:
        """Returns once it is there again."""
        if name in (EVERYTHING, SUPERVISOR):
            self.restart()
            return
        until = time.monotonic() + BACK_S
        while not self._is_back(comm(name)):
            assert time.monotonic() < until, f"{name} is not started again in {BACK_S:.0f} s"
            time.sleep(0.05)

    def _is_back(self, name: str) -> bool:
        if self.server.parts().get(name) in (None, self._before[name]):
            return False
        with suppress(httpx.TransportError):  # a web process that is killed takes a connection with it
            return self.coffre.http.get("/health/ready").status_code == 200
        return False

    def check_told(self, deposits: Sequence[SentDeposit]) -> None:
        checker = self.checker
        checker.check_told(deposits)
        assert not checker.faults, "\n".join(checker.faults)

    def check(self, *, everything: bool) -> None:
        """AssertionError with every fault found."""
        Checker(self.coffre, self.ledger, everything=everything).check()

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
