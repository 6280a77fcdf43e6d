"""Append to the log: entry, sealed event and accountability lines, in the caller's transaction.

The first of the four steps of the log: what is decided and what is written about it commit together,
before any key leaves. Positions in the tree come later, from the sequencer.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from audit.audit_event import audit_event
from audit.canonical import canonical
from audit.events import (
    Entry,
    EntryField,
    EventPayload,
    actor_token,
    detail_hash,
    event_payload,
    leaf_hash,
    line_hash,
    read_payload,
)
from keyvault.crypto.envelope import KeyUse
from keyvault.crypto.sealed_json import event_aad, open_json, seal_json
from keyvault.keys.keyring import Keyring
from keyvault.keys.record_keys import RecordKey, open_newest_key
from keyvault.keys.secret_keys import Use, use_key
from keyvault.log.accountability import own_token, seal_lines
from keyvault.store import Row, VaultTransaction
from records.people.actors import Actor
from records.vocabulary.codes import Action, Outcome, PurposeOfUse, ReasonCode

SYSTEM, ORDINARY = 0, 1


@dataclass(frozen=True, slots=True)
class Chain:
    """The chain that an event goes to: a record's chain 1 or 2, or chain 0 of this vault process."""

    chain_id: UUID
    number: int
    key: bytes = field(repr=False)
    key_version: int

    @property
    def event_key(self) -> bytes:
        return use_key(self.key, self.key_version, Use.EVENT)

    @property
    def pseudonym_key(self) -> bytes:
        return use_key(self.key, self.key_version, Use.PSEUDONYM)

    def open_event(self, row: Row) -> EventPayload:
        """The event of a row of `event`. Raises `KeyvaultError`, or `Invalid` "bad_event"."""
        aad = event_aad(self.chain_id, self.number, row["seq"])
        return read_payload(open_json(self.event_key, row["sealed"], aad))


def record_chain(tx: VaultTransaction, record_key: RecordKey, number: int) -> Chain:
    """A record's chain: `ORDINARY`, or 2 of a secret access."""
    use = KeyUse.CHAIN_1 if number == ORDINARY else KeyUse.CHAIN_2
    version, key = open_newest_key(tx, record_key, use, record_key.record_id)
    return Chain(record_key.record_id, number, key, version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event before it is split into entry, event and accountability lines."""

    action: Action
    outcome: Outcome
    reason: ReasonCode
    purpose: PurposeOfUse
    actor: Actor | None
    record: UUID | None  # public id
    object_id: str | None = None
    commitment: bytes | None = None
    grant: UUID | None = None
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)
    about: bytes = field(default=b"", repr=False)  # what was asked for where no record is: not written

    @classmethod
    def of(
        cls,
        action: Action,
        purpose: PurposeOfUse,
        actor: Actor | None,
        *,
        refused: ReasonCode | None = None,
        permitted: ReasonCode = ReasonCode.OPERATOR,
        record: UUID | None = None,
        object_id: UUID | None = None,
        **more: Any,
    ) -> Self:
        """What was refused for the reason `refused`, else permitted for the reason `permitted`."""
        return cls(
            action=action,
            outcome=Outcome.DENY if refused else Outcome.PERMIT,
            reason=refused or permitted,
            purpose=purpose,
            actor=actor,
            record=record,
            object_id=str(object_id) if object_id else None,
            **more,
        )


@dataclass(frozen=True, slots=True)
class Appended:
    """The new entry: its leaf hash, and the pseudonym that stands for its actor."""

    leaf: bytes
    actor: bytes | None


def append(
    tx: VaultTransaction,
    keyring: Keyring,
    officer_public: bytes,
    chain: Chain,
    event: Event,
    now_ms: int,
) -> Appended:
    """Write one entry with its event and accountability lines."""
    seq, prev = _next_in_chain(tx, chain)
    body = _event_body(event, now_ms)
    salt = secrets.token_bytes(32)
    actor, place = own_token(keyring, event.actor), (chain.chain_id, chain.number, seq)
    own, officer = seal_lines(keyring, officer_public, place, actor, _line(event, now_ms))
    entry = _entry(chain, seq, event, now_ms, detail_hash(salt, body), line_hash(own, officer))
    data = entry.to_bytes()
    leaf = leaf_hash(data)
    sealed = seal_json(chain.event_key, event_payload(seq, prev, salt, body), event_aad(*place))
    tx.update("chain", {"seq": seq, "head": leaf}, chain_id=chain.chain_id, chain=chain.number)
    tx.insert("entry", {"leaf_hash": leaf, "entry": data})
    tx.insert("pending", {"leaf_hash": leaf})
    tx.insert(
        "event",
        {
            "chain_id": chain.chain_id,
            "chain": chain.number,
            "seq": seq,
            "leaf_hash": leaf,
            "sealed": sealed,
        },
    )
    tx.insert(
        "accountability", {"leaf_hash": leaf, "actor": actor, "at": now_ms, "own": own, "officer": officer}
    )
    return Appended(leaf, entry.actor)


def _next_in_chain(tx: VaultTransaction, chain: Chain) -> tuple[int, bytes]:
    row = tx.get("chain", lock=True, chain_id=chain.chain_id, chain=chain.number)
    if row is None:
        start = {
            "chain_id": chain.chain_id,
            "chain": chain.number,
            "seq": 0,
            "head": bytes(32),
            "key_version": chain.key_version,
        }
        # two processes may begin the same chain at once: the loser of the insert waits here for the lock
        tx.insert_new("chain", start)
        row = tx.get("chain", lock=True, chain_id=chain.chain_id, chain=chain.number)
    assert row is not None
    return row["seq"] + 1, row["head"]


def _event_body(event: Event, now_ms: int) -> dict[str, Any]:
    return audit_event(
        time_ms=now_ms,
        action=event.action,
        outcome=event.outcome,
        reason=event.reason,
        purpose=event.purpose,
        actor=event.actor.display() if event.actor else None,
        record=str(event.record) if event.record else None,
        object_id=event.object_id,
        details=event.details,
    )


def _entry(chain: Chain, seq: int, event: Event, now_ms: int, details: bytes, lines: bytes) -> Entry:
    def pseudonym(member: EntryField, value: str | None) -> bytes | None:
        return actor_token(chain.pseudonym_key, member, chain.chain_id, seq, value) if value else None

    actor = canonical(event.actor.person).decode() if event.actor else None
    return Entry(
        time=now_ms,
        action=event.action,
        outcome=event.outcome,
        reason=event.reason,
        purpose=event.purpose,
        actor=pseudonym(EntryField.ACTOR, actor),
        record=pseudonym(EntryField.RECORD, str(event.record) if event.record else None),
        object=event.object_id,
        commitment=event.commitment,
        grant=event.grant,
        line_hash=lines,
        detail_hash=details,
    )


def _line(event: Event, now_ms: int) -> dict[str, Any]:
    return {
        "structure": event.actor.structure if event.actor else None,
        "time": now_ms,
        "action": event.action.value,
        "public_id": str(event.record) if event.record else None,
    }
