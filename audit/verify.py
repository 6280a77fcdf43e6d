"""The offline verifier: recomputes a log from its entries and compares all that was ever said about it.

Reaches nothing but the standard library and, for Ed25519, `cryptography`; needs no key of the vault. One pass
over the leaves checks entries, positions, tiles and checkpoints together, so that the divergence named is the
first one; chains, events and accountability follow. Memory holds one tile per level.
"""

from collections.abc import Iterator
from functools import reduce

from audit.chains import check_chains, check_entry, check_line
from audit.checkpoint import Checkpoint, CheckpointError, parse_and_verify
from audit.tree import EMPTY_ROOT, HASH_SIZE, TILE_HEIGHT, TILE_WIDTH, HashReader, TileId, node_hash
from audit.view import (
    AccountabilityLine,
    ChainEvent,
    LogFault,
    LogView,
    PendingEntry,
    Report,
    SequencedEntry,
    StoredCheckpoint,
)

__all__ = [
    "AccountabilityLine",
    "ChainEvent",
    "LogFault",
    "LogView",
    "PendingEntry",
    "Report",
    "SequencedEntry",
    "StoredCheckpoint",
    "verify",
]


def verify(log: LogView) -> Report:
    """Check a whole log; the report counts what was found sound.

    Raises LogFault for the first divergence: `position_gap`, `position_repeated`, `entry_missing`,
    `entry_changed`, `entry_malformed` · `tile_missing`, `tile_changed`, `tile_surplus` ·
    `checkpoint_malformed`, `checkpoint_origin`, `checkpoint_signature`, `checkpoint_order`,
    `checkpoint_changed`, `checkpoint_fork`, `root_changed`, `log_cut`, `rolled_back` ·
    `chain_gap`, `chain_link`, `event_changed`, `line_changed`.
    """
    frontier, tiles = _Frontier(), _StoredTiles(log.read_tile)
    own = _Checkpoints(_own_checkpoints(log), "root_changed", "log_cut")
    kept = sorted((_checkpoint(log, note) for note in log.witnessed), key=lambda checkpoint: checkpoint.size)
    witnessed = _Checkpoints(iter(kept), "checkpoint_fork", "rolled_back")
    own.compare(frontier)
    witnessed.compare(frontier)
    for row in log.leaves:
        _check_position(row.position, frontier.size)
        check_entry(row.leaf, row.entry, row.position)
        for level, index, node in frontier.append(row.leaf):
            tiles.compare(level, index, node, row.position)
        own.compare(frontier)
        witnessed.compare(frontier)
    tiles.check_end(frontier.size)
    own.check_end(frontier.size)
    witnessed.check_end(frontier.size)
    return _report(log, frontier, own)


def _report(log: LogView, frontier: "_Frontier", own: "_Checkpoints") -> Report:
    chains = events = closed = lines = pending = 0
    for count, unopened in check_chains(log.events):
        chains, events, closed = chains + 1, events + count, closed + unopened
    for line in log.lines:
        check_line(line)
        lines += 1
    for waiting in log.pending:
        check_entry(waiting.leaf, waiting.entry, None)
        pending += 1
    return Report(
        size=frontier.size,
        root=frontier.root(),
        checkpoints=own.count,
        signed=own.last,
        chains=chains,
        events=events,
        closed_events=closed,
        lines=lines,
        pending=pending,
    )


