"""Everything at once, and one thing after another going wrong under a mixed load.

What was acknowledged is there afterwards, nothing is half visible, no grant follows an acknowledged
revocation, the log is sound, and every refusal meanwhile had a code and said when to try again.
"""

import random
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.faults.full_faults import (
    Fault,
    broker_loses_everything,
    cut,
    every_fault,
    killed,
    stopped,
    store_fault,
)
from tests.faults.full_stage import COMMANDS, SETTINGS, FullStage
from tests.faults.kill_rounds import one_turn
from tests.faults.seeds import seeded
from tests.integration.support import problem
from tests.log_search import keep_logs
from tests.services import full

BEFORE_S, AFTER_S = (0.3, 1.5), (0.5, 1.5)
TELLING = (
    killed("vault"),
    killed("postgres"),
    stopped("worker-2"),
    store_fault("failing-but-written"),
    broker_loses_everything(),
    cut("reader", "postgres"),
)
"""A handful that `make test` has time for."""


@pytest.fixture(scope="module")
def stage(every_log_is_clean: Path) -> Iterator[FullStage]:
    folder = Path(tempfile.mkdtemp(prefix="coffre-faults-"))  # where Postgres' own user may go
    try:
        with full.running(folder, wired=True, more=SETTINGS) as running:
            made = FullStage(running)
            yield made
            made.close()
    finally:
        keep_logs(folder, every_log_is_clean)
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("faults", "between_checks", "seconds"),
    [
        pytest.param(TELLING, len(TELLING), 60, id="telling"),
        pytest.param(every_fault(), 3, 600, id="every", marks=pytest.mark.long),
    ],
)
def test_whatever_was_acknowledged_survives_any_fault_of_any_part(
    stage: FullStage, faults: Sequence[Fault], between_checks: int, seconds: float
) -> None:
    chance = seeded()
    until = time.monotonic() + seconds
    order = chance.sample(faults, len(faults))
    order.sort(key=lambda fault: fault.between_two)  # of the many pairs as many as there is time for
    while order and time.monotonic() < until:
        one_round(stage, order[:between_checks], chance)
        del order[:between_checks]
    print("no time for:", *(fault.name for fault in order))
    stage.check(everything=True)
    for command in COMMANDS:
        stage.command(*command)
    print(dict(stage.answers.counts))
    assert stage.ledger.grants
    assert [name for name, log in stage.logs().items() if "Traceback" in log] == []


def test_whatever_was_acknowledged_survives_kill_after_kill(stage: FullStage) -> None:
    """A turn of what `make test-long` goes on with."""
    chance = seeded()
    one_turn(stage, stage.turn(chance)[:2], chance, everything=False)


@pytest.mark.parametrize(
    ("server", "code"),
    [("vault", "vault_unavailable"), ("postgres", "store_down")],
    ids=["vault", "postgres"],
)
def test_readiness_says_what_is_away_and_when_it_is_back(stage: FullStage, server: str, code: str) -> None:
    fault = killed(server)
    fault.strike(stage.full)
    try:
        away = stage.coffre.http.get("/health/ready")
        assert (away.status_code, problem(away)) == (503, code)
        assert stage.coffre.http.get("/health/live").status_code == 200
    finally:
        fault.mend(stage.full)
    assert stage.coffre.http.get("/health/ready").status_code == 200


def one_round(stage: FullStage, faults: Sequence[Fault], chance: random.Random) -> None:
    """The faults one after another under one load, then the check."""
    load = stage.load(chance.randrange(2**32))
    load.start()
    try:
        for fault in faults:
            time.sleep(chance.uniform(*BEFORE_S))
            print(fault.name, flush=True)
            fault.strike(stage.full)
            time.sleep(chance.uniform(*fault.lasts))
            fault.mend(stage.full)
        time.sleep(chance.uniform(*AFTER_S))
    finally:
        recovered = time.monotonic()
        load.stop()
    stage.check(everything=False)
    print(f"{time.monotonic() - recovered:.1f} s until all was answered and checked", flush=True)
