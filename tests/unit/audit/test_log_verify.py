"""The offline verifier: a sound log is reported, each damage is named where it begins (docs/formats.md 6)."""

import subprocess
import sys
import tracemalloc
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import tree
from audit.canonical import canonical, parse
from audit.tree import TileId
from audit.verify import LogFault, LogView, PendingEntry, Report, SequencedEntry, verify
from tests.unit.audit.sample_log import (
    ALICE,
    BOB,
    ORIGIN,
    OTHER_KEY,
    OTHER_PUBLIC,
    SampleLog,
    Tiles,
    digest,
    sample_log,
    signed,
)


def fault(log: SampleLog) -> tuple[str, int | None]:
    with pytest.raises(LogFault) as caught:
        verify(log.view())
    assert caught.value.sentence.endswith(".")
    return caught.value.code, caught.value.position


def rewritten(entry: bytes, **members) -> bytes:
    return canonical(parse(entry) | members)


def replace_entry(log: SampleLog, position: int, entry: bytes) -> None:
    """What a careful forger does: another entry, with its leaf recomputed."""
    log.leaves[position] = SequencedEntry(position, tree.leaf_hash(entry), entry)


def rebuild_tiles(log: SampleLog) -> None:
    log.tiles = Tiles()
    log.tiles.extend(0, [row.leaf for row in log.leaves])


# A sound log


def test_a_sound_log_is_reported_with_its_size_and_root():
    log = sample_log((3, 4, 5))
    assert verify(log.view()) == Report(
        size=12,
        root=log.root(),
        checkpoints=3,
        signed=12,
        chains=4,
        events=12,
        closed_events=0,
        lines=12,
        pending=0,
    )


def test_an_empty_log_is_sound_with_and_without_a_checkpoint():
    log = SampleLog()
    assert verify(log.view()).size == 0
    log.sign()
    report = verify(log.view())
    assert (report.root, report.checkpoints, report.signed) == (tree.EMPTY_ROOT, 1, 0)


@pytest.mark.parametrize("size", [255, 256, 257])
def test_a_log_that_ends_around_a_tiles_border_is_sound(size):
    log = plain_log(size)
    log.notes = [signed(part, tree.root(part, log.tiles.read)) for part in (1, 254, size)]
    assert verify(log.view()).signed == size


def plain_log(size: int) -> SampleLog:
    """A longer log without events, cheaply."""
    log = SampleLog()
    template = sample_log((1,)).leaves[0].entry
    log.pending = [
        PendingEntry(tree.leaf_hash(entry), entry)
        for entry in (rewritten(template, time=number) for number in range(size))
    ]
    log.sequence()
    return log


def test_an_unsequenced_tail_is_reported_and_no_fault():
    log = sample_log((3,))
    log.append(ALICE, 1)
    log.append(BOB, 1)
    report = verify(log.view())
    assert (report.size, report.events, report.pending) == (3, 5, 2)


def test_entries_past_the_last_checkpoint_are_reported_and_no_fault():
    log = sample_log((3, 2))
    log.notes.pop()
    report = verify(log.view())
    assert (report.size, report.signed) == (5, 3)


def test_a_clock_that_goes_back_is_no_fault():
    log = SampleLog()
    for time in (5000, 4000, 3000):
        log.append(ALICE, 1, time=time)
    log.sequence()
    assert verify(log.view()).size == 3


def test_a_shredded_chain_leaves_every_proof_valid():
    log = sample_log((5, 7))
    log.events = [event for event in log.events if event.chain_id != ALICE]
    assert verify(log.view()).chains == 2


def test_events_that_cannot_be_opened_keep_their_place_in_the_chain():
    log = sample_log((5, 7))
    log.events = [replace(event, prev=None, salt=None, event=None) for event in log.events]
    assert verify(log.view()).closed_events == 12
    log.events = [event for event in log.events if event.seq != 2]
    assert fault(log)[0] == "chain_gap"


