"""Checks of single entries, of events against their entries, and of the order in their chains.

Deliberately apart from `audit.events`: the verifier reads and writes JSON with the standard library alone, so
that it agrees with the writer about bytes without sharing its code.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from decimal import Decimal
from hashlib import sha256
from itertools import groupby
from typing import Any

from audit.tree import leaf_hash
from audit.view import AccountabilityLine, ChainEvent, LogFault

_MAX_ENTRY = 65_535
_FIRST_PREV = bytes(32)
_MEMBERS = {"v", "time", "action", "outcome", "reason", "purpose", "actor", "record", "object", "commitment"}
_MEMBERS |= {"grant", "line_hash", "detail_hash"}


def check_entry(leaf: bytes, entry: bytes | None, position: int | None) -> dict[str, Any]:
    """Members of an entry that hashes to its leaf and has the one form an entry may have.

    LogFault `entry_missing`, `entry_changed`, `entry_malformed`.
    """
    if entry is None:
        raise LogFault("entry_missing", f"The entry{_at(position)} is gone; its leaf remains.", position)
    if leaf_hash(entry) != leaf:
        raise LogFault("entry_changed", f"The entry{_at(position)} does not hash to its leaf.", position)
    try:
        members = json.loads(entry)
        sound = set(members) == _MEMBERS and members["v"] == 1 and plain(members).encode() == entry
    except (ValueError, TypeError, RecursionError):
        sound = False
    if not sound or len(entry) > _MAX_ENTRY:
        raise LogFault("entry_malformed", f"The entry{_at(position)} is no canonical entry.", position)
    return dict(members)


def check_chains(events: Iterable[ChainEvent]) -> Iterator[tuple[int, int]]:
    """Check chain after chain; yields for each its number of events and how many of them could not be opened.

    LogFault `chain_gap`, `chain_link`, `event_changed`, and those of `check_entry`.
    """
    for _, chain in groupby(events, key=lambda event: (event.chain_id, event.chain)):
        count, closed, previous = 0, 0, _FIRST_PREV
        for event in chain:
            count += 1
            _check_link(event, count, previous)
            closed += not _check_event(event)
            previous = event.leaf
        yield count, closed


def check_line(line: AccountabilityLine) -> None:
    """Check that both boxes are those the entry was written with.

    LogFault `line_changed`, and those of `check_entry`.
    """
    members = check_entry(line.leaf, line.entry, line.position)
    bound = sha256(sha256(line.own).digest() + sha256(line.officer).digest()).digest()
    if members["line_hash"] != _b64(bound):
        sentence = (
            f"The accountability line of the entry{_at(line.position)} is not the one it was written with."
        )
        raise LogFault("line_changed", sentence, line.position)


def plain(value: Any) -> str:
    """Canonical JSON (RFC 8785) of a value made of JSON's own types."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{plain(name)}:{plain(value[name])}" for name in names) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(plain, value)) + "]"
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    # ECMAScript's Number::toString (RFC 8785 section 3.2.2.3); Python finds the same shortest digits
    if value == 0:
        return "0"
    if not 1e-6 <= abs(value) < 1e21:
        digits, _, exponent = repr(value).partition("e")
        return f"{digits}e{int(exponent):+d}"
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def _check_link(event: ChainEvent, expected: int, previous: bytes) -> None:
    where = f"{_at(event.position)}: number {event.seq}, expected {expected}"
    if event.seq != expected:
        raise LogFault("chain_gap", f"A chain has a gap at the entry{where}.", event.position)
    if event.prev is not None and event.prev != previous:
        sentence = f"A chain's event does not name its predecessor, at the entry{where}."
        raise LogFault("chain_link", sentence, event.position)


def _check_event(event: ChainEvent) -> bool:
    """Whether the event could be opened; its entry is checked in any case."""
    members = check_entry(event.leaf, event.entry, event.position)
    if event.salt is None or event.event is None:
        return False
    if members["detail_hash"] != detail_hash(event.salt, event.event):
        sentence = f"The event of the entry{_at(event.position)} is not the one it was written with."
        raise LogFault("event_changed", sentence, event.position)
    return True


def detail_hash(salt: bytes, event: Any) -> str:
    """SHA-256(salt || canonical event) as an entry has it: base64url."""
    try:
        return _b64(sha256(salt + plain(event).encode()).digest())
    except (ValueError, TypeError, RecursionError):
        return ""  # no JSON, so no entry was ever written with it


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _at(position: int | None) -> str:
    return " awaiting its position" if position is None else f" at position {position}"
