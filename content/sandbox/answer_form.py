"""The form of a child's answer: the members of each kind of facts, with their types and bounds.

A member that the form does not name, or that is not of its type, makes the whole answer hostile.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from content.cda.patient import MOST_PERSONS
from content.dicom.data_set_encoding import LONGEST_URI
from content.dicom.value_encoding import VRS
from content.person import MOST_IDENTIFIERS, MOST_NAMES
from content.verdicts import VERDICTS, Finding, Outcome
from records.profile.elements import EntryRefused
from records.profile.entries import read_entry

Check = Callable[[Any], bool]
Shape = Mapping[str, "Check | Shape"]

TAG = re.compile(r"[0-9A-F]{8}")
BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_UID = re.compile(r"[0-9A-Za-z._-]{1,64}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}")
_VERSION = re.compile(r"[0-9]\.[0-9]")
_MOST_FINDINGS, _LONGEST_WHERE, _LONGEST_TEXT = 64, 200, 1024


class HostileAnswer(Exception):  # noqa: N818
    """The answer is not one our own code can give."""


def require(condition: bool) -> None:
    """Raises `HostileAnswer`."""
    if not condition:
        raise HostileAnswer


def read_findings(value: Any) -> tuple[Finding, ...]:
    """Findings with codes that exist and places of bounded length. Raises `HostileAnswer`, `ValueError`."""
    require(isinstance(value, list) and len(value) <= _MOST_FINDINGS)
    for code, where in value:
        require(code in VERDICTS)
        require(where is None or (isinstance(where, str) and len(where) <= _LONGEST_WHERE))
    return tuple(Finding(code, where) for code, where in value)


def check_shape(value: Any, shape: Shape) -> None:
    """Exactly the members of `shape`, each as its check wants it. Raises `HostileAnswer`."""
    require(isinstance(value, dict) and value.keys() == shape.keys())
    for name, check in shape.items():
        if callable(check):
            require(check(value[name]))
        else:
            check_shape(value[name], check)


def _text(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= _LONGEST_TEXT)


def _matching(pattern: re.Pattern[str], *, optional: bool = True) -> Check:
    return lambda value: (
        optional if value is None else isinstance(value, str) and pattern.fullmatch(value) is not None
    )


def _number(value: Any) -> bool:
    return value is None or (type(value) is int and abs(value) < 2**53)


def _any(_value: Any) -> bool:
    return True  # checked on its own


def _identifiers(value: Any) -> bool:
    for item in value:
        check_shape(item, _IDENTIFIER)
    return len(value) <= MOST_IDENTIFIERS


def _entry(value: Any) -> bool:
    """By the rules that the child has to keep."""
    try:
        read_entry(value)
    except EntryRefused:
        return False
    return True


def _names(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MOST_NAMES and all(map(_some_text, value))


def _some_text(value: Any) -> bool:
    return value is not None and _text(value)


def _is_person(value: Any) -> bool:
    check_shape(value, _PERSON)
    return True


def _persons(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MOST_PERSONS and all(map(_is_person, value))


def _instances(value: Any) -> bool:
    """Of metadata: what `content.dicom.metadata.store_request` makes of each instance."""
    for instance in value:
        check_shape(instance, _INSTANCE)
    return isinstance(value, list) and len(value) > 0


def _uid_or_none(value: Any) -> bool:
    return value == "" or _uid(value)


def _failure(value: Any) -> bool:
    if value is None:
        return True
    return len(read_findings([value])) == 1 and VERDICTS[value[0]].outcome is Outcome.REJECT


def _warnings(value: Any) -> bool:
    return all(VERDICTS[finding.code].outcome is Outcome.WARN for finding in read_findings(value))


def _segments(value: Any) -> bool:
    """Bytes in base64, and gaps: tag, VR and URI of bulk data."""
    for each in value:
        if isinstance(each, str):
            require(BASE64.fullmatch(each) is not None and len(each) % 4 == 0)
        else:
            tag, vr, uri = each
            require(TAG.fullmatch(tag) is not None and vr in VRS and 0 < len(uri) <= LONGEST_URI)
    return isinstance(value, list)


_uid = _matching(_UID, optional=False)
_date, _time = _matching(_DATE), _matching(_TIME)
_IDENTIFIER: Shape = {"id": _text, "issuer": _text, "issuer_oid": _text}
_PERSON: Shape = {
    **_IDENTIFIER,
    "other_ids": _identifiers,
    "family_names": _names,
    "given_names": _names,
    "birth_date": _text,
    "sex": _text,
}
_INSTANCE: Shape = {
    "sop_class": _uid_or_none,
    "sop": _uid_or_none,
    "syntax": _uid_or_none,
    "failure": _failure,
    "warnings": _warnings,
    "segments": _segments,
}
_DICOM: Shape = {
    "sop_class": _uid,
    "sop": _uid,
    "study": _uid,
    "series": _uid,
    "transfer_syntax": _uid,
    "modality": _text,
    "media_type": lambda value: value == "application/dicom",
    "patient": _PERSON,
    "document_patients": _persons,
    "study_attributes": {
        "date": _date,
        "time": _time,
        "description": _text,
        "accession": _text,
    },
    "frame_count": _number,
    "dicom": _any,
    "frames": _any,
}
_METADATA: Shape = {"instances": _instances}
_PDF: Shape = {
    "pages": lambda value: type(value) is int and 0 < value < 2**31,
    "version": _matching(_VERSION, optional=False),
    "media_type": lambda value: value == "application/pdf",
    "pdfa": _text,
}
_ENTRY: Shape = {"resource": _entry}
SHAPES: Mapping[str, Shape] = {
    "dicom": _DICOM,
    "pdf": _PDF,
    "entry": _ENTRY,
    "dicom+json": _METADATA,
    "dicom+xml": _METADATA,
}
