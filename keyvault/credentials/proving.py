"""Make proofs of possession (RFC 9449) with the key that a credential names, on the client's side."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from secrets import token_urlsafe

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.api_jws import PyJWS

from audit.canonical import canonical
from keyvault.credentials.possession_proof import (
    TYPE,
    body_digest,
    parts_digest,
    public_jwk,
    thumbprint,
)
from records.errors import Invalid
from records.text.base64url import b64
from records.text.plain_text import text_of

_JWS = PyJWS(algorithms=["EdDSA"])


@dataclass(frozen=True, slots=True)
class ProofKey:
    """An Ed25519 key that a token may be bound to."""

    private: bytes = field(repr=False)
    clock: Callable[[], float] = time.time

    @classmethod
    def from_pem(cls, pem: bytes) -> "ProofKey":
        """Raises `Invalid` "bad_key_file" for anything but an Ed25519 key in PEM, without a password."""
        try:
            key = load_pem_private_key(text_of(pem).encode("ascii"), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise Invalid(
                "The file holds no Ed25519 key in PEM: give the one that the token is bound to, or an "
                "operator's own.",
                code="bad_key_file",
            )
        return cls(key.private_bytes_raw())

    @property
    def thumbprint(self) -> str:
        """The thumbprint of this key (RFC 7638), which a token bound to it names."""
        return thumbprint(self._jwk())

    def proof(
        self,
        token: str,
        method: str,
        url: str,
        *,
        body: bytes | None = b"",
        parts: Sequence[bytes] | None = None,
        purpose: str | None = None,
        reason: str | None = None,
    ) -> str:
        """A proof for one request. `body` None: it is streamed and not covered; `parts` are the SHA-256 of
        a deposit's parts; `purpose` and `reason` are those of the request's headers.
        """
        claims: dict[str, object] = {
            "htm": method,
            "htu": url.partition("#")[0].partition("?")[0],
            "iat": int(self.clock()),
            "jti": token_urlsafe(16),
            "ath": body_digest(token.encode()),
        }
        stated = {
            "bd": body_digest(body) if body else None,
            "pd": b64(parts_digest(parts)) if parts is not None else None,
            "purpose": purpose,
            "reason": reason,
        }
        claims |= {name: value for name, value in stated.items() if value is not None}
        key = Ed25519PrivateKey.from_private_bytes(self.private)
        header = {"typ": TYPE, "jwk": self._jwk()}
        return _JWS.encode(canonical(claims), key, algorithm="EdDSA", headers=header)

    def _jwk(self) -> dict[str, str]:
        key = Ed25519PrivateKey.from_private_bytes(self.private)
        return public_jwk(key.public_key().public_bytes_raw())
