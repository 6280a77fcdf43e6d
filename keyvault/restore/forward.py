"""Bring a restored vault forward to a newer copy of the same vault: its log, and every change of its keys.

What was deleted since stays deleted: an emergency mode that was opposed, a revoked choice, a destroyed
record. Counters, notices and work in hand stay those of the older one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit import tree
from audit.canonical import parse
from audit.checkpoint import Checkpoint
from keyvault.log.sequencer import keep_tile, reader
from keyvault.restore.frozen import log_size
from keyvault.restore.replay import REPLAYED
from keyvault.restore.second_place import Checkpoints, Segment
from keyvault.store import Row, VaultTransaction
from records.errors import CoffreError
from records.text.base64url import unb64

PAGE = 500
TILE_LEVELS = 8


@dataclass(frozen=True, slots=True)
class Brought:
    """Sizes of the log before and after, and how many transactions were replayed."""

    before: int
    after: int
    replayed: int


def bring_forward(tx: VaultTransaction, newer: VaultTransaction) -> Brought:
    """Raises CoffreError "other_log" where `newer` doesn't continue this vault's log; then nothing may be
    kept.
    """
    before, after = log_size(tx), log_size(newer)
    _check_continues(tx, newer, before, after)
    _take_pending(tx, newer)
    for leaves in _pages(newer, "leaf", "position", position__ge=before):
        _copy_entries(tx, newer, [row["leaf_hash"] for row in leaves])
        tx.insert("leaf", *leaves)
    _copy_tiles(tx, newer, before)
    for notes in _pages(newer, "checkpoint", "size", size__gt=_last_signed(tx)):
        tx.insert("checkpoint", *notes)
    return Brought(before, after, _replay(tx, newer))


def bring_segments(tx: VaultTransaction, shipped: Iterable[Segment], checkpoints: Checkpoints) -> Brought:
    """The same from what the second place holds. Raises CoffreError "other_log"; then nothing may be kept.

    Changes are carried out in the order of their numbers: where two touch the same rows, that is the order of
    their commits. Entries may be placed in another order, by less than the length of a transaction: so the
    changes of one segment wait until the next one is there.
    """
    before, replayed = log_size(tx), 0
    waiting: list[Row] = []
    for segment in shipped:
        rows = sorted((_replayed(row, each) for row in segment.rows for each in row["replay"]), key=_number)
        due = [row for row in waiting if not rows or row["replay_id"] < rows[0]["replay_id"]]
        replayed += _replay_rows(tx, due)
        waiting = sorted([row for row in waiting if row not in due] + rows, key=_number)
        _take_segment(tx, segment)
        if log_size(tx) == (kept := checkpoints.verified(segment.note)).size:
            _check_root(tx, kept)
            tx.insert_new("checkpoint", _checkpoint_row(segment, kept))
    return Brought(before, log_size(tx), replayed + _replay_rows(tx, waiting))


def _take_segment(tx: VaultTransaction, segment: Segment) -> None:
    size = log_size(tx)
    leaves = [unb64(row["leaf"]) for row in segment.rows]
    here = tx.find("leaf", position__ge=segment.start, position__lt=segment.stop, order="position")
    known = [row["leaf_hash"] for row in here]
    if segment.start > size or known != leaves[: len(known)]:
        raise _other_log()
    for row in segment.rows[len(known) :]:
        _take_entry(tx, row)
    fresh = leaves[len(known) :]
    tx.delete("pending", leaf_hash__in=fresh)
    for (level, number), hashes in tree.extend(size, fresh, reader(tx)):
        keep_tile(tx, level, number, hashes)
    tx.insert("leaf", *({"position": size + at, "leaf_hash": leaf} for at, leaf in enumerate(fresh)))


def _take_entry(tx: VaultTransaction, row: Mapping[str, Any]) -> None:
    leaf = unb64(row["leaf"])
    chain = {"chain_id": UUID(row["chain_id"]), "chain": row["chain"]}
    event = {**chain, "seq": row["seq"], "leaf_hash": leaf, "sealed": unb64(row["event"])}
    line = {name: unb64(row[name]) for name in ("actor", "own", "officer")}
    tx.insert_new("entry", {"leaf_hash": leaf, "entry": unb64(row["entry"])})
    tx.insert_new("event", event)
    tx.insert_new("accountability", {"leaf_hash": leaf, "at": row["at"], **line})
    head = {"seq": row["seq"], "head": leaf}
    # segments of label v1 knew no other version
    if not tx.insert_new("chain", {**chain, **head, "key_version": row.get("key_version", 1)}):
        tx.update("chain", head, **chain, seq__lt=row["seq"])


def _replayed(row: Mapping[str, Any], change: Mapping[str, Any]) -> Row:
    return {
        "replay_id": change["id"],
        "leaf_hash": unb64(row["leaf"]),
        "kind": change["kind"],
        "payload": unb64(change["payload"]),
        "at": change["at"],
    }


def _number(row: Row) -> int:
    return int(row["replay_id"])


def _check_root(tx: VaultTransaction, kept: Checkpoint) -> None:
    if _root(tx, kept.size) != kept.root:
        raise _other_log()


def _checkpoint_row(segment: Segment, kept: Checkpoint) -> Row:
    return {"size": kept.size, "root": kept.root, "note": segment.note}


def _check_continues(tx: VaultTransaction, newer: VaultTransaction, before: int, after: int) -> None:
    same = after >= before and _root(tx, before) == _root(newer, before)
    waiting = [row["leaf_hash"] for row in tx.find("pending")]
    if not same or len(_found(newer, "entry", waiting)) < len(set(waiting)):
        raise _other_log()


def _other_log() -> CoffreError:
    return CoffreError(
        "This does not continue the log of the restored vault: take a later archive, or the second place, of "
        "the same vault.",
        code="other_log",
    )


def _root(tx: VaultTransaction, size: int) -> bytes:
    return tree.root(size, reader(tx))


def _found(tx: VaultTransaction, table: str, leaves: Sequence[bytes]) -> list[Row]:
    return [
        row
        for at in range(0, len(leaves), PAGE)
        for row in tx.find(table, leaf_hash__in=list(leaves[at : at + PAGE]))
    ]


def _take_pending(tx: VaultTransaction, newer: VaultTransaction) -> None:
    """What waited here has its position there, or waits there too."""
    tx.delete("pending", ordinal__ge=0)
    for rows in _pages(newer, "pending", "ordinal"):
        leaves = [row["leaf_hash"] for row in rows]
        _copy_entries(tx, newer, leaves)
        tx.insert("pending", *({"leaf_hash": leaf} for leaf in leaves))


def _copy_entries(tx: VaultTransaction, newer: VaultTransaction, leaves: Sequence[bytes]) -> None:
    for table in ("entry", "event", "accountability"):
        for row in newer.find(table, leaf_hash__in=list(leaves)):
            tx.insert_new(table, row)
    for chain_id, chain in {
        (row["chain_id"], row["chain"]) for row in newer.find("event", leaf_hash__in=list(leaves))
    }:
        head = newer.get("chain", chain_id=chain_id, chain=chain)
        if head is not None:
            tx.delete("chain", chain_id=chain_id, chain=chain)
            tx.insert("chain", head)


def _copy_tiles(tx: VaultTransaction, newer: VaultTransaction, before: int) -> None:
    """Every tile that grew: the one that was last on each level, and those after it."""
    for level in range(TILE_LEVELS):
        first = before >> (tree.TILE_HEIGHT * (level + 1))
        for tiles in _pages(newer, "tile", "number", level=level, number__ge=first):
            for tile in tiles:
                tx.delete("tile", level=level, number=tile["number"])
                tx.insert("tile", tile)


def _last_signed(tx: VaultTransaction) -> int:
    last = tx.find("checkpoint", order="-size", limit=1)
    return int(last[0]["size"]) if last else 0


def _replay(tx: VaultTransaction, newer: VaultTransaction) -> int:
    """Carry out every change that is not here yet, in order; answers how many transactions they were.

    Numbers may be given in another order than transactions commit, so that each is looked up.
    """
    return sum(_replay_rows(tx, rows) for rows in _pages(newer, "replay", "replay_id"))


def _replay_rows(tx: VaultTransaction, rows: Sequence[Row]) -> int:
    known = tx.find("replay", replay_id__in=[row["replay_id"] for row in rows])
    here = {row["replay_id"] for row in known}
    new = [row for row in rows if row["replay_id"] not in here]
    for row in new:
        for change in parse(row["payload"]):
            _carry_out(tx, change)
        tx.insert("replay", row)
    return len(new)


def _carry_out(tx: VaultTransaction, change: Mapping[str, Any]) -> None:
    table = change["table"]
    if table not in REPLAYED:
        raise CoffreError("A replay row names a table it may not change.", code="replay_refused")
    values, where = _read(change["values"]), _read(change["where"])
    match change["do"]:
        case "insert":
            tx.insert_new(table, values)
        case "update":
            tx.update(table, values, **where)
        case "delete":
            tx.delete(table, **where)


def _read(row: Mapping[str, Any]) -> dict[str, Any]:
    return {column: _value(value) for column, value in row.items()}


def _value(value: Any) -> Any:
    match value:
        case {"bytes": text}:
            return unb64(text)
        case {"uuid": text}:
            return UUID(text)
        case list():
            return [_value(item) for item in value]
    return value


def _pages(tx: VaultTransaction, table: str, key: str, **where: object) -> Iterator[list[Row]]:
    after: dict[str, object] = {}
    while rows := tx.find(table, order=key, limit=PAGE, **where, **after):
        yield rows
        where.pop(f"{key}__ge", None)
        where.pop(f"{key}__gt", None)
        after = {f"{key}__gt": rows[-1][key]}
