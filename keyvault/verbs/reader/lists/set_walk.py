"""Walk through the submission sets of a record, newest first, as one actor sees them.

A set of which nothing may be seen is walked past like one that is not there. Facts are opened of its
documents, and summaries where the set is shown or something is asked of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from uuid import UUID

from keyvault.verbs.attempt import Attempt
from keyvault.verbs.reader.lists.document_walk import AT_ONCE, listed
from keyvault.verbs.reader.lists.filling import Reader, Visible
from keyvault.verbs.reader.lists.search_page import SearchPage, page_of
from records.fhir.addresses import Addresses
from records.fhir.resources.submission_sets import SubmissionSet
from records.fhir.search.fhir_search import FhirSearch, Resources

_NOWHERE = Addresses("")
Brought = tuple[UUID, Sequence[Visible]]
"""A submission, and what may be seen of what it brought."""


class SetWalk:
    """One search of one record. What opens summaries raises `SummariesLacking`."""

    def __init__(self, reader: Reader, found: Attempt, asked: FhirSearch) -> None:
        self._reader = reader
        self._found = found
        self._asked = asked
        self._resources = Resources(_NOWHERE, found.public_id)
        self._conditions = asked.conditions

    def page(self) -> SearchPage[SubmissionSet]:
        asked, start = self._asked, self._asked.after
        if self._conditions:
            return page_of(self._matching(), asked.limit, counted=asked.counted, from_start=start is None)
        page = page_of(
            self._seen(asked.limit + 1), asked.limit, counted=asked.counted, from_start=start is None
        )
        return SearchPage([*self._sets(page.shown)], page.more, page.total)

    def _matching(self) -> Iterator[SubmissionSet]:
        for each in self._sets(self._seen(AT_ONCE)):
            resource = self._resources.of_set(each)
            if all(holds(resource) for holds in self._conditions):
                yield each

    def _sets(self, brought: Iterable[Brought]) -> Iterator[SubmissionSet]:
        walk = iter(brought)
        while batch := list(islice(walk, AT_ONCE)):
            once = {each.row["document_id"]: each for _, seen in batch for each in seen}
            shown = {each.document_id: each for each in listed(self._reader, self._found, once.values())}
            for submission, seen in batch:
                yield SubmissionSet(submission, tuple(shown[each.row["document_id"]] for each in seen))

    def _seen(self, first: int) -> Iterator[Brought]:
        for portion in self._portions(first):
            found = self._reader.of_submissions(portion)
            yield from ((each, found[each]) for each in portion if found[each])

    def _portions(self, first: int) -> Iterator[Sequence[UUID]]:
        before = None if self._asked.after is None else self._asked.after[1]
        if self._asked.named is None:
            return self._reader.submissions(before, first)
        named = sorted(self._asked.named, reverse=True)[:AT_ONCE]
        return iter([[each for each in named if before is None or each < before]])
