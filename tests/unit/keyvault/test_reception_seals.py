"""What intake seals for the vault (formats 2 and 6.6)."""

import dataclasses
from typing import Any
from uuid import UUID

import pytest

from audit.canonical import canonical
from keyvault.crypto.boxes import new_box_key, seal_box
from keyvault.crypto.sealed_blob import BlobKind, BlobRef
from keyvault.crypto.signing import key_id, new_signing_key, sign
from keyvault.keys.reception import (
    Envelope,
    ReceivedKey,
    ReceivedPart,
    depositor_token,
    open_envelope,
    open_key,
    seal_envelope,
    seal_key,
)
from keyvault.keys.reception_keys import (
    DayKey,
    ReceptionError,
    new_day_key,
    signed_reception_key,
    verify_reception_key,
)
from records.errors import Invalid
from records.text.base64url import b64

NOW = 1_800_000_000
SUBMISSION = UUID(int=1)
DAY = new_day_key("2027-01-15", NOW + 86400)
SIGNER, PINNED = new_signing_key()
RECEIVED = ReceivedKey(
    SUBMISSION, BlobRef(UUID(int=2), 5, BlobKind.PACK), bytes(range(32)), bytes(range(32, 64))
)
ENVELOPE = Envelope(
    submission_id=SUBMISSION,
    credential="secret.token.here",
    received=NOW,
    ins="255069900000159|1.2.250.1.213.1.4.10",
    headers={"content-type": "multipart/related", "nested": [1, None]},
    parts=(
        ReceivedPart(UUID(int=2), 0, 10, bytes(32), "scan-of-somebody.dcm"),
        ReceivedPart(UUID(int=2), 10, 0, bytes(range(32))),
    ),
)


def code_of(error: Any) -> str:
    return str(error.value.code)


def published(private: bytes = SIGNER, public: bytes = PINNED) -> dict[str, Any]:
    return signed_reception_key(DAY.published, public, lambda message: sign(private, message))


class TestReceptionKey:
    def test_intake_accepts_what_the_vault_signed(self) -> None:
        document = published()
        assert verify_reception_key(document, PINNED, NOW) == DAY.published
        assert set(document) == {"format", "day", "public", "not_after", "key_id", "signature"}

    def test_not_beyond_its_day(self) -> None:
        document = published()
        with pytest.raises(ReceptionError) as caught:
            verify_reception_key(document, PINNED, DAY.not_after)
        assert code_of(caught) == "reception_key_expired"

    @pytest.mark.parametrize(
        "change",
        [
            {"format": "coffre-reception-key-v2"},
            {"day": "2027-01-16"},
            {"public": b64(bytes(32))},
            {"not_after": NOW + 10 * 86400},
            {"not_after": "soon"},
            {"not_after": 2**60},
            {"key_id": "0" * 16},
            {"signature": b64(bytes(64))},
            {"signature": ""},
            {"more": 1},
        ],
    )
    def test_any_change(self, change: dict[str, Any]) -> None:
        with pytest.raises(ReceptionError) as caught:
            verify_reception_key(published() | change, PINNED, NOW)
        assert code_of(caught) == "reception_key_invalid"

    def test_a_missing_member(self) -> None:
        for name in published():
            document = published()
            del document[name]
            with pytest.raises(ReceptionError):
                verify_reception_key(document, PINNED, NOW)

    def test_another_signer(self) -> None:
        document = published(*new_signing_key())
        for named in (document, document | {"key_id": key_id(PINNED)}):
            with pytest.raises(ReceptionError) as caught:
                verify_reception_key(named, PINNED, NOW)
            assert code_of(caught) == "reception_key_invalid"

    @pytest.mark.parametrize(
        "change",
        [
            {"format": "coffre-reception-key-v2"},
            {"day": "15.1.2027"},
            {"day": "20270115"},
            {"public": "AA"},
            {"not_after": 1.5},
        ],
    )
    def test_signed_but_malformed(self, change: dict[str, Any]) -> None:
        document = published() | change
        del document["signature"]
        signature = sign(SIGNER, b"coffre-reception-key-v1\0" + canonical(document))
        with pytest.raises(ReceptionError) as caught:
            verify_reception_key(document | {"signature": b64(signature)}, PINNED, NOW)
        assert code_of(caught) == "reception_key_invalid"

    def test_a_day_is_a_date(self) -> None:
        with pytest.raises(Invalid):
            new_day_key("tomorrow", NOW)


