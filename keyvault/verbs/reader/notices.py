"""Notices that wait for the holder: queued with their cause, shown until acknowledged (R57).

No message is sent yet. The holder sees these on the next visit, and that is all that may be said of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from keyvault.context import Vault
from keyvault.store import VaultTransaction
from keyvault.verbs.attempt import Call, Denied, attempt
from keyvault.verbs.caller import caller
from keyvault.verbs.notice_outbox import open_notice
from records.vocabulary.codes import Action

HOLDER = "patient"
READ = "read"
UNREAD = ("queued", "sent")  # a message that left says nothing of whether it was read
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class OwnNotice:
    """One notice for the holder: what kind of access there was, and when (unix seconds). No health data."""

    notice_id: UUID
    kind: str
    at: int


def unread(vault: Vault, tx: VaultTransaction, record_id: UUID) -> tuple[OwnNotice, ...]:
    """The holder's notices that were not acknowledged, newest first."""
    rows = tx.find(
        "notice",
        order=("-created_at", "-notice_id"),
        limit=MOST_SHOWN,
        record_id=record_id,
        recipient=HOLDER,
        state__in=UNREAD,
    )
    opened = ((row, open_notice(vault, row).payload) for row in rows)
    return tuple(OwnNotice(row["notice_id"], row["kind"], payload["at"]) for row, payload in opened)


class NoticingVerbs:
    """`acknowledge`, for the reader process on behalf of the holder."""

    _vault: Vault

    def acknowledge(self, call: Call, record_id: UUID, notices: Sequence[UUID]) -> int | Denied:
        """The holder has read these: they are shown no more, and no message need be sent of them.

        Answers how many there were; another record's, unknown and read ones are none. Doing it twice is the
        same as once.
        """
        actor = caller(self._vault, call, "acknowledge", record_id=record_id, notices=notices)
        with self._vault.transaction() as transaction:
            found = attempt(self._vault, transaction, call, actor, Action.ACKNOWLEDGE, record_id=record_id)
            if isinstance(found, Denied):
                return found
            read = transaction.rows.update(
                "notice",
                {"state": READ, "worker": None},
                notice_id__in=sorted(set(notices)),
                record_id=record_id,
                recipient=HOLDER,
                state__in=UNREAD,
            )
            transaction.append(found.record.chain, found.event(details={"notices": read}))
            return read
