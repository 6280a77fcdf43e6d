"""Summary of a document for lists: short, made of its details, and without its instances.

Nothing in it decides what somebody may see: that is in `records.documents.facts.DocumentFacts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from records.documents.details import DICOM, DocumentDetails, FileDetails
from records.documents.instances import live_series, newest


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SeriesSummary:
    """A series as it is shown: its Series Instance UID, modality, and how many instances are live."""

    uid: str
    modality: str | None = None
    instances: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DocumentSummary:
    """The words of a document's newest row (IHE ITI TF-3 section 4.2.3.2, DocumentEntry), all rows' warnings.

    `study_uid` is None where nothing is DICOM; `attributes` are DICOM JSON of the study level (PS3.18 section
    F). None of these has a repr: titles and identifiers belong in no log.
    """

    title: str = ""
    class_code: str = ""
    date: str | None = None
    structure: str | None = None
    media_type: str = DICOM
    warnings: tuple[str, ...] = ()
    study_uid: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    series: tuple[SeriesSummary, ...] = ()
    file: FileDetails | None = None


def summary_of(rows: Sequence[DocumentDetails]) -> DocumentSummary:
    """Of all details rows of one document, in the order of their versions; there is one at least."""
    row = newest(rows)
    return DocumentSummary(
        title=row.title,
        class_code=row.class_code,
        date=row.date,
        structure=row.structure,
        media_type=row.media_type,
        warnings=tuple(sorted({code for each in rows for code in each.warnings})),
        study_uid=row.study_uid,
        attributes=row.study.attributes if row.study else {},
        series=tuple(
            SeriesSummary(uid=each.uid, modality=each.modality, instances=len(each.instances))
            for each in live_series(rows)
        ),
        file=row.file,
    )
