"""The vault tells everybody its public keys, checkpoints, proofs and tiles."""

from collections.abc import Sequence
from typing import NamedTuple

from keyvault.context import Vault
from keyvault.log.sequencer import InclusionProofs
from keyvault.status import doors_told, issuers_told, notice_counts, oldest_waiting_s
from records.errors import Invalid

MOST_LEAVES = 256


class PublicKey(NamedTuple):
    """A raw Ed25519 public key; `use` is grant, checkpoint, certificate or reception."""

    key_id: str
    use: str
    public: bytes


class Delivering(NamedTuple):
    """Notices by state, each number up to 1 000; seconds that the oldest one has waited, None where none."""

    counts: dict[str, int]
    oldest_waiting_s: int | None


class KnownIssuers(NamedTuple):
    """How many issuers are accepted, up to 1 000; the names of those that came this week, or never yet."""

    accepted: int
    new: list[str]


class WatchedDoors(NamedTuple):
    """Events of the doors in this clock hour, and which passed their threshold in it or the one before."""

    counts: dict[str, int]
    past: list[str]


class PublishingVerbs:
    """For whoever serves `/audit` and `/metrics`, and for intake's pinned key."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def public_keys(self) -> list[PublicKey]:
        """What `/audit/keys` publishes."""
        keys = self._vault.keyring.public_keys()
        return [PublicKey(key.key_id, key.use, key.public) for key in keys]

    def delivery(self) -> Delivering:
        """What became of notices, for whoever watches the installation: numbers alone."""
        with self._vault.store.reading() as tx:
            return Delivering(notice_counts(tx), oldest_waiting_s(tx, self._vault.now_ms()))

    def known_issuers(self) -> KnownIssuers:
        """Whose credentials are accepted, and which of them are new, for whoever watches the installation."""
        with self._vault.store.reading() as tx:
            told = issuers_told(tx, self._vault.now_ms() // 1000)
        return KnownIssuers(told["issuers"], told["issuers_new"])

    def watched_doors(self) -> WatchedDoors:
        """How often what came at the doors, for whoever watches the installation: numbers alone."""
        with self._vault.store.reading() as tx:
            told = doors_told(tx, self._vault.now_ms())
        return WatchedDoors(told["doors"], told["doors_past_threshold"])

    def last_checkpoint(self) -> str:
        return self._vault.sequencer.last_checkpoint()

    def proof(self, leaf: bytes) -> str:
        return self._vault.sequencer.proof(leaf)

    def proofs(self, leaves: Sequence[bytes]) -> InclusionProofs:
        """Of at most `MOST_LEAVES` leaves. Raises `NotFound` "no_checkpoint", `Invalid` "too_many_leaves"."""
        if len(leaves) > MOST_LEAVES:
            raise Invalid(f"Ask for at most {MOST_LEAVES} proofs at once.", code="too_many_leaves")
        return self._vault.sequencer.proofs(leaves)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        return self._vault.sequencer.consistency(old, new)

    def tile(self, level: int, number: int) -> bytes:
        return self._vault.sequencer.tile(level, number)
