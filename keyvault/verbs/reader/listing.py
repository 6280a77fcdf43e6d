"""`list`: a page of a record, decided document by document, filled with what the actor may see.

It opens facts and summaries, no details. A document whose summary is not there, or is of an older row, is
named in `RowsNeeded`: called again with its details rows, the vault makes the summary and keeps it. So
documents of older versions, and studies that grew, are summarised at the first list that shows them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.summaries import replace_summaries
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, Call, Denied
from keyvault.verbs.caller import allow_next, caller
from keyvault.verbs.reader.choices import choices_of, is_holder
from keyvault.verbs.reader.filling import (
    LARGEST_PAGE,
    Key,
    ListPage,
    Reader,
    SummariesLacking,
    Visible,
)
from keyvault.verbs.reader.notices import OwnNotice, unread
from keyvault.verbs.reader.reading import Whose, tell_listed, whose
from keyvault.verbs.reader.snapshot import Question, carry_out
from keyvault.verbs.rows import SealedRow, genuine, open_rows
from records.documents import DocumentFacts
from records.policy import warnings
from records.summaries import DocumentSummary, summary_of
from records.vocabulary.codes import Action, Obligation


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """A document the actor may see, as a list shows it; `obligations` are those of showing it now."""

    document_id: UUID
    facts: DocumentFacts
    created_at: int
    summary: DocumentSummary = field(repr=False)
    obligations: frozenset[Obligation] = frozenset()


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a record, and whose record it is.

    `following` and `preceding` are the keys to ask on with, None where nothing more may be seen there: those
    of documents on the page, so that they say nothing of others. `companions` are not counted. For the
    holder alone: `choices`, the own card, and `notices`, what was not acknowledged yet.
    """

    public_id: UUID
    documents: tuple[ListedDocument, ...]
    companions: tuple[ListedDocument, ...]
    following: Key | None
    preceding: Key | None
    obligations: frozenset[Obligation]
    whose: Whose = field(repr=False)
    choices: dict[str, Any] | None = field(repr=False)
    notices: tuple[OwnNotice, ...] = ()


@dataclass(frozen=True, slots=True)
class RowsNeeded:
    """The details rows of these documents are to be sent along; nothing was disclosed, and nothing logged."""

    ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class _Made:
    """Summaries made of the rows that came along, by document; and what no row came of.

    `whole` are the versions of those to be kept: every row that the vault sealed of them came.
    """

    summaries: dict[UUID, DocumentSummary]
    whole: dict[UUID, int] = field(default_factory=dict)
    left_out: frozenset[UUID] = frozenset()

    @property
    def kept(self) -> dict[tuple[UUID, int], DocumentSummary]:
        return {
            (document_id, version): self.summaries[document_id] for document_id, version in self.whole.items()
        }

    @property
    def in_part(self) -> list[UUID]:
        """What would lack again."""
        return sorted(self.summaries.keys() - self.whole.keys())


class _Needed(Exception):  # noqa: N818
    """Ends a transaction of which nothing is kept."""

    def __init__(self, answer: RowsNeeded, found: Attempt, made: _Made) -> None:
        super().__init__()
        self.answer = answer
        self.found = found
        self.made = made


class ListingVerbs:
    """For the reader process."""

    _vault: Vault

    def list(
        self,
        call: Call,
        record_id: UUID,
        page: ListPage,
        rows: Sequence[SealedRow] = (),
        without: Sequence[UUID] = (),
    ) -> Listing | RowsNeeded | Denied:
        """The documents of the page that the actor may see.

        `rows`: those that the index has of the documents that an earlier answer named; of those in `without`
        it has none: what was not published yet is not shown.
        """
        vault = self._vault
        actor = caller(vault, call, "list", record_id=record_id, after=page.after)

        def opened(tx: VaultTransaction, found: Attempt) -> tuple[Listing | RowsNeeded, _Made]:
            made = _summarised(tx, found, rows, without)
            return _read(vault, tx, found, page, made), made

        def told(
            transaction: Transaction, found: Attempt, read: tuple[Listing | RowsNeeded, _Made]
        ) -> Listing:
            answer, made = read
            if isinstance(answer, RowsNeeded):
                transaction.again = None  # nothing is disclosed: no line, no emergency begins
                raise _Needed(answer, found, made)
            _keep(transaction, found, made)
            if answer.following is not None:
                allow_next(transaction, call, "list", answer.following)
            tell_listed(transaction, found, len(answer.documents))
            return answer

        try:
            return carry_out(vault, Question(call, actor, Action.SEARCH, record_id), opened, told)
        except _Needed as needed:
            with vault.transaction() as transaction:
                transaction.rows.get("record", lock=True, record_id=record_id)
                _keep(transaction, needed.found, needed.made)
                allow_next(transaction, call, "list", page.after)
            return needed.answer


