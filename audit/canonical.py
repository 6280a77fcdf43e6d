"""JSON whose bytes are signed, hashed or sealed.

Writing is RFC 8785 (JCS). Reading is stricter than RFC 8259: UTF-8 without a byte order mark, no duplicate
name, no lone surrogate (RFC 7493 section 2), integers within 2^53, finite numbers. Binary values are
base64url (`records.text.base64url`).

Both ways native code goes first, and its work counts only where reading it back proves it; whatever is not
proven goes to the reference: `rfc8785` when writing, the standard library with a hook for each object when
reading. docs/adr/0014-native-json.md says why the proofs hold.
"""

import json
import math
import re
from typing import Any

import orjson
import rfc8785

from records.errors import Invalid

LARGEST_INTEGER = 2**53 - 1
_LONGEST_INTEGER = 17  # "-9007199254740991"; checked before int(), whose cost grows with the square
_EXACT = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)
# orjson sorts by code points, RFC 8785 by UTF-16 units: names beyond U+FFFF differ alone, and UTF-8 begins so
_BEYOND_BMP = re.compile(rb"[\xf0-\xf4]")
# RFC 8785 writes 1.0 as 1 and -0.0 as 0; a text of the value that looks alike is told by reading back.
# Whole numbers of up to 15 digits have one writing
_WHOLE_FLOAT = re.compile(rb"\.0(?=[,\]}])(?<!\d{16}\.0)")
_MINUS_ZERO = re.compile(rb"-0\.0(?=[,\]}])")


def canonical(value: Any) -> bytes:
    """Returns the RFC 8785 form of a JSON value (dict, list or tuple, str, int, float, bool, None).

    Raises `Invalid` code "not_canonical" for what JSON cannot carry exactly.
    """
    written = _written(value)
    if written is not None:
        return written
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
        value = orjson.loads(data)
        # written again, each name is there once: so it was, if the bytes are the same
        if orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER) == data:
            return value
    except (ValueError, TypeError, RecursionError):
        pass  # the reference judges
    return _parsed(data)


def _written(value: Any) -> bytes | None:
    """The RFC 8785 form from native code; None where there is no proof that it is."""
    if not isinstance(value, dict | list):
        return None
    try:
        data = orjson.dumps(value, option=_EXACT)
        data = _WHOLE_FLOAT.sub(b"", _MINUS_ZERO.sub(b"0", data))
        proven = (data.isascii() or not _BEYOND_BMP.search(data)) and _READER.decode(data.decode()) == value
    except (ValueError, TypeError, RecursionError):
        return None
    return data if proven else None


def _plain_float(digits: str) -> float:
    """A float that isn't whole and has no exponent: so written, Python's digits are those of ECMAScript."""
    number = float(digits)
    if repr(number) != digits or "e" in digits or digits.endswith(".0"):
        raise ValueError("for the reference to write")
    return number


_READER = json.JSONDecoder(parse_float=_plain_float)


def _parsed(data: bytes) -> Any:
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
