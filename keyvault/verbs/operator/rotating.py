"""Rotate keys when two operators ask for it; the log says so first (vault.md section 6)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys import rekeying
from keyvault.keys.rekeying import Moved
from keyvault.keys.states import RETIRING
from keyvault.store import VaultTransaction
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.operator.permission import Together
from records.errors import NotFound
from records.vocabulary.codes import ReasonCode


@dataclass(frozen=True, slots=True)
class ShardsBegun:
    """The number of shards, and of those that got a new version: all, or none where a rotation goes on."""

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
        together = Together.of(self._vault, calls, details)
        if denied := together.objection():
            return denied
        with self._vault.transaction() as transaction:
            together.permit(transaction)
        return None

    def begin_shards(self, calls: Sequence[Call]) -> ShardsBegun | Denied:
        """Give every shard a new version; then call `move_records` until no shard is left.

        Called again after an interruption, it lets that rotation go on.
        """
        vault = self._vault
        together = Together.of(vault, calls, {"rotation": "shards"})
        if denied := together.objection():
            return denied

        @contextmanager
        def logged() -> Iterator[VaultTransaction]:
            with vault.transaction() as transaction:
                together.permit(transaction)
                yield transaction.rows

        shards = range(vault.keyring.shard_count)
        begun = rekeying.begin_shards(vault.store, vault.keyring, shards, logged=logged)
        return ShardsBegun(len(shards), begun)

    def move_records(self, after: UUID | None = None) -> Moved:
        """One batch of the rotation of shards that two operators began; it wants no operator again."""
        return rekeying.move_records(self._vault.store, self._vault.keyring, after)

    def rotate_secrets(self, calls: Sequence[Call]) -> SecretsRotated | Denied:
        """Give accountability and the system's chains new keys; the former ones open what they sealed."""
        vault = self._vault
        together = Together.of(vault, calls, {"rotation": "secrets"})
        if denied := together.objection():
            return denied
        rows = vault.keyring.next_secrets()
        with vault.transaction() as transaction:
            vault.keyring.check_present(transaction.rows)
            together.permit(transaction)
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
        vault = self._vault
        together = Together.of(vault, calls, {"rotation": "record"})
        if denied := together.objection():
            return denied
        with vault.transaction() as transaction:
            row = vault.find_record(transaction.rows, record)
            together = together.about(vault.touched(row, record))
            if together.over_quota(transaction):
                return together.refuse(transaction, ReasonCode.QUOTA_EXCEEDED)
            if row is not None:
                together.permit(transaction, row["public_id"])
                version = rekeying.rotate_record_key(transaction.rows, vault.keyring, row["record_id"])
                return RecordRotated(row["public_id"], version)
            refused = together.refuse(transaction, ReasonCode.NO_SUCH_RECORD)
        if refused.is_of_quota:
            return refused
        raise NotFound("There is no such record.", code="no_such_record")  # once its line is kept
