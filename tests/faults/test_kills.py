"""kill -9 of the whole server at random moments of a mixed load: what it acknowledged is there afterwards."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.load import Load
from tests.faults.seeds import seeded
from tests.faults.stage import Stage
from tests.services.server import descendants, survivors

ROUNDS_PER_DIRECTORY = 10
EARLIEST_KILL_S, LATEST_KILL_S = 0.2, 2.0


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
    chance = seeded()
    for number in range(rounds):
        if number % ROUNDS_PER_DIRECTORY == 0:
            for old in stages:
                old.close()
            stages[:] = [Stage(tmp_path / f"data-{number}")]
        one_round(stages[0], chance, last=number % ROUNDS_PER_DIRECTORY == ROUNDS_PER_DIRECTORY - 1)
    assert stages[0].ledger.deposits
    assert stages[0].ledger.grants


def one_round(stage: Stage, chance: random.Random, *, last: bool) -> None:
    load = Load(stage.server.url, stage.people, stage.ledger, chance.randrange(2**32))
    load.start()
    time.sleep(chance.uniform(EARLIEST_KILL_S, LATEST_KILL_S))
    below = descendants(stage.server.pid)
    stage.server.kill()
    load.stop()
    assert survivors(below, 5) == set()
    stage.restart()
    checker = stage.checker
    checker.everything = last
    checker.check()
