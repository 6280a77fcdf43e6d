"""Notices of deposits: what somebody else deposited and the holder may see is told (R57)."""

from collections.abc import Collection
from uuid import UUID

from keyvault.keys.cards import open_facts
from keyvault.opened_records import OpenedRecord
from keyvault.transaction import Transaction
from keyvault.verbs.notice_outbox import queue_notice
from records.actors import Actor
from records.notices import NoticeKind
from records.policy import told_to_holder
from records.vocabulary.codes import Role


def tell_of_deposit(
    transaction: Transaction, record: OpenedRecord, actor: Actor, documents: Collection[UUID]
) -> None:
    """Queue the notice, in the transaction that adopts these documents, once their labels are kept."""
    if record.card.card is None or actor.role is Role.PATIENT:
        return
    record_id = record.key.record_id
    rows = transaction.rows.find("document", record_id=record_id, document_id__in=sorted({*documents}))
    facts = open_facts(record.card, rows).values()
    if told_to_holder(record.facts, facts, transaction.now):
        queue_notice(transaction, record.card, kind=NoticeKind.DEPOSIT, hourly=True)
