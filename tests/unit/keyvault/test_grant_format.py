"""Grants: for one recipient, for minutes, as the vault signed them (formats 4 and 6.5)."""

import dataclasses
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.canonical import canonical
from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.signing import key_id, new_signing_key, sign
from keyvault.grants.grant import (
    GrantBody,
    GrantedBlob,
    GrantError,
    new_recipient,
    open_grant,
)
from records.errors import Invalid
from records.text.base64url import b64, unb64
from tests.unit.keyvault.granting import (
    BODY,
    DOCUMENT,
    EDITS,
    EMPTY,
    GRANT,
    LOW_ORDER,
    MALFORMED,
    NOW,
    PACK,
    PINNED,
    PRIVATE,
    SERIES,
    UNSIGNED,
    made,
    rebuilt,
    resigned,
)
from tests.unit.keyvault.sealing import DEK, REF


def opened(grant: dict[str, Any], **changes: Any) -> GrantBody:
    arguments: dict[str, Any] = {"private": PRIVATE, "pinned": PINNED, "now": NOW + 1}
    return open_grant(grant, **(arguments | changes))


def refused(grant: dict[str, Any], **changes: Any) -> str:
    with pytest.raises(GrantError) as caught:
        opened(grant, **changes)
    assert caught.value.__cause__ is None
    return caught.value.code


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
        UNSIGNED,
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
        MALFORMED,
    )
    def test_signed_but_malformed(self, change: dict[str, Any]) -> None:
        assert refused(resigned(made(), change)) == "grant_tampered"

    def test_signed_but_incomplete(self) -> None:
        for name in set(made()) - {"signature", "key_id"}:
            grant = {key: value for key, value in made().items() if key != name}
            assert refused(resigned(grant, {})) == "grant_tampered"

    def test_a_private_key_of_another_length(self) -> None:
        assert refused(made(), private=b"short") == "grant_other_recipient"


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
