"""Search tokens, signed addresses, Ed25519."""

import unicodedata
from uuid import UUID

import pytest

from keyvault.crypto.search_tokens import TokenField, part_value, token
from keyvault.crypto.signing import key_id, new_signing_key, public_key, sign, verify
from keyvault.grants.signed_urls import check_url, sign_url
from records.errors import Invalid, Refused

KEY = bytes(range(32))
RECORD = UUID(int=7)
INS = "255069900000159|1.2.250.1.213.1.4.10"
NOW = 1_800_000_000


class TestTokens:
    def test_equal_values_of_one_field_and_key_alone(self) -> None:
        made = token(KEY, TokenField.STUDY, "1.2.3")
        assert len(made) == 32
        assert made == token(KEY, TokenField.STUDY, "1.2.3")
        assert made != token(KEY, TokenField.SERIES, "1.2.3")
        assert made != token(KEY, TokenField.STUDY, "1.2.4")
        assert made != token(bytes(32), TokenField.STUDY, "1.2.3")

    @pytest.mark.parametrize("padded", ["1.2.3\0", "1.2.3 ", " 1.2.3", "1.2.3\0\0 "])
    def test_dicom_padding_is_trimmed(self, padded: str) -> None:
        assert token(KEY, TokenField.SOP, padded) == token(KEY, TokenField.SOP, "1.2.3")

    def test_composed_and_decomposed_letters_are_one(self) -> None:
        composed, decomposed = (unicodedata.normalize(form, "ACC-é") for form in ("NFC", "NFD"))
        assert composed != decomposed
        assert token(KEY, TokenField.ACCESSION, composed) == token(KEY, TokenField.ACCESSION, decomposed)

    def test_an_ins_is_fifteen_characters_and_an_oid(self) -> None:
        assert token(KEY, TokenField.INS, INS) != token(KEY, TokenField.INS, INS[:-2] + "11")
        token(KEY, TokenField.INS, "255062A00000159|1.2.3")
        for wrong in ("255069900000159", INS.replace("|", ""), "x" + INS, INS + " ", "2550699000001599|1.2"):
            with pytest.raises(Invalid):
                token(KEY, TokenField.INS, wrong)

    @pytest.mark.parametrize("value", ["", " \0 ", "x" * 1025, "\ud800", b"1.2.3"])
    def test_values_that_would_mean_nothing(self, value: str | bytes) -> None:
        with pytest.raises(Invalid) as caught:
            token(KEY, TokenField.ACCESSION, value)
        assert caught.value.code == "bad_token_value"

    def test_duplicates_are_recognised_within_one_record_and_structure(self) -> None:
        values = {
            part_value(RECORD, "1750000001", bytes(32)),
            part_value(RECORD, "1750000002", bytes(32)),
            part_value(UUID(int=8), "1750000001", bytes(32)),
            part_value(RECORD, "1750000001", bytes(31) + b"\1"),
        }
        assert len({token(KEY, TokenField.PART, value) for value in values}) == 4

    @pytest.mark.parametrize("value", ["text", b"", bytes(48), bytes(1025)])
    def test_a_part_is_no_text_and_has_a_structure(self, value: str | bytes) -> None:
        with pytest.raises(Invalid):
            token(KEY, TokenField.PART, value)

    def test_parts_without_structure_or_digest(self) -> None:
        for structure, digest in (("", bytes(32)), ("1", bytes(31))):
            with pytest.raises(Invalid):
                part_value(RECORD, structure, digest)

    def test_the_key_has_32_bytes(self) -> None:
        with pytest.raises(Invalid):
            token(b"", TokenField.STUDY, "1.2.3")


class TestUrls:
    GRANT, BLOB = UUID(int=1), UUID(int=2)

    def check(self, **changes: object) -> None:
        signed = {"grant": self.GRANT, "blob": self.BLOB, "version": 1, "exp": NOW + 300}
        signature = sign_url(KEY, **signed)  # type: ignore[arg-type]
        check_url(KEY, **({"signature": signature, "now": NOW} | signed | changes))  # type: ignore[arg-type]

    def test_admits_what_was_signed(self) -> None:
        self.check()

    @pytest.mark.parametrize(
        "changes",
        [
            {"grant": UUID(int=3)},
            {"blob": UUID(int=3)},
            {"version": 2},
            {"exp": NOW + 301},
            {"signature": bytes(32)},
            {"signature": b""},
            {"version": 0},
            {"exp": -1},
            {"exp": 2**70},
            {"now": NOW - 61},
        ],
    )
    def test_and_nothing_else(self, changes: dict[str, object]) -> None:
        with pytest.raises(Refused) as caught:
            self.check(**changes)
        assert caught.value.code == "url_invalid"

    def test_until_its_end(self) -> None:
        self.check(now=NOW + 299)
        with pytest.raises(Refused) as caught:
            self.check(now=NOW + 300)
        assert caught.value.code == "url_expired"

    def test_the_key_has_32_bytes(self) -> None:
        with pytest.raises(Invalid):
            check_url(b"", self.GRANT, self.BLOB, 1, exp=NOW, signature=b"", now=NOW)


class TestSigning:
    def test_a_signature_is_of_one_key_over_one_message(self) -> None:
        (private, public), (_, other) = new_signing_key(), new_signing_key()
        signature = sign(private, b"message")
        assert public_key(private) == public
        assert verify(public, b"message", signature)
        assert not verify(public, b"massage", signature)
        assert not verify(other, b"message", signature)
        assert not verify(public, b"message", signature[:-1])
        assert not verify(b"short", b"message", signature)

    def test_the_first_vector_of_rfc_8032(self) -> None:
        private = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
        public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        assert public_key(private).hex() == public
        assert sign(private, b"").hex().startswith("e5564300c360ac729086e2cc806e828a")

    def test_the_name_of_a_key(self) -> None:
        assert key_id(b"") == "e3b0c44298fc1c14"

    def test_a_private_key_has_32_bytes(self) -> None:
        with pytest.raises(Invalid) as caught:
            sign(b"secret", b"")
        assert "secret" not in str(caught.value)
