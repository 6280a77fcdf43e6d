"""Signing in by Pro Santé Connect, against a real OpenID provider (npm's oidc-provider) on the loopback."""

import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from records.errors import CoffreError
from records.text.base64url import b64, unb64
from sign_in.federation.begun import LIFE_S, Begun
from sign_in.federation.code_flow import CodeFlow
from sign_in.federation.provider import Provider
from sign_in.federation.settings import ProviderSettings
from tests.services.oidc_provider import CLIENT, SECRET, OidcProvider, oidc_provider, userinfo

REDIRECT = "http://127.0.0.1:1/sign-in/psc/retour"
SUB = "f:550dc1c8:899700024450"


@pytest.fixture(scope="module")
def psc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    with oidc_provider(tmp_path_factory.mktemp("oidc")) as running:
        running.registers(REDIRECT)
        yield running


@pytest.fixture(autouse=True)
def doctor(psc: OidcProvider) -> None:
    psc.person(SUB, userinfo())


def settings_of(psc: OidcProvider, **changed: Any) -> ProviderSettings:
    return replace(
        ProviderSettings(
            issuer=psc.issuer,
            client_id=CLIENT,
            client_secret=SECRET,
            redirect_uri=REDIRECT,
            allow_http=True,
        ),
        **changed,
    )


@pytest.fixture
def flow(psc: OidcProvider) -> CodeFlow:
    return CodeFlow(Provider(settings_of(psc)))


def now() -> int:
    return int(time.time())


def refusal(flow: CodeFlow, begun: Begun | None, answer: dict[str, str]) -> str:
    with pytest.raises(CoffreError) as refused:
        flow.finish(begun, answer, now())
    return refused.value.code


@pytest.mark.requirement("R5")
def test_a_professional_comes_back_recognised(psc: OidcProvider, flow: CodeFlow) -> None:
    begun = Begun.now("/dossier", now())
    found = flow.finish(begun, psc.signed_in(flow.begin(begun)), now())
    assert found.userinfo["SubjectNameID"] == "899700024450"
    assert abs(found.proven_at - now()) < 30
    assert begun.following == "/dossier"


def test_what_is_asked_is_code_flow_with_pkce_nonce_and_level(psc: OidcProvider, flow: CodeFlow) -> None:
    begun = Begun.now("/", now())
    psc.signed_in(flow.begin(begun))
    asked = psc.asked()
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert (asked["acr_values"], asked["scope"]) == ("eidas1", "openid scope_all")
    assert (asked["nonce"], asked["state"]) == (begun.nonce, begun.state)
    assert begun.verifier not in json.dumps(asked)


def test_an_answer_in_another_browser_than_the_one_that_asked_is_refused(
    psc: OidcProvider, flow: CodeFlow
) -> None:
    """Login CSRF: the attacker's own good answer, sent to somebody else's browser."""
    attacker = Begun.now("/", now())
    answer = psc.signed_in(flow.begin(attacker))
    assert refusal(flow, None, answer) == "federation_state"
    assert refusal(flow, Begun.now("/", now()), answer) == "federation_state"
    stateless = {key: value for key, value in answer.items() if key != "state"}
    assert refusal(flow, attacker, stateless) == "federation_state"


def test_a_stolen_code_is_worth_nothing_in_another_sign_in(psc: OidcProvider, flow: CodeFlow) -> None:
    """Code injection: PKCE binds the code to the sign-in that asked for it."""
    stolen = psc.signed_in(flow.begin(Begun.now("/", now())))
    attacker = Begun.now("/", now())
    assert refusal(flow, attacker, stolen | {"state": attacker.state}) == "federation_token"


def test_an_answer_serves_once(psc: OidcProvider, flow: CodeFlow) -> None:
    begun = Begun.now("/", now())
    answer = psc.signed_in(flow.begin(begun))
    flow.finish(begun, answer, now())
    assert refusal(flow, begun, answer) == "federation_token"


def test_an_answer_of_another_issuer_is_not_exchanged(psc: OidcProvider, flow: CodeFlow) -> None:
    """Mix-up (RFC 9207): the code would be shown to a provider that is not its own."""
    begun = Begun.now("/", now())
    answer = psc.signed_in(flow.begin(begun))
    assert answer["iss"] == psc.issuer
    assert refusal(flow, begun, answer | {"iss": "https://evil.example"}) == "federation_issuer"
    del answer["iss"]
    assert refusal(flow, begun, answer) == "federation_issuer", "it says that it names itself"


