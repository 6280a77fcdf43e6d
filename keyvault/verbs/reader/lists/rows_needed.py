"""Details rows of the index that a question needs: the reader brings them once the vault has named documents.

The vault names only documents that the actor may see, discloses nothing, logs that an emergency begins where
it does, and keeps what summaries it can make of the rows that come (docs/adr/0017-summaries.md).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.summaries import open_summaries, replace_summaries
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, begin_emergency
from keyvault.verbs.call import Denied
from keyvault.verbs.reader.lists.snapshot import Question, carry_out
from keyvault.verbs.rows import SealedRow, genuine, open_rows
from records.documents.details import DocumentDetails
from records.documents.summaries import DocumentSummary, summary_of

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class RowsNeeded:
    """The details rows of these documents are to be sent along; no content was disclosed."""

    ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Brought:
    """Rows that the index has of the documents that an earlier answer named; of those in `without`, none."""

    rows: Sequence[SealedRow]
    without: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Made:
    """Details opened of the rows that came, summaries made of them, by document; and what no row came of.

    `whole` are the versions of those whose summary is to be kept: every row that the vault sealed of them
    came, and it has no summary of the newest that opens.
    """

    details: Mapping[UUID, tuple[DocumentDetails, ...]] = field(repr=False)
    summaries: Mapping[UUID, DocumentSummary]
    in_part: tuple[UUID, ...] = ()
    """What would lack again: rows of these are still to be published."""
    whole: Mapping[UUID, int] = field(default_factory=dict)
    left_out: frozenset[UUID] = frozenset()

    @property
    def kept(self) -> dict[tuple[UUID, int], DocumentSummary]:
        return {
            (document_id, version): self.summaries[document_id] for document_id, version in self.whole.items()
        }


class _Needed(Exception):  # noqa: N818
    """Ends a transaction of which nothing is kept."""

    def __init__(self, answer: RowsNeeded, found: Attempt, made: Made) -> None:
        super().__init__()
        self.answer = answer
        self.found = found
        self.made = made


def with_rows(
    vault: Vault,
    asked: Question,
    brought: Brought,
    read: Callable[[VaultTransaction, Attempt, Made], A | RowsNeeded],
    told: Callable[[Transaction, Attempt, A], A],
    again: Callable[[Transaction], None],
) -> A | RowsNeeded | Denied:
    """`read` opens in a snapshot what may be seen, `told` writes its line. Where rows are needed there is
    none but that of an emergency's beginning, and `again` lets the same request come once more with them.
    """

    def opened(tx: VaultTransaction, found: Attempt) -> tuple[A | RowsNeeded, Made]:
        made = _made(tx, found, brought)
        return read(tx, found, made), made

    def finished(transaction: Transaction, found: Attempt, seen: tuple[A | RowsNeeded, Made]) -> A:
        answer, made = seen
        if isinstance(answer, RowsNeeded):
            transaction.again = None  # nothing is disclosed: no line but of an emergency that begins
            raise _Needed(answer, found, made)
        _keep(transaction, found, made)
        return told(transaction, found, answer)

    try:
        return carry_out(vault, asked, opened, finished)
    except _Needed as needed:
        with vault.transaction() as transaction:
            transaction.rows.get("record", lock=True, record_id=asked.record_id)
            _keep(transaction, needed.found, needed.made)
            begin_emergency(vault, transaction, needed.found)
            again(transaction)
        return needed.answer


def _made(tx: VaultTransaction, found: Attempt, brought: Brought) -> Made:
    """Of the documents whose rows came along, as far as they are those that the vault sealed.

    The index has a row a moment after the vault, from adoption to publication, and for long where its worker
    died between the two: until then a study that grows is shown as it was published, and nothing is kept.
    """
    named = {row.document_id for row in brought.rows} | {*brought.without}
    if not named:
        return Made({}, {})
    record_id = found.record.row["record_id"]
    documents = tx.find("document", record_id=record_id, document_id__in=sorted(named))
    ids = [row["document_id"] for row in documents]
    taken = genuine(tx, brought.rows, ids)
    came = Counter(row.document_id for row in taken)
    sealed = Counter(row["document_id"] for row in tx.find("document_row", document_id__in=ids))
    opened = open_rows(tx, found.record.key, taken)
    whole = {each for each in opened if came[each] == sealed[each]}
    fresh = open_summaries(tx, found.record.card, documents).keys()
    return Made(
        details=opened,
        summaries={document_id: summary_of(details) for document_id, details in opened.items()},
        in_part=tuple(sorted(opened.keys() - whole)),
        whole={
            row["document_id"]: row["row_version"] for row in documents if row["document_id"] in whole - fresh
        },
        left_out=frozenset(named - opened.keys()),
    )


def _keep(transaction: Transaction, found: Attempt, made: Made) -> None:
    replace_summaries(transaction.rows, found.record.card, made.kept)
