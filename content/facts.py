"""Facts that an accepted file states of itself: made by the sandbox's child, checked and used by its parent.

Between the two they are JSON (`content/facts_json.py`). None of them has a repr: they hold names, identifiers
and titles.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from content.person import Person
from content.series_metadata import Frames
from content.verdicts import Finding


@dataclass(frozen=True, slots=True, repr=False)
class StudyFacts:
    """General Study (PS3.3 section C.7.2.1); `date` is YYYY-MM-DD, `time` HH:MM:SS."""

    date: str | None
    time: str | None
    description: str | None
    accession: str | None


@dataclass(frozen=True, slots=True, repr=False)
class DicomFacts:
    """One SOP instance. `dicom` is its DICOM JSON without bulk data (PS3.18 section F.2).

    `patient` is whom its header names (PS3.3 section C.7.1.1), `document_patients` whom a CDA inside names.
    `frames` is None where the stored bytes do not address frames; `frame_count` as counted, else as declared.
    """

    sop_class: str
    sop: str
    study: str
    series: str
    transfer_syntax: str
    modality: str | None
    media_type: str
    patient: Person
    document_patients: tuple[Person, ...]
    study_attributes: StudyFacts
    frame_count: int | None
    dicom: Mapping[str, Any]
    frames: Frames | None


@dataclass(frozen=True, slots=True, repr=False)
class PdfFacts:
    """One PDF (ISO 32000); `pdfa` is the part and level of ISO 19005 that it claims."""

    pages: int
    version: str
    media_type: str
    pdfa: str | None


@dataclass(frozen=True, slots=True, repr=False)
class EntryFacts:
    """One entry of own information, a FHIR R4 resource that keeps the rules of `records.profile`."""

    resource: Mapping[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class EncodedFacts:
    """One instance of STOW-RS metadata (PS3.18 section 8.6), encoded but for its bulk data.

    `segments` are base64 texts and gaps, each `[tag, VR, URI]`; `failure` is why the instance is refused.
    """

    sop_class: str
    sop: str
    syntax: str
    failure: Finding | None
    warnings: tuple[Finding, ...]
    segments: tuple[str | list[str], ...]


@dataclass(frozen=True, slots=True, repr=False)
class MetadataFacts:
    """Every instance of one metadata document, in its order."""

    instances: tuple[EncodedFacts, ...]


Facts = DicomFacts | PdfFacts | EntryFacts | MetadataFacts