def test_another_nonce_is_a_replay(psc: OidcProvider, flow: CodeFlow) -> None:
    begun = Begun.now("/", now())
    answer = psc.signed_in(flow.begin(begun))
    assert refusal(flow, replace(begun, nonce="A" * 43), answer) == "federation_token"


@pytest.mark.requirement("R5")
@pytest.mark.parametrize("acr", ["eidas0", None])
def test_another_level_is_refused(psc: OidcProvider, flow: CodeFlow, acr: str | None) -> None:
    psc.person(SUB, userinfo(), acr=acr)
    begun = Begun.now("/", now())
    assert refusal(flow, begun, psc.signed_in(flow.begin(begun))) == "federation_level"


def test_an_error_of_the_provider_is_told_without_its_words(psc: OidcProvider, flow: CodeFlow) -> None:
    begun = Begun.now("/", now())
    told = {"error": "access_denied", "error_description": "<script>"}
    answer = {**told, "state": begun.state, "iss": psc.issuer}
    with pytest.raises(CoffreError) as refused:
        flow.finish(begun, answer, now())
    assert refused.value.code == "federation_refused" and "script" not in refused.value.sentence


def test_keys_that_were_rotated_are_fetched_anew(psc: OidcProvider) -> None:
    clock = [0.0]
    flow = CodeFlow(Provider(settings_of(psc), clock=lambda: clock[0]))
    for _ in range(2):
        begun = Begun.now("/", now())
        flow.finish(begun, psc.signed_in(flow.begin(begun)), now())
        psc.tell("rotate", {})
        clock[0] += 60


def test_an_access_token_that_its_provider_does_not_confirm_is_refused(
    psc: OidcProvider, flow: CodeFlow
) -> None:
    begun = Begun.now("/", now())
    answer = psc.signed_in(flow.begin(begun))
    with psc.answering("/introspection", {"active": False}):
        assert refusal(flow, begun, answer) == "federation_token"


def test_a_wrong_secret_of_ours_signs_nobody_in(psc: OidcProvider) -> None:
    flow = CodeFlow(Provider(settings_of(psc, client_secret="another")))
    begun = Begun.now("/", now())
    assert refusal(flow, begun, psc.signed_in(flow.begin(begun))) == "federation_client"


def test_who_has_to_prove_himself_anew_is_asked_to(psc: OidcProvider, flow: CodeFlow) -> None:
    begun = Begun.now("/", now(), fresh=True)
    answer = psc.signed_in(flow.begin(begun))
    assert psc.asked()["prompt"] == "login"
    assert now() - flow.finish(begun, answer, now()).proven_at < 30


def test_a_proof_of_earlier_is_not_fresh(psc: OidcProvider, flow: CodeFlow) -> None:
    begun = Begun.now("/", now(), fresh=True)
    asked = flow.begin(replace(begun, fresh=False))
    psc.person(SUB, userinfo(), auth_time=now() - 3600)
    assert refusal(flow, begun, psc.signed_in(asked)) == "federation_not_fresh"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/me", {"sub": "another"}, 200, "federation_token"),
        ("/me", {}, 401, "provider_unavailable"),
        ("/me", [], 200, "provider_unavailable"),
        ("/me", " " * 300_000, 200, "provider_unavailable"),
        ("/jwks", {"keys": "none"}, 200, "provider_unavailable"),
        ("/jwks", {"keys": [1]}, 200, "provider_unavailable"),
        ("/jwks", {"keys": []}, 200, "provider_unavailable"),
        ("/jwks", {}, 503, "provider_unavailable"),
        ("/token", [], 200, "provider_unavailable"),
        ("/token", "[" * 100_000, 200, "provider_unavailable"),
        ("/token", {"error": "server_error"}, 500, "provider_unavailable"),
        ("/token", {"error": "invalid_grant"}, 400, "federation_token"),
        ("/token", {"id_token": 1, "access_token": "x"}, 200, "federation_token"),
        ("/token", {"id_token": "é.é.é", "access_token": "x"}, 200, "federation_token"),
        ("/token", {"id_token": "a.b.c", "access_token": "x"}, 200, "federation_token"),
        ("/introspection", {"active": "true"}, 200, "federation_token"),
        ("/introspection", {"active": True, "client_id": "another"}, 200, "federation_token"),
        ("/introspection", "<html>", 200, "provider_unavailable"),
    ],
)
def test_answers_that_contradict_or_are_none_sign_nobody_in(
    psc: OidcProvider, flow: CodeFlow, path: str, body: object, status: int, code: str
) -> None:
    begun = Begun.now("/", now())
    answer = psc.signed_in(flow.begin(begun))
    with psc.answering(path, body, status):
        assert refusal(flow, begun, answer) == code


