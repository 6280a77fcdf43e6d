"""`list`: a page of a record, decided document by document, filled with what the actor may see.

It opens facts and summaries, no details. A document whose summary is not there, or is of an older row, is
named in `RowsNeeded`: called again with its details rows, the vault makes the summary and keeps it. So
documents of older versions, and studies that grew, are summarised at the first list that shows them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

from keyvault.context import Vault
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import allow_next, caller
from keyvault.verbs.reader.grants.reading import Whose, tell_listed, whose
from keyvault.verbs.reader.holder.choices import choices_of, is_holder
from keyvault.verbs.reader.holder.notices import OwnNotice, unread
from keyvault.verbs.reader.lists.filling import LARGEST_PAGE, Key, ListPage, Reader, SummariesLacking, Visible
from keyvault.verbs.reader.lists.rows_needed import Brought, Made, RowsNeeded, with_rows
from keyvault.verbs.reader.lists.snapshot import Question
from keyvault.verbs.rows import SealedRow
from records.documents.listed import ListedDocument
from records.policy import Facts, Permit, decide, warnings
from records.rules.assumptions import closed_by_assumption
from records.vocabulary.codes import Action, Obligation


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a record, and whose record it is.

    `following` and `preceding` are the keys to ask on with, None where nothing more may be seen there: those
    of documents on the page, so that they say nothing of others. `companions` are not counted. For the
    holder alone: `choices`, the own card, and `notices`, what was not acknowledged yet.
    `closed_by_assumption`: types that the reader's profession is taken not to read, whatever the record
    holds. `log_is_open`: whether the reader may read this record's access log.
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
    closed_by_assumption: tuple[str, ...] = ()
    log_is_open: bool = False


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

        def told(transaction: Transaction, found: Attempt, answer: Listing) -> Listing:
            if answer.following is not None:
                allow_next(transaction, call, "list", answer.following)
            tell_listed(transaction, found, len(answer.documents), answer.obligations)
            return answer

        return with_rows(
            vault,
            Question(call, actor, Action.SEARCH, record_id),
            Brought(rows, without),
            partial(_read, vault, page),
            told,
            lambda transaction: allow_next(transaction, call, "list", page.after),
        )


def _read(
    vault: Vault, page: ListPage, tx: VaultTransaction, found: Attempt, made: Made
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
        notices=unread(vault, tx, found.record.card) if is_holder(found) else (),
        closed_by_assumption=closed_by_assumption(found.request),
        log_is_open=_may_read_log(found),
    )


def _may_read_log(found: Attempt) -> bool:
    request = replace(found.request, action=Action.READ_LOG)
    return isinstance(decide(request, Facts(found.record.facts)), Permit)


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
