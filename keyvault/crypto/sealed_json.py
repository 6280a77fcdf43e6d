"""Small JSON under a key: `nonce(12) || AES-256-GCM` (docs/formats.md sections 2, 3 and 5)."""

import zlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from audit.canonical import canonical, parse
from keyvault.crypto.envelope import NONCE, TAG, KeyvaultError, be32, be64, check_key, seal, unseal
from records.errors import Invalid
from records.people.contacts import ContactKind

_CONTACTS = {ContactKind.EMAIL: b"\x01", ContactKind.TELEPHONE: b"\x02"}
LARGEST_JSON = 64 * 1024 * 1024
# a study of 500 slices: 6.6 times smaller for 1.1 ms; level 6 makes it 7.3 times for 2.8 ms
_LEVEL = 1


def seal_json(key: bytes, payload: Mapping[str, Any], aad: bytes) -> bytes:
    """Seals canonical JSON."""
    # canonical (RFC 8785): what is opened and sealed again, or hashed for the log, has the same bytes
    # anywhere
    return seal(key, canonical(dict(payload)), aad)


def open_json(key: bytes, sealed: bytes, aad: bytes) -> dict[str, Any]:
    """Opens what `seal_json` made. Raises `KeyvaultError` "unseal_failed"."""
    check_key(key)
    # before the cipher: whoever writes the table decides how long a row is
    if not NONCE + TAG <= len(sealed) <= LARGEST_JSON:
        raise _unsealed()
    data = unseal(key, sealed, aad)
    if data is None:
        raise _unsealed()
    return _object(data)


def seal_packed(key: bytes, payload: Mapping[str, Any], aad: bytes) -> bytes:
    """Seals canonical JSON, compressed as a zlib stream (RFC 1950)."""
    # What is compressed tells by its length how much it repeats itself; to read a secret by that, somebody
    # would have to have it sealed many times beside guesses (RFC 8446 appendix E.3). A row is sealed once.
    return seal(key, zlib.compress(canonical(dict(payload)), _LEVEL), aad)


def open_packed(key: bytes, sealed: bytes, aad: bytes, largest: int = LARGEST_JSON) -> dict[str, Any]:
    """Opens what `seal_packed` made. Raises `KeyvaultError` "unseal_failed", for more than `largest` bytes of
    JSON too.
    """
    check_key(key)
    if not NONCE + TAG <= len(sealed) <= largest:
        raise _unsealed()
    packed = unseal(key, sealed, aad)
    if packed is None:
        raise _unsealed()
    return _object(_inflated(packed, largest))


def _inflated(packed: bytes, largest: int) -> bytes:
    """One whole stream and nothing behind it, of which no more than `largest` bytes are ever made."""
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(packed, largest)
    except zlib.error:
        raise _unsealed() from None
    if not stream.eof or stream.unused_data:
        raise _unsealed()
    return data


def seal_details(key: bytes, payload: Mapping[str, Any], document_id: UUID, row_version: int) -> bytes:
    """Seals a details row in its present form, `coffre-details-v2`."""
    return seal_packed(key, payload, packed_details_aad(document_id, row_version))


def open_details(key: bytes, sealed: bytes, document_id: UUID, row_version: int) -> dict[str, Any]:
    """Opens a details row of either form. Raises `KeyvaultError` "unseal_failed"."""
    try:
        return open_packed(key, sealed, packed_details_aad(document_id, row_version))
    except KeyvaultError:  # of 0.1.0: its label is another, so neither form is taken for the other
        return open_json(key, sealed, details_aad(document_id, row_version))


def card_aad(record_id: UUID, object_id: UUID, version: int) -> bytes:
    """Associated data of a document's facts in their first form (object = the document), and of a card before
    it held the record's state (object = the record).
    """
    # the version: older facts don't open as the present ones; put back with their own version, they
    # contradict the event that named the newer (docs/formats.md section 2)
    return b"coffre-card-v1\0" + record_id.bytes + object_id.bytes + be32(version)


def choice_card_aad(record_id: UUID, version: int) -> bytes:
    """Associated data of a card as it is sealed now, on which no authorisation stands."""
    return b"coffre-card-v3\0" + record_id.bytes + record_id.bytes + be32(version)


