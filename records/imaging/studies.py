"""Studies as a search finds them: the DICOM documents of one structure under one Study Instance UID.

UIDs name what one structure deposited (`records/documents/instances.py`). A study is made of what its reader
may see and of nothing else, its counts too.
"""

from dataclasses import dataclass, field, replace
from uuid import UUID

from records.documents.details import DocumentDetails, SeriesDetails
from records.documents.instances import live_series
from records.documents.summaries import DocumentSummary, SeriesSummary

StudyKey = tuple[str, str]
"""Study Instance UID, and the structure that deposited under it."""


@dataclass(frozen=True, slots=True)
class ImagingDocument:
    """A document of a study, as a search shows it; `details` where its instances are looked at."""

    document_id: UUID
    structure: str
    created_at: int
    summary: DocumentSummary = field(repr=False)
    details: tuple[DocumentDetails, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Study:
    """What one structure deposited under one Study Instance UID: images, and reports that belong to them.

    `shared`: whether the same reader sees another structure's documents with this Study Instance UID.
    """

    documents: tuple[ImagingDocument, ...]
    """Newest first."""
    shared: bool = False

    @property
    def key(self) -> StudyKey:
        newest = self.documents[0]
        return newest.summary.study_uid or "", newest.structure

    @property
    def summaries(self) -> list[SeriesSummary]:
        """Each series once, however many documents have instances of it."""
        found: dict[str, SeriesSummary] = {}
        for document in reversed(self.documents):
            for each in document.summary.series:
                before = found[each.uid].instances if each.uid in found else 0
                found[each.uid] = replace(each, instances=before + each.instances)
        return [*found.values()]

    @property
    def series(self) -> list[SeriesDetails]:
        """Of the details; of equal SOP Instance UIDs the latest."""
        return live_series([row for each in reversed(self.documents) for row in each.details])