def test_accountability_lines_that_outlived_their_retention_may_be_gone():
    log = sample_log((5,))
    log.lines.pop(2)
    assert verify(log.view()).lines == 4


# Entries changed, dropped, reordered


@pytest.mark.parametrize("position", [0, 4, 11])
def test_a_changed_entry_is_named(position):
    log = sample_log()
    row = log.leaves[position]
    log.leaves[position] = replace(row, entry=rewritten(row.entry, outcome="deny"))
    assert fault(log) == ("entry_changed", position)


@pytest.mark.parametrize("position", [0, 4, 11])
def test_a_changed_entry_with_its_leaf_recomputed_is_named_by_the_tiles(position):
    log = sample_log()
    replace_entry(log, position, rewritten(log.leaves[position].entry, outcome="deny"))
    assert fault(log) == ("tile_changed", position)


def test_a_changed_entry_with_leaf_and_tiles_recomputed_is_named_by_the_next_checkpoint():
    log = sample_log((3, 4, 5))
    replace_entry(log, 4, rewritten(log.leaves[4].entry, outcome="deny"))
    rebuild_tiles(log)
    assert fault(log) == ("root_changed", 7)


def test_a_changed_entry_in_the_unsigned_tail_is_still_named_by_its_chain():
    log = sample_log((3, 4, 5))
    log.notes.pop()
    replace_entry(log, 11, rewritten(log.leaves[11].entry, outcome="deny"))
    rebuild_tiles(log)
    log.events[11] = replace(log.events[11], entry=log.leaves[11].entry)
    assert fault(log) == ("entry_changed", 11)


def test_a_missing_entry_is_named():
    log = sample_log()
    log.leaves[6] = replace(log.leaves[6], entry=None)
    assert fault(log) == ("entry_missing", 6)


def test_a_dropped_row_is_named_as_a_gap():
    log = sample_log()
    del log.leaves[6]
    assert fault(log) == ("position_gap", 6)


def test_a_dropped_entry_with_all_others_moved_up_is_named_where_they_moved():
    log = sample_log()
    moved = [replace(row, position=row.position - 1) for row in log.leaves[7:]]
    log.leaves[6:] = moved
    assert fault(log) == ("tile_changed", 6)


def test_a_repeated_position_is_named():
    log = sample_log()
    log.leaves.insert(7, log.leaves[6])
    assert fault(log) == ("position_repeated", 6)


def test_two_exchanged_entries_are_named_at_the_first():
    log = sample_log()
    third, fifth = log.leaves[3], log.leaves[5]
    log.leaves[3], log.leaves[5] = replace(fifth, position=3), replace(third, position=5)
    assert fault(log) == ("tile_changed", 3)


def test_of_several_divergences_the_first_is_named():
    log = sample_log()
    log.leaves[9] = replace(log.leaves[9], entry=None)
    log.leaves[2] = replace(log.leaves[2], entry=b"other")
    assert fault(log) == ("entry_changed", 2)


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'["v"]',
        lambda entry: rewritten(entry, v=2),
        lambda entry: rewritten(entry, more=1),
        lambda entry: entry + b" ",
        lambda entry: entry.replace(b'"v":1', b'"v":1,"v":1'),
        lambda entry: entry.replace(b'"time":1700000000000', b'"time":NaN'),
        lambda entry: rewritten(entry, object="x" * 65_535),
    ],
)
def test_an_entry_of_another_form_is_named_even_if_it_was_logged(entry):
    log = sample_log((1,))
    replace_entry(log, 0, entry(log.leaves[0].entry) if callable(entry) else entry)
    rebuild_tiles(log)
    log.notes = [signed(1, log.root())]
    assert fault(log) == ("entry_malformed", 0)


