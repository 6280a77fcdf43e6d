"""`take_notices` and `ack_notice`: messages to be sent, with their addresses, and what came of each.

Here alone an address is opened, for the notice that is leased with it; the kind of a notice never leaves.
"""

import secrets
from dataclasses import dataclass, field
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.cards import OpenedCard, open_card
from keyvault.keys.contacts import Code, open_contact, store_code
from keyvault.keys.record_keys import care_key
from keyvault.store import Row, VaultTransaction
from keyvault.verbs.notice_outbox import CONTACT, HOLDER, SealedNotice, open_notice
from records.errors import CoffreError
from records.notices import GIVEN_UP_MS, STATE_AFTER, Delivery, NoticeState, after_attempt, next_delay_ms
from records.people.contacts import ContactKind

NOTICE_LEASE_MS = 60_000
MOST_LEASED = 20

_CHANCES = 2**32


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to send once in effect: its text is the same whatever happened, but for a `code` to prove
    the address. `address`: None where nobody knows one. `is_late`: it has waited too long to help anybody.
    """

    notice_id: UUID
    recipient: str
    is_late: bool
    address: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)


class DeliveringVerbs:
    """For the messenger of the housekeeper; any number of them."""

    _vault: Vault

    def take_notices(self, worker: str, limit: int = MOST_LEASED) -> list[Notice]:
        """Lease queued notices for a minute, the oldest first."""
        now = self._vault.now_ms()
        with self._vault.store.writing() as tx:
            free = {"state": NoticeState.QUEUED.value, "lease_until__le": now}
            lease = {"worker": worker, "lease_until": now + NOTICE_LEASE_MS}
            rows = [
                row
                for row in tx.find("notice", order=("created_at", "notice_id"), limit=limit, **free)
                if tx.update("notice", lease, notice_id=row["notice_id"], **free)
            ]
            opened = [self._opened(tx, row) for row in rows]
        return [notice for notice in opened if notice is not None]

    def _opened(self, tx: VaultTransaction, row: Row) -> Notice | None:
        """None where the record does not open: that holds up no other's, and is tried again."""
        try:
            return self._notice(tx, row)
        except CoffreError:
            self._end(tx, row, Delivery.FAILED)
            return None

    def _notice(self, tx: VaultTransaction, row: Row) -> Notice:
        is_late = self._vault.now_ms() - row["created_at"] >= GIVEN_UP_MS
        card = self._card(tx, row["record_id"])
        if card is None:  # of a record that is no more nobody is told
            return Notice(row["notice_id"], row["recipient"], is_late)
        opened = open_notice(self._vault, card, row)
        code = self._new_code(tx, card) if row["recipient"] == CONTACT else None
        address = _address(tx, card, row, opened)
        return Notice(row["notice_id"], row["recipient"], is_late, address, code if address else None)

    def _card(self, tx: VaultTransaction, record_id: UUID) -> OpenedCard | None:
        record = tx.get("record", record_id=record_id)
        if record is None or record["card"] is None:
            return None
        return open_card(tx, record, care_key(tx, self._vault.keyring, record))

    def _new_code(self, tx: VaultTransaction, card: OpenedCard) -> str:
        """Drawn now, so that its ten minutes begin when it leaves, and kept as a hash alone: sent once more,
        it is another one.
        """
        text, code = Code.draw(self._vault.now_ms() // 1000)
        store_code(tx, card, ContactKind.EMAIL, code)
        return text

    def ack_notice(self, notice_id: UUID, worker: str, delivery: Delivery = Delivery.SENT) -> None:
        """What an attempt came to. What failed is leased again after a while, or is given up in the end.

        Who no longer has the lease can say that it was sent, and nothing else.
        """
        with self._vault.store.writing() as tx:
            row = tx.get("notice", lock=True, notice_id=notice_id, state=NoticeState.QUEUED.value)
            if row is None or (row["worker"] != worker and delivery is not Delivery.SENT):
                return
            self._end(tx, row, delivery)

    def _end(self, tx: VaultTransaction, row: Row, delivery: Delivery) -> None:
        """End the lease of a notice with what its attempt came to."""
        now, attempts = self._vault.now_ms(), row["attempts"] + 1
        ended = after_attempt(delivery, row["created_at"], now)
        wait = next_delay_ms(attempts, secrets.randbelow(_CHANCES) / _CHANCES)
        values = {
            "state": STATE_AFTER[ended].value,
            "outcome": ended.value,
            "attempts": attempts,
            "worker": None,
            "lease_until": now + wait if ended is Delivery.FAILED else 0,
        }
        tx.update("notice", values, notice_id=row["notice_id"], state=NoticeState.QUEUED.value)


def _address(tx: VaultTransaction, card: OpenedCard, row: Row, opened: SealedNotice) -> str | None:
    """Where it goes: an address that was proven, or to the one that is to be, its code."""
    if opened.address is not None:
        return opened.address
    if row["recipient"] not in (HOLDER, CONTACT):
        return None  # no contact of a professional is known
    contact = open_contact(tx, card, ContactKind.EMAIL)
    return contact.address if row["recipient"] == HOLDER else contact.pending
