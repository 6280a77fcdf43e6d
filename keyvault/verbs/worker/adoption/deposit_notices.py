"""Notices of deposits: what somebody else deposited and the holder may see is told (R57)."""

from collections.abc import Collection

from keyvault.opened_records import OpenedRecord
from keyvault.transaction import Transaction
from keyvault.verbs.notice_outbox import queue_notice
from records.documents.facts import DocumentFacts
from records.notices import NoticeKind
from records.people.actors import Actor
from records.policy import told_to_holder
from records.vocabulary.codes import Role


def tell_of_deposit(
    transaction: Transaction, record: OpenedRecord, actor: Actor, documents: Collection[DocumentFacts]
) -> None:
    """Queue the notice, in the transaction that adopts these documents; their facts are as it leaves them."""
    if record.card.card is None or actor.role is Role.PATIENT:
        return
    if told_to_holder(record.facts, documents, transaction.now):
        queue_notice(transaction, record.card, kind=NoticeKind.DEPOSIT, hourly=True)
