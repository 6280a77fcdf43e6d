"""The STOW-RS answer of PS3.18 section 10.5.3, from the verdicts of a submission."""

from collections.abc import Mapping, Sequence
from typing import Any

from ingestion.answers import NamedInstance
from ingestion.outcomes import PartOutcome
from storage.rows import Part

# PS3.18 table 10.5.3-1
ALL_STORED, SOME_STORED, NONE_STORED = 200, 202, 409

# Failure reasons of PS3.4 annex GG and PS3.3 section C.14
_PROCESSING_FAILURE = 0x0110
_CANNOT_UNDERSTAND = 0xC000
_DOES_NOT_MATCH = 0xA900
_OUT_OF_RESOURCES = 0xA700
_NOT_AUTHORISED = 0x0124
_FAILURE_REASONS: Mapping[str, int] = {
    "not_entitled": _NOT_AUTHORISED,
    "no_record": _NOT_AUTHORISED,
    "record_closed": _NOT_AUTHORISED,
    "record_suspended": _NOT_AUTHORISED,
    "bad_credential": _NOT_AUTHORISED,
    "quota_exceeded": _OUT_OF_RESOURCES,
    "not_patient_object": _DOES_NOT_MATCH,
    "other_patient": _DOES_NOT_MATCH,
    "no_ins": _DOES_NOT_MATCH,
    "reception_key_gone": _PROCESSING_FAILURE,
    "sandbox_crashed": _PROCESSING_FAILURE,
    "sandbox_timeout": _PROCESSING_FAILURE,
}
_STORED = frozenset({PartOutcome.PUBLISHED.value, PartOutcome.DUPLICATE.value})
_PLAIN = frozenset({"published", "duplicate"})
_COERCED_NOTHING = 0xB007  # data set does not match SOP class: the nearest warning of table GG.4-1


def status_of(parts: Sequence[Part]) -> int:
    """200 all stored, 202 some stored or stored with warnings, 409 none stored."""
    stored = [part for part in parts if part.outcome in _STORED]
    if not stored:
        return NONE_STORED
    clean = len(stored) == len(parts) and all(part.code in _PLAIN for part in parts)
    return ALL_STORED if clean else SOME_STORED


def answer(parts: Sequence[Part], names: Mapping[int, NamedInstance], retrieve: str) -> dict[str, Any]:
    """The Store Instances Response as DICOM JSON; `retrieve` is the service's URL up to `/studies`."""
    stored, failed = [], []
    for part in parts:
        name = names.get(part.number, NamedInstance("", "", "", ""))
        if part.outcome in _STORED:
            stored.append(_stored(part, name, retrieve))
        else:
            failed.append(_failed(part, name))
    body: dict[str, Any] = {}
    studies = {name.study for name in names.values() if name.study}
    if stored and len(studies) == 1:
        body["00081190"] = _value("UR", f"{retrieve}/{studies.pop()}")
    if failed:
        body["00081198"] = {"vr": "SQ", "Value": failed}
    if stored:
        body["00081199"] = {"vr": "SQ", "Value": stored}
    return body


def _reference(name: NamedInstance) -> dict[str, Any]:
    reference = {}
    if name.sop_class:
        reference["00081150"] = _value("UI", name.sop_class)
    if name.sop:
        reference["00081155"] = _value("UI", name.sop)
    return reference


def _stored(part: Part, name: NamedInstance, retrieve: str) -> dict[str, Any]:
    item = _reference(name)
    if name.study and name.series and name.sop:
        # PS3.18 table 10.4.1-1: the address of an instance names its series
        path = f"{name.study}/series/{name.series}/instances/{name.sop}"
        item["00081190"] = _value("UR", f"{retrieve}/{path}")
    if part.code not in _PLAIN:
        item["00081196"] = _value("US", _COERCED_NOTHING)
        item["00000902"] = _value("LO", part.reason)
    return item


def _failed(part: Part, name: NamedInstance) -> dict[str, Any]:
    reason = _FAILURE_REASONS.get(part.code, _CANNOT_UNDERSTAND)
    return {
        **_reference(name),
        "00081197": _value("US", reason),
        "00000902": _value("LO", part.reason),
    }


def _value(vr: str, value: object) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}
