"""Search tokens: values that the index can compare and cannot read (docs/formats.md section 2).

HMAC-SHA-256 (RFC 2104) under the environment's index key over `field || 00 || value`. Equal values give equal
tokens, and that equality is all they tell; types, labels, dates and names never become tokens.
"""

import hashlib
import hmac
import re
from datetime import date
from enum import StrEnum
from uuid import UUID

from records.errors import Invalid
from records.text.normal_forms import in_form

_INS = re.compile(r"[0-9]{6}[0-9AB][0-9]{8}\|[0-9]+(\.[0-9]+)+", re.ASCII)
_LARGEST_VALUE = 1024
_DIGEST = 32


class TokenField(StrEnum):
    """The kinds of value that a token stands for."""

    INS = "ins"
    STUDY = "study"
    SERIES = "series"
    SOP = "sop"
    ACCESSION = "accession"
    PART = "part"
    IDENTIFIER = "identifier"
    STRUCTURE = "structure"
    STUDY_DAY = "study_day"


_OF_ONE_STRUCTURE = frozenset({TokenField.PART, TokenField.IDENTIFIER})


def token(index_key: bytes, field: TokenField, value: bytes | str) -> bytes:
    """Returns the 32-byte token of a value: text, or for `part` and `identifier` the bytes of `part_value`.

    Text is brought to NFC and loses DICOM padding (PS3.5 section 6.2: spaces, and the trailing NUL of UIDs).
    Raises `Invalid` "bad_token_value" for an empty or overlong value or one that its field cannot have.
    """
    if len(index_key) != 32:
        raise Invalid("A key has 32 bytes.", code="bad_key")
    # Keyed: every INS can be written down in a list, and a plain hash of each be looked up in the index. The
    # name of the field has no zero byte, so a value of one field never makes the message of another.
    message = field.value.encode("ascii") + b"\0" + _value(field, value)
    return hmac.digest(index_key, message, "sha256")


def study_day(structure: str, day: date) -> str:
    """The value by which a structure finds what it deposited of one day (Study Date)."""
    # with the structure in it: equal tokens tell nothing of what two structures did on one day
    return f"{structure}|{day.isoformat()}"


def check_value(field: TokenField, value: bytes | str) -> None:
    """Raises like `token` for a value that the field cannot have; needs no key."""
    _value(field, value)


def part_value(record_id: UUID, structure: str, sha256: bytes) -> bytes:
    """Returns what recognises a part by its digest, or a document by that of its own identifier.

    Within one record and for one depositor structure only.
    """
    if not structure or len(sha256) != hashlib.sha256().digest_size:
        raise _bad_value()
    # Per record and structure: equal tokens would otherwise tell that two patients have the same file, or let
    # one structure ask what another deposited. The first 16 and the last 32 bytes are fixed, what is between
    # is one text: no two triples give the same bytes.
    return record_id.bytes + structure.encode("utf-8") + sha256


def _value(field: TokenField, value: bytes | str) -> bytes:
    if field in _OF_ONE_STRUCTURE:
        if isinstance(value, str) or not 16 + 1 + _DIGEST <= len(value) <= _LARGEST_VALUE:
            raise _bad_value()
        return value
    if not isinstance(value, str) or (field is TokenField.INS and not _INS.fullmatch(value)):
        raise _bad_value()
    return _text(value)


def _text(value: str) -> bytes:
    # one spelling for what a person reads as one (Unicode UAX #15), or an accession with an accent isn't
    # found
    text = in_form("NFC", value.strip(" \0"))
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise _bad_value() from None
    if not 1 <= len(data) <= _LARGEST_VALUE:
        raise _bad_value()
    return data


def _bad_value() -> Invalid:
    return Invalid(
        "This value cannot be searched by: it is empty, too long or malformed.", code="bad_token_value"
    )
