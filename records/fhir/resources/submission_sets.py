"""Show submission sets as FHIR R4 Lists (section 2.37; IHE MHD 4.2, 3:4.2.3.3, SubmissionSet).

A set is what one deposit brought into one record, as far as its reader may see it: with nothing to be seen
there is no set. Its id names record and submission, so that a read says whose record it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from records.documents.listed import ListedDocument
from records.fhir.dates import instant
from records.fhir.resources.document_references import filled
from records.fhir.systems import LIST_TYPES, NATIONAL_STRUCTURE, URI

SUBMISSION_SET = "submissionset"
KEPT_OF_SET = ("identifier", "title", "date", "source", "note")
"""Of a List that was sent (ITI-65), kept with the document; the first two are shown again."""
SOURCE_ID = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId"
DESIGNATION_TYPE = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-designationType"
_ID_DIGITS = 32
_TIME_BITS = 80
"""A UUIDv7 begins with 48 bits of milliseconds (RFC 9562 section 5.7)."""


@dataclass(frozen=True, slots=True)
class SubmissionSet:
    """`documents`: those of the submission that may be seen, newest first; one at least."""

    submission_id: UUID
    documents: tuple[ListedDocument, ...] = field(repr=False)

    @property
    def key(self) -> tuple[int, UUID]:
        """Its place among others: when it came, in milliseconds, and its id."""
        return self.submission_id.int >> _TIME_BITS, self.submission_id


def set_id(record: UUID, submission_id: UUID) -> str:
    """64 hexadecimal digits: the public id of the record, then that of the submission."""
    return f"{record.hex}{submission_id.hex}"


def record_and_submission(text: str) -> tuple[UUID, UUID]:
    """The reverse of `set_id`. Raises `ValueError`."""
    if len(text) != 2 * _ID_DIGITS:
        raise ValueError("no id of a submission set")
    return UUID(text[:_ID_DIGITS]), UUID(text[_ID_DIGITS:])


def submission_set(record: UUID, found: SubmissionSet) -> dict[str, Any]:
    """Of the deposit its time and who sent it, of its documents references alone."""
    came, sent = _came(found), _sent(found)
    return filled(
        {
            "resourceType": "List",
            "id": set_id(record, found.submission_id),
            "meta": {"lastUpdated": instant(max(each.created_at for each in found.documents))},
            "extension": [{"url": SOURCE_ID, "valueIdentifier": _structure(found)}],
            "identifier": [*_identifiers(found.submission_id), *sent.get("identifier", ())],
            "status": "current",
            "mode": "working",
            "title": sent.get("title"),
            "code": {"coding": [{"system": LIST_TYPES, "code": SUBMISSION_SET}]},
            "subject": {"reference": f"Patient/{record}"},
            "date": came,
            "source": _source(found),
            "entry": [
                {"item": {"reference": f"DocumentReference/{each.document_id}"}} for each in found.documents
            ],
        }
    )


def _sent(found: SubmissionSet) -> Mapping[str, Any]:
    """What its sender said of the set."""
    files = (each.summary.file for each in found.documents)
    sets = ((file.fhir or {}).get("submissionSet") for file in files if file)
    return next(filter(None, sets), {})


def _came(found: SubmissionSet) -> str | None:
    """When the deposit was received, which the id of a submission says."""
    return instant(found.key[0]) if found.submission_id.version == 7 else None


def _identifiers(submission: UUID) -> Iterable[dict[str, Any]]:
    """entryUUID and uniqueId (ITI TF-3 table 4.2.3.3-1), of the id that its depositor knows, too."""
    yield {"use": "official", "system": URI, "value": f"urn:uuid:{submission}"}
    yield {"use": "usual", "system": URI, "value": f"urn:oid:2.25.{submission.int}"}


def _structure(found: SubmissionSet) -> Mapping[str, Any]:
    return {"system": NATIONAL_STRUCTURE, "value": found.documents[0].structure}


def _source(found: SubmissionSet) -> Mapping[str, Any]:
    """The author whom a FHIR sender named, else the structure that deposited."""
    for document in found.documents:
        file = document.summary.file
        for author in (file.fhir or {}).get("author", ()) if file else ():
            if line := author.get("display"):
                return {"type": "Practitioner", "display": line}
    return {"type": "Organization", "identifier": _structure(found)}
