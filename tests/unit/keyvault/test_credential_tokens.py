"""Credentials: every deviation is refused (vault, section 4)."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyvault.credentials.authority import Authority
from keyvault.credentials.issuers import DEMO_ISSUER, IssuerList, first_issuer
from keyvault.credentials.refusing import CredentialError
from keyvault.credentials.tokens import verify
from keyvault.crypto.signing import key_id, new_signing_key
from records.errors import Invalid
from records.people.identity import INS
from records.vocabulary.codes import Environment, Role

NOW = 1_800_000_000
PRIVATE, PUBLIC = new_signing_key()
AUDIENCE = "http://127.0.0.1:8080"
AUTHORITY = Authority(PRIVATE, environment=Environment.DEMO)
PERSON = INS("255069900000159", "1.2.250.1.213.1.4.10")
CLAIMS: dict[str, Any] = {
    "iss": DEMO_ISSUER,
    "sub": "doctor",
    "aud": AUDIENCE,
    "iat": NOW,
    "exp": NOW + 3600,
    "jti": "1",
    "role": "professional",
    "rpps": "899700024450",
    "profession": "10",
    "structure": "1750000002",
}
HEADER = {"alg": "EdDSA", "typ": "coffre+jwt"}


def check(token: str, **changes: Any) -> Any:
    environment = changes.setdefault("environment", Environment.DEMO)
    name, public = changes.pop("issuer", DEMO_ISSUER), changes.pop("public", PUBLIC)
    expected: dict[str, Any] = {
        "issuers": IssuerList((first_issuer(name, public, environment),)),
        "audience": AUDIENCE,
        "at": NOW + 1,
    }
    return verify(token, **(expected | changes))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims: Any, header: Any = HEADER, private: bytes = PRIVATE) -> str:
    """Signs anything at all; text is taken as it stands."""
    parts = (part if isinstance(part, str) else json.dumps(part) for part in (header, claims))
    text = ".".join(b64(part.encode()) for part in parts)
    return f"{text}.{b64(Ed25519PrivateKey.from_private_bytes(private).sign(text.encode()))}"


def refused(token: str, **changes: Any) -> str:
    with pytest.raises(CredentialError) as caught:
        check(token, **changes)
    assert caught.value.__cause__ is None
    assert "doctor" not in str(caught.value)
    return caught.value.code


class TestIssued:
    def test_a_professional(self) -> None:
        token = AUTHORITY.issue(
            role=Role.PROFESSIONAL,
            subject="doctor",
            audience=AUDIENCE,
            now=NOW,
            rpps="899700024450",
            profession="10",
            structure="1750000002",
            sector="SA07",
            setting="SAMU_SMUR",
        )
        actor = check(token)
        assert actor.role is Role.PROFESSIONAL
        assert (actor.issuer, actor.subject, actor.structure) == (DEMO_ISSUER, "doctor", "1750000002")
        assert (actor.rpps, actor.profession, actor.sector) == ("899700024450", "10", "SA07")
        assert actor.setting == "SAMU_SMUR"
        assert (actor.issued_at, actor.expires_at) == (NOW, NOW + 12 * 3600)
        assert actor.credential_id

    def test_a_patient_a_depositor_an_operator(self) -> None:
        common: dict[str, Any] = {"subject": "s", "audience": AUDIENCE, "now": NOW}
        patient = check(AUTHORITY.issue(role=Role.PATIENT, ins=PERSON, **common))
        assert patient.ins == PERSON
        depositor = check(AUTHORITY.issue(role=Role.DEPOSITOR, structure="1750000001", **common))
        assert depositor.structure == "1750000001"
        operator = check(AUTHORITY.issue(role=Role.OPERATOR, **common))
        assert operator.expires_at == NOW + 300
        assert len({patient.credential_id, depositor.credential_id, operator.credential_id}) == 3

    @pytest.mark.parametrize(
        "wrong",
        [
            {"role": Role.PATIENT},
            {"role": Role.PATIENT, "ins": PERSON, "rpps": "899700024450"},
            {"role": Role.PROFESSIONAL, "rpps": "899700024450", "profession": "10"},
            {"role": Role.DEPOSITOR, "structure": "1750000001", "ins": PERSON},
            {"role": Role.DEPOSITOR, "structure": "x"},
            {"role": Role.OPERATOR, "lifetime": 301},
            {"role": Role.OPERATOR, "lifetime": 0},
            {"role": Role.OPERATOR, "structure": "1750000001"},
        ],
    )
    def test_nothing_is_issued_that_would_be_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(Invalid):
            AUTHORITY.issue(subject="s", audience=AUDIENCE, now=NOW, **wrong)

    def test_only_identities_of_the_environment(self) -> None:
        real = INS("255069900000159", "1.2.250.1.213.1.4.8")
        with pytest.raises(Invalid):
            AUTHORITY.issue(role=Role.PATIENT, ins=real, subject="s", audience=AUDIENCE, now=NOW)

    def test_other_tools_read_it(self) -> None:
        token = AUTHORITY.issue(role=Role.OPERATOR, subject="s", audience=AUDIENCE, now=NOW)
        key = Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key()
        options: Any = {"verify_exp": False, "verify_iat": False}
        assert jwt.decode(token, key, algorithms=["EdDSA"], audience=AUDIENCE, options=options)["sub"] == "s"
        assert jwt.get_unverified_header(token) == HEADER | {"kid": key_id(PUBLIC)}


class TestTime:
    def test_until_its_end(self) -> None:
        check(signed(CLAIMS), at=NOW + 3599)
        assert refused(signed(CLAIMS), at=NOW + 3600) == "token_expired"

    def test_as_of_an_earlier_instant(self) -> None:
        assert check(signed(CLAIMS), at=NOW + 10).subject == "doctor"

    def test_not_before_it_was_issued_save_for_clocks(self) -> None:
        check(signed(CLAIMS), at=NOW - 60)
        assert refused(signed(CLAIMS), at=NOW - 61) == "clock_ahead"

    @pytest.mark.parametrize(
        "change", [{"exp": NOW + 12 * 3600 + 1}, {"exp": NOW}, {"exp": NOW - 1, "iat": NOW}]
    )
    def test_no_longer_than_its_role_allows(self, change: dict[str, Any]) -> None:
        assert refused(signed(CLAIMS | change)) == "token_invalid"


class TestDeviations:
    def test_the_plain_form_is_accepted(self) -> None:
        assert check(signed(CLAIMS)).subject == "doctor"
        assert check(signed(CLAIMS, HEADER | {"kid": key_id(PUBLIC)})).subject == "doctor"

    @pytest.mark.parametrize(
        "header",
        [
            {"alg": "none", "typ": "coffre+jwt"},
            {"alg": "HS256", "typ": "coffre+jwt"},
            {"alg": "Ed25519", "typ": "coffre+jwt"},
            {"alg": ["EdDSA"], "typ": "coffre+jwt"},
            {"alg": "EdDSA", "typ": "JWT"},
            {"alg": "EdDSA"},
            HEADER | {"crit": ["exp"]},
            HEADER | {"crit": []},
            HEADER | {"b64": False, "crit": ["b64"]},
            HEADER | {"jwk": {}},
            '{"alg":"none","alg":"EdDSA","typ":"coffre+jwt"}',
            "[]",
            "{",
            HEADER | {"kid": 5},
            HEADER | {"kid": "1"},
        ],
    )
    def test_headers(self, header: Any) -> None:
        assert refused(signed(CLAIMS, header)) == "token_invalid"

    @pytest.mark.parametrize("name", sorted(CLAIMS))
    def test_a_missing_claim(self, name: str) -> None:
        assert (
            refused(signed({key: value for key, value in CLAIMS.items() if key != name})) == "token_invalid"
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"role": "admin"},
            {"role": ["professional"]},
            {"role": "patient"},
            {"role": "operator"},
            {"iss": "someone-else"},
            {"sub": ""},
            {"sub": 5},
            {"jti": ""},
            {"iat": str(NOW)},
            {"exp": float(NOW + 60) + 0.5},
            {"exp": True},
            {"nbf": NOW},
            {"cnf": {"jkt": "x"}},
            {"ins": PERSON.value},
            {"rpps": "doctor"},
            {"rpps": 899700024450},
            {"profession": "10 or more"},
            {"profession": 10},
            {"sector": ""},
            {"structure": ""},
            {"admin": True},
        ],
    )
    def test_claims(self, change: dict[str, Any]) -> None:
        assert refused(signed(CLAIMS | change)) == "token_invalid"

    @pytest.mark.parametrize("audience", ["https://elsewhere", [AUDIENCE], "", None])
    def test_for_another_service(self, audience: Any) -> None:
        assert refused(signed(CLAIMS | {"aud": audience})) == "wrong_audience"

    @pytest.mark.parametrize("claims", ["[]", "{", json.dumps(CLAIMS)[:-1] + ',"role":"operator"}'])
    def test_no_object_or_two_meanings(self, claims: str) -> None:
        assert refused(signed(claims)) == "token_invalid"

    @pytest.mark.parametrize(
        "ins",
        [
            "255069900000159",
            "255069900000159|1.2.250.1.213.1.4.8",
            "255069900000158|1.2.250.1.213.1.4.10",
            "|",
        ],
    )
    def test_patients_with_an_invalid_or_foreign_ins(self, ins: str) -> None:
        claims = {name: CLAIMS[name] for name in ("iss", "sub", "aud", "iat", "exp", "jti")}
        assert refused(signed(claims | {"role": "patient", "ins": ins})) == "token_invalid"

    def test_another_key_and_an_altered_token(self) -> None:
        assert refused(signed(CLAIMS, private=new_signing_key()[0])) == "token_invalid"
        assert refused(signed(CLAIMS), public=new_signing_key()[1]) == "token_invalid"
        assert refused(signed(CLAIMS), public=b"short") == "token_invalid"
        header, claims, signature = signed(CLAIMS).split(".")
        other = b64(json.dumps(CLAIMS | {"role": "operator"}).encode())
        for token in (
            f"{header}.{other}.{signature}",
            f"{header}.{claims}.",
            f"{header}.{claims}.{'A' * 86}",
        ):
            assert refused(token) == "token_invalid"

    @pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c.d", ".." + "A" * 86, "é", "A" * 9000])
    def test_no_compact_form(self, token: str) -> None:
        assert refused(token) == "token_invalid"

    def test_a_second_spelling_of_the_same_token(self) -> None:
        token = signed(CLAIMS)
        for other in (token + "=", token + "\n", " " + token, token.replace(".", "=.", 1)):
            assert refused(other) == "token_invalid"


class TestProduction:
    def test_does_not_believe_the_demo_authority(self) -> None:
        assert refused(signed(CLAIMS), environment=Environment.PRODUCTION) == "token_invalid"
        with pytest.raises(Invalid) as caught:
            Authority(PRIVATE, environment=Environment.PRODUCTION)
        assert caught.value.code == "demo_authority_refused"

    def test_nor_test_identities(self) -> None:
        claims = {name: CLAIMS[name] for name in ("sub", "aud", "iat", "exp", "jti")}
        claims |= {"iss": "https://identity.example", "role": "patient", "ins": PERSON.value}
        real: dict[str, Any] = {"issuer": "https://identity.example", "environment": Environment.PRODUCTION}
        assert refused(signed(claims), **real) == "token_invalid"
        claims["ins"] = "255069900000159|1.2.250.1.213.1.4.8"
        assert check(signed(claims), **real).ins.oid == "1.2.250.1.213.1.4.8"


def test_the_authority_shows_no_key() -> None:
    shown = repr(AUTHORITY) + repr(vars(AUTHORITY))
    assert PRIVATE.hex() not in shown
    assert repr(PRIVATE) not in shown
