"""Log refusals that repeat: the first of an hour has its line at once, all others one line together, with
their number (R54; docs/adr/0013-repeated-refusals.md).

The count is a row of the vault's store. It is written in the transaction of the refusal, and so survives
whatever the log's entries survive. The line of an hour is written by the next refusal of the same kind or by
the housekeeper, whichever comes first.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from audit.audit_event import REPEATED
from audit.canonical import canonical
from keyvault.keys.keyring import Keyring
from keyvault.keys.secret_keys import Use
from keyvault.log.appending import SYSTEM, Chain, Event
from keyvault.store import Row, VaultTransaction
from records.durations import HOUR_MS
from records.emergency import EMERGENCIES
from records.people.actors_json import actor_from_json, actor_to_json
from records.vocabulary.codes import Action, PurposeOfUse, ReasonCode

FIRST, LAST = "first", "last"
"""Beside `REPEATED` in a closing line: when the first and the last of its refusals came."""

_ALONE = 1
"""Refusals of one kind that have a line of their own in an hour."""

Pseudonym = Callable[[bytes, bytes], bytes]
Append = Callable[[Chain, Event], object]


@dataclass(frozen=True, slots=True)
class Refusals:
    """The counting of one transaction. `append` writes a line, `chain_of` opens a chain or answers None."""

    tx: VaultTransaction
    keyring: Keyring = field(repr=False)
    pseudonym: Pseudonym = field(repr=False)
    append: Append
    chain_of: Callable[[UUID, int], Chain | None]
    now_ms: int

    def tell(self, chain: Chain, refused: Event, times: int = 1) -> None:
        """Give a refusal its line, or count it for the line of its hour."""
        if _has_its_own(refused):
            self.append(chain, refused)
            return
        key = self._key(chain, refused)
        row = self._current(key, chain, refused)
        alone = row["alone"] < _ALONE
        if alone:
            self.append(chain, refused)
        counted = times - alone
        values = {"alone": row["alone"] + alone, "counted": row["counted"] + counted}
        if counted:
            values |= {"first_at": row["first_at"] or self.now_ms, "last_at": self.now_ms}
        self.tx.update("refusal", values, refusal=key)

    def close(self, key: bytes) -> None:
        """Write the line of an hour that is over, if refusals were counted for it, and forget the count."""
        row = self.tx.get("refusal", lock=True, refusal=key)
        if row is None or row["hour"] >= self.now_ms // HOUR_MS:
            return  # another process was quicker
        self.tx.delete("refusal", refusal=key)
        chain = self.chain_of(row["chain_id"], row["chain"]) if row["counted"] else None
        if chain is not None:
            self.append(chain, self._closing(row))

    def _current(self, key: bytes, chain: Chain, refused: Event) -> Row:
        """The row of this hour, locked; that of an hour which is over has its line first."""
        hour = self.now_ms // HOUR_MS
        row = self.tx.get("refusal", lock=True, refusal=key)
        if row is not None and row["hour"] < hour:
            self.close(key)
            row = None
        if row is None:
            everywhere = refused.reason is ReasonCode.QUOTA_EXCEEDED  # of many records: told of none
            told = replace(refused, record=None) if everywhere else refused
            sealed = self.keyring.accountability.seal(Use.REFUSAL, _to_json(told), _aad(key))
            number = SYSTEM if everywhere else chain.number
            new = {"refusal": key, "chain_id": chain.chain_id, "chain": number, "hour": hour}
            none = {"alone": 0, "counted": 0, "first_at": 0, "last_at": 0}
            # two processes may begin the same hour at once: the loser of the insert waits here for the lock
            self.tx.insert_new("refusal", {**new, **none, "sealed": sealed})
            row = self.tx.get("refusal", lock=True, refusal=key)
        assert row is not None
        return row

    def _key(self, chain: Chain, refused: Event) -> bytes:
        """One for each person, record, action, purpose and reason; one for all who aren't accepted.

        A name that no record has is told apart like a record: otherwise what a refusal costs would tell which
        names have one. Beyond a quota nothing is told apart, or each new name would have a line again.
        """
        place: list[Any] = [str(chain.chain_id), chain.number]
        if chain.number == SYSTEM:
            place = [refused.about.hex()] if refused.about else []
        if refused.reason is ReasonCode.QUOTA_EXCEEDED:
            place = []
        actor = refused.actor.person if refused.actor else []
        kind = [refused.action.value, refused.purpose.value, refused.reason.value]
        return self.pseudonym(b"coffre-refusal-v1", canonical([place, actor, kind]))

    def _closing(self, row: Row) -> Event:
        told = self.keyring.accountability.open(Use.REFUSAL, row["sealed"], _aad(row["refusal"]))
        counted = {
            REPEATED: row["counted"],
            FIRST: _instant(row["first_at"]),
            LAST: _instant(row["last_at"]),
        }
        return Event.of(
            Action(told["action"]),
            PurposeOfUse(told["purpose"]),
            actor_from_json(told["actor"]) if told["actor"] else None,
            refused=ReasonCode(told["reason"]),
            record=UUID(told["record"]) if told["record"] else None,
            details=counted,
        )


class Together:
    """Counts calls that come at once by one write: none returns before what it counted is written."""

    def __init__(self, write: Callable[[int], None]) -> None:
        self._write = write
        self._adding, self._writing = threading.Lock(), threading.Lock()
        self._waiting = 0

    def count(self) -> None:
        with self._adding:
            self._waiting += 1
        with self._writing:  # whoever waits here is counted by the one before, or counts for all that wait
            with self._adding:
                taken, self._waiting = self._waiting, 0
            try:
                if taken:
                    self._write(taken)
            except BaseException:
                with self._adding:
                    self._waiting += taken
                raise


def _has_its_own(refused: Event) -> bool:
    """An emergency that the policy refused to somebody who is known; a quota bounds how many there can be."""
    verified = refused.actor is not None and refused.reason is not ReasonCode.QUOTA_EXCEEDED
    return verified and refused.purpose in EMERGENCIES


def _to_json(refused: Event) -> dict[str, Any]:
    return {
        "action": refused.action.value,
        "reason": refused.reason.value,
        "purpose": refused.purpose.value,
        "actor": actor_to_json(refused.actor) if refused.actor else None,
        "record": str(refused.record) if refused.record else None,
    }


def _aad(key: bytes) -> bytes:
    return b"coffre-refusal-v1\x00" + key


def _instant(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
