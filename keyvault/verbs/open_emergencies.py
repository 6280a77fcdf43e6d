"""Emergency windows: what earlier ones mean for a call, the start of a new one with its notices, their end.

The rules are in `records/emergency.py`. A row names the actor and the reason by pseudonyms alone.
"""

from audit.canonical import canonical
from keyvault.context import Vault
from keyvault.opened_records import OpenedRecord
from keyvault.store import Row, VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.notice_outbox import HOLDER, PROFESSIONAL, queue_notice
from records.durations import DAY_MS
from records.emergency import EMERGENCIES, WINDOW_MS, changes_at, normal_reason, use_of
from records.notices import NoticeKind
from records.people.actors import Actor
from records.policy import AccessRequest, EmergencyUse, Permit
from records.vocabulary.codes import Obligation


def emergency_use(
    vault: Vault, tx: VaultTransaction, record: OpenedRecord, request: AccessRequest, now_ms: int
) -> EmergencyUse | None:
    """What the actor's windows of the last day on this record mean for the request; None: no emergency."""
    if request.purpose not in EMERGENCIES:
        return None
    return use_of(*_windows(vault, tx, record, request, now_ms), now_ms)


def use_changes_at(
    vault: Vault, tx: VaultTransaction, record: OpenedRecord, request: AccessRequest, now_ms: int
) -> int | None:
    """The instant (ms) at which that can change if no window is opened: the four hours' end; None: never."""
    if request.purpose not in EMERGENCIES:
        return None
    return changes_at(*_windows(vault, tx, record, request, now_ms), now_ms)


def _windows(
    vault: Vault, tx: VaultTransaction, record: OpenedRecord, request: AccessRequest, now_ms: int
) -> tuple[list[tuple[bytes, int]], bytes | None, bytes]:
    """The windows of the last day, the digest of the request's reason, and that of none."""
    today = tx.find(
        "emergency_window",
        record_id=record.row["record_id"],
        actor=_actor_key(vault, request.actor),
        purpose=request.purpose.value,
        opened_at__gt=now_ms - DAY_MS,
    )
    reason = _reason_hash(vault, request.reason) if normal_reason(request.reason) else None
    return [(row["reason_hash"], row["opened_at"]) for row in today], reason, _reason_hash(vault, None)


def open_window(
    vault: Vault, transaction: Transaction, record: OpenedRecord, request: AccessRequest, permit: Permit
) -> bool:
    """Start a window with its notices, unless one with the same reason is still open; whether one began."""
    if request.purpose not in EMERGENCIES:
        return False
    window = {
        "record_id": record.row["record_id"],
        "actor": _actor_key(vault, request.actor),
        "purpose": request.purpose.value,
        "reason_hash": _reason_hash(vault, request.reason),
    }
    if _is_open(transaction, window):
        return False
    transaction.rows.insert("emergency_window", {**window, "opened_at": transaction.now_ms})
    for recipient in _recipients(record, permit):
        kind = NoticeKind(request.purpose.value)
        queue_notice(transaction, record.card, kind=kind, recipient=recipient)
    return True


def forget_windows(tx: VaultTransaction, now_ms: int) -> None:
    """Drop the emergency windows that no decision looks at any more: a day ago and older."""
    tx.delete("emergency_window", opened_at__le=now_ms - DAY_MS)


def _is_open(transaction: Transaction, window: Row) -> bool:
    since = transaction.now_ms - WINDOW_MS
    return bool(transaction.rows.find("emergency_window", limit=1, opened_at__gt=since, **window))


def _recipients(record: OpenedRecord, permit: Permit) -> list[str]:
    """Whom the permit obliges to tell (L1111-17, R1111-48)."""
    recipients = [HOLDER] if Obligation.NOTIFY_PATIENT in permit.obligations else []
    card = record.card.card
    if Obligation.NOTIFY_ATTENDING in permit.obligations and card is not None:
        # the block of a named doctor holds for what is told too
        recipients += [f"{PROFESSIONAL}:{number}" for number in sorted(card.attending.keys() - card.blocks)]
    return recipients


def _actor_key(vault: Vault, actor: Actor) -> bytes:
    return vault.pseudonym(b"coffre-actor-v2", canonical(actor.person))


def _reason_hash(vault: Vault, reason: str | None) -> bytes:
    return vault.pseudonym(b"coffre-reason-v1", normal_reason(reason).encode())
