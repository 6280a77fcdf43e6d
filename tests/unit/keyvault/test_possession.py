"""Proofs of possession: every deviation is refused (RFC 9449 section 4.3, docs/adr/0010-possession.md)."""

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.api_jws import PyJWS

from keyvault.credentials.authority import Authority
from keyvault.credentials.issuers import DEMO_ISSUER, IssuerList, first_issuer
from keyvault.credentials.possession import LONGEST_UPLOAD, presented_in, proof_header, verify_token
from keyvault.credentials.possession_proof import (
    PresentedProof,
    Proof,
    body_digest,
    parts_digest,
    public_jwk,
    thumbprint,
    verify_proof,
)
from keyvault.credentials.proving import ProofKey
from keyvault.credentials.refusing import CredentialError
from keyvault.credentials.tokens import verify
from keyvault.crypto.signing import new_signing_key
from records.errors import Invalid
from records.text.base64url import b64
from records.vocabulary.codes import Environment, Role

NOW = 1_800_000_000
AUTHORITY = Authority(new_signing_key()[0], environment=Environment.TEST)
ISSUERS = IssuerList((first_issuer(DEMO_ISSUER, AUTHORITY.public, Environment.TEST),))
AUDIENCE = "coffre/test"
URL = "https://coffre.example/grants"
BODY = b'{"record":"x"}'
KEY = ProofKey(new_signing_key()[0], clock=lambda: NOW)
OTHER = ProofKey(new_signing_key()[0], clock=lambda: NOW)
SIGNING = Ed25519PrivateKey.from_private_bytes(KEY.private)
JWK = public_jwk(SIGNING.public_key().public_bytes_raw())


def issued(key: str | None = KEY.thumbprint, role: Role = Role.DEPOSITOR) -> str:
    structure = None if role is Role.OPERATOR else "1750000001"
    return AUTHORITY.issue(role=role, subject="s", audience=AUDIENCE, now=NOW, structure=structure, key=key)


TOKEN = issued()
CLAIMS: dict[str, Any] = {
    "htm": "POST",
    "htu": URL,
    "iat": NOW,
    "jti": "number",
    "ath": body_digest(TOKEN.encode()),
    "bd": body_digest(BODY),
}
HEADER: dict[str, Any] = {"typ": "dpop+jwt", "alg": "EdDSA", "jwk": JWK}


def signed(claims: Any = CLAIMS, header: Any = HEADER, private: Ed25519PrivateKey = SIGNING) -> str:
    """Signs anything at all; text is taken as it stands."""
    parts = (part if isinstance(part, str) else json.dumps(part) for part in (header, claims))
    text = ".".join(b64(part.encode()) for part in parts)
    return f"{text}.{b64(private.sign(text.encode()))}"


def check(
    proof: str, *, token: str = TOKEN, key: str = KEY.thumbprint, at: int = NOW, **request: Any
) -> Proof:
    presented = PresentedProof(proof, **({"method": "POST", "url": URL} | request))
    return verify_proof(presented, token, key, at=at)


def refused(proof: str, **changes: Any) -> str:
    with pytest.raises(CredentialError) as caught:
        check(proof, **changes)
    assert caught.value.__cause__ is None
    return caught.value.code


def presented(token: str, presented: PresentedProof | None, **changes: Any) -> Any:
    expected: dict[str, Any] = {
        "issuers": ISSUERS,
        "audience": AUDIENCE,
        "at": NOW,
        "environment": Environment.TEST,
    }
    return verify_token(token, presented, **(expected | changes))


class TestAProof:
    def test_of_the_client_is_accepted(self) -> None:
        proof = check(KEY.proof(TOKEN, "POST", URL + "?page=1", body=BODY, purpose="centre_15", reason="é"))
        assert (proof.thumb, proof.made_at) == (KEY.thumbprint, NOW)
        assert (proof.purpose, proof.reason) == ("centre_15", "é")
        proof.check_body(BODY)

    def test_spelled_by_hand_is_the_same(self) -> None:
        check(signed()).check_body(BODY)

    def test_of_a_p256_key(self) -> None:
        key = generate_private_key(SECP256R1())
        numbers = key.public_key().public_numbers()
        jwk = {
            "kty": "EC",
            "crv": "P-256",
            "x": b64(numbers.x.to_bytes(32, "big")),
            "y": b64(numbers.y.to_bytes(32, "big")),
        }
        headers = {"typ": "dpop+jwt", "jwk": jwk}
        proof = PyJWS().encode(json.dumps(CLAIMS).encode(), key, algorithm="ES256", headers=headers)
        assert check(proof, key=thumbprint(jwk)).thumb == thumbprint(jwk)
        assert refused(proof) == "proof_invalid"

    def test_thumbprint_is_that_of_rfc_8037(self) -> None:
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
        assert thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"

    def test_two_proofs_of_one_request_are_not_the_same(self) -> None:
        first, second = (check(KEY.proof(TOKEN, "POST", URL)) for _ in range(2))
        assert first.seen("list") != second.seen("list")
        assert first.seen("list") != first.seen("release")
        assert len(first.seen("list")) == 32


