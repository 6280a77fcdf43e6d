"""Facts of an instance that the index and the record need, taken from its DICOM JSON."""

from datetime import date, time
from typing import Any

from content.facts import DicomFacts, StudyFacts
from content.person import Identifier, Person, person
from content.series_metadata import Frames
from records.text.numbers import whole

Attributes = dict[str, Any]
"""A data set in DICOM JSON (PS3.18 section F.2)."""
MEDIA_TYPE = "application/dicom"
_TEXT = 1024  # characters; longer texts are no description


def first(attributes: Attributes, tag: str) -> Any:
    """The first value of an attribute, None where absent or empty."""
    values = attributes.get(tag, {}).get("Value")
    return values[0] if values else None


def identifier(attributes: Attributes, tag: str) -> str | None:
    """The first value where it is text: an element of the wrong type identifies nothing."""
    value = first(attributes, tag)
    return value if isinstance(value, str) else None


def text(attributes: Attributes, tag: str) -> str | None:
    """The first value as printable text without control characters."""
    value = first(attributes, tag)
    if value is None or isinstance(value, dict):
        return None
    return "".join(c if c.isprintable() else " " for c in str(value))[:_TEXT].strip() or None


def _name(attributes: Attributes, tag: str) -> list[str]:
    """Components of a person name (PS3.5 §6.2.1): alphabetic, else ideographic, else phonetic."""
    value = first(attributes, tag)
    if isinstance(value, dict):
        value = next((part for part in value.values() if isinstance(part, str)), "")
    cleaned = "".join(c if c.isprintable() else " " for c in str(value or ""))[:_TEXT]
    return [part.strip() for part in cleaned.split("^")]


def _date(attributes: Attributes, tag: str) -> str | None:
    value = (text(attributes, tag) or "").replace(".", "")  # the retired form has dots
    try:
        return date.fromisoformat(value).isoformat() if whole(value) and len(value) == 8 else None
    except ValueError:
        return None


def _time(attributes: Attributes, tag: str) -> str | None:
    digits = (text(attributes, tag) or "").replace(":", "").split(".")[0]
    padded = digits.ljust(6, "0")
    if len(digits) not in {2, 4, 6}:
        return None
    try:
        return time(whole(padded[:2]), whole(padded[2:4]), whole(padded[4:])).isoformat()
    except ValueError:
        return None


def _number(attributes: Attributes, tag: str) -> int | None:
    value = first(attributes, tag)
    return value if isinstance(value, int) and abs(value) < 2**53 else None


def _issuer_oid(attributes: Attributes) -> str | None:
    qualifiers = _items(attributes, "00100024")
    return text(qualifiers[0], "00400032") if qualifiers else None


def _items(attributes: Attributes, tag: str) -> list[Attributes]:
    """The items of a sequence; none where the attribute is something else."""
    element = attributes.get(tag, {})
    return element.get("Value", []) if element.get("vr") == "SQ" else []


def _patient_identifier(attributes: Attributes) -> Identifier:
    issuer, oid = text(attributes, "00100021"), _issuer_oid(attributes)
    return Identifier(text(attributes, "00100020"), issuer, oid)


def _patient(attributes: Attributes) -> Person:
    """Patient's Name may be a used name, Patient's Birth Name is the other one (PS3.3 §C.7.1.1, §C.2.3)."""
    names = [_name(attributes, tag) for tag in ("00100010", "00101005")]
    others = _items(attributes, "00101002")
    return person(
        [_patient_identifier(attributes), *map(_patient_identifier, others)],
        family_names=[name[0] for name in names],
        given_names=[name[1] for name in names if len(name) > 1],
        birth_date=text(attributes, "00100030"),
        sex=text(attributes, "00100040"),
    )


def _study(attributes: Attributes) -> StudyFacts:
    return StudyFacts(
        date=_date(attributes, "00080020"),
        time=_time(attributes, "00080030"),
        description=text(attributes, "00081030"),
        accession=text(attributes, "00080050"),
    )


def _declared_frames(attributes: Attributes) -> int | None:
    """Number of Frames (PS3.3 section C.7.6.6); an image that has none is one frame."""
    return _number(attributes, "00280008") or (1 if _number(attributes, "00280010") else None)


def facts_of(
    attributes: Attributes, syntax: str, frames: Frames | None, document_patients: list[Person]
) -> DicomFacts:
    """Facts of an instance whose four identifiers are there (`content.dicom.instance` refuses any other)."""
    return DicomFacts(
        sop_class=str(identifier(attributes, "00080016")),
        sop=str(identifier(attributes, "00080018")),
        study=str(identifier(attributes, "0020000D")),
        series=str(identifier(attributes, "0020000E")),
        transfer_syntax=syntax,
        modality=text(attributes, "00080060"),
        media_type=MEDIA_TYPE,
        patient=_patient(attributes),
        document_patients=tuple(document_patients),
        study_attributes=_study(attributes),
        frame_count=len(frames) if frames is not None else _declared_frames(attributes),
        dicom=attributes,
        frames=frames,
    )
