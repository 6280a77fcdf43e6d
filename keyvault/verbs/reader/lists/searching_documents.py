"""`search_documents`: the documents, studies or submission sets of a record that a FHIR search asks for.

Matched here like images (docs/adr/0020-search-in-the-vault.md): one call, one line in the log. Conditions are
about the resources that the reader will show; nothing that is hidden is matched, counted or linked.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.search_tokens import TokenField
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import allow_next, caller
from keyvault.verbs.reader.grants.reading import tell_listed
from keyvault.verbs.reader.lists.document_walk import DocumentWalk
from keyvault.verbs.reader.lists.filling import LARGEST_PAGE, Key, Reader, SummariesLacking
from keyvault.verbs.reader.lists.rows_needed import Brought, Made, RowsNeeded, with_rows
from keyvault.verbs.reader.lists.set_walk import SetWalk
from keyvault.verbs.reader.lists.snapshot import Question
from keyvault.verbs.rows import SealedRow
from records.documents.listed import ListedDocument
from records.fhir.resources.submission_sets import SubmissionSet
from records.fhir.search.fhir_search import SET, FhirSearch
from records.vocabulary.codes import Action, Obligation


@dataclass(frozen=True, slots=True)
class FoundDocuments:
    """One page of a search: `sets` where these were searched, else `documents`.

    `beside` are documents that these refer to or that refer to them, as far as the search asks for them, and
    studies that it names. `following` is the key to ask on with, of what was shown last; `total` is None
    where nobody counted to the end.
    """

    public_id: UUID
    documents: tuple[ListedDocument, ...]
    sets: tuple[SubmissionSet, ...]
    beside: tuple[ListedDocument, ...]
    following: Key | None
    total: int | None = field(default=None)

    @property
    def disclosed(self) -> int:
        """How many documents are shown, each once."""
        return len({each.document_id for each in self._shown()})

    @property
    def obligations(self) -> frozenset[Obligation]:
        return frozenset[Obligation]().union(*(each.obligations for each in self._shown()))

    def _shown(self) -> Iterator[ListedDocument]:
        return chain(self.documents, *(each.documents for each in self.sets), self.beside)


StudyToken = Callable[[str], bytes]
"""The search token of a Study Instance UID."""


class SearchingDocumentsVerbs:
    """For the reader process."""

    _vault: Vault

    def search_documents(
        self,
        call: Call,
        record_id: UUID,
        asked: FhirSearch,
        rows: Sequence[SealedRow] = (),
        without: Sequence[UUID] = (),
    ) -> FoundDocuments | RowsNeeded | Denied:
        """`rows` and `without` like those of `list`. Raises `Invalid` "bad_query"."""
        vault = self._vault
        actor = caller(vault, call, "search_documents", record_id=record_id, asked=asked, after=None)

        def told(transaction: Transaction, found: Attempt, answer: FoundDocuments) -> FoundDocuments:
            tell_listed(transaction, found, answer.disclosed, answer.obligations)
            return answer

        return with_rows(
            vault,
            Question(call, actor, Action.SEARCH, record_id),
            Brought(rows, without),
            partial(_search, asked, partial(vault.token, TokenField.STUDY)),
            told,
            lambda transaction: allow_next(transaction, call, "search_documents", None),
        )


def _search(
    asked: FhirSearch, token: StudyToken, tx: VaultTransaction, found: Attempt, made: Made
) -> FoundDocuments | RowsNeeded:
    reader = Reader(tx, found, made.summaries, made.left_out)
    try:
        return _sets(reader, found, asked) if asked.kind == SET else _documents(reader, found, asked, token)
    except SummariesLacking as lacking:
        return RowsNeeded((*made.in_part, *lacking.ids[:LARGEST_PAGE]))


def _documents(reader: Reader, found: Attempt, asked: FhirSearch, token: StudyToken) -> FoundDocuments:
    walk = DocumentWalk(reader, found, asked, token)
    page = walk.page()
    return FoundDocuments(
        found.public_id,
        tuple(page.shown),
        (),
        tuple(walk.beside(page.shown)),
        (page.shown[-1].created_at, page.shown[-1].document_id) if page.more and page.shown else None,
        page.total,
    )


def _sets(reader: Reader, found: Attempt, asked: FhirSearch) -> FoundDocuments:
    page = SetWalk(reader, found, asked).page()
    last = page.shown[-1].key if page.more and page.shown else None
    return FoundDocuments(found.public_id, (), tuple(page.shown), (), last, page.total)
