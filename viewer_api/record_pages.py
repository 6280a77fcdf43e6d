"""Pages of a record's documents: the vault fills them, the index brings rows where a summary lacks.

What the vault adopted is visible from the instant at which the index published it (docs/vault.md section 2):
until then it is left out here, and its page is so much shorter.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar
from uuid import UUID

from keyvault.keys.cards import changed_meanwhile
from keyvault.process.guard import RecordDoor
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.reader.lists.listing import Listing
from keyvault.verbs.reader.lists.rows_needed import RowsNeeded
from keyvault.verbs.reader.lists.searching import FoundImaging
from keyvault.verbs.reader.lists.searching_documents import FoundDocuments
from keyvault.verbs.rows import SealedRow, SeenDocument, sealed_rows
from records.documents.listed import ListedDocument
from records.fhir.search.fhir_search import FhirSearch
from records.imaging.search import ImagingSearch
from storage.ports.index import ReaderIndex
from viewer_api.conflicts import NO_CONFLICTS, Conflicts, Summarised, conflicts, sharing_studies
from viewer_api.named_records import Named, ask

A = TypeVar("A")
Reading = Callable[[Sequence[SealedRow], Sequence[UUID]], A | RowsNeeded | Denied]
"""A verb that may ask for rows: of those that the index has, and of documents of which it has none."""
MOST_ROUNDS = 64
"""Times that one page may ask for rows: each brings what an older version did not summarise."""


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page of what is published, and what of it contradicts one another."""

    listing: Listing
    conflicting: Conflicts


class RecordPages:
    """Reads one record for one call that named it. What asks the vault raises `NotAuthorised` or more."""

    def __init__(self, index: ReaderIndex, vault: RecordDoor, call: Call, record: Named) -> None:
        self._index = index
        self._vault = vault
        self._call = call
        self._record = record
        self._sharing: dict[UUID, frozenset[UUID]] = {}
        # an index that fails does so before the vault is asked: for whoever is permitted, refused or unknown
        index.published(record.record_id, ())

    def shown(self, page: ListPage) -> ShownPage:
        """One page with its cautions."""
        listing = self.page(page)
        return ShownPage(listing, self.conflicts([*listing.documents, *listing.companions]))

    def page(self, page: ListPage) -> Listing:
        """One page, decided and logged once."""
        found = ask(
            self._vault,
            self._record,
            lambda record_id: self._brought(partial(self._vault.list, self._call, record_id, page)),
        )
        return self._published(found)

    def search(self, asked: ImagingSearch) -> FoundImaging:
        """The studies of one page of a search, decided and logged once."""
        found = ask(
            self._vault,
            self._record,
            lambda record_id: self._brought(partial(self._vault.search, self._call, record_id, asked)),
        )
        known = self._known([document for each in found.studies for document in each.documents])
        studies = (
            replace(each, documents=tuple(one for one in each.documents if one.document_id in known))
            for each in found.studies
        )
        return replace(found, studies=tuple(each for each in studies if each.documents))

    def search_documents(self, asked: FhirSearch) -> FoundDocuments:
        """One page of a FHIR search, decided and logged once."""
        found = ask(
            self._vault,
            self._record,
            lambda record_id: self._brought(
                partial(self._vault.search_documents, self._call, record_id, asked)
            ),
        )
        of_sets = [document for each in found.sets for document in each.documents]
        known = self._known([*found.documents, *found.beside, *of_sets])
        sets = (replace(each, documents=_among(known, each.documents)) for each in found.sets)
        return replace(
            found,
            documents=_among(known, found.documents),
            beside=_among(known, found.beside),
            sets=tuple(each for each in sets if each.documents),
        )

    def conflicts(self, documents: Iterable[Summarised]) -> Conflicts:
        """What of these contradicts one another, or another document that may be seen.

        The details of what has the same identifiers are opened, and that logged; of other documents none.
        """
        documents = list(documents)
        claiming = [*sharing_studies(documents), *self._sharing_instances(documents)]
        if not claiming:
            return NO_CONFLICTS
        return conflicts(self.opened(sorted({*claiming})))

    def opened(self, documents: Collection[UUID]) -> tuple[SeenDocument, ...]:
        """Those of the named documents that may be seen, with their details; decided and logged once."""
        rows = self._rows(documents)
        return ask(
            self._vault, self._record, lambda at: self._vault.documents(self._call, at, rows)
        ).documents

    def _sharing_instances(self, documents: Iterable[Summarised]) -> Iterator[UUID]:
        for each in documents:
            if others := self._sharing.get(each.document_id):
                yield from (each.document_id, *others)

    def _brought(self, verb: Reading[A]) -> A | Denied:
        """The verb's answer, with the rows that it asks for until it has them."""
        rows: list[SealedRow] = []
        without: list[UUID] = []
        for _ in range(MOST_ROUNDS):
            answer = verb(rows, without)
            if not isinstance(answer, RowsNeeded):
                return answer
            rows = self._rows(answer.ids)
            without = sorted({*without, *answer.ids} - {row.document_id for row in rows})
        raise changed_meanwhile()

    def _rows(self, documents: Collection[UUID]) -> list[SealedRow]:
        found = self._index.documents_by_id(self._record.record_id, documents)
        return sealed_rows(row for _, details in found for row in details)

    def _published(self, listing: Listing) -> Listing:
        known = self._known([*listing.documents, *listing.companions])
        return replace(
            listing,
            documents=_among(known, listing.documents),
            companions=_among(known, listing.companions),
        )

    def _known(self, documents: Iterable[Summarised]) -> Collection[UUID]:
        """Those that the index has published."""
        known = self._index.published(self._record.record_id, [each.document_id for each in documents])
        self._sharing |= {document_id: others for document_id, others in known.items() if others}
        return known.keys()


def _among(known: Collection[UUID], documents: Iterable[ListedDocument]) -> tuple[ListedDocument, ...]:
    return tuple(each for each in documents if each.document_id in known)
