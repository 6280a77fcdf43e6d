"""The outbox of notices: each is queued in the transaction of its cause, and leaves later, once in effect.

A notice is sealed under the card key of its record, all to one length: neither its kind nor whom it is for
can be told from the table.
"""

import hmac
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from audit.canonical import canonical
from keyvault.context import Vault
from keyvault.crypto.envelope import ZEROS, KeyvaultError, derive
from keyvault.crypto.sealed_json import notice_aad, open_json, seal_json
from keyvault.keys.cards import OpenedCard
from keyvault.keys.secret_keys import Use
from keyvault.store import Row, new_id
from keyvault.transaction import Transaction
from records.notices import TOLD_ONCE_MS, NoticeKind, NoticeState

HOLDER, PROFESSIONAL, CONTACT = "patient", "professional", "contact"
"""Whom a notice is for, as its row says it: the holder, a professional, an address that is to be proven."""

_LENGTH = 448  # bytes of JSON: the longest address is 254


@dataclass(frozen=True, slots=True)
class SealedNotice:
    """A notice, opened. `recipient` is "patient", "contact" or "professional:" with a national number.

    `at`: unix seconds. `address`: the only one it goes to, where it is not that of the recipient's contact.
    """

    kind: str
    at: int
    recipient: str = field(repr=False)
    address: str | None = field(default=None, repr=False)


def queue_notice(
    transaction: Transaction,
    card: OpenedCard,
    *,
    kind: NoticeKind,
    recipient: str = HOLDER,
    address: str | None = None,
    hourly: bool = False,
) -> None:
    """Queue a notice about the record of `card`; it carries no health data.

    `hourly`: what happens again within the hour is told by the notice that is queued already.
    """
    notice_id = hourly_id(card, transaction.now_ms, kind, recipient) if hourly else new_id()
    if notice_id in transaction.queued:
        return
    transaction.queued.add(notice_id)
    payload = {"kind": kind.value, "at": transaction.now, "to": recipient, "address": address}
    row = {
        "notice_id": notice_id,
        "record_id": card.record_id,
        "recipient": recipient.partition(":")[0],  # in clear only what tells nobody's number
        "payload": seal_json(card.key, _padded(payload), notice_aad(card.record_id, notice_id)),
        "state": NoticeState.QUEUED.value,
        "worker": None,
        "lease_until": 0,
        "created_at": transaction.now_ms,
        "attempts": 0,
        "outcome": None,
    }
    if hourly:
        transaction.rows.insert_new("notice", row)
    else:
        transaction.rows.insert("notice", row)


def open_notice(vault: Vault, card: OpenedCard, row: Row) -> SealedNotice:
    """Raises `KeyvaultError` "unseal_failed"."""
    found = _opened(vault, card, row)
    return SealedNotice(found["kind"], found["at"], found["to"], found.get("address"))


def _opened(vault: Vault, card: OpenedCard, row: Row) -> dict[str, Any]:
    try:
        return open_json(card.key, row["payload"], notice_aad(card.record_id, row["notice_id"]))
    except KeyvaultError:  # of 0.1.0, under a key of the installation
        aad = b"coffre-notice-v1\x00" + row["notice_id"].bytes
        return vault.keyring.accountability.open(Use.NOTICE, row["payload"], aad)


def _padded(payload: dict[str, Any]) -> dict[str, Any]:
    """By its length a kind could be told from the others."""
    unpadded = len(canonical(payload | {"pad": ""}))
    return payload | {"pad": " " * (_LENGTH - unpadded)}


def hourly_id(card: OpenedCard, now_ms: int, kind: NoticeKind, recipient: str) -> UUID:
    """One id for each kind, recipient and hour; without the card key it says nothing of them."""
    hour = now_ms // TOLD_ONCE_MS
    key = derive(card.key, ZEROS, b"coffre-notice-id-key-v1\x00")
    return UUID(bytes=hmac.digest(key, f"{hour} {kind} {recipient}".encode(), "sha256")[:16])
