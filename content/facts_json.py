"""Facts to and from the plain JSON values between a sandboxed child and its parent.

`from_json(kind, to_json(facts))` equals `facts`. The parent reads only what `content/sandbox/answer_form.py`
has checked, since the child has read a stranger's file.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from content.facts import (
    DicomFacts,
    EncodedFacts,
    EntryFacts,
    Facts,
    MetadataFacts,
    PdfFacts,
    StudyFacts,
)
from content.person import Person
from content.series_metadata import Frames
from content.verdicts import Finding


def to_json(facts: Facts) -> dict[str, Any]:
    """The members of facts, in the order of their type."""
    match facts:
        case DicomFacts():
            return _members(facts) | {
                "patient": facts.patient.to_json(),
                "document_patients": [each.to_json() for each in facts.document_patients],
                "study_attributes": _members(facts.study_attributes),
            }
        case PdfFacts() | EntryFacts():
            return _members(facts)
        case MetadataFacts():
            return {"instances": [_encoded_json(each) for each in facts.instances]}


def finding_json(finding: Finding) -> list[str | None]:
    """A finding as its code and its place."""
    return [finding.code, finding.where]


def _members(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}


def _encoded_json(encoded: EncodedFacts) -> dict[str, Any]:
    return _members(encoded) | {
        "failure": None if encoded.failure is None else finding_json(encoded.failure),
        "warnings": [finding_json(each) for each in encoded.warnings],
    }


def from_json(kind: str, members: Mapping[str, Any]) -> Facts:
    """The facts of an accepted file of a `Kind` of the sandbox; the form of `members` was checked."""
    if kind == "dicom":
        return _dicom(members)
    if kind == "pdf":
        return PdfFacts(**members)
    if kind == "entry":
        return EntryFacts(**members)
    return MetadataFacts(tuple(map(_encoded, members["instances"])))


def _dicom(members: Mapping[str, Any]) -> DicomFacts:
    typed = {
        "patient": Person.of_json(members["patient"]),
        "document_patients": tuple(map(Person.of_json, members["document_patients"])),
        "study_attributes": StudyFacts(**members["study_attributes"]),
        "frames": _frames(members["frames"]),
    }
    return DicomFacts(**{**members, **typed})


def _frames(frames: list[list[list[int]]] | None) -> Frames | None:
    if frames is None:
        return None
    return tuple(tuple((offset, length) for offset, length in frame) for frame in frames)


def _encoded(members: Mapping[str, Any]) -> EncodedFacts:
    failure = members["failure"]
    typed = {
        "failure": None if failure is None else Finding(*failure),
        "warnings": tuple(Finding(*each) for each in members["warnings"]),
        "segments": tuple(members["segments"]),
    }
    return EncodedFacts(**{**members, **typed})
