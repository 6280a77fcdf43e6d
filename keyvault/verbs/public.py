"""The vault tells everybody its public keys, checkpoints, proofs and tiles."""

from typing import NamedTuple

from keyvault.context import Vault
from keyvault.log import sequencer


class PublicKey(NamedTuple):
    """A raw Ed25519 public key; `use` is grant, checkpoint, certificate or reception."""

    key_id: str
    use: str
    public: bytes


class PublishingVerbs:
    """For whoever serves `/audit`, and for intake's pinned key."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def public_keys(self) -> list[PublicKey]:
        """What `/audit/keys` publishes."""
        keys = self._vault.keyring.public_keys()
        return [PublicKey(key.key_id, key.use, key.public) for key in keys]

    def last_checkpoint(self) -> str:
        return sequencer.last_checkpoint(self._vault)

    def proof(self, leaf: bytes) -> str:
        return sequencer.proof(self._vault, leaf)

    def tile(self, level: int, number: int) -> bytes:
        return sequencer.tile(self._vault, level, number)