class _Frontier:
    """The perfect subtrees that make up a growing tree, largest first: all that its next root needs."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf; returns the nodes it completes that stand in tiles: (tile level, index there, hash)."""
        height, index, node = 0, self.size, leaf
        completed = [(0, index, leaf)]
        while self._peaks and self._peaks[-1][0] == height:
            node = node_hash(self._peaks.pop()[1], node)
            height, index = height + 1, index >> 1
            if height % TILE_HEIGHT == 0:
                completed.append((height // TILE_HEIGHT, index, node))
        self._peaks.append((height, node))
        self.size += 1
        return completed

    def root(self) -> bytes:
        hashes = [node for _, node in reversed(self._peaks)]
        return reduce(lambda right, left: node_hash(left, right), hashes) if hashes else EMPTY_ROOT


class _StoredTiles:
    """The tiles as stored, compared hash by hash while the tree is recomputed; one tile per level is held."""

    def __init__(self, read_tile: HashReader) -> None:
        self._read_tile = read_tile
        self._current: dict[int, tuple[TileId, bytes]] = {}

    def compare(self, level: int, index: int, node: bytes, position: int) -> None:
        number, slot = divmod(index, TILE_WIDTH)
        stored = self._tile(TileId(level, number))[slot * HASH_SIZE : (slot + 1) * HASH_SIZE]
        where = f"tile {number} of level {level}, at position {position}"
        if len(stored) < HASH_SIZE:
            raise LogFault("tile_missing", f"The log has no hash in {where}.", position)
        if stored != node:
            raise LogFault("tile_changed", f"Entry and stored hash disagree in {where}.", position)

    def check_end(self, size: int) -> None:
        """Refuse hashes past the last entry: they are what remains where entries were cut off."""
        for level in range(-(-size.bit_length() // TILE_HEIGHT) + 1):
            held = size >> (TILE_HEIGHT * level)
            number, width = divmod(held, TILE_WIDTH)
            surplus = self._tile(TileId(level, number))[width * HASH_SIZE :]
            if surplus or self._tile(TileId(level, number + 1)):
                sentence = f"The tiles of level {level} hold hashes past the last entry, number {size}."
                raise LogFault("tile_surplus", sentence, size)

    def _tile(self, tile: TileId) -> bytes:
        if tile.level not in self._current or self._current[tile.level][0] != tile:
            self._current[tile.level] = (tile, self._read_tile(tile) or b"")
        return self._current[tile.level][1]


class _Checkpoints:
    """Checkpoints by size, each compared when the recomputed tree reaches its size."""

    def __init__(self, checkpoints: Iterator[Checkpoint], root_code: str, end_code: str) -> None:
        self.count = self.last = 0
        self._checkpoints, self._root_code, self._end_code = checkpoints, root_code, end_code
        self._next = next(checkpoints, None)

    def compare(self, frontier: _Frontier) -> None:
        while self._next is not None and self._next.size == frontier.size:
            if self._next.root != frontier.root():
                sentence = f"The root signed for size {frontier.size} is not the root of these entries."
                raise LogFault(self._root_code, sentence, frontier.size)
            self.count, self.last = self.count + 1, frontier.size
            self._next = next(self._checkpoints, None)

    def check_end(self, size: int) -> None:
        if self._next is not None:
            sentence = f"A checkpoint is signed for {self._next.size} entries and the log ends after {size}."
            raise LogFault(self._end_code, sentence, size)


def _own_checkpoints(log: LogView) -> Iterator[Checkpoint]:
    previous: Checkpoint | None = None
    for stored in log.checkpoints:
        checkpoint = _checkpoint(log, stored.note, 0 if previous is None else previous.size)
        if (stored.size, stored.root) != (checkpoint.size, checkpoint.root):
            sentence = f"A checkpoint is kept as one of size {stored.size}, and its note says otherwise."
            raise LogFault("checkpoint_changed", sentence, checkpoint.size)
        if previous is not None and checkpoint.size == previous.size and checkpoint.root != previous.root:
            sentence = f"Two different roots are signed for size {checkpoint.size}."
            raise LogFault("checkpoint_fork", sentence, checkpoint.size)
        if previous is not None and checkpoint.size <= previous.size:
            sentence = f"A checkpoint of size {checkpoint.size} follows one of size {previous.size}."
            raise LogFault("checkpoint_order", sentence, checkpoint.size)
        yield checkpoint
        previous = checkpoint


def _checkpoint(log: LogView, note: str, after: int | None = None) -> Checkpoint:
    """`after`: the size of the log's own checkpoint before it; None: somebody kept it elsewhere."""
    try:
        return parse_and_verify(note, log.origin, log.public_key)
    except CheckpointError as error:
        which = "A checkpoint kept elsewhere" if after is None else f"The checkpoint after size {after}"
        raise LogFault(error.code, f"{which} is refused: {error.sentence}", after or 0) from None


def _check_position(position: int, expected: int) -> None:
    if position > expected:
        raise LogFault("position_gap", f"No entry stands at position {expected}.", expected)
    if position < expected:
        raise LogFault("position_repeated", f"Position {position} is taken twice.", position)
