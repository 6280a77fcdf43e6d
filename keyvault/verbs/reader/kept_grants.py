"""Grants as the vault keeps them until they expire, sealed: the holder of each, and the blobs it opens."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.secret_keys import Use
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt
from records.actors_json import actor_to_json


def keep_grant(
    vault: Vault,
    transaction: Transaction,
    found: Attempt,
    grant_id: UUID,
    expires: int,
    objects: Sequence[tuple[UUID, int]],
) -> None:
    """Keep what is needed to decide again. `expires` is unix seconds, `objects` blobs with versions."""
    kept = {
        "actor": actor_to_json(found.actor),
        "reason": found.call.reason,
        "blobs": [[str(blob_id), version] for blob_id, version in objects],
    }
    row = {
        "grant_id": grant_id,
        "record_id": found.record.row["record_id"],
        "purpose": found.call.purpose.value,
        "expires": expires,
        "sealed": vault.keyring.system_chain.seal(Use.GRANT, kept, _aad(grant_id)),
    }
    transaction.rows.insert("grant", row)


def open_grant(vault: Vault, grant: Row | None) -> dict[str, Any] | None:
    """What was kept of a grant that has not expired."""
    if grant is None or grant["expires"] <= vault.now_ms() // 1000:
        return None
    return vault.keyring.system_chain.open(Use.GRANT, grant["sealed"], _aad(grant["grant_id"]))


def _aad(grant_id: UUID) -> bytes:
    return b"coffre-grant-row-v1\x00" + grant_id.bytes
