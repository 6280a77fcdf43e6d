"""Whose credentials are accepted, and for what: an issuer proves what the table says it may, and no more."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from keyvault.credentials.authority import Authority
from keyvault.credentials.claims import REQUIRED, claims_of
from keyvault.credentials.issuers import (
    DEMO_ISSUER,
    Issuer,
    IssuerList,
    check_new,
    check_operators_left,
    ending,
    issuer_from_json,
    issuer_of,
    issuer_to_json,
)
from keyvault.credentials.issuers_document import LASTS_S, signed_issuers, verify_issuers
from keyvault.credentials.refusing import CredentialError
from keyvault.credentials.tokens import verify
from keyvault.crypto.signing import key_id, new_signing_key, public_key, sign
from records.errors import CoffreError, Conflict, Invalid
from records.people.identity import INS
from records.vocabulary.codes import Environment, Role

NOW = 1_800_000_000
AUDIENCE = "coffre/test"
PATIENTS, DOCTORS, BOTH = "https://patients.example", "https://cards.example", "https://both.example"
KEYS = {name: new_signing_key() for name in (PATIENTS, DOCTORS, BOTH)}
PERSON = INS("255069900000159", "1.2.250.1.213.1.4.10")
CLAIMS: dict[Role, dict[str, Any]] = {
    Role.PATIENT: {"ins": PERSON},
    Role.PROFESSIONAL: {
        "rpps": "899700024450",
        "profession": "10",
        "structure": "1750000002",
        "sector": "SA07",
    },
    Role.DEPOSITOR: {"structure": "1750000001"},
    Role.OPERATOR: {},
}


def issuer(name: str, *roles: Role, **more: Any) -> Issuer:
    return issuer_of(name, KEYS[name][1], roles, Environment.TEST, **more)


TABLE = IssuerList((issuer(PATIENTS, Role.PATIENT), issuer(DOCTORS, Role.PROFESSIONAL)))


def token(name: str, role: Role, *, subject: str = "s", **more: Any) -> str:
    """What whoever holds the key of `name` can sign."""
    authority = Authority(KEYS[name][0], environment=Environment.TEST, issuer=name)
    return authority.issue(role=role, subject=subject, audience=AUDIENCE, now=NOW, **(CLAIMS[role] | more))


def accepted(text: str, table: IssuerList = TABLE, at: int = NOW, **more: Any) -> Any:
    expected: dict[str, Any] = {"audience": AUDIENCE, "environment": Environment.TEST}
    return verify(text, issuers=table, at=at, **(expected | more))


def refused(text: str, table: IssuerList = TABLE, at: int = NOW, **more: Any) -> str:
    with pytest.raises(CredentialError) as caught:
        accepted(text, table, at, **more)
    assert caught.value.__cause__ is None and caught.value.sentence != "s"
    return caught.value.code


def table(*issuers: Issuer) -> IssuerList:
    return IssuerList(issuers)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def rewritten(text: str, header: dict[str, Any], private: bytes | None = None) -> str:
    """The same claims under another header, signed anew by `private`, else with the signature as it was."""
    _, claims, signature = text.split(".")
    head = b64(json.dumps(header).encode())
    if private is not None:
        signed = Ed25519PrivateKey.from_private_bytes(private).sign(f"{head}.{claims}".encode())
        signature = b64(signed)
    return f"{head}.{claims}.{signature}"


class TestWhatAnIssuerMaySay:
    def test_is_what_the_table_says(self) -> None:
        assert accepted(token(PATIENTS, Role.PATIENT)).ins == PERSON
        assert accepted(token(DOCTORS, Role.PROFESSIONAL)).rpps == "899700024450"

    @pytest.mark.parametrize("role", [role for role in Role if role is not Role.PATIENT])
    def test_an_issuer_of_patients_mints_nobody_else(self, role: Role) -> None:
        """A taken-over identity service of patients makes no doctor, no sender and no operator."""
        assert refused(token(PATIENTS, role)) == "issuer_not_entitled"

    def test_a_claim_that_it_may_not_set_is_refused(self) -> None:
        narrow = issuer(BOTH, Role.PROFESSIONAL, claims=REQUIRED[Role.PROFESSIONAL] | {"sector"})
        assert accepted(token(BOTH, Role.PROFESSIONAL), table(narrow)).setting is None
        assert refused(token(BOTH, Role.PROFESSIONAL, setting="SAMU_SMUR"), table(narrow)) == (
            "issuer_not_entitled"
        )

    def test_a_person_s_own_key_names_that_person_alone(self) -> None:
        own = table(issuer(BOTH, Role.OPERATOR, subject="operator:alice"))
        assert accepted(token(BOTH, Role.OPERATOR, subject="operator:alice"), own)
        assert refused(token(BOTH, Role.OPERATOR, subject="operator:bob"), own) == "issuer_not_entitled"

    def test_only_while_it_lasts(self) -> None:
        short = table(issuer(BOTH, Role.PATIENT, not_before=NOW, not_after=NOW + 60))
        text = token(BOTH, Role.PATIENT)
        assert accepted(text, short, NOW) and accepted(text, short, NOW + 59)
        assert refused(text, short, NOW - 1) == "issuer_ended"
        assert refused(text, short, NOW + 60) == "issuer_ended"

    def test_only_in_its_own_environment(self) -> None:
        foreign = replace(issuer(PATIENTS, Role.PATIENT), environment=Environment.DEMO)
        assert refused(token(PATIENTS, Role.PATIENT), table(foreign)) == "wrong_environment"

    def test_for_this_service_alone(self) -> None:
        assert refused(token(PATIENTS, Role.PATIENT), audience="coffre/demo") == "wrong_audience"

    @pytest.mark.parametrize("minutes", [-10, 10])
    def test_with_a_clock_ten_minutes_off(self, minutes: int) -> None:
        """An issuer whose clock is ahead is told so; one that is behind shortens its credentials."""
        text, at = token(PATIENTS, Role.PATIENT), NOW + minutes * 60
        if minutes < 0:
            assert refused(text, at=at) == "clock_ahead"
        else:
            assert accepted(text, at=at)

    def test_a_sign_in_is_not_proven_in_the_future(self) -> None:
        assert accepted(token(PATIENTS, Role.PATIENT, auth_time=NOW)).proven_at == NOW
        assert refused(token(PATIENTS, Role.PATIENT, auth_time=NOW + 61)) == "clock_ahead"


class TestForgeries:
    """Each is refused before anything that the token says is believed."""

    def test_no_algorithm(self) -> None:
        text = token(PATIENTS, Role.PATIENT)
        for signature in ("", "A" * 86):
            head = b64(json.dumps({"alg": "none", "typ": "coffre+jwt"}).encode())
            assert refused(f"{head}.{text.split('.')[1]}.{signature}") == "token_invalid"

    def test_the_public_key_as_a_secret(self) -> None:
        """HS256 under the public key, which everybody has (RFC 8725 section 2.1)."""
        claims = token(PATIENTS, Role.PATIENT).split(".")[1]
        for secret in (KEYS[PATIENTS][1], KEYS[PATIENTS][1].hex().encode()):
            head = b64(json.dumps({"alg": "HS256", "typ": "coffre+jwt"}).encode())
            mac = hmac.digest(secret, f"{head}.{claims}".encode(), hashlib.sha512)  # as long as a signature
            assert refused(f"{head}.{claims}.{b64(mac)}") == "token_invalid"
            head = b64(json.dumps({"alg": "RS256", "typ": "coffre+jwt"}).encode())
            assert refused(f"{head}.{claims}.{b64(mac)}") == "token_invalid"

    def test_another_issuer_s_key_named_in_kid(self) -> None:
        text = token(PATIENTS, Role.PATIENT)
        swapped = {"alg": "EdDSA", "typ": "coffre+jwt", "kid": key_id(KEYS[DOCTORS][1])}
        assert refused(rewritten(text, swapped)) == "token_invalid"
        assert refused(rewritten(text, swapped, KEYS[DOCTORS][0])) == "token_invalid"
        assert refused(rewritten(text, swapped, KEYS[PATIENTS][0])) == "token_invalid"

    def test_another_issuer_s_name(self) -> None:
        """Who holds the key of patients says that it is the one of cards."""
        posing = Authority(KEYS[PATIENTS][0], environment=Environment.TEST, issuer=DOCTORS)
        text = posing.issue(
            role=Role.PROFESSIONAL, subject="s", audience=AUDIENCE, now=NOW, **CLAIMS[Role.PROFESSIONAL]
        )
        assert refused(text) == "token_invalid"
        bare = {"alg": "EdDSA", "typ": "coffre+jwt"}
        assert refused(rewritten(text, bare, KEYS[PATIENTS][0])) == "token_invalid"

    def test_a_key_of_its_own_in_the_header(self) -> None:
        text = token(PATIENTS, Role.PATIENT)
        for more in ({"jwk": {}}, {"jku": "https://evil.example"}, {"x5c": []}, {"crit": ["exp"]}):
            header = {"alg": "EdDSA", "typ": "coffre+jwt"} | more
            assert refused(rewritten(text, header, KEYS[PATIENTS][0])) == "token_invalid"

    def test_an_issuer_that_is_not_in_the_table(self) -> None:
        assert refused(token(BOTH, Role.PATIENT)) == "token_invalid"
        assert refused(token(PATIENTS, Role.PATIENT), table()) == "token_invalid"

    def test_without_kid_a_name_with_two_keys_is_nobody(self) -> None:
        other = replace(issuer(PATIENTS, Role.PATIENT), public=new_signing_key()[1])
        two = table(issuer(PATIENTS, Role.PATIENT), other)
        text = token(PATIENTS, Role.PATIENT)
        assert accepted(text, two)
        bare = rewritten(text, {"alg": "EdDSA", "typ": "coffre+jwt"}, KEYS[PATIENTS][0])
        assert accepted(bare) and refused(bare, two) == "token_invalid"


class TestANewIssuer:
    HERE = Environment.TEST

    def check(self, new: Issuer, *known: Issuer, beside: tuple[str, ...] = (), at: int = NOW) -> None:
        check_new(new, known, self.HERE, beside=beside, at=at)

    def refused(self, new: Issuer, *known: Issuer, beside: tuple[str, ...] = (), at: int = NOW) -> str:
        with pytest.raises((Invalid, Conflict)) as caught:
            self.check(new, *known, beside=beside, at=at)
        return caught.value.code

    def test_has_roles_that_nobody_else_has(self) -> None:
        self.check(issuer(DOCTORS, Role.PROFESSIONAL), issuer(PATIENTS, Role.PATIENT))
        both = issuer(BOTH, Role.PATIENT, Role.PROFESSIONAL)
        assert self.refused(both, issuer(PATIENTS, Role.PATIENT)) == "issuer_overlaps"
        self.check(both, issuer(PATIENTS, Role.PATIENT), beside=(PATIENTS,))

    def test_overlaps_with_nobody_who_has_ended(self) -> None:
        past = issuer(PATIENTS, Role.PATIENT, not_after=NOW)
        self.check(issuer(BOTH, Role.PATIENT), past)
        assert self.refused(issuer(BOTH, Role.PATIENT), past, at=NOW - 1) == "issuer_overlaps"

    def test_may_be_the_next_key_of_a_known_one(self) -> None:
        following = replace(issuer(PATIENTS, Role.PATIENT), public=new_signing_key()[1])
        self.check(following, issuer(PATIENTS, Role.PATIENT))

    def test_has_a_key_of_its_own(self) -> None:
        """Whoever signs for patients and for doctors under two names is one who signs for both."""
        same = replace(issuer(DOCTORS, Role.PROFESSIONAL), public=KEYS[PATIENTS][1])
        assert self.refused(same, issuer(PATIENTS, Role.PATIENT)) == "issuer_key_used"
        ended = issuer(PATIENTS, Role.PATIENT, not_after=NOW - 1)
        assert self.refused(same, ended) == "issuer_key_used"

    def test_is_of_this_environment(self) -> None:
        foreign = replace(issuer(PATIENTS, Role.PATIENT), environment=Environment.PRODUCTION)
        assert self.refused(foreign) == "wrong_environment"

    @pytest.mark.parametrize(
        "change",
        [
            {"roles": frozenset()},
            {"claims": frozenset({"rpps"})},
            {"claims": frozenset({"role"})},
            {"name": ""},
            {"name": "two words"},
            {"name": "é"},
            {"not_before": NOW, "not_after": NOW},
            {
                "subject": "ins-hmac:alice"
            },  # of patients its claim ins says who: a subject would bound nothing
        ],
    )
    def test_is_well_formed(self, change: dict[str, Any]) -> None:
        assert self.refused(replace(issuer(PATIENTS, Role.PATIENT), **change)) == "bad_issuer"

    def test_of_production_is_not_the_demo_s(self) -> None:
        self.HERE = Environment.PRODUCTION  # type: ignore[misc]
        new = issuer_of(DEMO_ISSUER, KEYS[BOTH][1], [Role.PATIENT], Environment.PRODUCTION)
        assert self.refused(new) == "demo_authority_refused"

    def test_two_operators_are_always_left(self) -> None:
        alice = issuer(PATIENTS, Role.OPERATOR, subject="operator:alice")
        bob = issuer(DOCTORS, Role.OPERATOR, subject="operator:bob")
        check_operators_left([alice, bob], NOW)
        check_operators_left([issuer(BOTH, Role.OPERATOR)], NOW)
        for left in (
            [],
            [alice],
            [alice, replace(bob, subject="operator:alice")],
            [alice, replace(bob, subject="Alice")],
            [alice, replace(bob, not_after=NOW)],
            [alice, replace(bob, not_before=NOW + 1)],
        ):
            with pytest.raises(Conflict) as caught:
                check_operators_left(left, NOW)
            assert caught.value.code == "last_operators"


class TestTheSignedList:
    PRIVATE = new_signing_key()[0]

    def signed(self, *issuers: Issuer, at: int = NOW) -> str:
        public = public_key(self.PRIVATE)
        return signed_issuers(issuers, at, public, lambda message: sign(self.PRIVATE, message))

    def refused(self, document: str | None, at: int = NOW, pinned: bytes | None = None) -> None:
        with pytest.raises(CoffreError) as caught:
            verify_issuers(document, pinned or public_key(self.PRIVATE), at)
        assert caught.value.code == "issuers_unknown"

    def test_reaches_whoever_pins_the_vault_s_key(self) -> None:
        read = verify_issuers(self.signed(*TABLE.issuers), public_key(self.PRIVATE), NOW)
        assert read == TABLE

    def test_lasts_a_day(self) -> None:
        document = self.signed(*TABLE.issuers)
        assert verify_issuers(document, public_key(self.PRIVATE), NOW + LASTS_S - 1)
        self.refused(document, NOW + LASTS_S)

    @pytest.mark.parametrize("document", [None, "", "[]", "{", "null", '{"format":"coffre-issuers-v1"}'])
    def test_absent_or_no_list(self, document: str | None) -> None:
        self.refused(document)

    def test_signed_by_somebody_else(self) -> None:
        self.refused(self.signed(*TABLE.issuers), pinned=new_signing_key()[1])

    @pytest.mark.parametrize("member", ["issuers", "not_after", "format", "key_id", "signature"])
    def test_altered(self, member: str) -> None:
        document = json.loads(self.signed(*TABLE.issuers))
        other = {"issuers": [], "not_after": NOW + 10**9, "signature": b64(bytes(64))}
        self.refused(json.dumps(document | {member: other.get(member, "other")}))
        del document[member]
        self.refused(json.dumps(document))


@given(
    roles=st.sets(st.sampled_from(Role), min_size=1),
    name=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40),
    public=st.binary(min_size=32, max_size=32),
    environment=st.sampled_from(Environment),
    not_before=st.integers(0, 2**40),
    not_after=st.none() | st.integers(0, 2**40),
    subject=st.none() | st.text(min_size=1, max_size=40),
    data=st.data(),
)
def test_an_issuer_is_read_as_it_was_written(data: st.DataObject, **members: Any) -> None:
    roles = frozenset(members.pop("roles"))
    known = sorted({claim for role in roles for claim in claims_of(role)})
    claims = data.draw(st.frozensets(st.sampled_from(known))) if known else frozenset()
    made = Issuer(roles=roles, claims=claims, **members)
    assert issuer_from_json(json.loads(json.dumps(issuer_to_json(made)))) == made


SOON, LATE = NOW + 20 * 86_400, NOW + 40 * 86_400
ENDS = issuer(PATIENTS, Role.PATIENT, not_after=SOON)


@pytest.mark.parametrize(
    ("others", "is_told"),
    [
        ([], True),
        ([issuer(DOCTORS, Role.PROFESSIONAL)], True),
        ([issuer(BOTH, Role.PATIENT, not_after=SOON + 1)], True),
        ([issuer(BOTH, Role.PATIENT, not_after=LATE)], False),
        ([issuer(BOTH, Role.PATIENT)], False),
    ],
)
def test_one_that_ends_soon_is_told_unless_another_says_the_same_after_it(
    others: list[Issuer], is_told: bool
) -> None:
    assert (ENDS in ending([ENDS, *others], NOW)) is is_told


def test_one_that_ended_or_lasts_is_not_told() -> None:
    assert ending([ENDS], SOON) == ending([replace(ENDS, not_after=LATE)], NOW) == []


def test_an_operator_s_own_key_is_not_replaced_by_another_operator_s() -> None:
    alice = issuer(PATIENTS, Role.OPERATOR, subject="alice", not_after=SOON)
    bob = issuer(DOCTORS, Role.OPERATOR, subject="bob")
    assert ending([alice, bob], NOW) == [alice]
    assert ending([alice, bob, issuer(BOTH, Role.OPERATOR, subject="alice")], NOW) == []
