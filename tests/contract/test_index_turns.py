"""In whose turn the queue gives out what waits, and what it remembers of each structure's CPU."""

import os
from uuid import UUID

import pytest

from records.durations import DAY_MS, HOUR_MS
from storage.ports.index import Index
from storage.rows.submissions import CpuOfDay, CpuUse
from tests.contract.storage_adapters import Spawn
from tests.contract.storage_examples import claim_next, publication_of, received

HOSPITAL, CLINIC, LABORATORY = b"h" * 32, b"c" * 32, b"l" * 32
NOW = 20_000 * DAY_MS + 1000
LATER = NOW + 60_000


def waits(index: Index, depositor: bytes, at: int) -> UUID:
    return received(index, depositor_token=depositor, received_at=at)


def taken(index: Index, now: int = NOW, **how: object) -> UUID | None:
    found = claim_next(index, "w", now=now, until=now + 60_000, **how)  # type: ignore[arg-type]
    return found.submission_id if found else None


def cost(index: Index, depositor: bytes, cpu_ms: int, at: int = NOW, structure: bytes | None = None) -> None:
    use = CpuUse(depositor_token=depositor, structure_token=structure or depositor, cpu_ms=cpu_ms)
    index.count_cpu(use, at)


def test_one_that_came_late_waits_for_no_backlog_of_anothers(index: Index) -> None:
    backlog = [waits(index, HOSPITAL, at) for at in range(16)]
    other = waits(index, CLINIC, 100)
    assert [taken(index) for _ in range(4)] == [backlog[0], other, backlog[1], backlog[2]]


def test_depositors_with_as_many_in_hand_come_by_what_their_files_cost_lately(index: Index) -> None:
    cost(index, HOSPITAL, 5_000)
    cost(index, CLINIC, 200)
    hospital, clinic = waits(index, HOSPITAL, 1), waits(index, CLINIC, 2)
    laboratory = waits(index, LABORATORY, 3)
    assert [taken(index) for _ in range(3)] == [laboratory, clinic, hospital]


def test_what_was_long_ago_counts_no_more(index: Index) -> None:
    cost(index, HOSPITAL, 5_000, at=NOW - HOUR_MS)
    cost(index, CLINIC, 200)
    hospital, _ = waits(index, HOSPITAL, 2), waits(index, CLINIC, 1)
    assert taken(index) == hospital


def test_midnight_forgives_nobody_the_last_minute(index: Index) -> None:
    midnight = 20_001 * DAY_MS
    cost(index, HOSPITAL, 5_000, at=midnight - 1)
    waits(index, HOSPITAL, 1)
    clinic = waits(index, CLINIC, 2)
    assert taken(index, now=midnight + 1) == clinic


def test_the_credentials_of_a_structure_share_its_turn(index: Index) -> None:
    doctors = [bytes([number]) * 32 for number in range(1, 4)]
    for doctor in doctors:
        cost(index, doctor, 0, structure=HOSPITAL)
    first, *_ = [waits(index, doctor, at) for at, doctor in enumerate(doctors)]
    clinic = waits(index, CLINIC, 100)
    assert [taken(index), taken(index)] == [first, clinic]


def test_a_new_credential_counts_for_itself_until_its_structure_is_told(index: Index) -> None:
    new = b"n" * 32
    cost(index, HOSPITAL, 0)
    waits(index, HOSPITAL, 1)
    assert taken(index)
    waiting = waits(index, new, 2)
    assert taken(index, beside=True) == waiting
    assert index.introduce(new, HOSPITAL, NOW)
    assert not index.introduce(new, HOSPITAL, NOW)
    assert index.postpone(waiting, "w", NOW)
    assert taken(index, beside=True) is None
    assert taken(index) == waiting


def test_beside_a_slow_one_only_structures_are_served_that_nobody_serves(index: Index) -> None:
    waits(index, HOSPITAL, 1)
    waits(index, HOSPITAL, 2)
    assert taken(index)
    assert taken(index, beside=True) is None
    clinic = waits(index, CLINIC, 3)
    assert taken(index, beside=True) == clinic
    waits(index, CLINIC, 4)
    assert taken(index, beside=True) is None


def test_past_its_allowance_a_structure_comes_after_all_others_and_still_comes(index: Index) -> None:
    cost(index, HOSPITAL, 10_001, at=20_000 * DAY_MS)
    hospital = waits(index, HOSPITAL, 1)
    clinics = [waits(index, CLINIC, at) for at in (2, 3, 4)]
    order = [taken(index, now=NOW + HOUR_MS, allowance_ms=10_000) for _ in range(4)]
    assert order == [*clinics, hospital]


