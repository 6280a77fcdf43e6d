"""Grants as the vault keeps them until they expire: the holder of each, the blobs it opens, and its standing.

The standing is what the last decision on a grant rests on. While the record's epoch is the one that was
judged, the clock is within the instants that were found, and no credential was withdrawn, the decision
would be the same, and is not taken again. All columns of a row are bound to its seal: nobody lengthens a
standing who has the database without its keys.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID

from keyvault.context import Vault
from keyvault.credentials import withdrawn
from keyvault.keys.secret_keys import Use
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt
from records.errors import CoffreError
from records.people.actors import Actor
from records.people.actors_json import actor_from_json, actor_to_json

GrantedBlob = tuple[UUID, int]
"""A blob and its version."""


@dataclass(frozen=True, slots=True)
class KeptGrant:
    """What is needed to decide again on a grant: its holder, the reason given, its blobs.

    `refused`: those of the blobs that the last decision did not permit. `opened_by`: "gateway", where the
    grant came through its door; no other door asks about it, since the two judge differently.
    """

    actor: Actor
    reason: str | None = field(repr=False)
    blobs: tuple[GrantedBlob, ...]
    refused: tuple[GrantedBlob, ...] = ()
    opened_by: str | None = None

    def is_of(self, actor: Actor) -> bool:
        """Whether this credential is the one that it was granted to; when its holder last proved who they are
        is not kept.
        """
        return self.actor == replace(actor, proven_at=None)

    def to_json(self) -> dict[str, Any]:
        refused = {"refused": _to_json(self.refused)} if self.refused else {}
        opened_by = {"opened_by": self.opened_by} if self.opened_by else {}
        kept = {"actor": actor_to_json(self.actor), "reason": self.reason, "blobs": _to_json(self.blobs)}
        return kept | refused | opened_by

    @classmethod
    def of_json(cls, members: Mapping[str, Any]) -> Self:
        blobs, refused = (_of_json(members.get(name, ())) for name in ("blobs", "refused"))
        actor = actor_from_json(members["actor"])
        return cls(actor, members["reason"], blobs, refused, members.get("opened_by"))


@dataclass(frozen=True, slots=True)
class Standing:
    """The epoch of the record that was judged, and the instants (ms) from and up to which that holds."""

    epoch: int
    since: int
    until: int


def keep_grant(
    vault: Vault,
    transaction: Transaction,
    found: Attempt,
    grant_id: UUID,
    expires: int,
    objects: Sequence[GrantedBlob],
    until: int,
    opened_by: str | None,
) -> None:
    """Keep what is needed to decide again, and when. `expires` is unix seconds, `until` milliseconds."""
    record = found.record.row
    kept = KeptGrant(found.actor, found.call.reason, tuple(objects), opened_by=opened_by)
    grant = {
        "grant_id": grant_id,
        "record_id": record["record_id"],
        "purpose": found.call.purpose.value,
        "expires": expires,
    }
    standing = Standing(record["epoch"], transaction.now * 1000, until)
    transaction.rows.insert("grant", grant | _columns(vault, grant, kept, standing))


def keep_standing(
    vault: Vault, grant: Row, kept: KeptGrant, refused: Sequence[GrantedBlob], standing: Standing
) -> None:
    """Keep a later decision, unless another one was kept since `grant` was read.

    What cannot be kept is decided again at the next range, and holds nobody up.
    """
    columns = _columns(vault, grant, replace(kept, refused=tuple(refused)), standing)
    with suppress(CoffreError), vault.store.writing() as tx:
        tx.update("grant", columns, grant_id=grant["grant_id"], sealed=grant["sealed"])


def open_grant(vault: Vault, grant: Row | None, now_ms: int) -> KeptGrant | None:
    """What was kept of a grant that has not expired. Raises `KeyvaultError` "unseal_failed"."""
    if grant is None or grant["expires"] <= now_ms // 1000:
        return None
    return KeptGrant.of_json(vault.keyring.system_chain.open(Use.GRANT, grant["sealed"], row_aad(grant)))


def stands(grant: Row, kept: KeptGrant, now_ms: int) -> bool:
    """Whether the last decision on a grant is what would be decided now; `grant` as `standing` answers it.

    A clock that went back lies before what was judged: it is decided again, too.
    """
    if grant["record_epoch"] is None or grant["record_epoch"] != grant["epoch"]:
        return False
    within: bool = grant["valid_from"] <= now_ms < grant["valid_until"]
    return within and not withdrawn.ended(kept.actor, grant["credential_since"], grant["holder_since"])


def _columns(vault: Vault, grant: Row, kept: KeptGrant, standing: Standing) -> dict[str, Any]:
    """The columns that a decision changes; `grant` has the others."""
    credential, holder = withdrawn.names_of(kept.actor, vault.pseudonym)
    columns = {
        "record_epoch": standing.epoch,
        "valid_from": standing.since,
        "valid_until": standing.until,
        "credential": credential,
        "holder": holder,
    }
    aad = row_aad({**grant, **columns})
    return columns | {"sealed": vault.keyring.system_chain.seal(Use.GRANT, kept.to_json(), aad)}


def row_aad(grant: Row) -> bytes:
    """What the seal of a row of `grant` is bound to (docs/formats.md section 8).

    A row of before there was a standing binds its id alone.
    """
    if grant["record_epoch"] is None:
        grant_id: UUID = grant["grant_id"]
        return b"coffre-grant-row-v1\x00" + grant_id.bytes
    numbers: Iterator[int] = (
        grant[name] for name in ("expires", "record_epoch", "valid_from", "valid_until")
    )
    parts: tuple[bytes, ...] = (
        grant["grant_id"].bytes,
        grant["record_id"].bytes,
        *(number.to_bytes(8, signed=True) for number in numbers),
        grant["credential"],
        grant["holder"],
        grant["purpose"].encode(),
    )
    return b"coffre-grant-row-v2\x00" + b"".join(parts)


def _to_json(blobs: Sequence[GrantedBlob]) -> list[list[str | int]]:
    return [[str(blob_id), version] for blob_id, version in blobs]


def _of_json(blobs: Sequence[Sequence[Any]]) -> tuple[GrantedBlob, ...]:
    return tuple((UUID(blob_id), version) for blob_id, version in blobs)
