"""Ship entries, replay rows and checkpoints to the second place, before a checkpoint is published (vault.md
section 5, step d).

A shipment may be repeated at any instant: the second place itself says where the next piece begins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from audit import tree
from audit.checkpoint import parse_text, text_of
from keyvault.log.sequencer import Sequencer, reader
from keyvault.restore.second_place import (
    CHECKPOINTS_KEPT_S,
    SEGMENTS_KEPT_S,
    Checkpoints,
    Kept,
    SecondPlace,
    Segment,
    checkpoint_name,
    read_segment,
    segment_name,
)
from keyvault.restore.shipped import shipped_size
from keyvault.store import Row, VaultTransaction
from records.errors import CoffreError, Conflict
from records.text.base64url import b64

LEASE = "shipping"
ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Shipper:
    """Has the second place hold what is signed. `key` seals segments."""

    log: Sequencer
    place: SecondPlace
    key: bytes = field(repr=False)

    def ship(self) -> int:
        """Ship up to the newest checkpoint; answers how many entries are there.

        Raises CoffreError "second_place_forked" where another history of this log stands there.
        """
        with self.log.store.writing() as tx:
            if not self.log.lead(tx, LEASE):
                return shipped_size(tx)
        last = self._last()
        with self.log.store.reading() as tx:
            newest = tx.find("checkpoint", order="-size", limit=1)
            _check_continues(tx, newest, last)
        start = last.checkpoint.size if last is not None else 0
        if not newest or newest[0]["size"] == start:
            return start
        number = last.number + 1 if last is not None else 0
        note, parts = self._put_segments(number, start, newest[0])
        self.place.put_locked(
            checkpoint_name(number), note.encode(), self.log.now_ms() / 1000 + CHECKPOINTS_KEPT_S
        )
        return self._remember(number, parse_text(text_of(note)).size, parts)

    def forget(self) -> int:
        """Remove segments whose seven days are over; answers how many checkpoints lost theirs."""
        limit = self.log.now_ms() - SEGMENTS_KEPT_S * 1000
        with self.log.store.reading() as tx:
            old = tx.find("shipped", parts__gt=0, at__lt=limit, order="number", limit=ROWS)
        for row in old:
            for part in range(row["parts"]):
                self.place.forget(segment_name(row["number"], part))
            with self.log.store.writing() as tx:
                tx.update("shipped", {"parts": 0}, number=row["number"])
        return len(old)

    def _last(self) -> Kept | None:
        """What stands there last, which may be more than this vault remembers."""
        with self.log.store.reading() as tx:
            rows = tx.find("shipped", order="-number", limit=1)
        known = int(rows[0]["number"]) if rows else -1
        last = Checkpoints(self.place, self.log.origin, self.log.signing.public).last(known)
        if last is not None and last.number > known:
            parts = self._count_parts(last.number)
            self._remember(last.number, last.checkpoint.size, parts)
        return last

    def _count_parts(self, number: int) -> int:
        parts = 0
        while read_segment(self.place, self.key, self.log.origin, number, parts) is not None:
            parts += 1
        return parts

    def _put_segments(self, number: int, start: int, checkpoint: Row) -> tuple[str, int]:
        """Answers the note they lead to, and how many parts there are."""
        part, at = 0, start
        while at < checkpoint["size"]:
            segment = self._segment(number, part, at, checkpoint)
            try:
                until = self.log.now_ms() / 1000 + SEGMENTS_KEPT_S
                self.place.put_locked(
                    segment_name(number, part), segment.sealed(self.key, self.log.origin), until
                )
            except Conflict:  # from a try that was cut off, which may have led to a smaller checkpoint
                found = read_segment(self.place, self.key, self.log.origin, number, part)
                if found is None:
                    raise
                if found.note != checkpoint["note"]:
                    size = parse_text(text_of(found.note)).size
                    with self.log.store.reading() as tx:
                        former = tx.get("checkpoint", size=size)
                    if former is None or former["note"] != found.note:
                        raise
                    return self._put_segments(number, start, former)
                segment = found
            part, at = part + 1, segment.stop
        return str(checkpoint["note"]), part

    def _segment(self, number: int, part: int, start: int, checkpoint: Row) -> Segment:
        stop = min(start + ROWS, checkpoint["size"])
        with self.log.store.reading() as tx:
            leaves = tx.find("leaf", order="position", position__ge=start, position__lt=stop)
            hashes = [row["leaf_hash"] for row in leaves]
            found = {
                name: _by_leaf(tx, name, hashes) for name in ("entry", "event", "accountability", "replay")
            }
            versions = _key_versions(tx, found["event"])
        rows = [_row(leaf, found, versions) for leaf in hashes]
        return Segment(number, part, start, stop, checkpoint["note"], rows)

    def _remember(self, number: int, size: int, parts: int) -> int:
        with self.log.store.writing() as tx:
            tx.insert_new(
                "shipped", {"number": number, "size": size, "parts": parts, "at": self.log.now_ms()}
            )
        return size


def _check_continues(tx: VaultTransaction, newest: Sequence[Row], last: Kept | None) -> None:
    if last is None:
        return
    size = last.checkpoint.size
    if not newest or newest[0]["size"] < size or tree.root(size, reader(tx)) != last.checkpoint.root:
        raise CoffreError(
            "The second place holds another history of this log: give COFFRE_SECOND_PLACE_URL a new place, "
            "and keep the old one as evidence.",
            code="second_place_forked",
        )


def _key_versions(tx: VaultTransaction, events: Mapping[bytes, list[Row]]) -> dict[UUID, int]:
    """The version of the key of each chain that the events are of."""
    chains = list({row["chain_id"] for rows in events.values() for row in rows})
    return {row["chain_id"]: row["key_version"] for row in tx.find("chain", chain_id__in=chains)}


def _by_leaf(tx: VaultTransaction, table: str, hashes: Sequence[bytes]) -> dict[bytes, list[Row]]:
    found: dict[bytes, list[Row]] = {}
    for row in tx.find(table, leaf_hash__in=list(hashes)):
        found.setdefault(row["leaf_hash"], []).append(row)
    return found


def _row(
    leaf: bytes, found: Mapping[str, Mapping[bytes, list[Row]]], versions: Mapping[UUID, int]
) -> dict[str, Any]:
    """Everything that was written with one entry."""
    entry, event, line = (found[name][leaf][0] for name in ("entry", "event", "accountability"))
    return {
        "leaf": b64(leaf),
        "entry": b64(entry["entry"]),
        "chain_id": str(event["chain_id"]),
        "chain": event["chain"],
        "key_version": versions[event["chain_id"]],
        "seq": event["seq"],
        "event": b64(event["sealed"]),
        "actor": b64(line["actor"]),
        "at": line["at"],
        "own": b64(line["own"]),
        "officer": b64(line["officer"]),
        "replay": [
            {"id": row["replay_id"], "kind": row["kind"], "payload": b64(row["payload"]), "at": row["at"]}
            for row in found["replay"].get(leaf, ())
        ],
    }
