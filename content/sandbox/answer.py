"""Check the answer of a sandboxed child: it has read a stranger's file, so its answer is a stranger's too."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from content.cda.patient import MOST_PERSONS
from content.dicom.data_set_encoding import LONGEST_URI
from content.dicom.value_encoding import VRS
from content.facts import Facts, facts_of
from content.person import MOST_IDENTIFIERS, MOST_NAMES
from content.verdicts import VERDICTS, Finding, Outcome, worst

Check = Callable[[Any], bool]
Shape = Mapping[str, "Check | Shape"]

_UID = re.compile(r"[0-9A-Za-z._-]{1,64}")
_TAG = re.compile(r"[0-9A-F]{8}")
_VR = re.compile(r"[A-Z]{2}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}")
_VERSION = re.compile(r"[0-9]\.[0-9]")
_SURROGATE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[dD][89abAB]")
_MOST_FINDINGS, _LONGEST_WHERE, _LONGEST_TEXT, _DEEPEST = 64, 200, 1024, 40


class HostileAnswer(Exception):  # noqa: N818
    """The answer is not one our own code can give."""


def read_answer(data: bytes, kind: str, size: int) -> tuple[tuple[Finding, ...], Facts | None]:
    """Findings and facts of an answer about a file of `size` bytes; raises `HostileAnswer`.

    Facts are None unless the findings accept the file.
    """
    try:
        return _read(data, kind, size)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise HostileAnswer from error


def _read(data: bytes, kind: str, size: int) -> tuple[tuple[Finding, ...], Facts | None]:
    if b"\\u" in data and _SURROGATE.search(data):
        raise HostileAnswer
    answer = json.loads(data.decode("utf-8"), parse_constant=_refuse)
    _require(isinstance(answer, dict) and answer.keys() == {"findings", "facts"})
    findings = _findings(answer["findings"])
    if worst(findings) in {Outcome.REJECT, Outcome.QUARANTINE}:
        return findings, None
    facts: dict[str, Any] = answer["facts"]
    _check_shape(facts, _SHAPES[kind])
    if kind == "dicom":
        _check_frames(facts["frames"], size)
        _check_dataset(facts["dicom"], 0)
    return findings, facts_of(kind, facts)


def _refuse(constant: str) -> None:
    raise HostileAnswer


def _require(condition: bool) -> None:
    if not condition:
        raise HostileAnswer


def _findings(value: Any) -> tuple[Finding, ...]:
    _require(isinstance(value, list) and len(value) <= _MOST_FINDINGS)
    for code, where in value:
        _require(code in VERDICTS)
        _require(where is None or (isinstance(where, str) and len(where) <= _LONGEST_WHERE))
    return tuple(Finding(code, where) for code, where in value)


def _check_shape(value: Any, shape: Shape) -> None:
    _require(isinstance(value, dict) and value.keys() == shape.keys())
    for name, check in shape.items():
        if callable(check):
            _require(check(value[name]))
        else:
            _check_shape(value[name], check)


def _check_frames(frames: Any, size: int) -> None:
    if frames is None:
        return
    _require(type(frames) is list)
    for frame in frames:
        _require(type(frame) is list)
        for offset, length in frame:
            _require(type(offset) is int and type(length) is int)
            _require(offset >= 0 and length > 0 and offset + length <= size)


def _check_dataset(dataset: Any, depth: int) -> None:
    """DICOM JSON (PS3.18 §F.2): tags, VRs, and values of the kinds that our writer makes."""
    _require(type(dataset) is dict and depth < _DEEPEST)
    for tag, attribute in dataset.items():
        _require(_TAG.fullmatch(tag) is not None and type(attribute) is dict)
        _require(_VR.fullmatch(attribute["vr"]) is not None and len(attribute) <= 2)
        if "Value" in attribute:
            _check_values(attribute["Value"], attribute["vr"], depth)
        elif "InlineBinary" in attribute:
            _require(_BASE64.fullmatch(attribute["InlineBinary"]) is not None)
        else:
            _require(len(attribute) == 1)


def _check_values(values: Any, vr: str, depth: int) -> None:
    _require(type(values) is list)
    if vr == "SQ":
        for item in values:
            _check_dataset(item, depth + 1)
    elif vr == "PN":
        for name in values:
            _require(
                name is None or (type(name) is dict and all(type(part) is str for part in name.values()))
            )
    else:
        for value in values:
            _require(value is None or type(value) in {str, int, float})


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
        _check_shape(item, _IDENTIFIER)
    return len(value) <= MOST_IDENTIFIERS


def _names(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MOST_NAMES and all(map(_some_text, value))


def _some_text(value: Any) -> bool:
    return value is not None and _text(value)


def _is_person(value: Any) -> bool:
    _check_shape(value, _PERSON)
    return True


def _persons(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MOST_PERSONS and all(map(_is_person, value))


def _instances(value: Any) -> bool:
    """Of metadata: what `metadata.encode_metadata` makes of each instance."""
    for instance in value:
        _check_shape(instance, _INSTANCE)
    return isinstance(value, list) and len(value) > 0


def _uid_or_none(value: Any) -> bool:
    return value == "" or _uid(value)


def _failure(value: Any) -> bool:
    if value is None:
        return True
    return len(_findings([value])) == 1 and VERDICTS[value[0]].outcome is Outcome.REJECT


def _warnings(value: Any) -> bool:
    return all(VERDICTS[finding.code].outcome is Outcome.WARN for finding in _findings(value))


def _segments(value: Any) -> bool:
    """Bytes in base64, and gaps: tag, VR and URI of bulk data."""
    for each in value:
        if isinstance(each, str):
            _require(_BASE64.fullmatch(each) is not None and len(each) % 4 == 0)
        else:
            tag, vr, uri = each
            _require(_TAG.fullmatch(tag) is not None and vr in VRS and 0 < len(uri) <= LONGEST_URI)
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
        "referring": _text,
        "study_id": _text,
        "institution": _text,
    },
    "series_attributes": {
        "number": _number,
        "description": _text,
        "date": _date,
        "time": _time,
        "body_part": _text,
    },
    "instance_attributes": {"number": _number, "rows": _number, "columns": _number, "frames": _number},
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
_SHAPES: Mapping[str, Shape] = {
    "dicom": _DICOM,
    "pdf": _PDF,
    "dicom+json": _METADATA,
    "dicom+xml": _METADATA,
}
