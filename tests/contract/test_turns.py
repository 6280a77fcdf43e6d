"""The queue's turns and depositors' accounts, on every index (`ingestion.fairness`)."""

from storage.ports import Index
from storage.rows import Burdens, Turn
from tests.contract.storage_examples import received

LAB, HOSPITAL, PRACTICE = b"a" * 32, b"b" * 32, b"c" * 32


def order(index: Index, turn: Turn, count: int) -> list[bytes]:
    """Whose submissions are claimed one after the other, each turn behind the one before."""
    served = []
    for _ in range(count):
        found = index.claim_next("w", 100, 10_000, turn)
        if found is None:
            break
        served.append(found.depositor_token)
        turn = Turn(found.depositor_token, turn.avoided, turn.alone)
    return served


def waiting(index: Index, **counts: int) -> None:
    tokens = {"lab": LAB, "hospital": HOSPITAL, "practice": PRACTICE}
    for at, (name, count) in enumerate(counts.items()):
        for number in range(count):
            received(index, depositor_token=tokens[name], received_at=100 * at + number)


def test_each_depositor_that_waits_has_its_turn(index: Index) -> None:
    waiting(index, lab=3, hospital=1, practice=2)
    assert order(index, Turn(), 6) == [LAB, HOSPITAL, PRACTICE, LAB, PRACTICE, LAB]


def test_turns_go_in_a_circle_from_wherever_they_begin(index: Index) -> None:
    waiting(index, lab=1, hospital=1, practice=1)
    assert order(index, Turn(after=HOSPITAL), 3) == [PRACTICE, LAB, HOSPITAL]


def test_of_one_depositor_the_oldest_comes_first(index: Index) -> None:
    late = received(index, depositor_token=LAB, received_at=20)
    early = received(index, depositor_token=LAB, received_at=10)
    claims = [index.claim_next("w", 100, 200, Turn(after=LAB)) for _ in range(2)]
    assert [found and found.submission_id for found in claims] == [early, late]


def test_the_avoided_are_served_where_nobody_else_waits(index: Index) -> None:
    waiting(index, lab=2, hospital=2)
    avoiding = Turn(avoided=frozenset({LAB}))
    assert order(index, avoiding, 4) == [HOSPITAL, HOSPITAL, LAB, LAB]


def test_a_worker_kept_for_the_others_serves_them_alone(index: Index) -> None:
    waiting(index, lab=2, hospital=1)
    assert order(index, Turn(avoided=frozenset({LAB}), alone=True), 4) == [HOSPITAL]


def test_what_is_put_off_is_no_turn(index: Index) -> None:
    received(index, depositor_token=LAB, not_before=500)
    waiting(index, hospital=1)
    assert order(index, Turn(), 2) == [HOSPITAL]


def test_costs_add_up_by_day(index: Index) -> None:
    for cpu in (600, 500):
        index.charge(LAB, 7, cpu, 0)
    index.charge(LAB, 8, 100, 0)
    index.charge(HOSPITAL, 7, 300, 0)
    assert index.burdens(7, 1_000, 50) == Burdens(frozenset(), frozenset({LAB}))
    assert index.burdens(8, 1_000, 50) == Burdens()
    assert [index.highest_cost(day) for day in (6, 7, 8)] == [0, 1_100, 100]


def test_who_was_slow_is_known_until_it_is_forgiven(index: Index) -> None:
    index.charge(LAB, 7, 10, 2_000)
    index.charge(LAB, 7, 10, 0)  # a quick one does not forgive
    assert index.burdens(7, 1_000, 1_999).slow == {LAB}
    assert index.burdens(7, 1_000, 2_000).slow == frozenset()


def test_accounts_of_old_days_go(index: Index) -> None:
    index.charge(LAB, 7, 2_000, 9_000)
    index.forget_costs(8)
    assert index.burdens(7, 1_000, 1) == Burdens()
