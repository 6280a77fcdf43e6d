"""Turn entries into a signed log: positions, tiles, checkpoints (docs/vault.md section 5, steps b and c).

A kill after any step loses nothing: entries wait in `pending` until their position commits together with
their tiles, and a tree without a checkpoint gets it from the next round, which is the ordinary path.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audit import tree
from audit.checkpoint import Checkpoint, parse_and_verify, parse_text, sign, text_of
from audit.proof import LogProof, format_proof
from keyvault.keys.keyring import SigningKey
from keyvault.store import Row, VaultStore, VaultTransaction
from records.errors import CoffreError, NotFound

BATCH = 1_000
LEASE, LEASE_MS = "sequencer", 10_000


@dataclass(frozen=True, slots=True)
class Sequenced:
    """The result of one round: the size of the tree after it, and how many entries it placed."""

    size: int
    placed: int


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """The audit path of the leaf at position `index`, its sibling first."""

    index: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class InclusionProofs:
    """Proofs under one signed checkpoint, in the order of the leaves; None for what it doesn't cover yet."""

    checkpoint: str
    proofs: tuple[InclusionProof | None, ...]


@dataclass(frozen=True, slots=True)
class Sequencer:
    """One process's hand on the signed log. `holder` names it in leases.

    `is_shipped`: a checkpoint is published once the second place has what it covers.
    """

    store: VaultStore
    origin: str
    signing: SigningKey
    holder: str
    now_ms: Callable[[], int]
    is_shipped: bool

    def sequence(self) -> Sequenced:
        """Give at most one batch of waiting entries their positions and extend the tree."""
        with self.store.writing() as tx:
            if not self.lead(tx, LEASE):
                return Sequenced(_size(tx), 0)
            waiting = tx.find("pending", order="ordinal", limit=BATCH)
            size = _size(tx)
            leaves = [row["leaf_hash"] for row in waiting]
            for (level, number), hashes in tree.extend(size, leaves, reader(tx)):
                keep_tile(tx, level, number, hashes)
            tx.insert("leaf", *({"position": size + at, "leaf_hash": leaf} for at, leaf in enumerate(leaves)))
            if waiting:
                tx.delete("pending", ordinal__in=[row["ordinal"] for row in waiting])
            return Sequenced(size + len(leaves), len(leaves))

    def checkpoint(self) -> str | None:
        """Sign the present tree, if it has grown consistently since the last checkpoint; answers the note."""
        with self.store.writing() as tx:
            last = _last(tx)
            size = _size(tx)
            if size == 0 or (last is not None and last.size == size):
                return _last_note(tx)
            root = tree.root(size, reader(tx))
            if last is not None:
                proof = tree.consistency_proof(last.size, size, reader(tx))
                tree.verify_consistency(last.size, last.root, size, root, proof)
            note = sign(Checkpoint(self.origin, size, root), self.signing.sign, self.signing.public)
            parse_and_verify(note, self.origin, self.signing.public)
            row = {"size": size, "root": root, "note": note}
            # another process may have signed the same tree meanwhile: one note per size is published
            return note if tx.insert_new("checkpoint", row) else _last_note(tx)

    def last_checkpoint(self) -> str:
        """The newest published checkpoint. Raises `NotFound` "no_checkpoint" before the first."""
        with self.store.reading() as tx:
            row = self._published(tx)
        if row is None:
            raise _no_checkpoint()
        return str(row["note"])

    def proof(self, leaf: bytes) -> str:
        """Inclusion proof of a leaf in the newest published checkpoint, in the C2SP tlog-proof format."""
        with self.store.reading() as tx:
            last = self._published(tx)
            row = tx.get("leaf", leaf_hash=leaf)
            if last is None or row is None or row["position"] >= last["size"]:
                raise NotFound(
                    "This entry is not in a signed checkpoint yet: ask again in a few seconds.",
                    code="not_sequenced",
                )
            hashes = tree.inclusion_proof(row["position"], last["size"], reader(tx))
        return format_proof(LogProof(row["position"], tuple(hashes), last["note"]))

    def proofs(self, leaves: Sequence[bytes]) -> InclusionProofs:
        """The same of several leaves at once, all under one checkpoint; None where it does not cover one."""
        with self.store.reading() as tx:
            last = self._published(tx)
            if last is None:
                raise _no_checkpoint()
            rows = tx.find("leaf", leaf_hash__in=list(dict.fromkeys(leaves)), position__lt=last["size"])
            positions = {row["leaf_hash"]: row["position"] for row in rows}
            read = kept_tiles(reader(tx))
            found = {
                leaf: InclusionProof(at, tuple(tree.inclusion_proof(at, last["size"], read)))
                for leaf, at in positions.items()
            }
        return InclusionProofs(str(last["note"]), tuple(found.get(leaf) for leaf in leaves))

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Proof that the published tree of `new` leaves begins with the one of `old` leaves."""
        with self.store.reading() as tx:
            last = self._published(tx)
            if last is None or not 1 <= old <= new <= last["size"]:
                raise NotFound(
                    "The published log has no two trees of these sizes: the smaller one has at least one "
                    "entry, the larger one at most as many as the newest checkpoint.",
                    code="no_such_tree",
                )
            return tuple(tree.consistency_proof(old, new, reader(tx)))

    def tile(self, level: int, number: int) -> bytes:
        """The published hashes of one tile."""
        with self.store.reading() as tx:
            hashes = reader(tx)(tree.TileId(level, number))
        if hashes is None:
            raise NotFound("The log has no such tile.", code="no_such_tile")
        return hashes

    def lead(self, tx: VaultTransaction, name: str) -> bool:
        """Take or keep a lease; two sequencers would still not fork: positions are a key."""
        now = self.now_ms()
        row = {"name": name, "holder": self.holder, "until": now + LEASE_MS}
        if tx.insert_new("lease", row):
            return True
        present = tx.get("lease", lock=True, name=name)
        assert present is not None
        if present["holder"] != self.holder and present["until"] > now:
            return False
        tx.update("lease", {"holder": self.holder, "until": row["until"]}, name=name)
        return True

    def _published(self, tx: VaultTransaction) -> Row | None:
        """The newest checkpoint to show: what a second place lacks could still be lost with the vault."""
        if not self.is_shipped:
            rows = tx.find("checkpoint", order="-size", limit=1)
        else:
            shipped = tx.find("shipped", order="-number", limit=1)
            rows = tx.find("checkpoint", size=shipped[0]["size"]) if shipped else []
        return rows[0] if rows else None


def _size(tx: VaultTransaction) -> int:
    last = tx.find("leaf", order="-position", limit=1)
    return int(last[0]["position"]) + 1 if last else 0


def reader(tx: VaultTransaction) -> tree.HashReader:
    def read(tile: tree.TileId) -> bytes | None:
        row = tx.get("tile", level=tile.level, number=tile.number)
        return None if row is None else row["hashes"]

    return read


def kept_tiles(read: tree.HashReader) -> tree.HashReader:
    """Each tile read once, however many proofs need it."""
    return functools.cache(read)


def keep_tile(tx: VaultTransaction, level: int, number: int, hashes: bytes) -> None:
    if not tx.update("tile", {"hashes": hashes}, level=level, number=number):
        tx.insert("tile", {"level": level, "number": number, "hashes": hashes})


def _last(tx: VaultTransaction) -> Checkpoint | None:
    rows = tx.find("checkpoint", order="-size", limit=1)
    if not rows:
        return None
    last = parse_text(text_of(rows[0]["note"]))
    # a store rolled back behind its last signature must not sign a second history of that size
    if last.size > _size(tx):
        raise CoffreError("The log is shorter than its last checkpoint: restore the vault.", code="log_cut")
    return last


def _last_note(tx: VaultTransaction) -> str | None:
    rows = tx.find("checkpoint", order="-size", limit=1)
    return rows[0]["note"] if rows else None


def _no_checkpoint() -> NotFound:
    return NotFound("The log has no checkpoint yet: ask again in a second.", code="no_checkpoint")
