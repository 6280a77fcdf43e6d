"""Entries of the log and the values that bind an event to its entry.

An entry is what everybody entitled to the log may see: codes, pseudonyms and digests, never an identity. The
event behind it is sealed under its chain's key; the entry carries the event's digest, so that destroying the
key removes the event and leaves every proof valid.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Any, Self, TypeVar
from uuid import UUID

from audit.canonical import canonical, parse
from audit.tree import HASH_SIZE, leaf_hash
from records.errors import Invalid
from records.text.base64url import b64, unb64
from records.vocabulary.codes import Action, Outcome, PurposeOfUse, ReasonCode

__all__ = [
    "FIRST_PREV",
    "MAX_ENTRY",
    "MEMBERS",
    "Entry",
    "EntryField",
    "EventPayload",
    "actor_token",
    "detail_hash",
    "event_payload",
    "leaf_hash",
    "line_hash",
    "read_payload",
]

T = TypeVar("T")

VERSION = 1
MAX_ENTRY = 65_535  # a tlog-tiles bundle counts an entry's bytes in 16 bits
SALT_SIZE = 32
FIRST_PREV = bytes(HASH_SIZE)  # what the first event of a chain names as its predecessor
LABEL = b"coffre-audit-v1\x00"
MEMBERS = frozenset(
    {
        "v",
        "time",
        "action",
        "outcome",
        "reason",
        "purpose",
        "actor",
        "record",
        "object",
        "commitment",
        "grant",
    }
    | {"line_hash", "detail_hash"}
)


class EntryField(IntEnum):
    """The member of an entry that a pseudonym is for."""

    ACTOR = 1
    RECORD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry; `time` in milliseconds since 1970, binary members of 32 bytes, None where void."""

    time: int
    action: Action
    outcome: Outcome
    reason: ReasonCode | None = None
    purpose: PurposeOfUse | None = None
    actor: bytes | None = None
    record: bytes | None = None
    object: str | None = None
    commitment: bytes | None = None
    grant: UUID | None = None
    line_hash: bytes | None = None
    detail_hash: bytes | None = None

    def to_bytes(self) -> bytes:
        """Canonical JSON with every member, at most 65 535 bytes. Invalid `entry_too_large`, `bad_entry`."""
        if not self._is_well_formed():
            raise _bad_entry()
        binary = {name: _or_none(b64, getattr(self, name)) for name in _BINARY}
        data = canonical(
            {
                "v": VERSION,
                "time": self.time,
                "action": self.action.value,
                "outcome": self.outcome.value,
                "reason": _or_none(str, self.reason),
                "purpose": _or_none(str, self.purpose),
                "object": self.object,
                "grant": _or_none(str, self.grant),
                **binary,
            }
        )
        if len(data) > MAX_ENTRY:
            raise Invalid("An entry of the log has at most 65 535 bytes.", code="entry_too_large")
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read an entry back; anything but the exact bytes `to_bytes` gives is Invalid `bad_entry`."""
        try:
            entry = cls._read(parse(data))
            if entry.to_bytes() == data:
                return entry
        except (Invalid, ValueError, TypeError, AttributeError):
            pass
        raise _bad_entry()

    @classmethod
    def _read(cls, members: Any) -> Self:
        if set(members) != MEMBERS:
            raise _bad_entry()
        return cls(
            time=members["time"],
            action=Action(members["action"]),
            outcome=Outcome(members["outcome"]),
            reason=_or_none(ReasonCode, members["reason"]),
            purpose=_or_none(PurposeOfUse, members["purpose"]),
            object=members["object"],
            grant=_or_none(UUID, members["grant"]),
            **{name: _or_none(unb64, members[name]) for name in _BINARY},
        )

    def _is_well_formed(self) -> bool:
        binary = [getattr(self, name) for name in _BINARY]
        return (
            type(self.time) is int
            and self.time >= 0
            and isinstance(self.object, str | None)
            and all(value is None or len(value) == HASH_SIZE for value in binary)
        )


@dataclass(frozen=True, slots=True)
class EventPayload:
    """The sealed part of one event: its number and predecessor in the chain, its salt, the event itself."""

    seq: int
    prev: bytes
    salt: bytes
    event: Mapping[str, Any]


def event_payload(seq: int, prev: bytes, salt: bytes, event: Mapping[str, Any]) -> dict[str, Any]:
    """JSON object to seal under the chain's key.

    `prev`: leaf hash of the chain's previous entry, 32 zero bytes for the first; `salt`: 32 random bytes of
    this event alone. Invalid `bad_event`.
    """
    if seq < 1 or len(prev) != HASH_SIZE or len(salt) != SALT_SIZE or (seq == 1) != (prev == FIRST_PREV):
        raise _bad_event()
    return {"seq": seq, "prev": b64(prev), "salt": b64(salt), "event": dict(event)}


def read_payload(payload: Mapping[str, Any]) -> EventPayload:
    """Read what `event_payload` made; unknown or missing members are Invalid `bad_event`."""
    try:
        prev, salt = unb64(payload["prev"], HASH_SIZE), unb64(payload["salt"], SALT_SIZE)
        if event_payload(payload["seq"], prev, salt, payload["event"]) == payload:
            return EventPayload(payload["seq"], prev, salt, payload["event"])
    except (Invalid, KeyError, ValueError, TypeError):
        pass
    raise _bad_event()


def detail_hash(salt: bytes, event: Mapping[str, Any]) -> bytes:
    """SHA-256(salt || canonical event): binds the event into its entry without disclosing it."""
    if len(salt) != SALT_SIZE:
        raise _bad_event()
    return sha256(salt + canonical(dict(event))).digest()


def line_hash(own: bytes, officer: bytes) -> bytes:
    """Binds both accountability boxes into the entry; either digest can stand in once its box is gone."""
    return sha256(sha256(own).digest() + sha256(officer).digest()).digest()


def actor_token(chain_key: bytes, field: EntryField, chain_id: UUID, seq: int, value: str) -> bytes:
    """Pseudonym of an actor or record in one entry: HMAC-SHA-256 under the chain's key over
    `"coffre-audit-v1" 00 field(1) chain_id(16) be64(seq)` and the UTF-8 value. Two entries share none."""
    place = bytes([field]) + chain_id.bytes + seq.to_bytes(8, "big")
    return hmac.digest(chain_key, LABEL + place + value.encode(), "sha256")


_BINARY = ("actor", "record", "commitment", "line_hash", "detail_hash")


def _or_none(convert: Callable[[Any], T], value: Any) -> T | None:
    return None if value is None else convert(value)


def _bad_entry() -> Invalid:
    return Invalid("This is not an entry of the log in its canonical form.", code="bad_entry")


def _bad_event() -> Invalid:
    return Invalid(
        "An event needs a number from 1, its predecessor's 32-byte hash and a 32-byte salt.", code="bad_event"
    )