def test_a_node_in_place_of_a_leaf_is_named():
    """Leaf/node confusion: both children as an "entry" would give the parent, were the prefixes not there."""
    log = sample_log((4,))
    nodes = [tree.node_hash(log.leaves[place].leaf, log.leaves[place + 1].leaf) for place in (0, 2)]
    children = [log.leaves[place].leaf + log.leaves[place + 1].leaf for place in (0, 2)]
    log.leaves = [SequencedEntry(place, nodes[place], children[place]) for place in (0, 1)]
    rebuild_tiles(log)
    log.notes = [signed(2, log.root())]
    assert fault(log) == ("entry_changed", 0)


# Tiles


@pytest.mark.parametrize("position", [0, 255, 256, 299])
def test_a_changed_leaf_hash_in_a_tile_is_named(position):
    log = plain_log(300)
    tile = TileId(0, position // 256)
    damaged = bytearray(log.tiles[tile])
    damaged[position % 256 * 32] ^= 1
    log.tiles[tile] = bytes(damaged)
    assert fault(log) == ("tile_changed", position)


def test_a_changed_hash_in_an_upper_tile_is_named_where_its_subtree_ends():
    log = plain_log(300)
    log.tiles[TileId(1, 0)] = digest("other")
    assert fault(log) == ("tile_changed", 255)


@pytest.mark.parametrize(("tile", "position"), [((0, 0), 0), ((0, 1), 256), ((1, 0), 255)])
def test_a_missing_tile_is_named(tile, position):
    log = plain_log(300)
    del log.tiles[TileId(*tile)]
    assert fault(log) == ("tile_missing", position)


def test_a_short_tile_is_named():
    log = plain_log(300)
    log.tiles[TileId(0, 1)] = log.tiles[TileId(0, 1)][:-1]
    assert fault(log) == ("tile_missing", 299)


@pytest.mark.parametrize(
    ("size", "tile", "surplus"),
    [
        (0, (0, 0), 1),
        (3, (0, 0), 1),
        (3, (0, 1), 1),
        (3, (1, 0), 1),
        (256, (0, 1), 1),
        (300, (0, 2), 256),
        (300, (1, 0), 1),
        (300, (2, 0), 1),
    ],
)
def test_hashes_past_the_end_are_named(size, tile, surplus):
    log = plain_log(size)
    place = TileId(*tile)
    log.tiles[place] = log.tiles.get(place, b"") + digest("more") * surplus
    assert fault(log) == ("tile_surplus", size)


# Checkpoints


def test_a_cut_tail_is_named_by_the_checkpoint_that_covered_it():
    log = sample_log((3, 4, 5))
    del log.leaves[10:]
    rebuild_tiles(log)
    assert fault(log) == ("log_cut", 10)


def test_a_cut_tail_is_named_by_the_tiles_it_left_behind():
    log = sample_log((3, 4, 5))
    del log.leaves[7:], log.notes[2:]
    assert fault(log) == ("tile_surplus", 7)


def test_a_log_put_back_to_an_older_backup_is_named_by_a_checkpoint_kept_elsewhere():
    newer, older = sample_log((3, 4, 5)), sample_log((3, 4))
    assert verify(older.view()).size == 7
    older.witnessed = [newer.notes[2], newer.notes[0]]
    assert fault(older) == ("rolled_back", 7)


def test_checkpoints_kept_elsewhere_are_compared_in_any_order_and_number():
    log = sample_log((3, 4, 5))
    log.witnessed = [log.notes[2], log.notes[0], log.notes[2], signed(5, tree.root(5, log.tiles.read))]
    assert verify(log.view()).checkpoints == 3


@pytest.mark.parametrize("size", [1, 7, 12])
def test_a_fork_is_named_by_a_checkpoint_of_equal_size_kept_elsewhere(size):
    log = sample_log((3, 4, 5))
    log.witnessed = [signed(size, digest("fork"))]
    assert fault(log) == ("checkpoint_fork", size)


def test_a_fork_of_equal_size_among_the_logs_own_checkpoints_is_named():
    log = sample_log((3, 4, 5))
    log.notes.insert(2, signed(7, digest("fork")))
    assert fault(log) == ("checkpoint_fork", 7)


def test_a_checkpoint_of_the_empty_tree_must_have_its_root():
    log = sample_log((3,))
    log.notes.insert(0, signed(0, digest("other")))
    assert fault(log) == ("root_changed", 0)


@pytest.mark.parametrize("order", [(0, 0, 1, 2), (1, 0, 2), (0, 2, 1)])
def test_checkpoints_whose_sizes_do_not_increase_are_named(order):
    log = sample_log((3, 4, 5))
    log.notes = [log.notes[place] for place in order]
    repeated = next(later for earlier, later in pairwise(order) if later <= earlier)
    assert fault(log) == ("checkpoint_order", (3, 7, 12)[repeated])


def test_a_wrong_root_under_a_valid_signature_is_named():
    log = sample_log((3, 4, 5))
    log.notes[1] = signed(7, digest("other"))
    assert fault(log) == ("root_changed", 7)


def test_a_checkpoint_of_another_origin_is_named():
    log = sample_log((3, 4, 5))
    log.notes[1] = signed(7, tree.root(7, log.tiles.read), origin="audit.elsewhere.example")
    assert fault(log) == ("checkpoint_origin", 3)
    log = sample_log((3,))
    log.origin = "audit.elsewhere.example"
    assert fault(log) == ("checkpoint_origin", 0)


def test_a_checkpoint_of_another_key_is_named():
    log = sample_log((3, 4, 5))
    log.notes[1] = signed(7, tree.root(7, log.tiles.read), key=OTHER_KEY)
    assert fault(log) == ("checkpoint_signature", 3)
    log = sample_log((3,))
    log.public = OTHER_PUBLIC
    assert fault(log) == ("checkpoint_signature", 0)


def test_a_checkpoint_kept_elsewhere_must_be_this_logs_too():
    log = sample_log((3,))
    log.witnessed = [signed(3, log.root(), key=OTHER_KEY)]
    assert fault(log)[0] == "checkpoint_signature"


def test_a_damaged_checkpoint_is_named():
    log = sample_log((3, 4))
    log.notes[1] = log.notes[1][:-2]
    assert fault(log) == ("checkpoint_malformed", 3)


# Chains, events, accountability


def chain_of(log: SampleLog) -> list[int]:
    """Where the events of Alice's first chain stand; their positions in the log are the same."""
    return [place for place, event in enumerate(log.events) if (event.chain_id, event.chain) == (ALICE, 1)]


@pytest.mark.parametrize("dropped", [0, 1])
def test_a_gap_in_a_chain_is_named_at_the_event_after_it(dropped):
    log = sample_log()
    chain = chain_of(log)
    del log.events[chain[dropped]]
    assert fault(log) == ("chain_gap", chain[dropped + 1])


def test_a_repeated_number_in_a_chain_is_named():
    log = sample_log()
    _, second, _ = chain_of(log)
    log.events[second] = replace(log.events[second], seq=1)
    assert fault(log) == ("chain_gap", second)


def test_an_event_that_names_another_predecessor_is_named():
    log = sample_log()
    _, second, third = chain_of(log)
    log.events[third] = replace(log.events[third], prev=digest("other"))
    assert fault(log) == ("chain_link", third)
    log.events[second] = replace(log.events[second], prev=bytes(32))
    assert fault(log) == ("chain_link", second)


def test_exchanged_numbers_in_a_chain_are_named():
    log = sample_log()
    _, second, third = chain_of(log)
    log.events[second] = replace(log.events[second], seq=3)
    log.events[third] = replace(log.events[third], seq=2)
    assert fault(log) == ("chain_link", third)


def test_the_first_event_of_a_chain_has_no_predecessor():
    log = sample_log()
    first = chain_of(log)[0]
    log.events[first] = replace(log.events[first], prev=digest("other"))
    assert fault(log) == ("chain_link", first)


@pytest.mark.parametrize(
    "change",
    [
        {"event": {"resourceType": "AuditEvent", "number": 9}},
        {"event": {"number": float("nan")}},
        {"event": {"number": object()}},
        {"event": {"text": "\ud800"}},
        {"salt": b"s" * 32},
    ],
)
def test_a_changed_event_is_named(change):
    log = sample_log()
    log.events[6] = replace(log.events[6], **change)
    assert fault(log) == ("event_changed", 6)


def test_an_event_whose_entry_is_gone_or_another_is_named():
    log = sample_log()
    log.events[6] = replace(log.events[6], entry=None)
    assert fault(log) == ("entry_missing", 6)
    log.events[6] = replace(log.events[6], entry=log.events[5].entry)
    assert fault(log) == ("entry_changed", 6)


@pytest.mark.parametrize("box", ["own", "officer"])
def test_a_changed_accountability_line_is_named(box):
    log = sample_log()
    log.lines[6] = replace(log.lines[6], **{box: b"other"})
    assert fault(log) == ("line_changed", 6)


def test_exchanged_accountability_lines_are_named():
    log = sample_log()
    log.lines[5] = replace(log.lines[5], own=log.lines[6].own, officer=log.lines[6].officer)
    assert fault(log) == ("line_changed", 5)


def test_a_changed_pending_entry_is_named_without_a_position():
    log = sample_log((3,))
    log.append(ALICE, 1)
    log.pending[0] = replace(log.pending[0], entry=b"other")
    assert fault(log) == ("entry_changed", None)


def test_a_changed_pending_event_is_named_without_a_position():
    log = sample_log((3,))
    log.append(ALICE, 1)
    log.events[-1] = replace(log.events[-1], event={})
    assert fault(log) == ("event_changed", None)


# Any damage, any size


@given(st.lists(st.integers(0, 40), min_size=1, max_size=5), st.data())
@settings(max_examples=40, deadline=None)
def test_any_log_is_sound_until_any_byte_of_an_entry_changes(batches, data):
    log = sample_log(())
    for batch in batches:
        for _ in range(batch):
            log.append(ALICE, 1)
        log.sequence()
    assert verify(log.view()).size == sum(batches)
    if not log.leaves:
        return
    row = data.draw(st.sampled_from(log.leaves))
    place = data.draw(st.integers(0, len(row.entry) - 1))
    entry = bytearray(row.entry)
    entry[place] ^= data.draw(st.integers(1, 255))
    log.leaves[row.position] = replace(row, entry=bytes(entry))
    assert fault(log) == ("entry_changed", row.position)


def test_memory_does_not_grow_with_the_log():
    """Rows are made on the way; the peak for 1 536 entries is hardly above that for 512."""
    template = sample_log((1,)).leaves[0].entry

    def rows(size):
        for number in range(size):
            entry = rewritten(template, time=number)
            yield SequencedEntry(number, tree.leaf_hash(entry), entry)

    def peak(size):
        tiles = Tiles()
        tiles.extend(0, [row.leaf for row in rows(size)])
        view = LogView(
            origin=ORIGIN, public_key=OTHER_PUBLIC, leaves=rows(size), read_tile=tiles.read, checkpoints=()
        )
        tracemalloc.start()
        try:
            assert verify(view).size == size
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(1_536) < peak(512) + 25_000


def test_the_verifier_reaches_nothing_but_the_standard_library_and_cryptography():
    """So that whoever audits the log reads a few hundred lines and trusts one library."""
    script = (
        "import sys; before = set(sys.modules); import audit.verify, audit.proof;"
        "roots = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(*sorted(roots - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    own_parts = {"_cffi_backend", "_openssl"}  # of cryptography
    assert set(done.stdout.split()) - own_parts == {"audit", "records", "cryptography"}
