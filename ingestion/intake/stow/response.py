"""The STOW-RS answer of PS3.18 section 10.5.3, from the verdicts of a submission."""

import json
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Any

from content.dicom.metadata.xml_writer import native_dicom
from ingestion.answers import NamedInstance
from ingestion.intake.stow.request import DICOM_XML, RELATED_XML
from ingestion.outcomes import PartOutcome
from records.text.normal_forms import in_form
from records.vocabulary.person_warnings import OTHER_PERSON
from storage.rows.submissions import PartVerdict

# PS3.18 table 10.5.3-1
ALL_STORED, SOME_STORED, NONE_STORED = 200, 202, 409

# Failure reasons of PS3.18 table I.2-2, most of them from PS3.4 annex GG and PS3.7 annex C
_PROCESSING_FAILURE = 0x0110
_SOP_CLASS_NOT_SUPPORTED = 0x0122
_NOT_AUTHORISED = 0x0124
_OUT_OF_RESOURCES = 0xA700
_DOES_NOT_MATCH = 0xA900
_OTHER_STUDY = 0xA901  # of the range A9xx, for itself: what other servers answer too
_CANNOT_UNDERSTAND = 0xC000
_TRANSFER_SYNTAX_NOT_SUPPORTED = 0xC122
FAILURE_REASONS: Mapping[str, int] = {
    "not_entitled": _NOT_AUTHORISED,
    "depositor_not_entitled": _NOT_AUTHORISED,
    "refused_by_holder": _NOT_AUTHORISED,
    "no_record": _NOT_AUTHORISED,
    "record_closed": _NOT_AUTHORISED,
    "record_suspended": _NOT_AUTHORISED,
    "bad_credential": _NOT_AUTHORISED,
    "quota_exceeded": _OUT_OF_RESOURCES,
    "metadata_too_large": _OUT_OF_RESOURCES,
    "too_many_elements": _OUT_OF_RESOURCES,
    "deflate_too_large": _OUT_OF_RESOURCES,
    "not_patient_object": _SOP_CLASS_NOT_SUPPORTED,
    "transfer_syntax_not_valid": _TRANSFER_SYNTAX_NOT_SUPPORTED,
    "other_study": _OTHER_STUDY,
    "other_patient": _DOES_NOT_MATCH,
    OTHER_PERSON: _DOES_NOT_MATCH,
    "no_ins": _DOES_NOT_MATCH,
    "reception_key_gone": _PROCESSING_FAILURE,
    "sandbox_crashed": _PROCESSING_FAILURE,
    "sandbox_timeout": _PROCESSING_FAILURE,
    "sandbox_memory": _PROCESSING_FAILURE,
}
"""By code; what isn't named is C000, cannot understand."""
REASONS: Mapping[int, str] = {
    _PROCESSING_FAILURE: "the part could not be examined; it is set aside or has to be sent again",
    _SOP_CLASS_NOT_SUPPORTED: "the object belongs to no patient",
    _NOT_AUTHORISED: "no such record, closed record, no right",
    _OUT_OF_RESOURCES: "quota, or larger than can be examined",
    _DOES_NOT_MATCH: "another patient, or no patient named",
    _OTHER_STUDY: "another study than the address names",
    _TRANSFER_SYNTAX_NOT_SUPPORTED: "transfer syntax",
    _CANNOT_UNDERSTAND: "everything else: see the code",
}
"""What each number tells, in words."""
_STORED = frozenset({PartOutcome.PUBLISHED.value, PartOutcome.DUPLICATE.value})
_PLAIN = frozenset({"published", "duplicate"})
STORED_WITH_WARNING = 0xB007  # data set does not match SOP class: the nearest warning of table GG.4-1
LONGEST_COMMENT = 64  # PS3.5 table 6.2-1, LO

_KEYWORDS = {
    "00000902": "ErrorComment",
    "00081150": "ReferencedSOPClassUID",
    "00081155": "ReferencedSOPInstanceUID",
    "00081196": "WarningReason",
    "00081197": "FailureReason",
    "00081198": "FailedSOPSequence",
    "00081199": "ReferencedSOPSequence",
}


def status_of(parts: Sequence[PartVerdict]) -> int:
    """200 all stored, 202 some stored or stored with warnings, 409 none stored."""
    stored = [part for part in parts if part.outcome in _STORED]
    if not stored:
        return NONE_STORED
    clean = len(stored) == len(parts) and all(part.code in _PLAIN for part in parts)
    return ALL_STORED if clean else SOME_STORED


def encoded(answer: Mapping[str, Any], media_type: str) -> tuple[bytes, str]:
    """The answer as one of `request.ANSWERS`, and its Content-Type."""
    if media_type == RELATED_XML:
        boundary = token_hex(16)
        head = f"--{boundary}\r\nContent-Type: {DICOM_XML}\r\n\r\n".encode()
        body = head + native_dicom(answer, _KEYWORDS) + f"\r\n--{boundary}--\r\n".encode()
        return body, f"{RELATED_XML}; boundary={boundary}"
    if media_type == DICOM_XML:
        return native_dicom(answer, _KEYWORDS), media_type
    return json.dumps(answer).encode(), media_type


def answer(parts: Sequence[PartVerdict], names: Mapping[int, NamedInstance]) -> dict[str, Any]:
    """The Store Instances Response as DICOM JSON.

    RetrieveURL (0008,1190) is of type 2 and left out: a depositor's credential retrieves nothing. Whoever may
    read a study gets its address by searching it.
    """
    stored, failed = [], []
    for part in parts:
        name = names.get(part.number, NamedInstance("", "", "", ""))
        if part.outcome in _STORED:
            stored.append(_stored(part, name))
        else:
            failed.append(_failed(part, name))
    body: dict[str, Any] = {}
    if failed:
        body["00081198"] = {"vr": "SQ", "Value": failed}
    if stored:
        body["00081199"] = {"vr": "SQ", "Value": stored}
    return body


def comment(part: PartVerdict) -> str:
    """Our code and the beginning of the sentence, which `/submissions/{id}` has whole."""
    basic = in_form("NFKD", f"{part.code}: {part.reason}")  # letters without their accents
    text = basic.encode("ascii", "ignore").decode()  # of the default repertoire
    return text if len(text) <= LONGEST_COMMENT else text[: LONGEST_COMMENT - 3].rstrip() + "..."


def _reference(name: NamedInstance) -> dict[str, Any]:
    reference = {}
    if name.sop_class:
        reference["00081150"] = _value("UI", name.sop_class)
    if name.sop:
        reference["00081155"] = _value("UI", name.sop)
    return reference


def _stored(part: PartVerdict, name: NamedInstance) -> dict[str, Any]:
    item = _reference(name)
    if part.code not in _PLAIN:
        item["00081196"] = _value("US", STORED_WITH_WARNING)
        item["00000902"] = _value("LO", comment(part))
    return item


def _failed(part: PartVerdict, name: NamedInstance) -> dict[str, Any]:
    reason = FAILURE_REASONS.get(part.code, _CANNOT_UNDERSTAND)
    return {
        **_reference(name),
        "00081197": _value("US", reason),
        "00000902": _value("LO", comment(part)),
    }


def _value(vr: str, value: object) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}
