"""Grants as tests of several readers of them need: sealed by the book, and then altered in every member."""

import dataclasses
import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from audit.canonical import canonical
from keyvault.crypto.boxes import seal_box
from keyvault.crypto.signing import key_id, new_signing_key, sign
from keyvault.grants.grant import (
    GrantBody,
    GrantedBlob,
    GrantedDocument,
    GrantedSeries,
    new_recipient,
    seal_grant,
)
from records.text.base64url import b64
from tests.unit.keyvault.sealing import DEK, REF, sample, seal

NOW = 1_800_000_000
SIGNER, PUBLIC = new_signing_key()
PINNED = {key_id(PUBLIC): PUBLIC}
PRIVATE, RECIPIENT = new_recipient()
GRANT = UUID(int=11)
PACK = sample(1000)
META = seal([b"series"], dataclasses.replace(REF, blob_id=UUID(int=12)))
DOCUMENT = GrantedDocument(UUID(int=13), "application/pdf", REF.blob_id, 10, 990, bytes(32))
SERIES = GrantedSeries("1.2.3", "1.2.3.4", (UUID(int=12),))
BODY = GrantBody((GrantedBlob(PACK.sealed, DEK), GrantedBlob(META.sealed, DEK)), (DOCUMENT,), (SERIES,))
EMPTY: dict[str, list[object]] = {"blobs": [], "documents": [], "series": []}
LOW_ORDER = [bytes(32), b"\1" + bytes(31), bytes.fromhex("ecffffff" + "ff" * 27 + "7f")]


def made(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "suite": 1,
        "grant_id": GRANT,
        "issued": NOW,
        "expires": NOW + 900,
        "record": UUID(int=14),
        "purpose": "normal",
        "actor": bytes(range(32, 64)),
        "recipient": RECIPIENT,
        "body": BODY,
        "event": bytes(32),
        "key_id": key_id(PUBLIC),
        "sign": lambda message: sign(SIGNER, message),
    }
    return seal_grant(**(arguments | changes))


def resigned(grant: dict[str, Any], change: dict[str, Any], signer: bytes = SIGNER) -> dict[str, Any]:
    """What a vault that went wrong, or was taken over, might sign."""
    document = {name: value for name, value in (grant | change).items() if name != "signature"}
    return document | {"signature": b64(sign(signer, b"coffre-grant-v1\0" + canonical(document)))}


def rebuilt(
    suite: int, edit: Callable[[dict[str, Any]], object], head_place: bytes | None = None
) -> dict[str, Any]:
    """A grant sealed and signed by the book around a body that was edited first."""
    kept: dict[str, Any] = {}
    key, place = bytes(range(32)), b"coffre-grant-v1\0" + bytes([suite]) + GRANT.bytes
    kept.update(body_json())
    changed = edit(kept)
    body = AESGCM(key).encrypt(bytes(12), canonical(kept if changed is None else changed), place)
    info = (head_place or place) + RECIPIENT
    secrets = (NOW + 900).to_bytes(8, "big") + hashlib.sha256(body).digest() + key
    if suite == 1:
        head = seal_box(RECIPIENT, info + secrets)
    else:
        public = X25519PublicKey.from_public_bytes(RECIPIENT)
        head = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM).encrypt(secrets, public, info)
    return resigned(made(suite=suite), {"head": b64(head), "nonce": b64(bytes(12)), "body": b64(body)})


def body_json() -> dict[str, Any]:
    blobs = [
        {
            "blob": str(blob.sealed.ref.blob_id),
            "version": 3,
            "kind": 1,
            "key": b64(DEK),
            "commitment": b64(blob.sealed.commitment),
            "header": b64(blob.sealed.header),
            "plaintext_size": blob.sealed.plaintext_size,
            "ciphertext_size": blob.sealed.ciphertext_size,
        }
        for blob in BODY.blobs
    ]
    place = {"blob": str(REF.blob_id), "offset": 10, "length": 990, "sha256": b64(bytes(32))}
    return {
        "blobs": blobs,
        "documents": [{"id": str(UUID(int=13)), "media_type": "application/pdf", **place}],
        "series": [{"study": "1.2.3", "series": "1.2.3.4", "blobs": [str(UUID(int=12))]}],
    }


UNSIGNED: list[dict[str, Any]] = [
    {"signature": b64(bytes(64))},
    {"signature": ""},
    {"signature": None},
    {"key_id": "0" * 16},
    {"key_id": None},
    {"purpose": "bris_de_glace"},
    {"record": str(UUID(int=1))},
    {"expires": NOW + 901},
    {"issued": 2**60},
    {"more": 1},
]
"""Changes that nobody signed."""
MALFORMED: list[dict[str, Any]] = [
    {"format": "coffre-grant-v2"},
    {"suite": 0},
    {"suite": 3},
    {"suite": True},
    {"id": "x"},
    {"record": "x"},
    {"purpose": ""},
    {"actor": b64(bytes(31))},
    {"event": 5},
    {"recipient": b64(bytes(31))},
    {"head": "AA"},
    {"nonce": "AA"},
    {"body": "="},
    {"body": ""},
    {"expires": NOW + 901},
    {"expires": NOW},
    {"issued": NOW + 900},
    {"issued": "now"},
    {"more": 1},
]
"""Changes that a signer made."""
EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "plaintext size": lambda body: body["blobs"][0].update(plaintext_size=999),
    "ciphertext size": lambda body: body["blobs"][0].update(ciphertext_size=1057),
    "both sizes past the largest": lambda body: body["blobs"][0].update(plaintext_size=2**52),
    "key": lambda body: body["blobs"][0].update(key=b64(bytes(32))),
    "commitment": lambda body: body["blobs"][0].update(commitment=b64(bytes(32))),
    "header mark": lambda body: body["blobs"][0].update(header=b64(bytes(40))),
    "header length": lambda body: body["blobs"][0].update(header=b64(b"\x28" + bytes(38))),
    "version": lambda body: body["blobs"][0].update(version=4),
    "version zero": lambda body: body["blobs"][0].update(version=0),
    "version past 32 bits": lambda body: body["blobs"][0].update(version=2**32),
    "kind": lambda body: body["blobs"][0].update(kind=2),
    "unknown kind": lambda body: body["blobs"][0].update(kind=9),
    "unknown member": lambda body: body["blobs"][0].update(more=1),
    "a blob twice": lambda body: body["blobs"].append(body["blobs"][0]),
    "a document past the end": lambda body: body["documents"][0].update(length=991),
    "a document before the start": lambda body: body["documents"][0].update(offset=-1),
    "a document elsewhere": lambda body: body["documents"][0].update(blob=str(UUID(int=77))),
    "an empty document elsewhere": lambda body: body["documents"][0].update(
        blob=str(UUID(int=77)), offset=0, length=0
    ),
    "an unnamed type": lambda body: body["documents"][0].update(media_type=""),
    "a series elsewhere": lambda body: body["series"][0].update(blobs=[str(UUID(int=77))]),
    "a series of numbers": lambda body: body["series"][0].update(blobs=5),
    "no documents": lambda body: body.pop("documents") and None,
    "no object": lambda body: [],
}
"""Changes of the body before it is sealed and signed."""
