"""Keys of the sign-in's own store: rows sealed to their place, and names under which they are found.

Whoever reads the store without the key learns neither whose account a row is nor what it holds, and can guess
no password: its hash is sealed as well.
"""

import hmac
from collections.abc import Mapping
from enum import Enum
from typing import Any

from keyvault.crypto.envelope import ZEROS, be32, derive
from keyvault.crypto.sealed_json import open_json, seal_json


class Sealed(Enum):
    """What a sealed row is. The label is part of its associated data."""

    ACCOUNT = b"coffre-account-v1\0"
    ENTRY = b"coffre-account-entry-v1\0"
    DEVICE = b"coffre-account-device-v1\0"
    PROFESSIONAL = b"coffre-account-professional-v1\0"
    PASSKEY = b"coffre-account-passkey-v1\0"
    DOOR_NOTE = b"coffre-account-door-note-v1\0"
    LINKED = b"coffre-account-linked-v1\0"
    ASKED = b"coffre-account-asked-v1\0"


class Named(Enum):
    """What a name stands for. The label is part of what is hashed."""

    IDENTIFIER = b"coffre-account-identifier-v1\0"
    PERSON = b"coffre-account-person-v1\0"
    SUBJECT = b"coffre-account-subject-v1\0"
    ENTRY = b"coffre-account-entry-name-v1\0"
    CODE = b"coffre-account-code-v1\0"
    CONTACT = b"coffre-account-contact-v1\0"
    LETTER = b"coffre-account-letter-v1\0"
    TRIES = b"coffre-account-tries-v1\0"
    DEVICE = b"coffre-account-device-name-v1\0"
    PASSKEY = b"coffre-account-passkey-name-v1\0"
    CHALLENGE = b"coffre-account-challenge-v1\0"
    HANDLE = b"coffre-account-handle-v1\0"
    LINKED = b"coffre-account-linked-name-v1\0"
    WATCHED = b"coffre-account-watched-v1\0"
    DOOR_NOTE = b"coffre-account-door-note-name-v1\0"


class AccountKeys:
    """Two keys under one secret of 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        self._sealing = derive(secret, ZEROS, b"coffre-account-sealing-v1\0")
        self._naming = derive(secret, ZEROS, b"coffre-account-naming-v1\0")

    def name(self, what: Named, *parts: str | bytes) -> bytes:
        """32 bytes of HMAC-SHA-256, by which a row is found, or a code that was given is compared."""
        raw = [part.encode() if isinstance(part, str) else part for part in parts]
        told = b"".join(be32(len(part) + 1) + part for part in raw)
        return hmac.digest(self._naming, what.value + told, "sha256")

    def pseudonym(self, identifier: str) -> str:
        """Of whoever gave this identifier, for those who watch the door; 128 bits in hexadecimal."""
        return self.name(Named.WATCHED, identifier).hex()[:32]

    def seal(self, what: Sealed, place: bytes, payload: Mapping[str, Any], version: int = 1) -> bytes:
        """Seals a row to its primary key and version (from 1)."""
        return seal_json(self._sealing, payload, _aad(what, place, version))

    def open(self, what: Sealed, place: bytes, sealed: bytes, version: int = 1) -> dict[str, Any]:
        """Raises `KeyvaultError` "unseal_failed"."""
        return open_json(self._sealing, sealed, _aad(what, place, version))


def _aad(what: Sealed, place: bytes, version: int) -> bytes:
    return what.value + be32(len(place)) + place + be32(version)