class TestTheRequest:
    @pytest.mark.parametrize("method", ["GET", "post", ""])
    def test_another_method(self, method: str) -> None:
        assert refused(signed(), method=method) == "proof_invalid"

    @pytest.mark.parametrize(
        "url",
        [
            "https://coffre.example/grants//",
            "https://coffre.example/records",
            "http://coffre.example/grants",
            "https://coffre.example:8443/grants",
            "https://other.example/grants",
            "https://coffre.example/Grants",
            "/grants",
            "",
        ],
    )
    def test_another_address(self, url: str) -> None:
        assert refused(signed(), url=url) == "proof_invalid"

    @pytest.mark.parametrize(
        "url",
        [
            URL + "/",
            URL + "?a=b",
            URL + "#c",
            "HTTPS://Coffre.Example/grants",
            "https://coffre.example:443/grants",
        ],
    )
    def test_the_same_address_spelled_otherwise(self, url: str) -> None:
        check(signed(), url=url)

    @pytest.mark.parametrize("body", [b"", BODY + b" ", b"{}"])
    def test_another_body(self, body: bytes) -> None:
        with pytest.raises(CredentialError, match="body"):
            check(signed()).check_body(body)

    def test_a_body_without_its_digest(self) -> None:
        proof = check(signed({name: CLAIMS[name] for name in CLAIMS if name != "bd"}))
        proof.check_body(b"")
        with pytest.raises(CredentialError):
            proof.check_body(BODY)

    def test_parts(self) -> None:
        parts = [hashlib.sha256(part).digest() for part in (b"one", b"two")]
        proof = check(KEY.proof(TOKEN, "POST", URL, body=None, parts=parts))
        proof.check_parts(parts)
        for other in (parts[:1], parts[::-1], [*parts, parts[0]], []):
            with pytest.raises(CredentialError):
                proof.check_parts(other)
        with pytest.raises(CredentialError):
            check(KEY.proof(TOKEN, "POST", URL, body=None)).check_parts(parts)
        assert parts_digest([]) != hashlib.sha256(b"").digest()


class TestTime:
    def test_within_a_minute(self) -> None:
        check(signed(), at=NOW + 60)
        check(signed(), at=NOW - 60)

    @pytest.mark.parametrize("at", [NOW + 61, NOW - 61])
    def test_old_or_from_the_future(self, at: int) -> None:
        assert refused(signed(), at=at) == "proof_invalid"

    def test_a_deposit_may_have_taken_a_while(self) -> None:
        presented = PresentedProof(signed(), "POST", URL)
        verify_proof(presented, TOKEN, KEY.thumbprint, at=NOW + LONGEST_UPLOAD, oldest=LONGEST_UPLOAD)
        with pytest.raises(CredentialError):
            verify_proof(presented, TOKEN, KEY.thumbprint, at=NOW - 61, oldest=LONGEST_UPLOAD)