class TestReceivedKey:
    def test_reaches_the_vault_whole(self) -> None:
        sealed = seal_key(DAY.public, RECEIVED)
        assert len(sealed) == 169
        assert open_key(DAY.private, sealed) == RECEIVED

    def test_not_for_another_days_key(self) -> None:
        with pytest.raises(ReceptionError) as caught:
            open_key(new_box_key()[0], seal_key(DAY.public, RECEIVED))
        assert code_of(caught) == "received_key_invalid"

    @pytest.mark.parametrize("position", [0, 31, 32, 100, 168])
    def test_altered(self, position: int) -> None:
        sealed = bytearray(seal_key(DAY.public, RECEIVED))
        sealed[position] ^= 1
        with pytest.raises(ReceptionError):
            open_key(DAY.private, bytes(sealed))

    def payload(self) -> bytearray:
        head = b"coffre-reception-v1\0" + SUBMISSION.bytes + UUID(int=2).bytes
        return bytearray(head + b"\0\0\0\5\1" + bytes(64))

    def test_of_another_form(self) -> None:
        assert open_key(DAY.private, seal_box(DAY.public, bytes(self.payload()))).ref == RECEIVED.ref
        bad_label, bad_version, bad_kind = self.payload(), self.payload(), self.payload()
        bad_label[0] ^= 1
        bad_version[55] = 0
        bad_kind[56] = 9
        short, long = self.payload()[:-1], self.payload() + b"\0"
        for payload in (bad_label, bad_version, bad_kind, short, long, b""):
            with pytest.raises(ReceptionError) as caught:
                open_key(DAY.private, seal_box(DAY.public, bytes(payload)))
            assert code_of(caught) == "received_key_invalid"

    def test_an_envelope_is_no_key(self) -> None:
        with pytest.raises(ReceptionError):
            open_key(DAY.private, seal_envelope(DAY.public, ENVELOPE))
        with pytest.raises(ReceptionError):
            open_envelope(DAY.private, seal_key(DAY.public, RECEIVED), SUBMISSION)

    def test_says_whose_it_is_so_that_the_vault_can_compare(self) -> None:
        other = dataclasses.replace(RECEIVED, submission_id=UUID(int=9))
        assert open_key(DAY.private, seal_key(DAY.public, other)) != RECEIVED

    def test_keys_and_tokens_have_32_bytes(self) -> None:
        for change in ({"dek": b"short"}, {"depositor_token": b""}):
            with pytest.raises(Invalid) as caught:
                seal_key(DAY.public, dataclasses.replace(RECEIVED, **change))
            assert code_of(caught) == "bad_key"


class TestEnvelope:
    def test_reaches_the_vault_whole(self) -> None:
        assert open_envelope(DAY.private, seal_envelope(DAY.public, ENVELOPE), SUBMISSION) == ENVELOPE
        without = dataclasses.replace(ENVELOPE, ins=None, parts=())
        assert open_envelope(DAY.private, seal_envelope(DAY.public, without), SUBMISSION) == without

    def test_of_another_submission(self) -> None:
        with pytest.raises(ReceptionError) as caught:
            open_envelope(DAY.private, seal_envelope(DAY.public, ENVELOPE), UUID(int=9))
        assert code_of(caught) == "envelope_invalid"

    @pytest.mark.parametrize(
        "document",
        [
            [],
            {},
            {"credential": "a", "received": 1, "headers": {}, "parts": [], "more": 1},
            {"credential": "a", "received": 1, "headers": [], "parts": []},
            {"credential": "a", "received": 1, "headers": {}, "parts": {}},
            {"credential": "a", "received": 1.5, "headers": {}, "parts": []},
            {"credential": "a", "received": True, "headers": {}, "parts": []},
            {"credential": "", "received": 1, "headers": {}, "parts": []},
            {"credential": "a", "received": 1, "headers": {}, "parts": [{}]},
            {"credential": "a", "received": 1, "headers": {}, "parts": [], "ins": None},
        ],
    )
    def test_unknown_missing_or_mistyped_members(self, document: object) -> None:
        message = b"coffre-envelope-v1\0" + SUBMISSION.bytes + canonical(document)
        with pytest.raises(ReceptionError) as caught:
            open_envelope(DAY.private, seal_box(DAY.public, message), SUBMISSION)
        assert code_of(caught) == "envelope_invalid"

    @pytest.mark.parametrize(
        "change",
        [
            {"blob": "{00000000-0000-0000-0000-000000000002}"},
            {"blob": "no"},
            {"blob": "ABCDEF00-0000-0000-0000-000000000002"},
            {"offset": -1},
            {"sha256": b64(bytes(31))},
            {"name": ""},
            {"more": 1},
        ],
    )
    def test_malformed_parts(self, change: dict[str, Any]) -> None:
        part = {"blob": str(UUID(int=2)), "offset": 0, "length": 1, "sha256": b64(bytes(32))} | change
        document = {"credential": "a", "received": 1, "headers": {}, "parts": [part]}
        message = b"coffre-envelope-v1\0" + SUBMISSION.bytes + canonical(document)
        with pytest.raises(ReceptionError):
            open_envelope(DAY.private, seal_box(DAY.public, message), SUBMISSION)

    def test_a_second_meaning_of_one_name(self) -> None:
        text = b'{"credential":"a","credential":"b","headers":{},"parts":[],"received":1}'
        message = b"coffre-envelope-v1\0" + SUBMISSION.bytes + text
        with pytest.raises(ReceptionError):
            open_envelope(DAY.private, seal_box(DAY.public, message), SUBMISSION)

    def test_the_largest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sealed = seal_envelope(DAY.public, ENVELOPE)
        monkeypatch.setattr("keyvault.keys.reception.LARGEST_JSON", 200)
        with pytest.raises(Invalid) as refused:
            seal_envelope(DAY.public, ENVELOPE)
        assert code_of(refused) == "envelope_too_large"
        with pytest.raises(ReceptionError):
            open_envelope(DAY.private, sealed, SUBMISSION)


def test_depositors_are_told_apart() -> None:
    tokens = {
        depositor_token(*who) for who in (("a", "b", "c"), ("ab", "", "c"), ("a", "bc", ""), ("a", "b", ""))
    }
    assert len(tokens) == 4
    assert {len(token) for token in tokens} == {32}


def test_nothing_secret_is_shown() -> None:
    day = DayKey("2027-01-15", b"private-private-private-private!", bytes(32), NOW)
    shown = repr([day, RECEIVED, ENVELOPE])
    assert "private-private" not in shown
    assert repr(RECEIVED.dek) not in shown
    assert "secret.token" not in shown
    assert "255069900000159" not in shown
    assert "somebody" not in shown
