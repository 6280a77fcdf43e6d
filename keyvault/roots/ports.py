"""The port of a root: the calls of the vault to whatever holds the root key."""

from collections.abc import Sequence
from typing import Protocol

from keyvault.crypto.envelope import KEY_SIZE
from records.errors import CoffreError, Invalid

# keys that one call of a provider carries at most
BATCH = 500
# stands before every context, so that nothing else wrapped by the same key opens as a key of Coffre
CONTEXT_LABEL = b"coffre-root-wrap-v1\0"


class RootError(CoffreError):
    """The root cannot be used."""

    code = "root_unusable"


class Root(Protocol):
    """Wraps the keys at the top of the vault's tree: shard keys, index key, signing keys.

    `context` names the key's place; a wrap opens under the same context only. The bytes of a wrap belong to
    the root and mean nothing elsewhere. Providers answer in the order asked; one bad item fails its batch.

    Raises `RootError` "root_unwrap_failed" (other bytes, another context, another root), "root_unreachable"
    (ask again later), "root_refused" (PIN, token or rights) or "root_key_missing".
    """

    @property
    def name(self) -> str:
        """The provider and the place of the root, for status pages and error sentences; never a secret."""

    def wrap_many(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Returns the wraps of (32-byte key, context) pairs, in their order."""

    def unwrap_many(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Returns the keys of (wrap, context) pairs, in their order; all of them, or raises."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Returns one wrapped 32-byte key."""
        return self.wrap_many([(key, context)])[0]

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Returns one key."""
        return self.unwrap_many([(wrapped, context)])[0]


def check_keys(items: Sequence[tuple[bytes, bytes]]) -> None:
    """Raises `Invalid` "bad_key" unless every key has 32 bytes."""
    if any(len(key) != KEY_SIZE for key, _ in items):
        raise Invalid("A key has 32 bytes.", code="bad_key")


def batches(items: Sequence[tuple[bytes, bytes]], size: int = BATCH) -> list[Sequence[tuple[bytes, bytes]]]:
    """The items in order, `size` at a time."""
    return [items[at : at + size] for at in range(0, len(items), size)]


def unwrap_failed() -> RootError:
    return RootError(
        "A key was not wrapped by this root for this place; use the root that made it.",
        code="root_unwrap_failed",
    )


def unreachable(name: str) -> RootError:
    return RootError(f"{name} does not answer; start it or mend the way to it.", code="root_unreachable")


def refused(name: str, remedy: str) -> RootError:
    return RootError(f"{name} refuses: {remedy}.", code="root_refused")


def key_missing(name: str) -> RootError:
    return RootError(
        f"{name} holds no usable key of this name; name the right one, or create it.", code="root_key_missing"
    )
