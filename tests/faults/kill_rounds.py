"""Rounds of kill -9 under a mixed load: the parts of an installation by turn, at random moments.

After each kill whoever was told a verdict finds it again; after each turn everything is checked that was ever
acknowledged.
"""

import os
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from tests.faults.ledger import Ledger, SentDeposit
from tests.faults.load import Load

BETWEEN_KILLS = (1, 3)
"""So many deposits are acknowledged between two kills: the least and the most."""
MOMENT_S = 0.4
"""Within this time after the last of them the kill comes: longer than a deposit takes."""
AGAIN_S = 150.0
"""Twice as long as a deposit waits for its verdict."""
TURNS_PER_STAGE = 5
"""Then an installation has grown so much that checking takes longer than killing, and a new one is made."""
TOLD_EVERY = 50


Moment = tuple[str, ...]
"""What is killed at once."""


class Stage(Protocol):
    """An installation with the people who act on it."""

    ledger: Ledger

    def load(self, seed: int) -> Load: ...

    def turn(self, chance: random.Random) -> list[Moment]:
        """What is killed, one moment after another."""

    def kill(self, name: str) -> None: ...

    def recover(self, name: str) -> None:
        """Has it started again. AssertionError or RuntimeError where it is not."""

    def check_told(self, deposits: Sequence[SentDeposit]) -> None: ...

    def check(self, *, everything: bool) -> None: ...


def wanted() -> int:
    """How many rounds `make test-long` runs."""
    return int(os.environ.get("COFFRE_TEST_ROUNDS") or 1000)


def run(
    rounds: int,
    chance: random.Random,
    new_stage: Callable[[], AbstractContextManager[Stage]],
    say: Callable[[str], None],
) -> int:
    """So many kills at least; how many deposits were acknowledged, none of them lost. AssertionError else."""
    progress = Progress(rounds, say)
    while progress.done < rounds:
        with new_stage() as stage:
            for number in range(TURNS_PER_STAGE):
                moments = stage.turn(chance)
                kills = sum(map(len, moments))
                last = number == TURNS_PER_STAGE - 1 or progress.done + kills >= rounds
                one_turn(stage, moments, chance, everything=last)
                progress.advance(kills, stage.ledger.acknowledged())
                if last:
                    break
            progress.keep(stage.ledger.acknowledged())
    return progress.acknowledged


def one_turn(stage: Stage, moments: Sequence[Moment], chance: random.Random, *, everything: bool) -> None:
    """All moments under one load, then the check."""
    load = stage.load(chance.randrange(2**32))
    load.start()
    try:
        for names in moments:
            await_deposits(stage.ledger, chance.randint(*BETWEEN_KILLS))
            time.sleep(chance.uniform(0, MOMENT_S))
            print(*names, flush=True)
            for name in names:
                stage.kill(name)
            told = stage.ledger.newly_told()
            for name in names:
                stage.recover(name)
            stage.check_told(told)
    finally:
        load.stop()
    stage.check(everything=everything)


def await_deposits(ledger: Ledger, wanted: int) -> None:
    """Until so many more are acknowledged. AssertionError where an installation accepts none any more."""
    until = time.monotonic() + AGAIN_S
    goal = ledger.acknowledged() + wanted
    while ledger.acknowledged() < goal:
        assert time.monotonic() < until, f"no {wanted} deposits were acknowledged in {AGAIN_S:.0f} s"
        time.sleep(0.05)


class Progress:
    """Tells every fifty rounds how far it is."""

    def __init__(self, rounds: int, say: Callable[[str], None]) -> None:
        self.done, self.acknowledged = 0, 0
        self._rounds, self._say = rounds, say
        self._began = time.monotonic()

    def advance(self, rounds: int, acknowledged: int) -> None:
        """`acknowledged`: on the present stage."""
        before, self.done = self.done, self.done + rounds
        if self.done // TOLD_EVERY > before // TOLD_EVERY or self.done >= self._rounds:
            took = time.monotonic() - self._began
            rest = took / self.done * max(0, self._rounds - self.done)
            told = f"{self.acknowledged + acknowledged} deposits acknowledged and none lost"
            self._say(f"{self.done} of {self._rounds} rounds, {told}, {took:.0f} s, about {rest:.0f} s more")

    def keep(self, acknowledged: int) -> None:
        """A stage ends with so many."""
        self.acknowledged += acknowledged
