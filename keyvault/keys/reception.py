"""Day keys, received data keys and envelopes, by which intake seals to the vault without talking to it.

Intake holds a day's public key, signed by the vault; from the moment a byte is received only the vault can
read it (docs/formats.md section 2; the order of writes is the vault's).
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from audit.canonical import canonical, parse
from keyvault.crypto.boxes import BOX_OVERHEAD, open_box, seal_box
from keyvault.crypto.envelope import KeyvaultError, be32
from keyvault.crypto.members import identifier, integer, items, members, text
from keyvault.crypto.sealed_blob import BlobKind, BlobRef
from keyvault.crypto.sealed_json import LARGEST_JSON
from keyvault.keys.reception_keys import ReceptionError
from records.errors import Invalid
from records.text.base64url import b64, unb64

_RECEIVED_LABEL = b"coffre-reception-v1\0"
_ENVELOPE_LABEL = b"coffre-envelope-v1\0"
_DEPOSITOR_LABEL = b"coffre-depositor-v1\0"
_RECEIVED_SIZE = len(_RECEIVED_LABEL) + 16 + 16 + 4 + 1 + 32 + 32
_DIGEST = 32


@dataclass(frozen=True, slots=True)
class ReceivedKey:
    """A data key on its way from intake to the vault, with all that the vault compares."""

    submission_id: UUID
    ref: BlobRef
    depositor_token: bytes
    dek: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReceivedPart:
    """One part of a received blob, in plaintext coordinates."""

    blob: UUID
    offset: int
    length: int
    sha256: bytes
    name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The facts about a submission that intake knows. `received` is unix seconds, `ins` "matricule|oid"."""

    submission_id: UUID
    credential: str = field(repr=False)
    received: int
    ins: str | None = field(repr=False)
    headers: dict[str, Any] = field(repr=False)
    parts: tuple[ReceivedPart, ...]


def seal_key(public: bytes, received: ReceivedKey) -> bytes:
    """Seals a data key to the day's public key; 169 bytes. Raises `Invalid` "bad_key"."""
    if len(received.depositor_token) != 32 or len(received.dek) != 32:
        raise Invalid("A key and a depositor token have 32 bytes.", code="bad_key")
    ref = received.ref
    place = received.submission_id.bytes + ref.blob_id.bytes + be32(ref.version) + bytes([ref.kind])
    return seal_box(public, _RECEIVED_LABEL + place + received.depositor_token + received.dek)


def open_key(private: bytes, sealed: bytes) -> ReceivedKey:
    """Opens a received key; the caller compares every member with what it was asked to adopt.

    Raises `ReceptionError` "received_key_invalid".
    """
    payload = _unsealed(private, sealed, BOX_OVERHEAD + _RECEIVED_SIZE, "received_key_invalid")
    if len(payload) == _RECEIVED_SIZE and payload.startswith(_RECEIVED_LABEL):
        place = payload[len(_RECEIVED_LABEL) :]
        version = int.from_bytes(place[32:36], "big")
        if version >= 1 and place[36] in set(BlobKind):
            ref = BlobRef(UUID(bytes=place[16:32]), version, BlobKind(place[36]))
            return ReceivedKey(UUID(bytes=place[:16]), ref, place[37:69], place[69:])
    raise _not_ours("received_key_invalid")


def seal_envelope(public: bytes, envelope: Envelope) -> bytes:
    """Seals an envelope to the day's public key. Raises `Invalid` "envelope_too_large"."""
    document: dict[str, Any] = {
        "credential": envelope.credential,
        "received": envelope.received,
        "headers": envelope.headers,
        "parts": [_part_document(part) for part in envelope.parts],
    }
    if envelope.ins is not None:
        document["ins"] = envelope.ins
    message = _ENVELOPE_LABEL + envelope.submission_id.bytes + canonical(document)
    if len(message) > LARGEST_JSON:
        raise Invalid("A submission names too many parts; send it in several.", code="envelope_too_large")
    return seal_box(public, message)


def open_envelope(private: bytes, sealed: bytes, submission_id: UUID) -> Envelope:
    """Opens the envelope of this submission. Raises `ReceptionError` "envelope_invalid"."""
    payload = _unsealed(private, sealed, BOX_OVERHEAD + LARGEST_JSON, "envelope_invalid")
    start = _ENVELOPE_LABEL + submission_id.bytes
    if not payload.startswith(start):
        raise _not_ours("envelope_invalid")
    try:
        return _envelope(submission_id, parse(payload[len(start) :]))
    except Invalid:
        raise _not_ours("envelope_invalid") from None


def depositor_token(issuer: str, subject: str, structure: str) -> bytes:
    """Returns the 32 bytes under which a depositor finds its own submissions; structure "" if it has none."""
    return hashlib.sha256(_DEPOSITOR_LABEL + canonical([issuer, subject, structure])).digest()


def _unsealed(private: bytes, sealed: bytes, most: int, code: str) -> bytes:
    if len(sealed) > most:
        raise _not_ours(code)
    try:
        return open_box(private, sealed)
    except KeyvaultError:
        raise _not_ours(code) from None


def _part_document(part: ReceivedPart) -> dict[str, Any]:
    document: dict[str, Any] = {
        "blob": str(part.blob),
        "offset": part.offset,
        "length": part.length,
        "sha256": b64(part.sha256),
    }
    return document if part.name is None else document | {"name": part.name}


def _part(value: Any) -> ReceivedPart:
    found = members(value, {"blob", "offset", "length", "sha256"}, {"name"})
    return ReceivedPart(
        blob=identifier(found["blob"]),
        offset=integer(found["offset"]),
        length=integer(found["length"]),
        sha256=unb64(found["sha256"], _DIGEST),
        name=text(found["name"]) if "name" in found else None,
    )


def _envelope(submission_id: UUID, value: Any) -> Envelope:
    found = members(value, {"credential", "received", "headers", "parts"}, {"ins"})
    if not isinstance(found["headers"], dict):
        raise Invalid("Headers are an object.", code="bad_member")
    return Envelope(
        submission_id=submission_id,
        credential=text(found["credential"]),
        received=integer(found["received"]),
        ins=text(found["ins"], 128) if "ins" in found else None,
        headers=found["headers"],
        parts=tuple(_part(part) for part in items(found["parts"])),
    )


def _not_ours(code: str) -> ReceptionError:
    return ReceptionError(
        "This was sealed to another key, for another submission, or was altered.", code=code
    )
