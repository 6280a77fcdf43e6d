"""kill -9 of the whole server at random moments of a mixed load: what it acknowledged is there afterwards."""

import random
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from coffre.demo_server import _free_port
from coffre.install import initialise
from coffre.settings import load
from tests.faults.checker import Checker
from tests.faults.killable import KillableServer, descendants, survivors
from tests.faults.ledger import Ledger
from tests.faults.load import Load, Person
from tests.integration.support import HOSPITAL, LABORATORY, Coffre

ROUNDS_PER_DIRECTORY = 10
EARLIEST_KILL_S, LATEST_KILL_S = 0.2, 2.0


class Stage:
    """A data directory, its server of the moment, and two records with everybody who acts on them."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = _free_port()
        initialise(load(data=data))
        self.server = KillableServer(data, self.port)
        self.coffre = Coffre(data, self.server)  # type: ignore[arg-type]
        self.ledger = Ledger()
        self.people = [self._person(structure) for structure in (LABORATORY, HOSPITAL)]

    def _person(self, structure: str) -> Person:
        patient = self.coffre.open_record()
        self.ledger.holders[patient.ins] = patient.token
        return Person(
            patient.ins, patient.token, self.coffre.depositor(structure), self.coffre.professional()
        )

    def restart(self) -> None:
        self.server = KillableServer(self.data, self.port)

    def close(self) -> None:
        self.coffre.http.close()
        self.server.end()


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[list[Stage]]:
    made: list[Stage] = []
    yield made
    for stage in made:
        stage.close()


@pytest.mark.parametrize("rounds", [pytest.param(10), pytest.param(200, marks=pytest.mark.long)])
def test_whatever_was_acknowledged_survives_a_kill_at_any_moment(
    tmp_path: Path, stages: list[Stage], rounds: int
) -> None:
    seed = secrets.randbelow(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for number in range(rounds):
        if number % ROUNDS_PER_DIRECTORY == 0:
            for old in stages:
                old.close()
            stages[:] = [Stage(tmp_path / f"data-{number}")]
        one_round(stages[0], chance)
    assert stages[0].ledger.deposits
    assert stages[0].ledger.grants


def one_round(stage: Stage, chance: random.Random) -> None:
    load = Load(stage.server.url, stage.people, stage.ledger, chance.randrange(2**32))
    load.start()
    time.sleep(chance.uniform(EARLIEST_KILL_S, LATEST_KILL_S))
    below = descendants(stage.server.pid)
    stage.server.kill()
    load.stop()
    assert survivors(below, 5) == set()
    stage.restart()
    Checker(stage.coffre, stage.ledger).check()
