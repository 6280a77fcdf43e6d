"""Walk through the documents of a record, newest first, as one actor sees them, for a FHIR search.

Without conditions, facts are opened of what is walked past, and summaries of the page; with conditions,
summaries too. Studies that the page names by their UID are looked up, those that share a number of an order
are looked for among the record's studies; what refers to the page, in the whole record. Each only where it is
asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from uuid import UUID

from keyvault.store import Row
from keyvault.verbs.attempt import Attempt
from keyvault.verbs.reader.lists.filling import LARGEST_PAGE, Reader, Visible, check_summarised, portions
from keyvault.verbs.reader.lists.search_page import SearchPage, page_of
from records.documents.listed import ListedDocument
from records.fhir.addresses import Addresses
from records.fhir.search.fhir_search import DOCUMENT, IMAGING_STUDY, FhirSearch, Resources
from records.fhir.search.matching import Token
from records.fhir.search.study_links import (
    StudyTokens,
    has_numbers,
    related_tokens,
    share,
    study_uids,
    tokens_of_study,
)
from records.filters import DocumentFilter
from records.policy import warnings

AT_ONCE = 100
"""Documents whose summaries are opened together."""
_STUDIES = DocumentFilter(kinds=frozenset({"study"}))
_NOWHERE = Addresses("")  # no condition is about the address of this server


class DocumentWalk:
    """One search of one record. What opens summaries raises `SummariesLacking`."""

    def __init__(
        self, reader: Reader, found: Attempt, asked: FhirSearch, token: Callable[[str], bytes]
    ) -> None:
        """`token`: of a Study Instance UID."""
        self._reader = reader
        self._token = token
        self._found = found
        self._asked = asked
        self._resources = Resources(_NOWHERE, found.public_id)
        self._conditions = asked.conditions
        self._named = self._named_studies()

    def page(self) -> SearchPage[ListedDocument]:
        asked, start = self._asked, self._asked.after
        if self._conditions:
            return page_of(
                self._matching(), max(0, asked.limit), counted=asked.counted, from_start=start is None
            )
        page = page_of(
            self._seen(asked.limit + 1), asked.limit, counted=asked.counted, from_start=start is None
        )
        return SearchPage([*listed(self._reader, self._found, page.shown)], page.more, page.total)

    def beside(self, page: Sequence[ListedDocument]) -> list[ListedDocument]:
        """The studies that the search names; those that the page is about, or what is about its studies."""
        if not self._asked.beside or not page:
            return self._named
        walk = self._about_studies(page) if self._asked.kind == IMAGING_STUDY else self._studies_of(page)
        named = {each.document_id for each in self._named}
        return [*self._named, *islice((each for each in walk if each.document_id not in named), LARGEST_PAGE)]

    def _studies_of(self, page: Sequence[ListedDocument]) -> Iterator[ListedDocument]:
        whole = frozenset[Token]().union(*(self._related(each) for each in page))
        rows = self._reader.of_studies([self._token(uid) for uid in study_uids(whole)])
        numbered = self._reader.imaging(AT_ONCE) if has_numbers(whole) else ()
        for each in _once(self._judged(chain([*portions(rows)] or [[]], numbered))):
            if share(whole, tokens_of_study(each)):
                yield each

    def _judged(self, walked: Iterable[Sequence[Row]]) -> Iterator[ListedDocument]:
        visible = (each for portion in walked for each in self._reader.judged(portion))
        return listed(
            self._reader, self._found, (each for each in visible if _STUDIES.takes_facts(each.facts))
        )

    def _about_studies(self, page: Sequence[ListedDocument]) -> Iterator[ListedDocument]:
        whole = frozenset().union(*map(tokens_of_study, page))
        for each in self._walk(DocumentFilter()):
            if share(self._related(each), whole):
                yield each

    def _related(self, document: ListedDocument) -> frozenset[tuple[str | None, str]]:
        return related_tokens(self._resources.of(DOCUMENT, document, {}))

    def _walk(self, wanted: DocumentFilter) -> Iterator[ListedDocument]:
        return listed(self._reader, self._found, self._reader.walk(None, wanted, AT_ONCE))

    def _matching(self) -> Iterator[ListedDocument]:
        studies: StudyTokens = {each.document_id: tokens_of_study(each) for each in self._named}
        for each in listed(self._reader, self._found, self._seen(AT_ONCE)):
            resource = self._resources.of(self._asked.kind, each, studies)
            if all(holds(resource) for holds in self._conditions):
                yield each

    def _seen(self, first: int) -> Iterator[Visible]:
        start, wanted = self._asked.after, self._asked.wanted
        if self._asked.named is None:
            return self._reader.walk(start, wanted, first)
        named = self._reader.named(self._asked.named, wanted)
        return (each for each in named if start is None or each.key < start)

    def _named_studies(self) -> list[ListedDocument]:
        named = self._asked.named_studies
        found = self._reader.named(named, _STUDIES) if named else ()
        return [*listed(self._reader, self._found, found)]


def _once(documents: Iterable[ListedDocument]) -> Iterator[ListedDocument]:
    met: set[UUID] = set()
    for each in documents:
        if each.document_id not in met:
            met.add(each.document_id)
            yield each


def listed(reader: Reader, found: Attempt, documents: Iterable[Visible]) -> Iterator[ListedDocument]:
    """With their summaries. Raises `SummariesLacking`."""
    walk = iter(documents)
    while batch := list(islice(walk, AT_ONCE)):
        opened = reader.summarised(batch)
        check_summarised(opened)
        for each in opened:
            assert each.summary is not None  # checked for all of them
            yield ListedDocument(
                each.facts.document_id,
                each.facts,
                each.row["created_at"],
                each.summary,
                warnings(found.request, each.facts),
            )
