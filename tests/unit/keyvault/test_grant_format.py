"""Grants: for one recipient, for minutes, as the vault signed them (formats 4 and 6.5)."""

import dataclasses
import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from audit.canonical import canonical
from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.boxes import seal_box
from keyvault.crypto.signing import key_id, new_signing_key, sign
from keyvault.grants.grant import (
    GrantBody,
    GrantedBlob,
    GrantedDocument,
    GrantedSeries,
    GrantError,
    new_recipient,
    open_grant,
    seal_grant,
)
from records.base64url import b64, unb64
from records.errors import Invalid
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


def opened(grant: dict[str, Any], **changes: Any) -> GrantBody:
    arguments: dict[str, Any] = {"private": PRIVATE, "pinned": PINNED, "now": NOW + 1}
    return open_grant(grant, **(arguments | changes))


def refused(grant: dict[str, Any], **changes: Any) -> str:
    with pytest.raises(GrantError) as caught:
        opened(grant, **changes)
    assert caught.value.__cause__ is None
    return caught.value.code


def resigned(grant: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """What a vault that went wrong, or was taken over, might sign."""
    document = {name: value for name, value in (grant | change).items() if name != "signature"}
    return document | {"signature": b64(sign(SIGNER, b"coffre-grant-v1\0" + canonical(document)))}


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


@pytest.mark.parametrize("suite", [1, 2])
class TestBothSuites:
    def test_the_recipient_opens_it_and_then_the_content(self, suite: int) -> None:
        body = opened(made(suite=suite))
        assert body == BODY
        blob, document = body.blobs[0], body.documents[0]
        read = Opener(blob.sealed, blob.dek).read(document.offset, document.length, PACK.fetch)
        assert read == PACK.plain[10:1000]

    def test_addresses_are_hints_outside_the_signature(self, suite: int) -> None:
        assert opened(made(suite=suite) | {"urls": {"x": "https://store.example/x"}}) == BODY

    def test_written_by_the_book(self, suite: int) -> None:
        assert opened(rebuilt(suite, lambda body: None)) == BODY

    def test_another_recipient(self, suite: int) -> None:
        assert refused(made(suite=suite), private=new_recipient()[0]) == "grant_other_recipient"

    def test_replayed_for_another_recipient(self, suite: int) -> None:
        private, public = new_recipient()
        grant = made(suite=suite) | {"recipient": b64(public)}
        assert refused(grant, private=private) == "grant_unsigned"
        assert refused(resigned(grant, {}), private=private) == "grant_tampered"

    def test_time(self, suite: int) -> None:
        grant = made(suite=suite)
        assert opened(grant, now=NOW + 960) == BODY
        assert refused(grant, now=NOW + 961) == "grant_expired"
        assert opened(grant, now=NOW - 60) == BODY
        assert refused(grant, now=NOW - 61) == "grant_expired"

    def test_another_end_than_the_head_says(self, suite: int) -> None:
        assert refused(resigned(made(suite=suite), {"expires": NOW + 899})) == "grant_tampered"

    @pytest.mark.parametrize("member", ["head", "nonce", "body"])
    def test_any_change_of_the_sealed_members(self, suite: int, member: str) -> None:
        grant = made(suite=suite)
        data = unb64(grant[member])
        for position in (0, len(data) // 2, len(data) - 1):
            altered = bytearray(data)
            altered[position] ^= 1
            change = {member: b64(bytes(altered))}
            assert refused(grant | change) == "grant_unsigned"
            assert refused(resigned(grant, change)) == "grant_tampered"

    def test_the_body_of_another_grant(self, suite: int) -> None:
        other = made(suite=suite, grant_id=UUID(int=99))
        change = {name: other[name] for name in ("body", "nonce")}
        assert refused(resigned(made(suite=suite), change)) == "grant_tampered"
        change["head"] = other["head"]
        assert refused(resigned(made(suite=suite), change)) == "grant_tampered"

    def test_another_body_under_the_same_key(self, suite: int) -> None:
        """Who learned the body's key could write a new body; the head names the one that was sealed."""
        place = b"coffre-grant-v1\0" + bytes([suite]) + GRANT.bytes
        other = AESGCM(bytes(range(32))).encrypt(bytes(12), canonical(EMPTY), place)
        grant = rebuilt(suite, lambda body: None)
        assert refused(resigned(grant, {"body": b64(other)})) == "grant_tampered"

    def test_a_head_made_for_another_grant_or_suite(self, suite: int) -> None:
        """Even if its secrets fit the body."""
        for elsewhere in (bytes([suite]) + UUID(int=99).bytes, bytes([3 - suite]) + GRANT.bytes):
            grant = rebuilt(suite, lambda body: None, head_place=b"coffre-grant-v1\0" + elsewhere)
            assert refused(grant) == "grant_tampered"

    def test_a_head_whose_exchange_gives_zeros(self, suite: int) -> None:
        grant = made(suite=suite)
        for point in LOW_ORDER:
            change = {"head": b64(point + unb64(grant["head"])[32:])}
            assert refused(resigned(grant, change)) == "grant_tampered"

    def test_the_other_suite(self, suite: int) -> None:
        downgraded = made(suite=suite) | {"suite": 3 - suite}
        assert refused(downgraded) == "grant_unsigned"
        assert refused(resigned(downgraded, {})) == "grant_tampered"
        other = made(suite=3 - suite)
        assert refused(resigned(made(suite=suite), {"head": other["head"]})) == "grant_tampered"

    def test_a_recipient_with_which_everyone_shares_a_secret(self, suite: int) -> None:
        for public in [*LOW_ORDER, bytes(31), b""]:
            with pytest.raises(GrantError) as caught:
                made(suite=suite, recipient=public)
            assert caught.value.code == "bad_recipient"


class TestSignature:
    @pytest.mark.parametrize(
        "change",
        [
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
        ],
    )
    def test_any_change(self, change: dict[str, Any]) -> None:
        assert refused(made() | change) == "grant_unsigned"

    @pytest.mark.parametrize("name", ["signature", "key_id", "expires", "event"])
    def test_a_missing_member(self, name: str) -> None:
        assert refused({key: value for key, value in made().items() if key != name}) == "grant_unsigned"

    def test_a_key_that_is_not_pinned(self) -> None:
        private, public = new_signing_key()
        grant = made(key_id=key_id(public), sign=lambda message: sign(private, message))
        assert refused(grant) == "grant_unsigned"
        assert refused(made(), pinned={}) == "grant_unsigned"
        assert refused(made(sign=lambda message: sign(private, message))) == "grant_unsigned"

    def test_it_comes_before_everything_else(self) -> None:
        forged = made() | {"signature": b64(bytes(64))}
        assert refused(forged, now=NOW + 9999, private=new_recipient()[0]) == "grant_unsigned"
        assert refused(made(), now=NOW + 9999, private=new_recipient()[0]) == "grant_expired"

    @pytest.mark.parametrize(
        "change",
        [
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
        ],
    )
    def test_signed_but_malformed(self, change: dict[str, Any]) -> None:
        assert refused(resigned(made(), change)) == "grant_tampered"

    def test_signed_but_incomplete(self) -> None:
        for name in set(made()) - {"signature", "key_id"}:
            grant = {key: value for key, value in made().items() if key != name}
            assert refused(resigned(grant, {})) == "grant_tampered"

    def test_a_private_key_of_another_length(self) -> None:
        assert refused(made(), private=b"short") == "grant_other_recipient"


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


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_body_that_contradicts_itself(edit: Callable[[dict[str, Any]], object]) -> None:
    for suite in (1, 2):
        assert refused(rebuilt(suite, edit)) == "grant_tampered"


class TestSealing:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"suite": 3},
            {"expires": NOW},
            {"expires": NOW + 901},
            {"actor": b""},
            {"event": bytes(31)},
            {"body": dataclasses.replace(BODY, blobs=BODY.blobs + BODY.blobs)},
            {"body": dataclasses.replace(BODY, blobs=(GrantedBlob(PACK.sealed, bytes(32)), BODY.blobs[1]))},
            {"body": dataclasses.replace(BODY, documents=(dataclasses.replace(DOCUMENT, length=991),))},
            {"body": dataclasses.replace(BODY, series=(dataclasses.replace(SERIES, blobs=(UUID(int=1),)),))},
        ],
    )
    def test_nothing_is_signed_that_its_recipient_would_refuse(self, wrong: dict[str, Any]) -> None:
        def never(message: bytes) -> bytes:
            pytest.fail("signed")

        with pytest.raises(GrantError) as caught:
            made(sign=never, **wrong)
        assert caught.value.code == "grant_inconsistent"

    def test_versions_stay_in_32_bits(self) -> None:
        sealed = dataclasses.replace(PACK.sealed, ref=dataclasses.replace(REF, version=2**32))
        with pytest.raises(Invalid):
            made(body=GrantBody((GrantedBlob(sealed, DEK),), (), ()))

    def test_a_body_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        grant = made()
        monkeypatch.setattr("keyvault.grants.grant.LARGEST_BODY", 100)
        with pytest.raises(GrantError):
            made()
        assert refused(grant) == "grant_tampered"

    def test_an_empty_grant_is_a_grant(self) -> None:
        empty = GrantBody((), (), ())
        assert opened(made(body=empty)) == empty

    def test_two_grants_share_no_key(self) -> None:
        first, second = made(), made()
        assert first["nonce"] != second["nonce"]
        assert first["body"] != second["body"]

    def test_no_key_is_shown(self) -> None:
        assert repr(DEK) not in repr(BODY)
        assert b64(DEK) not in str(made())
