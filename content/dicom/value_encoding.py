"""Write values of DICOM JSON (PS3.18 §F.2.3) as bytes, by their value representation (PS3.5 §6.2)."""

import base64
import binascii
import re
import struct
from collections.abc import Callable, Mapping
from typing import Any

from content.verdicts import Rejected
from records.text.numbers import decimal, integer

TAG = re.compile(r"[0-9A-Fa-f]{8}")
_NUMBERS = {"US": "<H", "SS": "<h", "UL": "<I", "SL": "<i", "UV": "<Q", "SV": "<q", "FL": "<f", "FD": "<d"}
_REAL = frozenset({"FL", "FD"})
_NOT_FINITE = frozenset({"nan", "inf", "infinity"})
_LISTS = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UC", "UI"})
_SINGLES = frozenset({"LT", "ST", "UR", "UT"})
BINARY_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
LONG_VRS = frozenset({*BINARY_VRS, "SQ", "SV", "UC", "UR", "UT", "UV"})  # PS3.5 §7.1.2: length of 32 bits
VRS = frozenset({*_NUMBERS, *_LISTS, *_SINGLES, *BINARY_VRS, "AT", "SQ"})
_PARTS_OF_NAME = ("Alphabetic", "Ideographic", "Phonetic")
_LONGEST_DECIMAL, _LONGEST_NUMBER = 16, 64


def encode_value(tag: str, vr: str, attribute: Mapping[str, Any]) -> bytes:
    """The value of an attribute, not padded. Raises `Rejected` "metadata_not_valid"."""
    try:
        if "InlineBinary" in attribute:
            return base64.b64decode("".join(attribute["InlineBinary"].split()), validate=True)
        values = attribute.get("Value", [])
        if not isinstance(values, list) or (vr in BINARY_VRS and values):
            raise ValueError
        return _encode(vr, values)
    except (ValueError, TypeError, AttributeError, OverflowError, struct.error, binascii.Error):
        raise Rejected("metadata_not_valid", tag) from None


def _encode(vr: str, values: list[Any]) -> bytes:
    if vr in _NUMBERS or vr == "AT":
        one = _tag if vr == "AT" else lambda value: _number(vr, value)
        return b"".join(one(value) for value in values)
    if vr in _SINGLES:
        if len(values) > 1:
            raise ValueError
        return "".join(map(_text, values)).encode()
    if vr == "PN":
        return "\\".join(map(_name, values)).encode()
    text: Callable[[Any], str] = _decimal if vr == "DS" else _component
    return "\\".join(map(text, values)).encode()


def _number(vr: str, value: Any) -> bytes:
    text = _text(value)
    if not 0 < len(text) <= _LONGEST_NUMBER:
        raise ValueError
    return struct.pack(_NUMBERS[vr], _real(text) if vr in _REAL else integer(text))


def _real(text: str) -> float:
    """JSON has no word for what is no number; these travel as strings (PS3.18 section F.2.3.1)."""
    return float(text) if text.lower().lstrip("+-") in _NOT_FINITE else decimal(text)


def _tag(value: Any) -> bytes:
    if not isinstance(value, str) or not TAG.fullmatch(value):
        raise ValueError
    return struct.pack("<HH", int(value[:4], 16), int(value[4:], 16))


def _text(value: Any) -> str:
    """Numbers come as the text they were; null is an empty value."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError
    return value


def _component(value: Any) -> str:
    text = _text(value)
    if "\\" in text:  # it would be two values
        raise ValueError
    return text


def _decimal(value: Any) -> str:
    """At most 16 characters (PS3.5 table 6.2-1); JSON numbers may have more digits."""
    text = _component(value)
    if len(text.strip()) <= _LONGEST_DECIMAL:
        return text
    number = decimal(text)
    return next(
        short
        for digits in range(_LONGEST_DECIMAL, 0, -1)
        if len(short := f"{number:.{digits}g}") <= _LONGEST_DECIMAL
    )


def _name(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):  # as in a data set, with its groups (PS3.5 section 6.2.1)
        value = dict(zip(_PARTS_OF_NAME, value.split("=", 2), strict=False))
    if not isinstance(value, dict) or not value.keys() <= set(_PARTS_OF_NAME):
        raise ValueError
    groups = [_component(value.get(part)) for part in _PARTS_OF_NAME]
    if any("=" in group for group in groups):
        raise ValueError
    return "=".join(groups).rstrip("=")