@pytest.mark.parametrize(
    ("body", "status", "headers"),
    [
        ({}, 503, {}),
        ("<html>", 200, {}),
        ("", 302, {"location": "https://evil.example"}),
    ],
)
def test_a_provider_that_describes_another_one_is_not_used(
    psc: OidcProvider, flow: CodeFlow, body: object, status: int, headers: dict[str, str]
) -> None:
    with psc.answering("/openid-configuration", body, status, headers=headers):
        assert unavailable(flow)
    flow.begin(Begun.now("/", now()))  # asked again once it is well


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": None},
        {"userinfo_endpoint": "https://["},
    ],
)
def test_a_description_that_contradicts_itself_signs_nobody_in(
    psc: OidcProvider, flow: CodeFlow, changed: dict[str, Any]
) -> None:
    described = httpx.get(f"{psc.issuer}/.well-known/openid-configuration").json()
    begun = Begun.now("/", now())
    answer = psc.signed_in(flow.begin(begun))
    with psc.answering("/openid-configuration", described | changed):
        assert refusal(CodeFlow(Provider(settings_of(psc))), begun, answer) == "provider_unavailable"


def unavailable(flow: CodeFlow) -> bool:
    with pytest.raises(CoffreError) as refused:
        flow.begin(Begun.now("/", now()))
    return refused.value.code == "provider_unavailable"