def _read(
    vault: Vault, tx: VaultTransaction, found: Attempt, page: ListPage, made: _Made
) -> Listing | RowsNeeded:
    reader = Reader(tx, found, made.summaries, made.left_out)
    try:
        shown, more = reader.page(page)
        beside = reader.companions(shown) if page.companions else []
    except SummariesLacking as lacking:
        return RowsNeeded((*made.in_part, *lacking.ids))
    lacking_ids = [each.facts.document_id for each in [*shown, *beside] if each.summary is None]
    if lacking_ids:
        return RowsNeeded((*made.in_part, *lacking_ids[:LARGEST_PAGE]))
    documents, companions = _listed(found, shown), _listed(found, beside)
    following, preceding = _ends(page, shown, more)
    return Listing(
        public_id=found.public_id,
        documents=documents,
        companions=companions,
        following=following,
        preceding=preceding,
        obligations=found.permit.obligations.union(*(each.obligations for each in documents)),
        whose=whose(found),
        choices=choices_of(found),
        notices=unread(vault, tx, found.record.row["record_id"]) if is_holder(found) else (),
    )


def _ends(page: ListPage, shown: Sequence[Visible], more: bool) -> tuple[Key | None, Key | None]:
    """The keys of the pages after and before: in the direction of reading where more may be seen, in the
    other where the page did not begin at an end.
    """
    if not shown:
        return None, None
    first, last = shown[0].key, shown[-1].key
    if page.before is not None:
        return last, first if more else None
    return last if more else None, first if page.after is not None else None


def _listed(found: Attempt, documents: Sequence[Visible]) -> tuple[ListedDocument, ...]:
    return tuple(
        ListedDocument(
            each.facts.document_id,
            each.facts,
            each.row["created_at"],
            each.summary,
            warnings(found.request, each.facts),
        )
        for each in documents
        if each.summary is not None
    )


def _summarised(
    tx: VaultTransaction, found: Attempt, rows: Sequence[SealedRow], without: Sequence[UUID]
) -> _Made:
    """Summaries of the documents whose rows came along, as far as they are those that the vault sealed.

    The index has a row a moment after the vault, from adoption to publication, and for long where its worker
    died between the two: until then a study that grows is shown as it was published, and nothing is kept.
    """
    named = {row.document_id for row in rows} | {*without}
    if not named:
        return _Made({})
    record_id = found.record.row["record_id"]
    documents = tx.find("document", record_id=record_id, document_id__in=sorted(named))
    ids = [row["document_id"] for row in documents]
    taken = genuine(tx, rows, ids)
    came = Counter(row.document_id for row in taken)
    sealed = Counter(row["document_id"] for row in tx.find("document_row", document_id__in=ids))
    opened = open_rows(tx, found.record.key, taken)
    return _Made(
        {document_id: summary_of(details) for document_id, details in opened.items()},
        {
            row["document_id"]: row["row_version"]
            for row in documents
            if 0 < came[row["document_id"]] == sealed[row["document_id"]]
        },
        frozenset(named - opened.keys()),
    )


def _keep(transaction: Transaction, found: Attempt, made: _Made) -> None:
    replace_summaries(transaction.rows, found.record.card, made.kept)