def authorisation_aad(record_id: UUID, person: bytes, version: int) -> bytes:
    """Associated data of the authorisation of one professional; `person` is the pseudonym in its row."""
    return b"coffre-authorisation-v1\0" + record_id.bytes + person + be32(version)


def circle_aad(record_id: UUID, circle_id: UUID, version: int) -> bytes:
    """Associated data of a circle of professionals."""
    return b"coffre-circle-v1\0" + record_id.bytes + circle_id.bytes + be32(version)


def stated_card_aad(record_id: UUID, version: int) -> bytes:
    """Associated data of a card that holds the record's state, and authorisations."""
    # A label of its own: a card without a state can't be opened as one with it. The state is sealed so that
    # whoever writes the table can't reopen a record that its holder closed.
    return b"coffre-card-v2\0" + record_id.bytes + record_id.bytes + be32(version)


def facts_aad(record_id: UUID, document_id: UUID, version: int) -> bytes:
    """Associated data of a document's facts as they are sealed now."""
    # A label of its own: the first form, which knows no circles, can't be opened as one that shows to nobody
    return b"coffre-facts-v2\0" + record_id.bytes + document_id.bytes + be32(version)


def packed_details_aad(document_id: UUID, row_version: int) -> bytes:
    """Associated data of a details row of the index, which is compressed."""
    return b"coffre-details-v2\0" + document_id.bytes + be32(row_version)


def details_aad(document_id: UUID, row_version: int) -> bytes:
    """Associated data of a details row of the index as 0.1.0 sealed it, not compressed."""
    # no record and no submission: these two are in the wrap of the key (docs/formats.md section 2)
    return b"coffre-details-v1\0" + document_id.bytes + be32(row_version)


def summary_aad(record_id: UUID, document_id: UUID, row_version: int) -> bytes:
    """Associated data of a document's summary; the version is that of its newest details row."""
    # of an older row, put back with the newest version beside it, it doesn't open; put back with its own, it
    # isn't of the newest row
    return b"coffre-summary-v1\0" + record_id.bytes + document_id.bytes + be32(row_version)


def contact_aad(record_id: UUID, kind: ContactKind, version: int) -> bytes:
    """Associated data of how a holder is written to; versions count from 1."""
    return b"coffre-contact-v1\0" + record_id.bytes + _CONTACTS[kind] + be32(version)


def contact_code_aad(record_id: UUID, kind: ContactKind) -> bytes:
    """Associated data of the hashed code that proves an address."""
    return b"coffre-contact-code-v1\0" + record_id.bytes + _CONTACTS[kind]


def issuer_aad(name: str, key: str, version: int, *, is_hardware: bool = False) -> bytes:
    """Associated data of an issuer; `key` is the id of its key, 16 hexadecimal digits. `is_hardware`: it has
    an `origin`.
    """
    label = b"coffre-issuer-v2\0" if is_hardware else b"coffre-issuer-v1\0"
    # the name comes last, so that each of the others has its place
    return label + key.encode("ascii") + be32(version) + name.encode()


def notice_aad(record_id: UUID, notice_id: UUID) -> bytes:
    """Associated data of a notice under the card key of its record."""
    return b"coffre-notice-v2\0" + record_id.bytes + notice_id.bytes


def event_aad(chain_id: UUID, chain: int, seq: int) -> bytes:
    """Associated data of an audit event: chain 0 of the system, 1 or 2 of a record; `seq` counts from 1."""
    # the position: an event moved to another line of the log, or to a chain that fewer people see, doesn't
    # open
    if chain not in (0, 1, 2) or seq < 1:
        raise Invalid("An event belongs to chain 0, 1 or 2, at a position from 1.", code="bad_number")
    return b"coffre-event-v1\0" + chain_id.bytes + bytes([chain]) + be64(seq)


def _object(data: bytes) -> dict[str, Any]:
    # parsed after its tag was verified, and strictly all the same: a name that occurs twice is read
    # differently by different parsers (RFC 8259 section 4)
    try:
        payload = parse(data)
    except Invalid:
        raise _unsealed() from None
    if not isinstance(payload, dict):
        raise _unsealed()
    return payload


def _unsealed() -> KeyvaultError:
    return KeyvaultError("A sealed row does not belong here or was altered.", code="unseal_failed")
