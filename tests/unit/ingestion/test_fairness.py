"""When a depositor is slow, over its allowance, or neither; and what a worker does about it."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from ingestion.fairness import DAY_MS, SLOW_FOR_MS, Turns, is_slow
from storage.rows import Burdens

LAB = b"a" * 32


@dataclass
class Accounts:
    """An index of which only the accounts are asked; it keeps what it was told."""

    told: list[tuple[bytes, int, int, int]] = field(default_factory=list)
    found: Burdens = field(default_factory=Burdens)

    def charge(self, *row: Any) -> None:
        self.told.append(row)

    def burdens(self, *_: int) -> Burdens:
        return self.found


def turns(accounts: Any, *, reserved: bool = False) -> Turns:
    return Turns(accounts, allowance_s=100, reserved=reserved, clock=lambda: 86_400.0)


@pytest.mark.parametrize(
    ("cpu", "size", "slow"),
    [(1.9, 0, False), (2.1, 0, True), (28.0, 263_000_000, False), (30.0, 263_000_000, True)],
)
def test_slow_is_what_takes_more_than_its_bytes_explain(cpu: float, size: int, slow: bool) -> None:
    assert is_slow(cpu, size) is slow


def test_small_costs_are_written_together() -> None:
    accounts = Accounts()
    mine = turns(accounts)
    for _ in range(4):
        mine.spent(LAB, 1.5, 10**8)
    assert accounts.told == [(LAB, 1, 6_000, 0)]


def test_a_slow_one_is_written_at_once() -> None:
    accounts = Accounts()
    turns(accounts).spent(LAB, 3.0, 10)
    assert accounts.told == [(LAB, 1, 3_000, DAY_MS + SLOW_FOR_MS)]


def test_a_reserved_worker_leaves_the_slow_alone_and_serves_the_costly_last() -> None:
    slow, over = Burdens(slow=frozenset({LAB})), Burdens(over=frozenset({LAB}))
    assert turns(Accounts(found=slow), reserved=True).next().alone
    assert not turns(Accounts(found=slow)).next().alone
    turn = turns(Accounts(found=over), reserved=True).next()
    assert (turn.avoided, turn.alone) == ({LAB}, False)


def test_whoever_was_served_is_behind_the_others() -> None:
    mine = turns(Accounts())
    mine.taken(LAB)
    assert mine.next().after == LAB
