"""The outbox of notices: each is queued in the transaction of its cause, and leaves later, once in effect."""

from keyvault.context import OpenedRecord, Transaction, Vault
from keyvault.keys.secret_keys import Use
from keyvault.store import new_id


def queue_notice(
    vault: Vault, transaction: Transaction, record: OpenedRecord, *, kind: str, recipient: str
) -> None:
    """Queue a notice about a record; it carries no health data.

    `recipient` is "patient" or "professional:" and an RPPS number.
    """
    notice_id = new_id()
    payload = {"kind": kind, "at": transaction.now, "record": str(record.row["public_id"]), "to": recipient}
    sealed = vault.keyring.accountability.seal(Use.NOTICE, payload, b"coffre-notice-v1\x00" + notice_id.bytes)
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
