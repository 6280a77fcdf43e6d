"""The vault's own symmetric keys, by version and by use (docs/formats.md section 2).

Of version 1 the key itself serves every use. From version 2 on each use has a key derived under its label, so
that no key serves both AES-GCM and HMAC. A former version opens and finds what was written under it, and
takes nothing new.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from keyvault.crypto.envelope import ZEROS, KeyvaultError, derive
from keyvault.crypto.sealed_json import open_json, seal_json

DERIVING = 2  # the version that new keys begin with


class Use(StrEnum):
    """The use of a derived key; the value is its label, for ever."""

    EVENT = "event"
    PSEUDONYM = "pseudonym"
    OWN = "own"
    OWN_TOKEN = "own-token"  # noqa: S105 - a label
    NOTICE = "notice"
    SEGMENT = "segment"
    JOB = "job"
    GRANT = "grant"
    REFUSAL = "refusal"
    ISSUER = "issuer"


def use_key(key: bytes, version: int, use: Use) -> bytes:
    """The 32 bytes that serve one use of a key of this version."""
    if version < DERIVING:
        return key
    return derive(key, ZEROS, b"coffre-use-v1\x00" + use.value.encode())


@dataclass(frozen=True, slots=True)
class SecretKeys:
    """One key in all its versions that still open."""

    by_version: Mapping[int, bytes] = field(repr=False)
    reloaded: Callable[[], Mapping[int, bytes]] = field(default=dict, repr=False)  # what others drew since

    @property
    def newest(self) -> int:
        return max(self.by_version)

    def key(self, use: Use, version: int | None = None) -> bytes:
        """The key for `use`, of the newest version unless one is named. KeyvaultError "key_unwrap_failed"."""
        chosen = self.newest if version is None else version
        return use_key(self.version(chosen), chosen, use)

    def version(self, number: int) -> bytes:
        """The key of one version itself. KeyvaultError "key_unwrap_failed"."""
        key = self.by_version.get(number) or self.reloaded().get(number)
        if key is None:
            raise KeyvaultError("A version of a secret key is gone: restore the vault from a backup.")
        return key

    def keys(self, use: Use) -> list[bytes]:
        """The keys for `use`, newest first: what was written may be under any of them."""
        return [self.key(use, version) for version in sorted(self.by_version, reverse=True)]

    def first(self, use: Use) -> bytes:
        """The key of the first version: for what must be opened before later versions are known."""
        return self.key(use, min(self.by_version))

    def seal(self, use: Use, payload: Mapping[str, Any], aad: bytes) -> bytes:
        return seal_json(self.key(use), payload, aad)

    def open(self, use: Use, sealed: bytes, aad: bytes) -> dict[str, Any]:
        """Opens what any version sealed. Raises `KeyvaultError` "unseal_failed"."""
        for key in self.keys(use):
            with suppress(KeyvaultError):
                return open_json(key, sealed, aad)
        later = self.reloaded()
        return open_json(use_key(later[max(later)], max(later), use) if later else ZEROS, sealed, aad)
