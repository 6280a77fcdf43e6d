"""One page of series or instances: which studies it is of, and whose details have to be brought first."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from keyvault.verbs.reader.lists.imaging_walk import detailed
from records.documents.details import DocumentDetails
from records.imaging.attributes import Level
from records.imaging.items import below
from records.imaging.search import ImagingSearch
from records.imaging.studies import Study

DOCUMENTS_AT_ONCE, INSTANCES_AT_ONCE = 100, 10_000
"""Documents whose details are asked for together, while their summaries count no more instances than that."""
MOST_DOCUMENTS, MOST_INSTANCES = 500, 50_000
"""What one search opens where it names no study; beyond, the answer says that it goes no further."""


class DetailsLacking(Exception):  # noqa: N818
    """The details rows of these documents have to be brought before the page can be made."""

    def __init__(self, ids: Sequence[UUID]) -> None:
        super().__init__()
        self.ids = tuple(ids)


class ImagingPage:
    """Takes studies in their order until it is full. `skipped`, `left` and `cut` are those of the answer."""

    def __init__(self, asked: ImagingSearch, details: Mapping[UUID, tuple[DocumentDetails, ...]]) -> None:
        self.studies: list[Study] = []
        self.skipped = 0
        self.cut = False
        self._asked = asked
        self._details = details
        self._conditions = asked.conditions
        below_study = (Level.SERIES, Level.INSTANCE)
        self._counts_tell = not self._conditions.of_levels(*below_study).each
        self._first, self._end = asked.offset, asked.offset + asked.limit
        self._met = self._looked_at = self._instances = 0
        self._lacking: list[UUID] = []
        self._expected = self._brought = 0

    def add(self, study: Study) -> bool:
        """Whether to go on with the next one."""
        if self._goes_too_far(study):
            self.cut = True
            return False
        lacking = [each.document_id for each in study.documents if each.document_id not in self._details]
        if lacking:
            self._lacking += lacking
            self._expected += self._items(study)
            self._brought += _instances(study)
            return self._has_room()
        if not self._lacking:
            self._take(study)
        return self._met + self._expected < self._end + self._asked.beyond

    @property
    def left(self) -> int:
        return max(0, min(self._met - self._end, self._asked.beyond))

    def check(self) -> None:
        """Raises `DetailsLacking`."""
        if self._lacking:
            raise DetailsLacking(self._lacking)

    def _take(self, study: Study) -> None:
        opened, before = detailed(study, self._details), self._met
        self._met += sum(1 for _ in below(opened, self._asked.level, self._conditions))
        if before < self._end and self._met > max(before, self._first):
            self.skipped = self.skipped if self.studies else self._first - before
            self.studies.append(opened)

    def _goes_too_far(self, study: Study) -> bool:
        """Counts what is opened. Of studies that are named all is."""
        self._looked_at += len(study.documents)
        self._instances += _instances(study)
        if self._asked.named is not None or self._looked_at == len(study.documents):
            return False
        return self._looked_at > MOST_DOCUMENTS or self._instances > MOST_INSTANCES

    def _items(self, study: Study) -> int:
        """How many the summaries count; none where something is asked that they don't say."""
        if not self._counts_tell:
            return 0
        return len(study.summaries) if self._asked.level is Level.SERIES else _instances(study)

    def _has_room(self) -> bool:
        if self._counts_tell:
            return self._met + self._expected < self._end + self._asked.beyond
        return len(self._lacking) < DOCUMENTS_AT_ONCE and self._brought < INSTANCES_AT_ONCE


def _instances(study: Study) -> int:
    return sum(each.instances for document in study.documents for each in document.summary.series)
