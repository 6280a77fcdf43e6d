"""Proofs of possession (RFC 9449): a sender signs each request with the key that its credential names.
Beyond the RFC the proof covers the body, and of a deposit the parts.

A credential that names a key (`cnf`, RFC 7800) never works without its proof. The vault remembers the use of
each proof (`keyvault/verbs/caller.py`).
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from audit.canonical import canonical, parse
from keyvault.credentials.refusing import CredentialError
from keyvault.crypto.members import integer, members, text
from records.errors import Invalid
from records.text.base64url import b64, unb64

TYPE = "dpop+jwt"
OLDEST = 60
"""Seconds by which a proof may be older or newer than the request it comes with."""
_LONGEST_PROOF = 8192
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}")
_CLAIMS = frozenset({"htm", "htu", "iat", "jti", "ath"})
_MORE = frozenset({"bd", "pd", "purpose", "reason"})
_KEYS: Mapping[str, tuple[str, str, frozenset[str]]] = MappingProxyType(
    {
        "EdDSA": ("OKP", "Ed25519", frozenset({"kty", "crv", "x"})),
        "ES256": ("EC", "P-256", frozenset({"kty", "crv", "x", "y"})),
    }
)
_CALLS = "https://vault.invalid/calls/"
"""The address that a process signs for a call of its own (RFC 6761 section 6.4: it is nobody's)."""
DEPOSIT = "deposit"
"""What a deposit is called in such an address, and among the uses of a proof."""
_PORTS = {"http": 80, "https": 443}
_SEEN_LABEL = b"coffre-proof-v1\x00"
_PARTS_LABEL = b"coffre-parts-v1\x00"
_JWS = PyJWS(algorithms=list(_KEYS))


@dataclass(frozen=True, slots=True)
class PresentedProof:
    """A request as whoever received it states it, with its proof. `body` is the raw body."""

    proof: str = field(repr=False)
    method: str
    url: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """A verified proof. `body` and `parts` are digests it states; `made_at` is unix seconds."""

    thumb: str
    number: str = field(repr=False)
    made_at: int
    body: bytes | None
    parts: bytes | None
    purpose: str | None
    reason: str | None = field(repr=False)

    def seen(self, use: str) -> bytes:
        """32 bytes under which one use of this proof is remembered."""
        return hashlib.sha256(_SEEN_LABEL + canonical([self.thumb, self.number, use])).digest()

    def check_body(self, body: bytes) -> None:
        """Raises `CredentialError` "proof_invalid" for another body; an empty one needs no digest."""
        digest = hashlib.sha256(body).digest()
        if self.body is None and not body:
            return
        if self.body is None or not hmac.compare_digest(self.body, digest):
            raise proof_invalid()

    def check_parts(self, digests: Iterable[bytes]) -> None:
        """Raises `CredentialError` "proof_invalid" unless these are the SHA-256 of the parts, in order."""
        if self.parts is None or not hmac.compare_digest(self.parts, parts_digest(digests)):
            raise proof_invalid()


def verify_proof(presented: PresentedProof, token: str, key: str, *, at: int, oldest: int = OLDEST) -> Proof:
    """Check everything of a proof but body, parts and replay (RFC 9449 section 4.3).

    `key` is the thumbprint that the credential names, `at` unix seconds. Raises `CredentialError`
    "proof_invalid".
    """
    try:
        thumb, claims = _claims(presented.proof)
        members(claims, _CLAIMS, _MORE)
        proof = Proof(
            thumb=thumb,
            number=text(claims["jti"], 128),
            made_at=integer(claims["iat"]),
            body=unb64(claims["bd"], 32) if "bd" in claims else None,
            parts=unb64(claims["pd"], 32) if "pd" in claims else None,
            purpose=text(claims["purpose"], 32) if "purpose" in claims else None,
            reason=text(claims["reason"], 1000) if "reason" in claims else None,
        )
        good = (
            hmac.compare_digest(thumb, key)
            and hmac.compare_digest(unb64(claims["ath"], 32), hashlib.sha256(token.encode()).digest())
            and text(claims["htm"], 16) == presented.method
            and _normal(text(claims["htu"], 4096)) == _normal(presented.url)
            and at - oldest <= proof.made_at <= at + OLDEST
        )
    except (Invalid, PyJWTError, ValueError):
        # the causes name members of the proof: nothing of them leaves
        raise proof_invalid() from None
    if not good:
        raise proof_invalid()
    return proof


def thumbprint(jwk: Mapping[str, str]) -> str:
    """RFC 7638, SHA-256, of a public key with its required members alone."""
    return b64(hashlib.sha256(canonical(dict(jwk))).digest())


def public_jwk(public: bytes) -> dict[str, str]:
    """An Ed25519 public key as JWK (RFC 8037)."""
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(public)}


def body_digest(body: bytes) -> str:
    """The claim `bd`."""
    return b64(hashlib.sha256(body).digest())


def call_address(verb: str) -> str:
    """What a process that holds the key of a credential signs, to call one verb of the vault itself."""
    return _CALLS + verb


def called_verb(url: str) -> str | None:
    """The verb of such an address; None for a request that came over HTTP."""
    return url.removeprefix(_CALLS) if url.startswith(_CALLS) else None


def parts_digest(digests: Iterable[bytes]) -> bytes:
    """The value of the claim `pd`: one digest over the SHA-256 of every part, in order."""
    return hashlib.sha256(_PARTS_LABEL + b"".join(digests)).digest()


def _claims(proof: str) -> tuple[str, dict[str, Any]]:
    """The thumbprint of the key that signed, and what it signed."""
    form = _COMPACT.fullmatch(proof) if len(proof) <= _LONGEST_PROOF else None
    if form is None:
        raise Invalid("The proof is not a compact JWS.", code="bad_member")
    header = members(parse(unb64(form[1])), {"typ", "alg", "jwk"})
    if header["typ"] != TYPE or not isinstance(header["alg"], str) or header["alg"] not in _KEYS:
        raise Invalid("The proof is of another type.", code="bad_member")
    # public members and no others: a private key in a proof would be one that is not possessed alone
    kind, curve, names = _KEYS[header["alg"]]
    jwk = members(header["jwk"], names)
    if (jwk["kty"], jwk["crv"]) != (kind, curve):
        raise Invalid("The proof's key is of another kind.", code="bad_member")
    claims = parse(_JWS.decode(proof, _public(jwk), algorithms=[header["alg"]]))
    return thumbprint(jwk), claims


def _public(jwk: Mapping[str, Any]) -> Any:
    x = unb64(jwk["x"], 32)
    if jwk["kty"] == "OKP":
        return Ed25519PublicKey.from_public_bytes(x)
    y = unb64(jwk["y"], 32)
    numbers = EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), SECP256R1())
    return numbers.public_key()


def _normal(url: str) -> tuple[str, str, int | None, str]:
    """RFC 9449 section 4.3: without query and fragment; host without case, port by scheme.

    A slash at the end makes no other address (`coffre/serving/addresses.py`).
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None:
        raise Invalid("A proof names an http address.", code="bad_member")
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], parts.path.removesuffix("/")


def proof_invalid() -> CredentialError:
    return CredentialError(
        "The proof of possession is not valid for this request: make a new one for its method, address and "
        "body, with the credential's key.",
        code="proof_invalid",
    )


def proof_replayed() -> CredentialError:
    return CredentialError(
        "This proof of possession was used already: make a new one for each request.", code="proof_replayed"
    )
