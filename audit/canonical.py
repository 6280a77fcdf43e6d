"""JSON whose bytes are signed, hashed or sealed.

Writing is RFC 8785 (JCS). Reading is stricter than RFC 8259: UTF-8 without a byte order mark, no duplicate
name, no lone surrogate (RFC 7493 section 2), integers within 2^53, finite numbers. Binary values are
base64url (`records.base64url`).
"""

import json
import math
from typing import Any

import rfc8785

from records.errors import Invalid

LARGEST_INTEGER = 2**53 - 1
_LONGEST_INTEGER = 17  # "-9007199254740991"; checked before int(), whose cost grows with the square


def canonical(value: Any) -> bytes:
    """Returns the RFC 8785 form of a JSON value (dict, list or tuple, str, int, float, bool, None).

    Raises `Invalid` code "not_canonical" for what JSON cannot carry exactly.
    """
    try:
        return rfc8785.dumps(value)
    except (ValueError, RecursionError):
        raise Invalid(
            "This value has no exact JSON form: use text, whole numbers below 2^53, lists and objects.",
            code="not_canonical",
        ) from None  # the library's own message quotes the value


def parse(data: bytes) -> Any:
    """Reads one JSON value from UTF-8 bytes; they need not be canonical.

    Raises `Invalid` code "bad_json" for anything else, duplicate names included.
    """
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # an escape may hide a lone surrogate
    except (ValueError, RecursionError):
        raise Invalid(
            "This is not JSON as Coffre reads it: UTF-8, each name once, whole numbers below 2^53.",
            code="bad_json",
        ) from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate name")
    return members


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER or abs(int(digits)) > LARGEST_INTEGER:
        raise ValueError("integer out of range")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("number out of range")
    return number


def _constant(name: str) -> float:
    raise ValueError("not a number")
