"""Grants as the vault keeps them until they expire, sealed: the holder of each, and the blobs it opens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.secret_keys import Use
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt
from records.actors import Actor
from records.actors_json import actor_from_json, actor_to_json


@dataclass(frozen=True, slots=True)
class KeptGrant:
    """What is needed to decide again on a grant: its holder, the reason given, its blobs with versions."""

    actor: Actor
    reason: str | None = field(repr=False)
    blobs: tuple[tuple[UUID, int], ...]

    def to_json(self) -> dict[str, Any]:
        blobs = [[str(blob_id), version] for blob_id, version in self.blobs]
        return {"actor": actor_to_json(self.actor), "reason": self.reason, "blobs": blobs}

    @classmethod
    def of_json(cls, members: Mapping[str, Any]) -> Self:
        blobs = tuple((UUID(blob_id), version) for blob_id, version in members["blobs"])
        return cls(actor_from_json(members["actor"]), members["reason"], blobs)


def keep_grant(
    vault: Vault,
    transaction: Transaction,
    found: Attempt,
    grant_id: UUID,
    expires: int,
    objects: Sequence[tuple[UUID, int]],
) -> None:
    """Keep what is needed to decide again. `expires` is unix seconds, `objects` blobs with versions."""
    kept = KeptGrant(found.actor, found.call.reason, tuple(objects))
    row = {
        "grant_id": grant_id,
        "record_id": found.record.row["record_id"],
        "purpose": found.call.purpose.value,
        "expires": expires,
        "sealed": vault.keyring.system_chain.seal(Use.GRANT, kept.to_json(), _aad(grant_id)),
    }
    transaction.rows.insert("grant", row)


def open_grant(vault: Vault, grant: Row | None) -> KeptGrant | None:
    """What was kept of a grant that has not expired."""
    if grant is None or grant["expires"] <= vault.now_ms() // 1000:
        return None
    members = vault.keyring.system_chain.open(Use.GRANT, grant["sealed"], _aad(grant["grant_id"]))
    return KeptGrant.of_json(members)


def _aad(grant_id: UUID) -> bytes:
    return b"coffre-grant-row-v1\x00" + grant_id.bytes
