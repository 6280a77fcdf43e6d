"""Rotations as two operators ask for them: each is on the log before it begins (vault.md section 3)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from keyvault.context import Change, Vault
from keyvault.log import Happening
from keyvault.rekeying import ShardRotated, Writing, rotate_record_key, rotate_shard
from keyvault.store import VaultTransaction
from keyvault.verbs.attempt import Call, Denied
from records.actors import Actor
from records.errors import Refused
from records.policy import AccessRequest, Deny, Facts, RecordFacts, decide
from records.vocabulary.codes import Action, Outcome, ReasonCode, RecordState

OPERATORS = 2


class RotatingVerbs:
    """For the command line, beside the vault's own store; `calls` come from two operators."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def announce_root(self, calls: Sequence[Call], former: str, present: str) -> Denied | None:
        """Put a rotation of the root on the log; `rotation.rotate_root` follows."""
        with self._vault.change() as change:
            return self._announce(change, calls, {"rotation": "root", "from": former, "to": present})

    def rotate_shards(
        self, calls: Sequence[Call], *, told: Callable[[ShardRotated], None] = lambda _: None
    ) -> Denied | None:
        """Give every shard a new key, one after the other; `told` hears of each."""
        vault = self._vault
        with vault.change() as change:
            denied = self._announce(change, calls, {"rotation": "shards"})
        if denied is not None:
            return denied
        for shard_id in range(vault.keyring.shard_count):
            logged = self._logged(calls, {"rotation": "shard", "shard": shard_id})
            told(rotate_shard(vault.store, vault.keyring, shard_id, logged=logged))
        return None

    def rotate_record(self, calls: Sequence[Call], record_id: UUID) -> int | Denied:
        """Give one record a new key; answers its version."""
        vault = self._vault
        with vault.change() as change:
            denied = self._announce(change, calls, {"rotation": "record"})
        if denied is not None:
            return denied
        logged = self._logged(calls, {"rotation": "record key"})
        return rotate_record_key(vault.store, vault.keyring, record_id, logged=logged)

    def _announce(self, change: Change, calls: Sequence[Call], details: dict[str, object]) -> Denied | None:
        actors = [self._vault.believe(call.token) for call in calls]
        if len({(actor.issuer, actor.subject) for actor in actors}) < OPERATORS:
            raise Refused("A rotation wants two operators: sign in the second.", code="two_operators")
        for call, actor in zip(calls, actors, strict=True):
            request = AccessRequest(actor, Action.ROOT, call.purpose, change.now, call.reason)
            decision = decide(request, Facts(RecordFacts(RecordState.ACTIVE, None)))
            if isinstance(decision, Deny):
                self._append(change, call, actor, Outcome.DENY, decision.reason, details)
                return Denied(decision.reason)
        for call, actor in zip(calls, actors, strict=True):
            self._append(change, call, actor, Outcome.PERMIT, ReasonCode.OPERATOR, details)
        return None

    def _logged(self, calls: Sequence[Call], details: dict[str, object]) -> Writing:
        """The transaction of a step that a restored vault must know of, with its line in the log."""
        vault, call = self._vault, calls[0]
        actor = vault.believe(call.token)

        @contextmanager
        def writing() -> Iterator[VaultTransaction]:
            with vault.change() as change:
                self._append(change, call, actor, Outcome.PERMIT, ReasonCode.OPERATOR, details)
                yield change.tx

        return writing

    def _append(
        self,
        change: Change,
        call: Call,
        actor: Actor,
        outcome: Outcome,
        reason: ReasonCode,
        details: dict[str, object],
    ) -> None:
        change.append(
            self._vault.system_chain,
            Happening(
                action=Action.ROOT,
                outcome=outcome,
                reason=reason,
                purpose=call.purpose,
                actor=actor,
                record=None,
                details=details,
            ),
        )
