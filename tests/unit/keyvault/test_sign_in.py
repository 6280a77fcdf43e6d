"""Sign-ins: the index row says nothing, the code alone opens it."""

import hashlib

import pytest

from audit.canonical import canonical
from keyvault.credentials.sign_in_links import (
    digest_of,
    form_token,
    is_form_token,
    new_sign_in,
    open_sign_in,
    stated,
)
from keyvault.crypto.envelope import KeyvaultError
from records.errors import CoffreError, Invalid
from records.text.base64url import b64, unb64

TOKEN = "aaaa.bbbb.cccc"


def test_the_code_opens_what_the_index_keeps() -> None:
    made = new_sign_in(TOKEN)
    assert open_sign_in(made.code, made.sealed).token == TOKEN
    assert made.digest == digest_of(made.code)


def test_the_digest_is_sha_256_over_label_and_code() -> None:
    code = b64(bytes(range(32)))
    assert digest_of(code) == hashlib.sha256(b"coffre-sign-in-v1\x00" + bytes(range(32))).digest()


def test_neither_row_nor_repr_holds_token_or_code() -> None:
    made = new_sign_in(TOKEN)
    kept = made.digest + made.sealed
    assert TOKEN.encode() not in kept
    assert unb64(made.code) not in kept
    assert made.code not in repr(made)


def test_forms_of_a_session_count_whatever_its_code_is_by_now() -> None:
    first = new_sign_in(TOKEN)
    forms = open_sign_in(first.code, first.sealed).forms
    assert forms == first.code
    second = new_sign_in(TOKEN, forms)
    assert open_sign_in(second.code, second.sealed).forms == forms != second.code


def test_two_sign_ins_of_one_token_have_nothing_in_common() -> None:
    first, second = new_sign_in(TOKEN), new_sign_in(TOKEN)
    assert len({first.code, second.code}) == len({first.digest, second.digest}) == 2
    with pytest.raises(KeyvaultError) as error:
        open_sign_in(first.code, second.sealed)
    assert error.value.code == "unseal_failed"


@pytest.mark.parametrize("at", [0, 12, -1])
def test_an_altered_row_does_not_open(at: int) -> None:
    made = new_sign_in(TOKEN)
    altered = bytearray(made.sealed)
    altered[at] ^= 1
    with pytest.raises(KeyvaultError):
        open_sign_in(made.code, bytes(altered))


@pytest.mark.parametrize("code", ["", "short", "A" * 42, "A" * 44, "é" * 43, "A" * 42 + "B", "A" * 42 + "="])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(Invalid):
        digest_of(code)
    with pytest.raises(Invalid):
        open_sign_in(code, bytes(40))


def test_a_form_token_belongs_to_one_code_and_one_action() -> None:
    mine, other = new_sign_in(TOKEN).code, new_sign_in(TOKEN).code
    value = form_token(mine, "/choix")
    assert is_form_token(mine, "/choix", value)
    assert not is_form_token(mine, "/sign-out", value)
    assert not is_form_token(other, "/choix", value)
    assert not is_form_token(mine, "/choix", "")
    assert not is_form_token(mine, "/choix", "é")


def test_the_claims_of_a_token_are_read_without_being_accepted() -> None:
    token = f"{b64(b'{}')}.{b64(canonical({'role': 'patient'}))}.{b64(bytes(64))}"
    assert stated(token) == {"role": "patient"}


@pytest.mark.parametrize("token", ["", "a", "a.%.c", f"a.{b64(b'[]')}.c", f"a.{b64(b'{')}.c"])
def test_what_is_no_token_states_nothing(token: str) -> None:
    with pytest.raises(CoffreError):
        stated(token)