class TestDeviations:
    def test_another_key(self) -> None:
        assert refused(OTHER.proof(TOKEN, "POST", URL)) == "proof_invalid"
        assert refused(signed(private=Ed25519PrivateKey.generate())) == "proof_invalid"
        assert refused(signed(), key=OTHER.thumbprint) == "proof_invalid"

    def test_another_token(self) -> None:
        assert refused(signed(), token=issued()) == "proof_invalid"

    @pytest.mark.parametrize(
        "header",
        [
            HEADER | {"alg": "none"},
            HEADER | {"alg": "HS256"},
            HEADER | {"alg": "ES256"},
            HEADER | {"alg": "RS256"},
            HEADER | {"alg": ["EdDSA"]},
            HEADER | {"typ": "JWT"},
            HEADER | {"typ": "coffre+jwt"},
            HEADER | {"crit": ["exp"]},
            HEADER | {"kid": "1"},
            {"typ": "dpop+jwt", "alg": "EdDSA"},
            HEADER | {"jwk": JWK | {"d": b64(KEY.private)}},
            HEADER | {"jwk": JWK | {"kid": "1"}},
            HEADER | {"jwk": JWK | {"crv": "X25519"}},
            HEADER | {"jwk": JWK | {"x": JWK["x"][:-1]}},
            HEADER | {"jwk": JWK | {"x": 5}},
            HEADER | {"jwk": {"kty": "oct", "k": "AAAA"}},
            HEADER | {"jwk": [JWK]},
            "[]",
            "{",
            '{"typ":"dpop+jwt","typ":"dpop+jwt"}',
        ],
    )
    def test_headers(self, header: Any) -> None:
        assert refused(signed(header=header)) == "proof_invalid"

    def test_no_signature(self) -> None:
        header, claims, signature = signed().split(".")
        none = b64(json.dumps(HEADER | {"alg": "none"}).encode())
        for proof in (f"{header}.{claims}.", f"{none}.{claims}.", f"{none}.{claims}.{signature}"):
            assert refused(proof) == "proof_invalid"

    def test_a_point_that_is_not_on_the_curve(self) -> None:
        jwk = {"kty": "EC", "crv": "P-256", "x": b64(bytes(31) + b"\x01"), "y": b64(bytes(31) + b"\x01")}
        assert refused(signed(header=HEADER | {"alg": "ES256", "jwk": jwk})) == "proof_invalid"

    @pytest.mark.parametrize("name", sorted(CLAIMS.keys() - {"bd"}))
    def test_a_missing_claim(self, name: str) -> None:
        assert refused(signed({key: CLAIMS[key] for key in CLAIMS if key != name})) == "proof_invalid"

    @pytest.mark.parametrize(
        "change",
        [
            {"exp": NOW},
            {"nonce": "x"},
            {"jti": ""},
            {"jti": 5},
            {"jti": "x" * 129},
            {"iat": str(NOW)},
            {"iat": float(NOW) + 0.5},
            {"iat": True},
            {"htm": ["POST"]},
            {"htu": 5},
            {"htu": "https://me@coffre.example/grants"},
            {"htu": "https://coffre.example:x/grants"},
            {"ath": ""},
            {"ath": TOKEN},
            {"bd": "x"},
            {"bd": None},
            {"pd": "x"},
            {"purpose": 5},
            {"reason": "x" * 1001},
        ],
    )
    def test_claims(self, change: dict[str, Any]) -> None:
        assert refused(signed(CLAIMS | change)) == "proof_invalid"

    @pytest.mark.parametrize("claims", ["[]", "{", json.dumps(CLAIMS)[:-1] + ',"htm":"POST"}'])
    def test_no_object_or_two_meanings(self, claims: str) -> None:
        assert refused(signed(claims)) == "proof_invalid"

    @pytest.mark.parametrize("proof", ["", "a.b.c", "A" * 9000, "é", ".." + "A" * 86])
    def test_no_compact_form(self, proof: str) -> None:
        assert refused(proof) == "proof_invalid"

    def test_oversized(self) -> None:
        assert refused(signed(CLAIMS | {"reason": "x" * 8000})) == "proof_invalid"


class TestACredential:
    def test_that_names_a_key_is_accepted_with_its_proof(self) -> None:
        found = presented(TOKEN, PresentedProof(signed(), "POST", URL))
        assert found.actor.structure == "1750000001"
        assert found.proof.thumb == KEY.thumbprint

    def test_that_names_a_key_is_never_a_bearer_s(self) -> None:
        with pytest.raises(CredentialError) as caught:
            presented(TOKEN, None)
        assert caught.value.code == "possession_required"
        with pytest.raises(CredentialError) as caught:
            verify(
                TOKEN,
                issuers=ISSUERS,
                audience=AUDIENCE,
                at=NOW,
                environment=Environment.TEST,
            )
        assert caught.value.code == "possession_required"

    def test_that_names_none_is_a_bearer_s_and_takes_no_proof(self) -> None:
        bearer = issued(key=None)
        assert presented(bearer, None).proof is None
        with pytest.raises(CredentialError) as caught:
            presented(bearer, PresentedProof(KEY.proof(bearer, "POST", URL), "POST", URL))
        assert caught.value.code == "proof_invalid"

    def test_of_a_bearer_is_refused_where_possession_is_required(self) -> None:
        with pytest.raises(CredentialError) as caught:
            presented(issued(key=None), None, required=True)
        assert caught.value.code == "possession_required"
        assert presented(TOKEN, PresentedProof(signed(), "POST", URL), required=True).proof
        assert (
            presented(issued(key=None, role=Role.OPERATOR), None, required=True).actor.role is Role.OPERATOR
        )

    def test_that_has_expired_is_told_so_before_its_proof(self) -> None:
        with pytest.raises(CredentialError) as caught:
            presented(TOKEN, None, at=NOW + 13 * 3600)
        assert caught.value.code == "token_expired"

    @pytest.mark.parametrize("key", ["", "x", "A" * 44, "=" * 43])
    def test_is_issued_for_a_thumbprint_only(self, key: str) -> None:
        with pytest.raises(Invalid):
            issued(key=key)


class TestAnEnvelope:
    def test_carries_the_proof_to_the_vault(self) -> None:
        presented = PresentedProof("proof", "POST", URL)
        assert presented_in({"kind": "dicom", **proof_header(presented)}) == presented
        assert presented_in({"kind": "dicom"}) is None

    @pytest.mark.parametrize("found", [None, "jws", {}, {"jws": 5, "method": "POST", "url": URL}])
    def test_with_half_a_proof_is_refused(self, found: object) -> None:
        with pytest.raises(Invalid):
            presented_in({"proof": found})
