"""Pages of a record's documents: the vault fills them, the index brings rows where a summary lacks.

What the vault adopted is visible from the instant at which the index published it (docs/vault.md section 2):
until then it is left out here, and its page is so much shorter.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from keyvault.keys.cards import changed_meanwhile
from keyvault.process.guard import RecordDoor
from keyvault.verbs.attempt import Call, Denied
from keyvault.verbs.reader.filling import ListPage
from keyvault.verbs.reader.listing import ListedDocument, Listing, RowsNeeded
from keyvault.verbs.rows import SealedRow, sealed_rows
from storage.index_ports import ReaderIndex
from viewer_api.asking import ask, resolve
from viewer_api.conflicts import NO_CONFLICTS, Conflicts, conflicts, sharing_studies

MOST_ROUNDS = 64
"""Times that one page may ask for rows: each brings what an older version did not summarise."""


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page of what is published, and what of it contradicts one another."""

    listing: Listing
    conflicting: Conflicts


class RecordPages:
    """Reads one record for one call that named it. What asks the vault raises `NotAuthorised` or more."""

    def __init__(self, index: ReaderIndex, vault: RecordDoor, call: Call, locator: str) -> None:
        self._index = index
        self._vault = vault
        self._call = call
        self._record = resolve(vault, call, locator)
        self._sharing: dict[UUID, frozenset[UUID]] = {}
        # an index that fails does so before the vault is asked: for whoever is permitted, refused or unknown
        index.published(self._record.record_id, ())

    def shown(self, page: ListPage) -> ShownPage:
        """One page with its cautions."""
        listing = self.page(page)
        return ShownPage(listing, self.conflicts([*listing.documents, *listing.companions]))

    def page(self, page: ListPage) -> Listing:
        """One page, decided and logged once."""
        return self._published(ask(self._vault, self._record, lambda _: self._filled(page)))

    def conflicts(self, documents: Iterable[ListedDocument]) -> Conflicts:
        """What of these contradicts one another, or another document that may be seen.

        The details of what has the same identifiers are opened, and that logged; of other documents none.
        """
        documents = list(documents)
        claiming = [*sharing_studies(documents), *self._sharing_instances(documents)]
        if not claiming:
            return NO_CONFLICTS
        rows = self._rows(sorted({*claiming}))
        opened = ask(self._vault, self._record, lambda at: self._vault.documents(self._call, at, rows))
        return conflicts(opened.documents)

    def _sharing_instances(self, documents: Iterable[ListedDocument]) -> Iterator[UUID]:
        for each in documents:
            if others := self._sharing.get(each.document_id):
                yield from (each.document_id, *others)

    def _filled(self, page: ListPage) -> Listing | Denied:
        rows: list[SealedRow] = []
        without: list[UUID] = []
        for _ in range(MOST_ROUNDS):
            answer = self._vault.list(self._call, self._record.record_id, page, rows, without)
            if not isinstance(answer, RowsNeeded):
                return answer
            rows = self._rows(answer.ids)
            without = sorted({*without, *answer.ids} - {row.document_id for row in rows})
        raise changed_meanwhile()

    def _rows(self, documents: Collection[UUID]) -> list[SealedRow]:
        found = self._index.documents_by_id(self._record.record_id, documents)
        return sealed_rows(row for _, details in found for row in details)

    def _published(self, listing: Listing) -> Listing:
        every = [*listing.documents, *listing.companions]
        known = self._index.published(self._record.record_id, [each.document_id for each in every])
        self._sharing |= {document_id: others for document_id, others in known.items() if others}

        def visible(documents: Iterable[ListedDocument]) -> tuple[ListedDocument, ...]:
            return tuple(each for each in documents if each.document_id in known)

        return replace(listing, documents=visible(listing.documents), companions=visible(listing.companions))
