"""The plain values that the offline verifier reads, from a store, a backup or files, and those it answers.

Everything is iterated once, in the order said, and never held whole: a log of any length can be checked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit.tree import HashReader
from records.errors import CoffreError


class LogFault(CoffreError):  # noqa: N818 - a fault of the log, not of the caller
    """The first divergence found.

    `position` is that of the entry, or the tree size of a checkpoint; None for an entry without position.
    """

    def __init__(self, code: str, sentence: str, position: int | None = None) -> None:
        super().__init__(sentence, code=code)
        self.position = position


@dataclass(frozen=True, slots=True)
class SequencedEntry:
    """A row of the sequence: the leaf hash (32 bytes) at a position, and its entry; None if that is gone."""

    position: int
    leaf: bytes
    entry: bytes | None


@dataclass(frozen=True, slots=True)
class PendingEntry:
    """An entry that the sequencer has not placed yet."""

    leaf: bytes
    entry: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainEvent:
    """An event of a chain.

    `prev`, `salt` and `event` are None where the chain's key is shredded or not at hand; `entry` is the one
    stored for `leaf`, None if that is gone; `position` is None while unsequenced.
    """

    chain_id: UUID
    chain: int
    seq: int
    leaf: bytes
    entry: bytes | None
    position: int | None = None
    prev: bytes | None = None
    salt: bytes | None = None
    event: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class AccountabilityLine:
    """Both sealed boxes kept for an entry, and that entry; None if that is gone."""

    leaf: bytes
    entry: bytes | None
    own: bytes
    officer: bytes
    position: int | None = None


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A signed note, and the size and root that a store keeps beside it, by which it is found."""

    note: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LogView:
    """A log to verify; `origin` and `public_key` (Ed25519, 32 bytes) come from outside of it."""

    origin: str
    public_key: bytes
    leaves: Iterable[SequencedEntry]  # by position
    read_tile: HashReader
    checkpoints: Iterable[StoredCheckpoint]  # by size
    events: Iterable[ChainEvent] = ()  # by chain_id, chain, seq
    lines: Iterable[AccountabilityLine] = ()  # in any order
    pending: Iterable[PendingEntry] = ()  # in any order
    witnessed: Iterable[str] = ()  # checkpoints of this log kept elsewhere, few, in any order


@dataclass(frozen=True, slots=True)
class Report:
    """The counts of what was checked, all of it sound.

    The first `signed` of the `size` entries are under a checkpoint; `closed_events` could not be opened, only
    their place in the chain was checked; `pending` entries await their position, which is no fault.
    """

    size: int
    root: bytes
    checkpoints: int
    signed: int
    chains: int
    events: int
    closed_events: int
    lines: int
    pending: int