def test_an_allowance_lasts_until_midnight(index: Index) -> None:
    cost(index, HOSPITAL, 10_001, at=20_000 * DAY_MS)
    hospital, _ = waits(index, HOSPITAL, 1), waits(index, CLINIC, 2)
    assert taken(index, now=20_001 * DAY_MS, allowance_ms=10_000) == hospital


def test_what_a_dead_worker_holds_counts_until_its_lease_ends_and_is_then_due(index: Index) -> None:
    left = waits(index, HOSPITAL, 1)
    assert taken(index) == left
    waits(index, HOSPITAL, 2)
    clinic = waits(index, CLINIC, 3)
    assert taken(index) == clinic
    laboratory = waits(index, LABORATORY, 9)
    assert taken(index, now=LATER) == left  # nobody has anything in hand any more: the oldest of all
    assert taken(index, now=LATER) == clinic
    assert taken(index, now=LATER) == laboratory


def test_a_postponed_one_holds_up_nothing_else_of_its_depositor(index: Index) -> None:
    received(index, depositor_token=HOSPITAL, received_at=1, not_before=LATER)
    assert taken(index) is None
    second = waits(index, HOSPITAL, 2)
    assert taken(index) == second


def test_of_a_great_many_depositors_all_are_served(index: Index) -> None:
    waiting = {waits(index, os.urandom(32), at) for at in range(150)}
    assert {taken(index) for _ in range(150)} == waiting
    assert taken(index) is None


def test_a_publication_counts_what_it_cost_once(index: Index) -> None:
    submission = waits(index, HOSPITAL, 1)
    taken(index)
    use = CpuUse(depositor_token=HOSPITAL, structure_token=CLINIC, cpu_ms=70)
    rows = publication_of(submission, cpu_use=use, finished_at=NOW)
    assert index.publish(submission, "w", rows)
    assert not index.publish(submission, "w", rows)
    assert index.cpu_of_day(NOW, 1000) == CpuOfDay(70, 1, 0)


def test_a_day_is_counted_by_structure(index: Index) -> None:
    cost(index, b"1" * 32, 600, structure=HOSPITAL)
    cost(index, b"2" * 32, 600, structure=HOSPITAL)
    cost(index, CLINIC, 5)
    cost(index, CLINIC, 99, at=NOW - DAY_MS)
    assert index.cpu_of_day(NOW, allowance_ms=1000) == CpuOfDay(1205, 2, 1)
    assert index.cpu_of_day(NOW + DAY_MS, allowance_ms=1000) == CpuOfDay(0, 0, 0)


def test_old_days_are_forgotten_with_who_deposited_on_none_since(index: Index) -> None:
    cost(index, HOSPITAL, 5, at=NOW - 40 * DAY_MS)
    cost(index, CLINIC, 5, at=NOW - 40 * DAY_MS)
    cost(index, CLINIC, 7)
    assert index.forget_cpu(NOW - 30 * DAY_MS) == 3
    assert index.forget_cpu(NOW - 30 * DAY_MS) == 0
    assert index.cpu_of_day(NOW, 1000) == CpuOfDay(7, 1, 0)


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.long)])
def test_two_processes_give_a_depositor_its_turn_amid_anothers_backlog(
    index: Index, index_address: str, spawn: Spawn, rounds: int
) -> None:
    for _ in range(rounds):
        backlog = {str(waits(index, HOSPITAL, at)) for at in range(40)}
        others = {str(waits(index, CLINIC, 1000 + at)) for at in range(3)}
        children = [spawn("claim_all", index_address, worker) for worker in ("one", "two")]
        for child in children:
            assert child.stdout and child.stdout.readline() == "inside\n"
        for child in children:
            assert child.stdin
            child.stdin.write("\n")
            child.stdin.flush()
        claims = [child.communicate()[0].split() for child in children]
        assert {one for mine in claims for one in mine} == backlog | others
        assert all(others.isdisjoint(mine[8:]) for mine in claims)
        for one in backlog | others:
            index.publish(UUID(one), "one", publication_of(UUID(one))) if one in claims[0] else None
            index.publish(UUID(one), "two", publication_of(UUID(one))) if one in claims[1] else None
