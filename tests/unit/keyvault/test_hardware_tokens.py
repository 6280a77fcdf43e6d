"""An operator's token by a hardware key: what the key signed, where it was asked, nothing else (ADR 39)."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from keyvault.credentials.hardware_tokens import asked, read_registration
from keyvault.credentials.issuers import (
    Issuer,
    IssuerList,
    check_new,
    issuer_from_json,
    issuer_of,
    issuer_to_json,
    operator_issuer,
    own_key,
)
from keyvault.credentials.issuers_document import signed_issuers, verify_issuers
from keyvault.credentials.tokens import number_of, verify
from keyvault.crypto.signing import new_signing_key, sign
from records.errors import CoffreError
from records.people.actors import Actor
from records.text.base64url import b64, unb64
from records.vocabulary.codes import Environment, Role
from tests.services.authenticator import BACKUP_ELIGIBLE, HardwareKey

NOW = 1_800_000_000
AUDIENCE, ORIGIN = "coffre/production", "https://coffre.example"
ALICE, BOB = HardwareKey(ORIGIN), HardwareKey(ORIGIN)


def own(name: str, key: HardwareKey, origin: str = ORIGIN) -> Issuer:
    return own_key(name, key.public, Environment.PRODUCTION, origin)


TABLE = IssuerList((own("alice", ALICE), own("bob", BOB)))


def wanted(name: str = "alice", at: int = NOW, **more: Any) -> str:
    return asked(operator_issuer(name), AUDIENCE, "number", at, **more)


def actor_of(token: str, table: IssuerList = TABLE, at: int = NOW) -> Actor:
    return verify(token, issuers=table, audience=AUDIENCE, at=at, environment=Environment.PRODUCTION)


def refused(token: str, table: IssuerList = TABLE, at: int = NOW) -> str:
    with pytest.raises(CoffreError) as error:
        actor_of(token, table, at)
    return error.value.code


def test_it_says_who_the_operator_is_for_five_minutes() -> None:
    token = ALICE.signed(wanted())
    found = actor_of(token)
    assert (found.role, found.issuer, found.subject) == (Role.OPERATOR, "operator:alice", "operator:alice")
    assert found.expires_at == NOW + 300 and number_of(token) == "number"
    assert refused(token, at=NOW + 300) == "token_expired"
    assert refused(ALICE.signed(wanted(at=NOW + 3600))) == "clock_ahead"


FORGED: Mapping[str, dict[str, Any]] = {
    "at another site": {"origin": "https://c0ffre.example"},
    "a passkey of another site": {"party": "c0ffre.example"},
    "as if it made a key": {"type": "webauthn.create"},
    "for another question": {"challenge": b64(bytes(32))},
    "without its PIN": {"flags": 1},
    "with nobody there": {"flags": 4},
    "with another signature": {"signature": bytes(70)},
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_answer_proves_nothing(how: str) -> None:
    assert refused(ALICE.signed(wanted(), **FORGED[how])) == "token_invalid"


def test_another_operators_key_signs_for_its_holder_alone() -> None:
    assert refused(BOB.signed(wanted("alice"))) == "token_invalid"
    named_by_key = wanted("alice", key=own("bob", BOB).key_id)
    assert refused(BOB.signed(named_by_key)) == "token_invalid"


def test_an_answer_is_good_for_the_claims_it_was_asked_for() -> None:
    answer = ALICE.signed(wanted()).split(".")[2:]
    for other in (wanted(at=NOW + 30), wanted("bob"), wanted(key=own("alice", ALICE).key_id)):
        assert refused(".".join([other, *answer])) == "token_invalid"


def test_claims_beyond_an_operators_are_not_accepted() -> None:
    header, claims = wanted().split(".")
    told = json.loads(unb64(claims))
    for changed in (
        {"role": "patient", "ins": "255069900000159|1.2.250.1.213.1.4.8"},
        {"sub": "operator:bob"},
        {"exp": NOW + 301},
        {"aud": "coffre/other"},
        {"extra": 1},
    ):
        made = b64(json.dumps(told | changed, sort_keys=True, separators=(",", ":")).encode())
        code = refused(ALICE.signed(f"{header}.{made}"))
        assert code in ("token_invalid", "issuer_not_entitled", "wrong_audience"), changed


def test_a_key_that_a_cloud_may_copy_is_no_hardware_key() -> None:
    synchronised = HardwareKey(ORIGIN, flags=BACKUP_ELIGIBLE)
    assert refused(synchronised.signed(wanted()), IssuerList((own("alice", synchronised),))) == (
        "hardware_key_required"
    )
    with pytest.raises(CoffreError) as error:
        read_registration(synchronised.registration(), ORIGIN)
    assert error.value.code == "hardware_key_required"


def test_an_enrolment_that_has_lapsed_is_over() -> None:
    lapsing = issuer_of(
        "operator:alice",
        ALICE.public,
        [Role.OPERATOR],
        Environment.PRODUCTION,
        subject="operator:alice",
        origin=ORIGIN,
        not_after=NOW + 10,
    )
    token = ALICE.signed(wanted())
    assert actor_of(token, IssuerList((lapsing,)), NOW + 9)
    assert refused(token, IssuerList((lapsing,)), NOW + 10) == "issuer_ended"


def test_each_kind_of_key_signs_its_own_form_alone() -> None:
    """A COSE_Key is never taken for bytes of Ed25519, nor the reverse."""
    private, public = new_signing_key()
    soft = own_key("alice", public, Environment.PRODUCTION)
    assert refused(ALICE.signed(wanted()), IssuerList((soft,))) == "token_invalid"
    header = b64(json.dumps({"alg": "EdDSA", "typ": "coffre+jwt"}, separators=(",", ":")).encode())
    told = f"{header}.{wanted().split('.')[1]}"
    jws = f"{told}.{b64(sign(private, told.encode()))}"
    assert actor_of(jws, IssuerList((soft,)))
    assert refused(jws) == "token_invalid"


@pytest.mark.parametrize(
    "text", ["", "a.b.c.d.e", "....", "A" * 9000, "e30.e30.e30.e30.e30", "bnVsbA.e30.AA.AA.AA"]
)
def test_what_is_no_token_is_refused(text: str) -> None:
    assert refused(text) == "token_invalid"


def test_one_key_is_of_one_operator() -> None:
    with pytest.raises(CoffreError) as error:
        check_new(own("carol", ALICE), TABLE.issuers, Environment.PRODUCTION, beside=[], at=NOW)
    assert error.value.code == "issuer_key_used"


def test_a_hardware_key_names_operators_alone_and_other_keys_have_their_size() -> None:
    patients = issuer_of(
        "x", HardwareKey(ORIGIN).public, [Role.PATIENT], Environment.PRODUCTION, origin=ORIGIN
    )
    short = issuer_of("x", bytes(31), [Role.PATIENT], Environment.PRODUCTION)
    for wrong in (patients, short):
        with pytest.raises(CoffreError) as error:
            check_new(wrong, (), Environment.PRODUCTION, beside=[], at=NOW)
        assert error.value.code == "bad_issuer"


@pytest.mark.parametrize("told", [{}, {"origin": "https://c0ffre.example"}, {"party": "x"}, {"flags": 1}])
def test_what_a_browser_says_of_a_new_key_is_read_for_this_site(told: dict[str, Any]) -> None:
    key = HardwareKey(ORIGIN)
    if not told:
        assert read_registration(key.registration(), ORIGIN) == key.public
        return
    with pytest.raises(CoffreError) as error:
        read_registration(key.registration(**told), ORIGIN)
    assert error.value.code == "bad_key"


@pytest.mark.parametrize("text", ["", "{}", "null", '{"id": 1}'])
def test_a_file_of_something_else_says_what_to_do(text: str) -> None:
    with pytest.raises(CoffreError) as error:
        read_registration(text, ORIGIN)
    assert error.value.code == "bad_key" and "/sign-in/operateur" in error.value.sentence


def test_the_published_list_holds_them_and_that_of_before_has_the_label_of_before() -> None:
    private, public = new_signing_key()
    for issuers, used in ((TABLE.issuers, "coffre-issuers-v2"), ((), "coffre-issuers-v1")):
        document = signed_issuers(issuers, NOW, public, lambda told: sign(private, told))
        assert json.loads(document)["format"] == used
        assert verify_issuers(document, public, NOW).issuers == issuers
        other = {"coffre-issuers-v1": "coffre-issuers-v2", "coffre-issuers-v2": "coffre-issuers-v1"}[used]
        with pytest.raises(CoffreError):
            verify_issuers(document.replace(used, other), public, NOW)


def test_it_is_kept_as_it_was() -> None:
    for each in TABLE.issuers:
        assert issuer_from_json(json.loads(json.dumps(issuer_to_json(each)))) == each
