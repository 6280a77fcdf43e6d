"""One transaction of the vault: what a verb changes, counts and writes in the log commits together."""

from collections.abc import Callable
from uuid import UUID

from keyvault.keys.record_keys import care_key
from keyvault.log.appending import SYSTEM, Appended, Chain, Event, append, record_chain
from keyvault.log.refusals import Refusals
from keyvault.quotas import (
    Touch,
    deposited_too_much,
    exceeded,
    first_this_hour,
    refused_too_often,
    structure_exceeded,
)
from keyvault.restore.replay import RecordingTransaction
from keyvault.store import VaultTransaction
from keyvault.vault_keys import VaultKeys
from records.people.actors import Actor
from records.vocabulary.codes import Outcome


class Transaction:
    """One transaction of the vault: rows, entries and the replay row commit together."""

    def __init__(self, vault: VaultKeys, tx: VaultTransaction) -> None:
        self._vault = vault
        self._recording = RecordingTransaction(tx)
        self._leaf: bytes | None = None
        self.now_ms = vault.now_ms()
        # notices that this transaction has queued: of several deposits one tells
        self.queued: set[UUID] = set()
        # writes down what was permitted, and failed
        self.again: Callable[[Transaction, str], None] | None = None

    @property
    def rows(self) -> VaultTransaction:
        return self._recording

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self.now_ms // 1000

    def append(self, chain: Chain, event: Event) -> Appended | None:
        """Write a line; None where a refusal that repeats is counted instead (`keyvault/log/refusals.py`)."""
        if event.outcome is Outcome.DENY:
            self.refusals.tell(chain, event)
            return None
        return self._append(chain, event)

    @property
    def refusals(self) -> Refusals:
        vault = self._vault
        return Refusals(
            self._recording, vault.keyring, vault.pseudonym, self._append, self._chain_of, self.now_ms
        )

    def _chain_of(self, chain_id: UUID, number: int) -> Chain | None:
        """The chain on which a count ends: a record's own, or chain 0 of this process; None: it's gone."""
        if number == SYSTEM:
            return self._vault.system_chain
        row = self.rows.get("record", record_id=chain_id)
        if row is None:
            return None
        return record_chain(self.rows, care_key(self.rows, self._vault.keyring, row), number)

    def _append(self, chain: Chain, event: Event) -> Appended:
        vault = self._vault
        appended = append(
            self._recording, vault.keyring, vault.settings.officer_public, chain, event, self.now_ms
        )
        self._leaf = appended.leaf
        return appended

    def over_quota(self, *touches: Touch) -> bool:
        """Count what one person touches; True where the person's limit is passed."""
        vault = self._vault
        return exceeded(self._recording, vault.settings.quotas, vault.pseudonym, touches, self.now_ms)

    def structure_over_quota(self, touch: Touch) -> bool:
        """Count a touch for the structure before it is permitted; True, and not counted, without room."""
        vault = self._vault
        return structure_exceeded(self._recording, vault.settings.quotas, vault.pseudonym, touch, self.now_ms)

    def refused_too_often(self, touch: Touch) -> bool:
        """Count a refused call; True beyond the person's limit, or the person's on this record."""
        vault = self._vault
        return refused_too_often(self._recording, vault.settings.quotas, vault.pseudonym, touch, self.now_ms)

    def deposited_too_much(self, actor: Actor, size: int) -> bool:
        vault = self._vault
        return deposited_too_much(
            self._recording, vault.settings.quotas, vault.pseudonym, actor, size, self.now_ms
        )

    def first_this_hour(self, label: bytes, subject: bytes, what: bytes) -> bool:
        """Whether `what` happens to `subject` for the first time in this clock hour; it is remembered."""
        pseudonym = self._vault.pseudonym
        return first_this_hour(
            self._recording, pseudonym(label, subject), pseudonym(label, what), self.now_ms
        )

    def keep_replay(self) -> None:
        if self._leaf is not None:
            self._recording.keep(self._leaf, self.now_ms)
