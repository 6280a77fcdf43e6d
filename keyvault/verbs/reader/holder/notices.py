"""Notices that wait for the holder: queued with their cause, shown until acknowledged (R57)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.cards import OpenedCard
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, attempt
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.notice_outbox import HOLDER, open_notice
from keyvault.verbs.reader.lists.snapshot import Question, carry_out
from records.notices import UNREAD, NoticeState
from records.vocabulary.codes import Action

MOST_SHOWN = 100
_UNREAD = sorted(state.value for state in UNREAD)


@dataclass(frozen=True, slots=True)
class OwnNotice:
    """One notice for the holder: what kind of thing happened, when (unix seconds), and what became of the
    message about it. No health data.
    """

    notice_id: UUID
    kind: str
    at: int
    state: NoticeState = NoticeState.QUEUED


@dataclass(frozen=True, slots=True)
class OwnNotices:
    """The holder's notices that were not acknowledged, newest first."""

    notices: tuple[OwnNotice, ...]


def unread(vault: Vault, tx: VaultTransaction, card: OpenedCard) -> tuple[OwnNotice, ...]:
    """The holder's notices that were not acknowledged, newest first."""
    rows = tx.find(
        "notice",
        order=("-created_at", "-notice_id"),
        limit=MOST_SHOWN,
        record_id=card.record_id,
        recipient=HOLDER,
        state__in=_UNREAD,
    )
    opened = ((row, open_notice(vault, card, row)) for row in rows)
    return tuple(
        OwnNotice(row["notice_id"], each.kind, each.at, NoticeState(row["state"])) for row, each in opened
    )


class NoticingVerbs:
    """`notices` and `acknowledge`, for the reader process on behalf of the holder."""

    _vault: Vault

    def notices(self, call: Call, record_id: UUID) -> OwnNotices | Denied:
        """What was not acknowledged yet. Decided and logged; for the holder alone."""
        actor = caller(self._vault, call, "notices", record_id=record_id)

        def read(tx: VaultTransaction, found: Attempt) -> OwnNotices:
            return OwnNotices(unread(self._vault, tx, found.record.card))

        def told(transaction: Transaction, found: Attempt, answer: OwnNotices) -> OwnNotices:
            transaction.append(found.record.chain, found.event())
            return answer

        return carry_out(self._vault, Question(call, actor, Action.READ_NOTICES, record_id), read, told)

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
                {"state": NoticeState.READ.value, "worker": None},
                notice_id__in=sorted(set(notices)),
                record_id=record_id,
                recipient=HOLDER,
                state__in=_UNREAD,
            )
            transaction.append(found.record.chain, found.event(details={"notices": read}))
            return read
