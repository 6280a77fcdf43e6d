"""A security key in software, and what a browser makes of it: for tests that attack over HTTP.

It does what WebAuthn Level 2 says of authenticators (section 6) and clients (section 5.8.1), and whatever a
test wants it to do instead.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

from keyvault.credentials import hardware_tokens
from records.text.base64url import b64, unb64

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
BACKUP_ELIGIBLE = 0x08


@dataclass
class Authenticator:
    """One credential. `origin` is that of the browser it is used in; `verifies`: it asks for a PIN."""

    origin: str
    verifies: bool = True
    flags: int = 0
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )
    handle: bytes | None = None
    count: int = 0

    @property
    def public(self) -> bytes:
        """COSE_Key of ES256 (RFC 9053 section 7.1.1)."""
        numbers = self.private.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def make(self, options: str, **told: Any) -> str:
        """The answer to options of registration. `told` replaces what the client says: origin, type…"""
        asked = json.loads(options)
        self.handle = unb64(asked["user"]["id"])
        client = self._client("webauthn.create", asked, told)
        attested = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + self.public
        data = self._data(asked["rp"]["id"], told, more=ATTESTED) + attested
        statement = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer({"clientDataJSON": b64(client), "attestationObject": b64(statement)})

    def use(self, options: str, **told: Any) -> str:
        """The answer to options of authentication."""
        asked = json.loads(options)
        client = self._client("webauthn.get", asked, told)
        data = self._data(asked["rpId"], told)
        signature = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": b64(client),
            "authenticatorData": b64(data),
            "signature": b64(told.get("signature", signature)),
        }
        handle = told.get("handle", self.handle)
        return self._answer(response | ({"userHandle": b64(handle)} if handle else {}))

    def _client(self, kind: str, asked: dict[str, Any], told: dict[str, Any]) -> bytes:
        said = {
            "type": told.get("type", kind),
            "challenge": told.get("challenge", asked["challenge"]),
            "origin": told.get("origin", self.origin),
            "crossOrigin": False,
        }
        return json.dumps(said).encode()

    def _data(self, party: str, told: dict[str, Any], more: int = 0) -> bytes:
        self.count = told.get("count", self.count + 1)
        flags = told.get("flags", PRESENT | (VERIFIED if self.verifies else 0) | self.flags) | more
        name = told.get("party", party)
        return hashlib.sha256(name.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _answer(self, response: dict[str, str]) -> str:
        named = b64(self.credential)
        return json.dumps({"id": named, "rawId": named, "type": "public-key", "response": response})


class HardwareKey:
    """An operator's key, and what the page `/sign-in/operateur` makes of its answers."""

    def __init__(self, origin: str, **more: Any) -> None:
        self.key = Authenticator(origin, **more)
        self._party = urlsplit(origin).hostname

    @property
    def public(self) -> bytes:
        return self.key.public

    def registration(self, **told: Any) -> str:
        user = {"id": b64(secrets.token_bytes(32))}
        asked = {"challenge": b64(secrets.token_bytes(32)), "rp": {"id": self._party}, "user": user}
        return self.key.make(json.dumps(asked), **told)

    def signed(self, asked: str, **told: Any) -> str:
        """The token; `told` as `Authenticator.use`."""
        options = {"challenge": b64(hardware_tokens.challenge(asked)), "rpId": self._party}
        answered = json.loads(self.key.use(json.dumps(options), **told))["response"]
        return ".".join([asked, *(answered[part] for part in _SIGNED)])


_SIGNED = ("authenticatorData", "clientDataJSON", "signature")
