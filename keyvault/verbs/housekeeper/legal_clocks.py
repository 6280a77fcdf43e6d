"""Clocks of the law: a document that nobody announced is told of on day 14, and then visible (R22).

Each clock is one transaction with its line and notice, under the lock of its record: any number of
housekeepers may run, a kill between two clocks loses nothing, and nothing is done twice.
"""

from keyvault.context import Vault
from keyvault.keys.cards import OpenedCard, open_facts
from keyvault.keys.clocks import RunningClock, end_clock, note_time, open_clock, set_clock
from keyvault.keys.document_facts import keep_labels
from keyvault.opened_records import OpenedRecord
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs import jobs
from keyvault.verbs.notice_outbox import queue_notice
from records.documents.announcing import Step, announced
from records.errors import CoffreError
from records.notices import NoticeKind
from records.vocabulary.codes import Action, DocumentState, Label, RecordState

MOST_CLOCKS = 1_000


def run_clocks(vault: Vault) -> None:
    """Carry out what is due; what can't be holds up nothing, and is raised at the end."""
    with vault.store.writing() as tx:
        now_ms, failed = note_time(tx, vault.now_ms()), None
    with vault.store.reading() as tx:
        due = tx.find("clock", order=("due_at", "clock_id"), limit=MOST_CLOCKS, due_at__le=now_ms)
    for row in due:
        try:
            _run(vault, row)
        except CoffreError as error:
            failed = error
    if failed is not None:
        raise failed


def _run(vault: Vault, row: Row) -> None:
    with vault.transaction() as transaction:
        named = transaction.rows.get("record", record_id=row["record_id"])
        if named is None or named["state"] == RecordState.DESTROYED:
            transaction.rows.delete("clock", clock_id=row["clock_id"], record_id=row["record_id"])
            return
        record = vault.open(transaction.rows, named, lock=True)
        present = transaction.rows.get("clock", clock_id=row["clock_id"])
        if present is None or present["due_at"] != row["due_at"]:
            return  # another housekeeper did it, or an announcement
        _carry_out(vault, transaction, record, open_clock(record.card, present))


def _carry_out(vault: Vault, transaction: Transaction, record: OpenedRecord, running: RunningClock) -> None:
    document = transaction.rows.get("document", document_id=running.clock.document)
    if document is None or not _waits(record.card, document):
        end_clock(transaction.rows, record.card, running.clock_id)
        return
    facts = open_facts(record.card, [document])[running.clock.document]
    if running.clock.step is Step.NOTICE:
        set_clock(transaction.rows, record.card, facts, Step.VISIBLE, running.clock_id)
        kind, details = NoticeKind.ANNOUNCEMENT_DUE, {"step": Step.NOTICE.value}
    else:
        end_clock(transaction.rows, record.card, running.clock_id)
        shown = announced(facts, None, transaction.now)
        kind, details = NoticeKind.DEPOSIT, {"step": Step.VISIBLE.value}
        details |= keep_labels(transaction.rows, record.card, document, shown)
    queue_notice(transaction, record.card, kind=kind)
    told = jobs.maintained(
        vault,
        Action.ANNOUNCE,
        record=record.row["public_id"],
        object_id=running.clock.document,
        details=details,
    )
    transaction.append(record.chain, told)


def _waits(card: OpenedCard, document: Row) -> bool:
    facts = open_facts(card, [document])[document["document_id"]]
    return Label.INVISIBLE_PATIENT in facts.labels and facts.state is not DocumentState.DELETED
