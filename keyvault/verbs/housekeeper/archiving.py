"""Archive authorisations and teams that ended: a version of the row with its event, listed no longer.

No right changes by it: what ended permits nothing, archived or not. Each record is one transaction under its
lock, of as many rows as one event names: any number of housekeepers may run, and a kill loses nothing.
"""

from dataclasses import replace
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.cards import OpenedCard
from keyvault.keys.choices import (
    LIVE,
    TOLD_AT_ONCE,
    keep_authorisations,
    keep_circle,
    open_authorisation,
    open_circle,
    told_together,
)
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs import jobs
from records.choices.authorisations import DAY
from records.errors import CoffreError
from records.vocabulary.codes import Action, RecordState

MOST_ARCHIVED = 1_000
TABLES = ("circle", "authorisation")


def archive_ended(vault: Vault) -> None:
    """Archive what ended before today; what can't be holds up nothing, and is raised at the end."""
    today, failed = vault.now_ms() // 1000 // DAY, None
    with vault.store.reading() as tx:
        records = dict.fromkeys(
            row["record_id"]
            for table in TABLES
            for row in tx.find(table, order="ends_on", limit=MOST_ARCHIVED, state=LIVE, ends_on__lt=today)
        )
    for record_id in records:
        try:
            with vault.transaction() as transaction:
                _archive(vault, transaction, record_id, today)
        except CoffreError as error:
            failed = error
    if failed is not None:
        raise failed


def _archive(vault: Vault, transaction: Transaction, record_id: UUID, today: int) -> None:
    row = transaction.rows.get("record", record_id=record_id)
    if row is None or row["state"] == RecordState.DESTROYED:
        return
    record = vault.open(transaction.rows, row, lock=True)
    told = {
        **_circles(transaction.rows, record.card, today),
        **_authorisations(transaction.rows, record.card, today),
    }
    if told:  # else another housekeeper did it, or a renewal
        event = jobs.maintained(vault, Action.ARCHIVE_CHOICES, record=record.row["public_id"], details=told)
        transaction.append(record.chain, event)


def _circles(tx: VaultTransaction, card: OpenedCard, today: int) -> dict[str, str]:
    where = {"record_id": card.record_id, "state": LIVE, "ends_on__lt": today}
    rows = tx.find("circle", order="circle_id", limit=TOLD_AT_ONCE, **where)
    kept = [keep_circle(tx, card, replace(open_circle(card, row), archived=True), row) for row in rows]
    return told_together(kept, "circle") if kept else {}


def _authorisations(tx: VaultTransaction, card: OpenedCard, today: int) -> dict[str, str]:
    where = {"record_id": card.record_id, "state": LIVE, "ends_on__lt": today}
    rows = tx.find("authorisation", order="person", limit=TOLD_AT_ONCE, **where)
    over = [replace(open_authorisation(card, row), archived=True) for row in rows]
    kept = keep_authorisations(tx, card, over, rows)
    return (
        {"professionals": " ".join(each.professional for each in over), **told_together(kept)} if kept else {}
    )
