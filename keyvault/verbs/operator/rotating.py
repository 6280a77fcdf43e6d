"""Rotate keys when two operators ask for it; the log says so first (vault.md section 3)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from keyvault.context import Transaction, Vault
from keyvault.keys import rekeying
from keyvault.keys.keyring import RETIRING
from keyvault.keys.rekeying import Moved
from keyvault.log.appending import Event
from keyvault.quotas import Touch
from keyvault.store import VaultTransaction
from keyvault.verbs.attempt import Call, Denied
from records.actors import Actor
from records.errors import NotFound, Refused
from records.policy import AccessRequest, Deny, Facts, RecordFacts, decide
from records.vocabulary.codes import Action, Outcome, ReasonCode, RecordState

OPERATORS = 2
Callers = Sequence[tuple[Call, Actor]]
Details = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ShardsBegun:
    """How many shards there are, and how many got a new version: all, or none where a rotation goes on."""

    shards: int
    begun: int


@dataclass(frozen=True, slots=True)
class SecretsRotated:
    """The present version of each key that was rotated, by name."""

    versions: dict[str, int]


@dataclass(frozen=True, slots=True)
class RecordRotated:
    """A record's public id and its key's version."""

    public_id: UUID
    version: int


class RotatingVerbs:
    """For two operators together; `calls` are theirs. Part of the operator's door."""

    _vault: Vault

    def announce_root(self, calls: Sequence[Call], former: str, present: str) -> Denied | None:
        """Put a rotation of the root on the log; `rotation.rotate_root` follows, beside the store."""
        details = {"rotation": "root", "from": former, "to": present}
        callers = self._callers(calls)
        if denied := self._objection(callers, details):
            return denied
        with self._vault.transaction() as transaction:
            self._permit(transaction, callers, details)
        return None

    def begin_shards(self, calls: Sequence[Call]) -> ShardsBegun | Denied:
        """Give every shard a new version; then call `move_records` until no shard is left.

        Called again after an interruption, it lets that rotation go on.
        """
        vault, callers = self._vault, self._callers(calls)
        details = {"rotation": "shards"}
        if denied := self._objection(callers, details):
            return denied

        @contextmanager
        def logged() -> Iterator[VaultTransaction]:
            with vault.transaction() as transaction:
                self._permit(transaction, callers, details)
                yield transaction.rows

        shards = range(vault.keyring.shard_count)
        begun = rekeying.begin_shards(vault.store, vault.keyring, shards, logged=logged)
        return ShardsBegun(len(shards), begun)

    def move_records(self, after: UUID | None = None) -> Moved:
        """One batch of the rotation of shards that two operators began; it wants no operator again."""
        return rekeying.move_records(self._vault.store, self._vault.keyring, after)

    def rotate_secrets(self, calls: Sequence[Call]) -> SecretsRotated | Denied:
        """Give accountability and the system's chains new keys; the former ones open what they sealed."""
        vault, callers = self._vault, self._callers(calls)
        details = {"rotation": "secrets"}
        if denied := self._objection(callers, details):
            return denied
        rows = vault.keyring.next_secrets()
        with vault.transaction() as transaction:
            vault.keyring.check_present(transaction.rows)
            self._permit(transaction, callers, details)
            for row in rows:
                former = {"name": row["name"], "version__lt": row["version"]}
                transaction.rows.insert_new(
                    "secret", row
                )  # of two runs at once, the second finds the first's
                transaction.rows.update("secret", {"state": RETIRING}, **former)
        vault.keyring.refresh()
        vault.begin_system_chain()
        return SecretsRotated({str(row["name"]): int(row["version"]) for row in rows})

    def rotate_record(self, calls: Sequence[Call], record: str) -> RecordRotated | Denied:
        """Give the record that an INS or a public id names a new key. Raises `NotFound` "no_such_record"."""
        vault, callers = self._vault, self._callers(calls)
        details = {"rotation": "record"}
        if denied := self._objection(callers, details):
            return denied
        with vault.transaction() as transaction:
            row = vault.find_record(transaction.rows, record)
            touched = vault.touched(row, record)
            over = [transaction.over_quota(Touch(actor, touched)) for _, actor in callers]  # counted for both
            if any(over):
                return self._refuse(transaction, callers, ReasonCode.QUOTA_EXCEEDED, details)
            if row is None:
                self._refuse(transaction, callers, ReasonCode.NO_SUCH_RECORD, details)
            else:
                self._permit(transaction, callers, details, row["public_id"])
                version = rekeying.rotate_record_key(transaction.rows, vault.keyring, row["record_id"])
                return RecordRotated(row["public_id"], version)
        raise NotFound("There is no such record.", code="no_such_record")  # once its line is kept

    def _callers(self, calls: Sequence[Call]) -> Callers:
        """Raises `Refused` "two_operators" for fewer, or for the same person twice."""
        callers = [(call, self._vault.actor(call.token)) for call in calls]
        if (
            len(callers) != OPERATORS
            or len({(actor.issuer, actor.subject) for _, actor in callers}) < OPERATORS
        ):
            raise Refused("A rotation wants two different operators: name the second.", code="two_operators")
        return callers

    def _objection(self, callers: Callers, details: Details) -> Denied | None:
        for call, actor in callers:
            request = AccessRequest(
                actor, Action.ROOT, call.purpose, self._vault.now_ms() // 1000, call.reason
            )
            decision = decide(request, Facts(RecordFacts(RecordState.ACTIVE, None)))
            if isinstance(decision, Deny):
                with self._vault.transaction() as transaction:
                    return self._refuse(transaction, [(call, actor)], decision.reason, details)
        return None

    def _refuse(
        self, transaction: Transaction, callers: Callers, reason: ReasonCode, details: Details
    ) -> Denied:
        self._write(transaction, callers, Outcome.DENY, reason, details, None)
        return Denied(reason)

    def _permit(
        self, transaction: Transaction, callers: Callers, details: Details, record: UUID | None = None
    ) -> None:
        self._write(transaction, callers, Outcome.PERMIT, ReasonCode.OPERATOR, details, record)

    def _write(
        self,
        transaction: Transaction,
        callers: Callers,
        outcome: Outcome,
        reason: ReasonCode,
        details: Details,
        record: UUID | None,
    ) -> None:
        for call, actor in callers:
            event = Event(
                action=Action.ROOT,
                outcome=outcome,
                reason=reason,
                purpose=call.purpose,
                actor=actor,
                record=record,
                details=details,
            )
            transaction.append(self._vault.system_chain, event)
