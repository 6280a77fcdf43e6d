"""The full set with its people and its ledger; what its answers may be while something is wrong."""

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from coffre.demonstration.server import DemoServer
from tests.faults.answers import Answers
from tests.faults.checker import Checker
from tests.faults.full_faults import LEASE_S
from tests.faults.kill_rounds import Moment
from tests.faults.ledger import Ledger, SentDeposit
from tests.faults.load import Load, Person
from tests.faults.seeds import shuffled
from tests.integration.support import HOSPITAL, LABORATORY, Coffre
from tests.services.full import ARGUMENTS, Full
from tests.services.server import Server

PUBLISHED_WITHIN_S = LEASE_S + 15.0
PAUSE_S = 0.1
SETTINGS = {"COFFRE_LEASE_S": str(LEASE_S), "COFFRE_WORKERS": "1"}
MOST_AT_ONCE = 3
AWAITED = frozenset({"postgres", "objects", "queue", "root", "vault"})
COMMANDS = (("audit", "verify", "--json"), ("check", "--json"))


class FullStage:
    """Two records and everybody who acts on them, over a running full set."""

    def __init__(self, full: Full) -> None:
        self.full = full
        self.coffre = Coffre(full.data, cast(DemoServer, SimpleNamespace(url=full.url)))
        self.ledger = Ledger()
        self.answers = Answers()
        self._starting: list[Server] = []
        self.people = [self._person(structure) for structure in (LABORATORY, HOSPITAL)]

    def _person(self, structure: str) -> Person:
        patient = self.coffre.open_record()
        self.ledger.holders[patient.ins] = patient.token
        return Person(
            patient.ins, patient.token, self.coffre.depositor(structure), self.coffre.professional()
        )

    def load(self, seed: int) -> Load:
        return Load(self.full.url, self.people, self.ledger, seed, self.answers.excuses, PAUSE_S)

    def check(self, *, everything: bool) -> None:
        """AssertionError with every fault found."""
        self._await_starts()
        checker = Checker(self.coffre, self.ledger, PUBLISHED_WITHIN_S, everything=everything)
        checker.check()

    def turn(self, chance: random.Random) -> list[Moment]:
        """Every process of Coffre, Postgres, and one of the other engines, in any order: alone, or up to
        three at once.
        """
        engine = chance.choice([name for name in self.full.engines if name != "postgres"])
        left = shuffled([*ARGUMENTS, "postgres", engine], chance)
        moments = []
        while left:
            size = chance.randint(1, MOST_AT_ONCE)
            moments.append(tuple(sorted(left[:size], key=self._start_order)))
            left = left[size:]
        return moments

    def _start_order(self, name: str) -> int:
        """Engines first, then the vault: what others need."""
        return 0 if name in self.full.engines else list(ARGUMENTS).index(name) + 1

    def kill(self, name: str) -> None:
        self._await_starts()
        self._server(name).kill()

    def recover(self, name: str) -> None:
        """An engine, and the vault, are ready when this returns; others get ready meanwhile."""
        if name in AWAITED:
            self._server(name).restart()
        else:
            self._server(name).launch()
            self._starting.append(self._server(name))

    def _await_starts(self) -> None:
        while self._starting:
            server = self._starting.pop()
            try:
                server.wait_until_ready()
            except RuntimeError:
                if server.runs:
                    raise
                server.restart()  # what the killed one held was not free yet

    def check_told(self, deposits: Sequence[SentDeposit]) -> None:
        checker = Checker(self.coffre, self.ledger, PUBLISHED_WITHIN_S)
        checker.check_told(deposits)
        assert not checker.faults, "\n".join(checker.faults)

    def _server(self, name: str) -> Server:
        return self.full.engines.get(name) or self.full.processes[name]

    def command(self, *arguments: str) -> dict[str, Any]:
        """What a command of Coffre answers; it must end with 0."""
        command = [sys.executable, "-m", "coffre.cli", *arguments, "--data", str(self.full.data)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, f"{arguments}: {ended.stdout}{ended.stderr}"
        found: dict[str, Any] = json.loads(ended.stdout)
        return found

    def logs(self) -> dict[str, str]:
        """What every process of Coffre wrote, by its name."""
        return {name: Path(self.full.processes[name].log).read_text() for name in ARGUMENTS}

    def close(self) -> None:
        self.coffre.http.close()
