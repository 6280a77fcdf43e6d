"""The outbox of notices: each is queued in the transaction of its cause, and leaves later, once in effect."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.secret_keys import Use
from keyvault.opened_records import OpenedRecord
from keyvault.store import Row, new_id
from keyvault.transaction import Transaction


@dataclass(frozen=True, slots=True)
class SealedNotice:
    """A notice's payload, opened: `recipient` is `patient` or `professional:` with a national number."""

    recipient: str = field(repr=False)
    payload: dict[str, Any] = field(repr=False)


def queue_notice(
    vault: Vault, transaction: Transaction, record: OpenedRecord, *, kind: str, recipient: str
) -> None:
    """Queue a notice about a record; it carries no health data.

    `recipient` is "patient" or "professional:" and an RPPS number.
    """
    notice_id = new_id()
    payload = {"kind": kind, "at": transaction.now, "record": str(record.row["public_id"]), "to": recipient}
    sealed = vault.keyring.accountability.seal(Use.NOTICE, payload, _aad(notice_id))
    transaction.rows.insert(
        "notice",
        {
            "notice_id": notice_id,
            "record_id": record.row["record_id"],
            "kind": kind,
            "recipient": recipient.partition(":")[0],  # in clear only what tells nobody's number
            "payload": sealed,
            "state": "queued",
            "worker": None,
            "lease_until": 0,
            "created_at": transaction.now_ms,
        },
    )


def open_notice(vault: Vault, row: Row) -> SealedNotice:
    payload = vault.keyring.accountability.open(Use.NOTICE, row["payload"], _aad(row["notice_id"]))
    return SealedNotice(payload.pop("to"), payload)


def _aad(notice_id: UUID) -> bytes:
    return b"coffre-notice-v1\x00" + notice_id.bytes
