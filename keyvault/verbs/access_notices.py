"""Notices of accesses: every emergency, and each professional's first access (R57)."""

import hmac

from keyvault.context import Vault
from keyvault.crypto.envelope import ZEROS, derive
from keyvault.opened_records import OpenedRecord
from keyvault.transaction import Transaction
from keyvault.verbs.notice_outbox import queue_notice
from keyvault.verbs.open_emergencies import open_window
from records.emergency import EMERGENCIES
from records.notices import NoticeKind
from records.people.actors import Actor
from records.policy import AccessRequest, Permit
from records.rules.request import READS
from records.vocabulary.codes import Role


def tell_of_access(
    vault: Vault, transaction: Transaction, record: OpenedRecord, request: AccessRequest, permit: Permit
) -> None:
    """Queue what a permitted access obliges to tell, in the transaction that permits it."""
    open_window(vault, transaction, record, request, permit)
    if _is_ordinary_reading(request):
        _tell_of_first(transaction, record, request.actor)


def _is_ordinary_reading(request: AccessRequest) -> bool:
    """An emergency has notices of its own; who was let in by one alone is still new to the holder."""
    reads = request.actor.role is Role.PROFESSIONAL and request.action in READS
    return reads and request.purpose not in EMERGENCIES


def _tell_of_first(transaction: Transaction, record: OpenedRecord, actor: Actor) -> None:
    row = {"record_id": record.row["record_id"], "actor": _token(record, actor)}
    if transaction.rows.get("first_access", **row) is None:
        transaction.rows.insert("first_access", row)
        queue_notice(transaction, record.card, kind=NoticeKind.FIRST_ACCESS)


def _token(record: OpenedRecord, actor: Actor) -> bytes:
    """The person, under a key that goes with the record and that no rotation changes."""
    key = derive(record.card.key, ZEROS, b"coffre-first-access-key-v1\x00")
    return hmac.digest(key, b"coffre-first-access-v1\x00" + (actor.rpps or "").encode(), "sha256")
