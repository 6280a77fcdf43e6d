"""Details of a document for lists, by the standards' entities: document, study, series, instance, place.

These are values that rooms hand to each other; `records.documents.details_json` is their one form in JSON,
which the vault seals as a details row (docs/formats.md section 3). Attributes for QIDO-RS stay DICOM JSON
(PS3.18 section F) and what a FHIR sender said stays FHIR JSON: their shape is their standard's, not ours.

Each class has `absent`, the members that its JSON leaves out while they hold nothing, and `unknown`, members
of another version, so that a row that was read and is written again has lost nothing. None of these has a
repr: titles and identifiers belong in no log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from records.documents.facts import Kind
from records.errors import CoffreError

DICOM = "application/dicom"


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """The place of one part's bytes: in the plaintext of a blob, `offset` and `length` in bytes.

    `sha256` is that of the part as it was deposited (IHE ITI TF-3 section 4.2.3.2, DocumentEntry.hash).
    """

    blob_id: UUID
    offset: int
    length: int
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class InstanceDetails:
    """One SOP instance (PS3.3 section C.12.1, SOP Common).

    `sop` is its SOP Instance UID, `frames` its Number of Frames (PS3.3 section C.7.6.6), `transfer_syntax`
    the UID under which its bytes are encoded.
    """

    sop: str
    place: Place
    transfer_syntax: str = ""
    frames: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SeriesDetails:
    """The instances of one series that came in one submission (PS3.3 section C.7.3.1, General Series).

    `metadata_blob` holds their metadata (`coffre-series-v1`). `superseded` are instances whose place a later
    one of the same SOP Instance UID has taken, in a row that a job merged.
    """

    uid: str
    metadata_blob: UUID
    modality: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    instances: tuple[InstanceDetails, ...] = ()
    superseded: tuple[InstanceDetails, ...] = ()
    absent: frozenset[str] = frozenset()
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class RenditionDetails:
    """A small picture of one series, in a blob of its own (`coffre-rendition-v1`).

    `form` is overview or strip. `shows` names each instance that is seen on it, by SOP Instance UID and
    SHA-256: it is shown only as long as all of them are (`records.documents.renditions`).
    """

    series: str
    form: str
    blob_id: UUID
    shows: frozenset[tuple[str, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StudyDetails:
    """The DICOM content of a document: a study's images, or one object of it (PS3.3 C.7.2.1, General Study).

    `local_id` is the Patient ID of the structure's own (PS3.3 section C.7.1.1), `time` a DICOM TM.
    `renditions` may show instances of other rows of the study, too.
    """

    uid: str
    time: str | None = None
    accession: str | None = None
    local_id: str | None = None
    modalities: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    series: tuple[SeriesDetails, ...] = ()
    renditions: tuple[RenditionDetails, ...] = ()
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ContentDetails:
    """The content of a document of kind "document": its place and media type (DocumentEntry.mimeType)."""

    place: Place
    media_type: str = DICOM
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, repr=False)
class EntryDetails:
    """One version of an entry of own information: its FHIR resource (`records.profile`).

    `entry` is the document that was its first version; None where this is it.
    """

    resource: Mapping[str, Any]
    entry: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FileDetails:
    """A document that isn't DICOM: its size in bytes, the pages and PDF/A part of a PDF, and what its sender
    said of it (IHE MHD, ITI-105): names of authors, the other elements of its DocumentReference in FHIR JSON.
    `entry`: it is own information.
    """

    authors: tuple[str, ...] | None = ()
    fhir: Mapping[str, Any] | None = None
    size: int | None = None
    pages: int | None = None
    pdfa: str | None = None
    entry: EntryDetails | None = None
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SetAside:
    """What the discharge of a quarantined document has to know: how it came, and what was declared of it."""

    kind: str | None = None
    document: Mapping[str, Any] | None = None
    absent: frozenset[str] = frozenset()
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DocumentDetails:
    """One document, as far as one submission has brought it (IHE ITI TF-3 section 4.2.3.2, DocumentEntry).

    `type_code` and `class_code` are typeCode and classCode; `date` is that of the study or of the act, as its
    sender wrote it; `received` the instant of intake in unix seconds; `warnings` are codes.
    """

    kind: Kind
    title: str = ""
    type_code: str = ""
    class_code: str = ""
    date: str | None = None
    structure: str | None = None
    received: int = 0
    submission: str = ""
    warnings: tuple[str, ...] = ()
    study: StudyDetails | None = None
    content: ContentDetails | None = None
    file: FileDetails | None = None
    set_aside: SetAside | None = None
    absent: frozenset[str] = frozenset()
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def study_uid(self) -> str | None:
        """Study Instance UID (0020,000D); None where nothing is DICOM."""
        return self.study.uid if self.study else None

    @property
    def series(self) -> tuple[SeriesDetails, ...]:
        return self.study.series if self.study else ()

    @property
    def renditions(self) -> tuple[RenditionDetails, ...]:
        return self.study.renditions if self.study else ()

    @property
    def media_type(self) -> str:
        return self.content.media_type if self.content else DICOM


def damaged() -> CoffreError:
    """The error for details that lack what every document of their kind has."""
    return CoffreError("The details of a document are damaged: run coffre check.", code="details_damaged")
