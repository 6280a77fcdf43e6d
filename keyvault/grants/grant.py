"""Grants, `coffre-grant-v1` (docs/formats.md section 4): keys and places of blobs, sealed to one recipient.

The body is sealed under a key of its own; the head gives that key to the recipient, by sealed box (suite 1)
or by HPKE base mode, RFC 9180 (suite 2, which browsers can open). A grant cannot be taken back from who
opened it: revocation acts on the next one.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from audit.canonical import canonical, parse
from keyvault.crypto.boxes import new_box_key, open_box, seal_box
from keyvault.crypto.envelope import KeyvaultError, be64, new_key
from keyvault.crypto.members import identifier, integer, members, text
from keyvault.crypto.sealed_blob import BlobError
from keyvault.crypto.signing import verify
from keyvault.grants.body import (
    GrantBody,
    GrantedBlob,
    GrantedDocument,
    GrantedSeries,
    body_document,
    consistent,
    read_body,
)
from records.errors import CoffreError, Invalid
from records.text.base64url import b64, unb64

__all__ = [
    "GrantBody",
    "GrantError",
    "GrantedBlob",
    "GrantedDocument",
    "GrantedSeries",
    "check_recipient",
    "new_recipient",
    "open_grant",
    "seal_grant",
]

FORMAT = "coffre-grant-v1"
SEALED_BOX, HPKE = 1, 2
LONGEST_GRANT = 900  # seconds
CLOCK_SKEW = 60  # seconds
LARGEST_BODY = 16 * 1024 * 1024
_LABEL = FORMAT.encode("ascii") + b"\0"
_HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_SECRETS = 8 + 32 + 32  # expires, digest of the body, key of the body
_HEAD_SIZE = {SEALED_BOX: 48 + len(_LABEL) + 1 + 16 + 32 + _SECRETS, HPKE: 32 + _SECRETS + 16}
_MEMBERS = frozenset(
    {"format", "suite", "id", "issued", "expires", "record", "purpose", "actor", "recipient", "head", "nonce"}
    | {"body", "event", "key_id"}
)
_UNSIGNED = frozenset({"signature", "urls"})


class GrantError(CoffreError):
    """A grant cannot be sealed or accepted; `code` says why."""

    code = "grant_tampered"


def new_recipient() -> tuple[bytes, bytes]:
    """Returns (private, public) of an X25519 pair, for one grant or one session."""
    return new_box_key()


def check_recipient(public: bytes) -> None:
    """Refuses keys with which every exchange gives zeros (RFC 7748 section 6.1): anyone could open the grant.

    Raises `GrantError` "bad_recipient".
    """
    try:
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise GrantError(
            "The recipient is not a usable X25519 public key; make a new pair.", code="bad_recipient"
        ) from None


def seal_grant(
    *,
    suite: int,
    grant_id: UUID,
    issued: int,
    expires: int,
    record: UUID,
    purpose: str,
    actor: bytes,
    recipient: bytes,
    body: GrantBody,
    event: bytes,
    key_id: str,
    sign: Callable[[bytes], bytes],
) -> dict[str, Any]:
    """Returns the signed grant, without `urls`. Times are unix seconds, `record` is the public id.

    Raises `GrantError` "bad_recipient", or "grant_inconsistent" for what no recipient may accept.
    """
    check_recipient(recipient)
    raw = canonical(body_document(body))
    if (
        suite not in _HEAD_SIZE
        or not 0 < expires - issued <= LONGEST_GRANT
        or not len(actor) == len(event) == 32
        or len(raw) > LARGEST_BODY
        or not consistent(body)
    ):
        raise GrantError("This grant would be refused by its recipient.", code="grant_inconsistent")
    key, nonce = new_key(), os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, raw, _place(suite, grant_id))
    head = be64(expires) + hashlib.sha256(sealed).digest() + key
    grant: dict[str, Any] = {
        "format": FORMAT,
        "suite": suite,
        "id": str(grant_id),
        "issued": issued,
        "expires": expires,
        "record": str(record),
        "purpose": purpose,
        "actor": b64(actor),
        "recipient": b64(recipient),
        "head": b64(_seal_head(suite, grant_id, recipient, head)),
        "nonce": b64(nonce),
        "body": b64(sealed),
        "event": b64(event),
        "key_id": key_id,
    }
    return grant | {"signature": b64(sign(_LABEL + canonical(grant)))}


def open_grant(grant: Mapping[str, Any], private: bytes, pinned: Mapping[str, bytes], now: int) -> GrantBody:
    """Opens a grant, checking in order: signature, time, recipient, head, digest of the body, commitments.

    `pinned` maps key ids to Ed25519 public keys, `now` is unix seconds. Raises `GrantError` "grant_unsigned",
    "grant_expired", "grant_other_recipient" or "grant_tampered".
    """
    _check_signature(grant, pinned)
    try:
        return _open(_shape(grant), private, now)
    except (Invalid, KeyvaultError, BlobError, InvalidTag):
        raise GrantError("The grant is not consistent in itself; ask for a new one.") from None


def _check_signature(grant: Mapping[str, Any], pinned: Mapping[str, bytes]) -> None:
    signed = {name: value for name, value in grant.items() if name not in _UNSIGNED}
    key_id = grant.get("key_id")
    try:
        public = pinned.get(key_id) if isinstance(key_id, str) else None
        signature = unb64(grant.get("signature"), 64)
        if public is not None and verify(public, _LABEL + canonical(signed), signature):
            return
    except Invalid:
        pass
    raise GrantError(
        "The grant is not signed by a pinned key; fetch it from the vault itself.", code="grant_unsigned"
    ) from None


def _shape(grant: Mapping[str, Any]) -> dict[str, Any]:
    found = members(dict(grant), _MEMBERS | {"signature"}, _UNSIGNED)
    if found["format"] != FORMAT or integer(found["suite"]) not in _HEAD_SIZE:
        raise Invalid("The grant is of another format or suite.", code="bad_member")
    identifier(found["record"])
    text(found["purpose"], 64)
    unb64(found["actor"], 32)
    unb64(found["event"], 32)
    if not 0 < integer(found["expires"]) - integer(found["issued"]) <= LONGEST_GRANT:
        raise Invalid("The grant lives too long.", code="bad_member")
    return found


def _open(grant: dict[str, Any], private: bytes, now: int) -> GrantBody:
    if now > grant["expires"] + CLOCK_SKEW or now < grant["issued"] - CLOCK_SKEW:
        raise GrantError("The grant is out of its time; ask for a new one.", code="grant_expired")
    recipient = unb64(grant["recipient"], 32)
    if not hmac.compare_digest(_private(private).public_key().public_bytes_raw(), recipient):
        raise GrantError("The grant was sealed to another key.", code="grant_other_recipient")
    suite, grant_id = grant["suite"], identifier(grant["id"])
    secrets = _open_head(suite, grant_id, recipient, private, unb64(grant["head"], _HEAD_SIZE[suite]))
    sealed = unb64(grant["body"])
    bound = be64(grant["expires"]) + hashlib.sha256(sealed).digest()
    if not hmac.compare_digest(secrets[:40], bound) or len(sealed) > LARGEST_BODY + 16:
        raise Invalid("Head and body do not belong together.", code="bad_member")
    raw = AESGCM(secrets[40:]).decrypt(unb64(grant["nonce"], 12), sealed, _place(suite, grant_id))
    body = read_body(parse(raw))
    if not consistent(body):
        raise Invalid("The body contradicts itself.", code="bad_member")
    return body


def _place(suite: int, grant_id: UUID) -> bytes:
    return _LABEL + bytes([suite]) + grant_id.bytes


def _seal_head(suite: int, grant_id: UUID, recipient: bytes, secrets: bytes) -> bytes:
    info = _place(suite, grant_id) + recipient
    if suite == SEALED_BOX:
        return seal_box(recipient, info + secrets)
    return _HPKE.encrypt(secrets, X25519PublicKey.from_public_bytes(recipient), info)


def _open_head(suite: int, grant_id: UUID, recipient: bytes, private: bytes, head: bytes) -> bytes:
    info = _place(suite, grant_id) + recipient
    if suite == HPKE:
        return _HPKE.decrypt(head, _private(private), info)
    message = open_box(private, head)
    if not message.startswith(info):
        raise Invalid("The head belongs to another grant.", code="bad_member")
    return message[len(info) :]


def _private(private: bytes) -> X25519PrivateKey:
    try:
        return X25519PrivateKey.from_private_bytes(private)
    except ValueError:
        raise GrantError("An X25519 private key has 32 bytes.", code="grant_other_recipient") from None
