"""The full set with its people and its ledger; what its answers may be while something is wrong."""

import json
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx

from coffre.demonstration.server import DemoServer
from tests.faults.checker import Checker
from tests.faults.full_faults import LEASE_S
from tests.faults.ledger import Ledger
from tests.faults.load import Load, Person
from tests.integration.support import HOSPITAL, LABORATORY, Coffre
from tests.services.full import Full

PUBLISHED_WITHIN_S = LEASE_S + 15.0
PAUSE_S = 0.1
COMMANDS = (("audit", "verify", "--json"), ("check", "--json"))
UNAVAILABLE = frozenset(
    {
        "reception_closed",
        "sandbox_unavailable",
        "store_busy",
        "store_down",
        "store_failing",
        "store_unsure",
        "vault_unavailable",
    }
)
"""What a dependency that is away may be called."""
GATEWAY = frozenset({502, 504})
"""nginx's own word for a process that is away."""


@dataclass
class Answers:
    """Counts every refusal of a load; each must have a stable code, and say when to try again."""

    counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def excuses(self, answer: httpx.Response) -> bool:
        code = _code(answer)
        with self._lock:
            self.counts[f"{answer.status_code} {code}"] += 1
        if answer.status_code in GATEWAY:
            return code == "nginx"
        return answer.status_code == 503 and code in UNAVAILABLE and "retry-after" in answer.headers


def _code(answer: httpx.Response) -> str:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind == "application/problem+json":
        return str(answer.json()["code"])
    if kind == "application/fhir+json":
        return str(answer.json()["issue"][0]["details"]["coding"][0]["code"])
    return "nginx" if answer.headers.get("server", "").startswith("nginx") else "none"


class FullStage:
    """Two records and everybody who acts on them, over a running full set."""

    def __init__(self, full: Full) -> None:
        self.full = full
        self.coffre = Coffre(full.data, cast(DemoServer, SimpleNamespace(url=full.url)))
        self.ledger = Ledger()
        self.answers = Answers()
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
        checker = Checker(self.coffre, self.ledger, PUBLISHED_WITHIN_S, everything=everything)
        checker.check()

    def command(self, *arguments: str) -> dict[str, Any]:
        """What a command of Coffre answers; it must end with 0."""
        command = [sys.executable, "-m", "coffre.cli", *arguments, "--data", str(self.full.data)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, f"{arguments}: {ended.stdout}{ended.stderr}"
        found: dict[str, Any] = json.loads(ended.stdout)
        return found

    def logs(self) -> dict[str, str]:
        """What every process of Coffre wrote, by its name."""
        return {
            name: Path(server.log).read_text()
            for name, server in self.full.processes.items()
            if name != "nginx"
        }

    def close(self) -> None:
        self.coffre.http.close()
