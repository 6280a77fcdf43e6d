"""A small log as a vault would keep it, in memory, for tests to verify, damage and verify again."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import checkpoint, tree, verify
from audit.checkpoint import CheckpointError, parse_text, text_of
from audit.events import FIRST_PREV, Entry, detail_hash, line_hash
from audit.tree import TileId
from records.vocabulary.codes import Action, Outcome, PurposeOfUse, ReasonCode

ORIGIN = "audit.coffre.example/test"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
OTHER_PUBLIC = OTHER_KEY.public_key().public_bytes_raw()
ALICE, BOB, SYSTEM = (UUID(int=number) for number in (1, 2, 3))


def digest(*parts: object) -> bytes:
    return sha256(repr(parts).encode()).digest()


def signed(size: int, root: bytes, origin: str = ORIGIN, key: Ed25519PrivateKey = KEY) -> str:
    public = key.public_key().public_bytes_raw()
    return checkpoint.sign(checkpoint.Checkpoint(origin, size, root), key.sign, public)


class Tiles(dict[TileId, bytes]):
    """Stored tiles that count how often they are read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def read(self, tile: TileId, /) -> bytes | None:
        self.reads += 1
        return self.get(tile)

    def extend(self, size: int, leaves: Iterable[bytes]) -> None:
        self.update(tree.extend(size, leaves, self.read))


@dataclass
class SampleLog:
    leaves: list[verify.SequencedEntry] = field(default_factory=list)
    tiles: Tiles = field(default_factory=Tiles)
    notes: list[str] = field(default_factory=list)
    events: list[verify.ChainEvent] = field(default_factory=list)
    lines: list[verify.AccountabilityLine] = field(default_factory=list)
    pending: list[verify.PendingEntry] = field(default_factory=list)
    witnessed: list[str] = field(default_factory=list)
    origin: str = ORIGIN
    public: bytes = PUBLIC

    def append(self, chain_id: UUID, chain: int, time: int = 1_700_000_000_000) -> None:
        """One access: event, accountability line and entry, not sequenced yet."""
        mine = [event for event in self.events if (event.chain_id, event.chain) == (chain_id, chain)]
        seq, prev = len(mine) + 1, mine[-1].leaf if mine else FIRST_PREV
        salt, event = digest("salt", chain_id, chain, seq), {"resourceType": "AuditEvent", "number": seq}
        own, officer = digest("own", chain_id, chain, seq), digest("officer", chain_id, chain, seq)
        entry = Entry(
            time=time,
            action=Action.RETRIEVE,
            outcome=Outcome.PERMIT,
            reason=ReasonCode.AUTHORISED,
            purpose=PurposeOfUse.NORMAL,
            actor=digest("actor", chain_id, chain, seq),
            record=digest("record", chain_id, chain, seq),
            line_hash=line_hash(own, officer),
            detail_hash=detail_hash(salt, event),
        ).to_bytes()
        leaf = tree.leaf_hash(entry)
        row = verify.ChainEvent(
            chain_id=chain_id, chain=chain, seq=seq, leaf=leaf, entry=entry, prev=prev, salt=salt, event=event
        )
        self.events.append(row)
        self.lines.append(verify.AccountabilityLine(leaf, entry, own, officer))
        self.pending.append(verify.PendingEntry(leaf, entry))

    def sequence(self) -> None:
        size = len(self.leaves)
        self.tiles.extend(size, [waiting.leaf for waiting in self.pending])
        placed = [
            verify.SequencedEntry(size + place, waiting.leaf, waiting.entry)
            for place, waiting in enumerate(self.pending)
        ]
        positions = {row.leaf: row.position for row in placed}
        self.leaves += placed
        self.pending = []
        self.events = [
            replace(event, position=positions.get(event.leaf, event.position)) for event in self.events
        ]
        self.lines = [replace(line, position=positions.get(line.leaf, line.position)) for line in self.lines]

    def root(self) -> bytes:
        return tree.root(len(self.leaves), self.tiles.read)

    def sign(self) -> None:
        self.notes.append(signed(len(self.leaves), self.root()))

    def view(self) -> verify.LogView:
        return verify.LogView(
            origin=self.origin,
            public_key=self.public,
            leaves=iter(self.leaves),
            read_tile=self.tiles.read,
            checkpoints=map(stored, self.notes),
            events=iter(sorted(self.events, key=lambda event: (event.chain_id, event.chain, event.seq))),
            lines=iter(self.lines),
            pending=iter(self.pending),
            witnessed=iter(self.witnessed),
        )


def stored(note: str) -> verify.StoredCheckpoint:
    """A note beside the size and root it names, as a sound store keeps it; zeros where it names none."""
    try:
        checkpoint = parse_text(text_of(note))
    except CheckpointError:
        return verify.StoredCheckpoint(note, 0, bytes(32))
    return verify.StoredCheckpoint(note, checkpoint.size, checkpoint.root)


def sample_log(batches: Iterable[int] = (3, 4, 5)) -> SampleLog:
    """A log of three chains in turn, sequenced and signed after each batch."""
    log, number = SampleLog(), 0
    for batch in batches:
        for _ in range(batch):
            log.append(*[(ALICE, 1), (BOB, 1), (ALICE, 2), (SYSTEM, 0)][number % 4])
            number += 1
        log.sequence()
        log.sign()
    return log
