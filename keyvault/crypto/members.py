"""Strict reading of JSON that was encrypted or signed: every member named and bounded, none besides."""

from collections.abc import Set as AbstractSet
from typing import Any
from uuid import UUID

from audit.canonical import LARGEST_INTEGER
from records.errors import Invalid

LONGEST_TEXT = 65536


def members(
    value: Any, required: AbstractSet[str], optional: AbstractSet[str] = frozenset()
) -> dict[str, Any]:
    """Returns the object if it has all required members and no unknown one. Raises `Invalid` "bad_member"."""
    # Unknown members are refused where it was encrypted or signed: a signer who means something by them would
    # be taken for one who does not say it.
    if not isinstance(value, dict) or not required <= value.keys() <= required | optional:
        raise _bad_member()
    return value


def items(value: Any) -> list[Any]:
    """Returns the list. Raises `Invalid` "bad_member"."""
    if not isinstance(value, list):
        raise _bad_member()
    return value


def integer(value: Any, least: int = 0) -> int:
    """Returns a whole number of `least`..2^53-1. Raises `Invalid` "bad_member"."""
    # the type itself: to Python `true` is an int, and would be read as 1
    if type(value) is not int or not least <= value <= LARGEST_INTEGER:
        raise _bad_member()
    return value


def text(value: Any, most: int = LONGEST_TEXT) -> str:
    """Returns text of 1..`most` characters. Raises `Invalid` "bad_member"."""
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise _bad_member()
    return value


def identifier(value: Any) -> UUID:
    """Returns a UUID in its lower-case form (RFC 9562 section 4). Raises `Invalid` "bad_member"."""
    try:
        found = UUID(text(value, 36))
    except ValueError:
        raise _bad_member() from None
    # one spelling alone: the same id in capitals would have another hash, another signature, another token
    if str(found) != value:
        raise _bad_member()
    return found


def _bad_member() -> Invalid:
    return Invalid("A member is missing, unknown or not of its kind.", code="bad_member")
