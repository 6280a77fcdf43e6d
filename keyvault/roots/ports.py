"""What the vault asks of whatever holds its root."""

from typing import Protocol


class Root(Protocol):
    """Wraps the keys at the top of the vault's tree: shard keys, index key, signing keys.

    `context` names the key's place; a wrap opens under the same context only. The bytes of a wrap belong to
    the root and mean nothing elsewhere.
    """

    @property
    def name(self) -> str:
        """The provider and the place of the root, for status pages and error sentences; never a secret."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Returns the wrapped 32-byte key."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Returns the key. Raises `CoffreError` "root_unwrap_failed" for other bytes or another context."""
