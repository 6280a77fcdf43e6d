"""Walk through a record's studies, newest first, page by page of the vault, as far as anybody goes on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from keyvault.verbs.reader.filling import Key, ListPage
from keyvault.verbs.reader.listing import ListedDocument, Listing
from viewer_api.conflicts import Conflicts
from viewer_api.presenting_dicom import Study, StudyKey, studies_of
from viewer_api.record_pages import RecordPages

LEAST_AT_ONCE, MOST_AT_ONCE = 100, 500
"""Documents of a page: some are no images, and each page is a line in the access log."""


class StudyWalk:
    """One walk."""

    def __init__(self, pages: RecordPages) -> None:
        self._pages = pages
        self._newest: Key | None = None
        self._met: set[StudyKey] = set()
        self._seen: dict[UUID, ListedDocument] = {}

    def studies(self, at_once: int) -> Iterator[Study]:
        """Each study once, at the place of its newest document. The first page is read now: it decides."""
        page = ListPage(limit=min(max(LEAST_AT_ONCE, at_once), MOST_AT_ONCE), companions=True)
        return self._on(page, self._pages.page(page))

    def conflicts(self) -> Conflicts:
        """What contradicts one another among all that was met."""
        return self._pages.conflicts(self._seen.values())

    def _on(self, page: ListPage, listing: Listing) -> Iterator[Study]:
        while True:
            yield from self._of_page(listing)
            if listing.following is None:
                return
            page = replace(page, after=listing.following)
            listing = self._pages.page(page)

    def _of_page(self, listing: Listing) -> Iterator[Study]:
        """The studies whose newest document is on this page; the others were met before."""
        here = {each.document_id for each in listing.documents}
        every = self._begun(newest_first([*listing.documents, *listing.companions]))
        self._seen |= {each.document_id: each for each in every}
        for study in studies_of(every):
            # twice where its newest document was masked since
            if study.documents[0].document_id in here and study.key not in self._met:
                self._met.add(study.key)
                yield study

    def _begun(self, documents: Sequence[ListedDocument]) -> list[ListedDocument]:
        """Without what came since the walk began: it would move its study to a page that was read already."""
        if self._newest is None and documents:
            self._newest = key_of(documents[0])
        return [each for each in documents if self._newest is None or key_of(each) <= self._newest]


def key_of(document: ListedDocument) -> Key:
    return document.created_at, document.document_id


def newest_first(documents: Iterable[ListedDocument]) -> list[ListedDocument]:
    return sorted(documents, key=key_of, reverse=True)
