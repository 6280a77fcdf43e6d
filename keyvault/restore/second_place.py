"""The second place keeps the log's checkpoints and what a restored vault would need, as it arises, apart from
the vault and its backups (docs/vault.md section 5).

    checkpoints/<number>          the signed note, locked for ten years
    segments/<number>/<part>      what log and keys gained up to that checkpoint, sealed, for seven days

Numbers count from 0 without a gap, so that the last is found by asking, not by listing; a segment is whole
before its checkpoint is there. Segments hold wraps: kept longer, they would outlive what is shredded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from audit.checkpoint import Checkpoint, parse_and_verify
from keyvault.crypto.envelope import KeyvaultError
from keyvault.crypto.sealed_json import open_json, seal_json
from records.errors import CoffreError

SEGMENTS_KEPT_S = 7 * 86_400
CHECKPOINTS_KEPT_S = 3_650 * 86_400
FORMAT, FORMER = "coffre-segment-v2", "coffre-segment-v1"


class SecondPlace(Protocol):
    """Small objects that are never overwritten."""

    def put_locked(self, name: str, note: bytes, until: float) -> None:
        """Keeps `note` until `until` (unix seconds). Raises `Conflict` "object_exists" where the name holds
        another one.
        """

    def read(self, name: str) -> bytes | None: ...

    def forget(self, name: str) -> None:
        """Removes a note whose time has come."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint in the second place."""

    number: int
    note: str
    checkpoint: Checkpoint


class Checkpoints:
    """The checkpoints in a second place, each verified: of this log, by its key."""

    def __init__(self, place: SecondPlace, origin: str, public: bytes) -> None:
        self._place, self._origin, self._public = place, origin, public

    def at(self, number: int) -> Kept | None:
        """Raises `CheckpointError` for a note that is not of this log."""
        found = self._place.read(checkpoint_name(number))
        if found is None:
            return None
        note = found.decode("utf-8", "replace")
        return Kept(number, note, self.verified(note))

    def verified(self, note: str) -> Checkpoint:
        """Raises `CheckpointError`."""
        return parse_and_verify(note, self._origin, self._public)

    def last(self, known: int = -1) -> Kept | None:
        """The newest; `known`, the number of one that is there, saves questions."""
        low, step = known, 1
        while self.at(low + step) is not None:
            low, step = low + step, 2 * step
        high = low + step  # not there
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.at(middle) is not None else (low, middle)
        return self.at(low) if low >= 0 else None

    def first_beyond(self, size: int) -> int:
        """The number of the first checkpoint of more than `size` entries."""
        last = self.last()
        if last is None or last.checkpoint.size <= size:
            return 0 if last is None else last.number + 1
        low, high = -1, last.number
        while high - low > 1:
            middle = (low + high) // 2
            found = self.at(middle)
            low, high = (low, middle) if found and found.checkpoint.size > size else (middle, high)
        return high


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows of the positions from `start` up to, not including, `stop`, towards the checkpoint `note`."""

    number: int
    part: int
    start: int
    stop: int
    note: str
    rows: list[dict[str, Any]]

    def sealed(self, key: bytes, origin: str) -> bytes:
        members = {name: getattr(self, name) for name in self.__slots__}
        return seal_json(key, {"format": FORMAT, **members}, _aad(FORMAT, origin, self.number, self.part))


def read_segment(place: SecondPlace, key: bytes, origin: str, number: int, part: int) -> Segment | None:
    """Raises `KeyvaultError` "unseal_failed" for bytes that this vault never put there."""
    found = place.read(segment_name(number, part))
    if found is None:
        return None
    members = _opened(key, found, origin, number, part)
    return Segment(**{name: members[name] for name in Segment.__slots__})


def _opened(key: bytes, found: bytes, origin: str, number: int, part: int) -> dict[str, Any]:
    try:
        return open_json(key, found, _aad(FORMAT, origin, number, part))
    except KeyvaultError:
        return open_json(key, found, _aad(FORMER, origin, number, part))


def segments(
    place: SecondPlace, key: bytes, origin: str, checkpoints: Checkpoints, size: int
) -> Iterator[Segment]:
    """Everything that the log gained since it had `size` entries, in order.

    Raises CoffreError "segments_gone" where some of it is no longer there.
    """
    number = checkpoints.first_beyond(size)
    while (kept := checkpoints.at(number)) is not None:
        part, stop = 0, -1
        while stop < kept.checkpoint.size:
            found = read_segment(place, key, origin, number, part)
            if found is None:
                raise CoffreError(
                    "The second place no longer holds what came after this backup: take a later backup.",
                    code="segments_gone",
                )
            yield found
            part, stop = part + 1, found.stop
        number += 1


def checkpoint_name(number: int) -> str:
    return f"checkpoints/{number:012d}"


def segment_name(number: int, part: int) -> str:
    return f"segments/{number:012d}/{part:06d}"


def _aad(label: str, origin: str, number: int, part: int) -> bytes:
    return f"{label}\0{origin}\0{segment_name(number, part)}".encode()