def test_an_answer_without_an_end_is_given_up(psc: OidcProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sign_in.federation.provider.WHOLE_S", 0.3)
    with psc.dripping("/openid-configuration"):
        assert unavailable(CodeFlow(Provider(settings_of(psc))))


def test_addresses_in_clear_are_refused_outside_the_loopback_of_a_test(psc: OidcProvider) -> None:
    assert unavailable(CodeFlow(Provider(settings_of(psc, allow_http=False))))


def test_a_provider_that_is_away_is_told(psc: OidcProvider) -> None:
    assert unavailable(CodeFlow(Provider(settings_of(psc, issuer="http://127.0.0.1:9"))))


@pytest.fixture
def genuine(psc: OidcProvider, flow: CodeFlow) -> tuple[Begun, dict[str, str], str]:
    """A sign-in, its answer, and the provider's own id token for it."""
    begun = Begun.now("/", now())
    answer = psc.signed_in(flow.begin(begun))
    form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": REDIRECT}
    told = Provider(settings_of(psc)).post("token_endpoint", form | {"code_verifier": begun.verifier}).told
    return begun, answer, told["id_token"]


def forged(psc: OidcProvider, genuine: tuple[Begun, dict[str, str], str], id_token: str) -> str:
    """What the door says of another id token in place of the genuine one."""
    begun, answer, _ = genuine
    with psc.answering("/token", {"id_token": id_token, "access_token": "x", "token_type": "Bearer"}):
        return refusal(CodeFlow(Provider(settings_of(psc))), begun, answer)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256"])
def test_an_id_token_without_the_providers_signature_is_refused(
    psc: OidcProvider, genuine: tuple[Begun, dict[str, str], str], algorithm: str
) -> None:
    """alg none, RS/HS confusion (the public key as a secret), and a key of somebody else under its kid."""
    head, body, _ = genuine[2].split(".")
    header = json.loads(unb64(head)) | {"alg": algorithm}
    unsigned = f"{b64(json.dumps(header).encode())}.{body}"
    if algorithm == "none":
        assert forged(psc, genuine, f"{unsigned}.") == "federation_token"
        return
    published = httpx.get(f"{psc.issuer}/jwks").json()["keys"][0]
    if algorithm == "HS256":
        pem = RSAKey.import_key(published).as_pem(private=False)
        signature = hmac.digest(pem, unsigned.encode(), "sha256")
        assert forged(psc, genuine, f"{unsigned}.{b64(signature)}") == "federation_token"
        return
    strangers = RSAKey.generate_key(2048, {"kid": published.get("kid", "")})
    assert forged(psc, genuine, jwt.encode(header, json.loads(unb64(body)), strangers)) == "federation_token"


@pytest.mark.parametrize("off_by_s", [-600, 7200])
def test_a_clock_that_is_off_is_named_to_who_can_set_it(
    psc: OidcProvider, flow: CodeFlow, caplog: pytest.LogCaptureFixture, off_by_s: int
) -> None:
    """Ten minutes behind, or ahead by more than the provider's tokens live: beginning again mends nothing."""
    here = now() + off_by_s
    begun = Begun.now("/", here)
    answer = psc.signed_in(flow.begin(begun))
    with pytest.raises(CoffreError) as refused:
        flow.finish(begun, answer, here)
    assert refused.value.code == "federation_clock"
    assert "Begin again" not in str(refused.value)
    (line,) = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert "clock" in line and ("behind" if off_by_s < 0 else "ahead") in line


HOUR = 3600


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"aud": "another"}, "federation_token"),
        ({"aud": [CLIENT, "another"]}, "federation_token"),
        ({"aud": None}, "federation_token"),
        ({"aud": "another", "azp": CLIENT}, "federation_token"),
        ({"aud": [CLIENT, "another"], "azp": CLIENT}, "federation_token"),
        ({"azp": "another"}, "federation_token"),
        ({"iss": "https://evil.example"}, "federation_token"),
        ({"sub": ""}, "federation_token"),
        ({"sub": 7}, "federation_token"),
        ({"nonce": "A" * 43}, "federation_token"),
        ({"nonce": None}, "federation_token"),
        ({"exp": int(time.time()) - HOUR}, "federation_clock"),
        ({"exp": "tomorrow"}, "federation_token"),
        ({"iat": int(time.time()) + HOUR}, "federation_clock"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "federation_token"),
        ({"acr": "eidas2"}, "federation_level"),
        ({"acr": ["eidas1"]}, "federation_level"),
        ({"auth_time": None}, "federation_token"),
        ({"auth_time": True}, "federation_token"),
        ({"auth_time": int(time.time()) + HOUR}, "federation_token"),
        ({"auth_time": int(time.time()) - 13 * HOUR}, "federation_not_fresh"),
    ],
)
def test_an_id_token_that_says_something_else_is_refused(
    psc: OidcProvider, genuine: tuple[Begun, dict[str, str], str], changed: dict[str, Any], code: str
) -> None:
    """Each under the provider's own signature: swapped nonce, wrong audience, wrong level, another time."""
    claims = json.loads(unb64(genuine[2].split(".")[1]))
    told = {name: value for name, value in {**claims, **changed}.items() if value is not None}
    assert forged(psc, genuine, psc.signed(told)) == code


def test_the_same_id_token_unchanged_is_believed(
    psc: OidcProvider, genuine: tuple[Begun, dict[str, str], str]
) -> None:
    """So that the refusals above are of what was changed: here it is the provider that knows no such access
    token, when it is asked for userinfo.
    """
    claims = json.loads(unb64(genuine[2].split(".")[1]))
    assert forged(psc, genuine, psc.signed(claims)) == "provider_unavailable"


# what the browser keeps


def test_what_the_browser_keeps_comes_back_as_it_was() -> None:
    begun = Begun.now("/dossier?x=1", 1000, fresh=True)
    assert Begun.read(begun.cookie(), 1000 + LIFE_S) == begun
    assert Begun.read(begun.cookie(), 1001 + LIFE_S) is None
    assert Begun.read(begun.cookie(), 999) is None


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "é",
        b64(b"[]"),
        b64(b"{}"),
        b64(b"[" * 100_000),
        b64(b'{"state":1,"nonce":2,"verifier":3,"following":"/","at":1000}'),
        replace(Begun.now("/", 1000), following="//evil.example").cookie(),
        replace(Begun.now("/", 1000), state="short").cookie(),
        replace(Begun.now("/", 1000), at="1000").cookie(),  # type: ignore[arg-type]
    ],
)
def test_what_was_altered_is_nothing(cookie: str) -> None:
    assert Begun.read(cookie, 1000) is None
