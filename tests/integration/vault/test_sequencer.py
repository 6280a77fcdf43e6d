"""From entries to a signed log: kills, rivals, clocks and batches change nothing about the result."""

import pytest

from audit.checkpoint import parse_and_verify
from keyvault.log import sequencer
from tests.integration.vault.bench import Person, VaultBench, new_ins
from tests.integration.vault.watched_store import Killed


def happen(vault: VaultBench, times: int) -> None:
    for _ in range(times):
        vault.reader.resolve(vault.doctor(), new_ins())


def leaves(vault: VaultBench) -> list[bytes]:
    return [leaf for (leaf,) in vault.sql("SELECT leaf_hash FROM leaf ORDER BY position")]


@pytest.mark.parametrize("verb", ["sequence", "checkpoint"])
def test_a_kill_between_any_two_steps_loses_nothing_and_repeats_nothing(
    vault: VaultBench, person: Person, verb: str
) -> None:
    happen(vault, 3)
    if verb == "checkpoint":
        vault.sequence()
        happen(vault, 2)
        vault.guard.housekeeper.sequence()
    act = getattr(vault.guard.housekeeper, verb)
    order = [event.leaf for event in vault.log()]
    before, at = vault.dump(), 0
    while True:
        vault.store.forget()
        vault.store.fail = lambda number, _statement, at=at: number == at
        try:
            act()
            break
        except Killed:
            assert vault.dump() == before
            vault.store.fail = None
            assert vault.guard.inspector.verify_log().events == len(order)
        at += 1
    vault.store.fail = None
    assert at >= 7  # each statement and the commit was a last one
    vault.sequence()
    assert leaves(vault) == order
    report = vault.guard.inspector.verify_log()
    assert report.signed == report.size == len(order) and report.pending == 0


def test_a_kill_after_the_commit_is_the_ordinary_path(vault: VaultBench) -> None:
    happen(vault, 2)
    vault.guard.housekeeper.sequence()  # and no checkpoint: the next round signs
    happen(vault, 1)
    vault.sequence()
    assert vault.guard.inspector.verify_log().signed == 3


def test_two_sequencers_take_turns_by_lease(vault: VaultBench) -> None:
    other = vault.another_process()
    happen(vault, 2)
    assert vault.guard.housekeeper.sequence() == sequencer.Sequenced(2, 2)
    happen(vault, 2)
    assert other.housekeeper.sequence() == sequencer.Sequenced(2, 0)  # the first still leads
    vault.clock.advance(11)
    assert other.housekeeper.sequence() == sequencer.Sequenced(4, 2)  # the first is gone
    happen(vault, 1)
    assert vault.guard.housekeeper.sequence().placed == 0
    assert other.housekeeper.sequence().placed == 1
    for process in (vault.guard, other):
        process.housekeeper.checkpoint()
    assert [size for (size,) in vault.sql("SELECT size FROM checkpoint")] == [5]
    assert vault.guard.inspector.verify_log().size == 5


def test_a_sequencer_that_accepts_in_an_old_lease_changes_nothing(vault: VaultBench) -> None:
    """Both lead in turns as fast as leases end: positions stay without gap and without repetition."""
    rivals = [vault.guard, vault.another_process()]
    for turn in range(6):
        happen(vault, 1)
        rivals[turn % 2].housekeeper.sequence()
        vault.clock.advance(11)
        rivals[(turn + 1) % 2].housekeeper.checkpoint()
    order = [event.leaf for event in vault.log()]
    assert leaves(vault) == order
    assert vault.guard.inspector.verify_log().size == 6


def test_a_clock_set_back_delays_a_rival_and_breaks_nothing(vault: VaultBench) -> None:
    happen(vault, 1)
    vault.sequence()
    vault.clock.advance(-3600)
    happen(vault, 2)
    vault.sequence()  # the holder goes on
    assert vault.another_process().housekeeper.sequence().placed == 0
    times = [event.entry.time for event in vault.log()]
    assert times[1] < times[0]
    report = vault.guard.inspector.verify_log()
    assert report.signed == report.size == 3


def test_batches_are_bounded_and_in_order(vault: VaultBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "BATCH", 4)
    happen(vault, 10)
    order = [event.leaf for event in vault.log()]
    placed = [vault.guard.housekeeper.sequence().placed for _ in range(4)]
    assert placed == [4, 4, 2, 0]
    assert leaves(vault) == order


def test_an_unchanged_tree_keeps_its_checkpoint(vault: VaultBench) -> None:
    happen(vault, 1)
    vault.sequence()
    note = vault.guard.public.last_checkpoint()
    vault.clock.advance(60)
    assert vault.guard.housekeeper.checkpoint() == note
    signed = parse_and_verify(note, "audit.localhost/test", vault.public_key("checkpoint"))
    assert signed.size == 1
    assert vault.sql("SELECT count(*) FROM checkpoint") == [(1,)]
