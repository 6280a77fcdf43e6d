"""A structure's certificate in place of a token, as the sender reads and uses it (RFC 8705 section 2).

The real server answers in tests/integration/test_certificate_token.py.
"""

import ssl
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from client.certificates import RENEWED_BEFORE_S, FetchedToken, tls_context
from client.http_client import CoffreClient
from records.errors import CoffreError, Invalid
from tests import igc

URL = "https://machines.coffre.example"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def fetched(answers: list[httpx.Response], clock: Clock) -> tuple[FetchedToken, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answers.pop(0)

    client = CoffreClient(URL, None, sleep=lambda _: None, transport=httpx.MockTransport(answer))
    return FetchedToken(client, clock), asked


def given(token: object, life: object = 3600) -> httpx.Response:
    return httpx.Response(200, json={"access_token": token, "expires_in": life, "token_type": "Bearer"})


def test_a_token_is_asked_for_once_and_again_some_minutes_before_it_ends() -> None:
    clock = Clock()
    token, asked = fetched([given("first"), given("second")], clock)
    assert (token(), token()) == ("first", "first")
    clock.now = 3600 - RENEWED_BEFORE_S - 1
    assert token() == "first"
    clock.now = 3600 - RENEWED_BEFORE_S
    assert token() == "second"
    assert [(one.method, one.url.path, one.read()) for one in asked] == [
        ("POST", "/token", b"grant_type=client_credentials")
    ] * 2


def test_a_refusal_is_told_with_the_server_s_code_and_sentence() -> None:
    refused = {
        "error": "invalid_client",
        "code": "certificate_revoked",
        "error_description": "It was revoked.",
    }
    token, _ = fetched([httpx.Response(401, json=refused)], Clock())
    with pytest.raises(CoffreError) as told:
        token()
    assert (told.value.code, told.value.sentence) == ("certificate_revoked", "It was revoked.")


@pytest.mark.parametrize(
    "answer",
    [
        given(None),
        given("é"),
        given("token", "soon"),
        httpx.Response(200, content=b'{"access_token": "token", "expires_in": NaN}'),
        httpx.Response(200, json=[]),
        httpx.Response(200),
    ],
    ids=["no token", "not ASCII", "no life", "no number", "a list", "nothing"],
)
def test_an_answer_that_gives_no_token_is_none_of_coffre_s(answer: httpx.Response) -> None:
    token, _ = fetched([answer], Clock())
    with pytest.raises(CoffreError) as told:
        token()
    assert told.value.code == "bad_answer"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, health = tmp_path_factory.mktemp("certificates"), igc.Authority()
    own, key = health.organisation().written(folder, "own")
    _, other = health.organisation().written(folder, "other")
    (folder / "text").write_text("no certificate")
    held = load_pem_private_key(key.read_bytes(), None)
    (folder / "locked").write_bytes(
        held.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )
    named = {name: folder / name for name in ("text", "none", "locked")}
    return {"own": own, "key": key, "other": other, **named}


def test_without_any_file_the_library_s_own_authorities_are_believed() -> None:
    assert tls_context(URL, None, None, None) is None


def test_a_certificate_with_its_key_is_shown_and_the_server_s_is_verified(files: dict[str, Path]) -> None:
    context = tls_context(URL, files["own"], files["key"], None)
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(
    ("certificate", "key", "authorities", "named"),
    [
        ("own", "other", None, "own"),
        ("own", None, None, "own"),
        ("text", "key", None, "text"),
        ("none", "key", None, "none"),
        ("own", "none", None, "none"),
        ("own", "locked", None, "passphrase"),
        (None, "key", None, "--certificate"),
        ("own", "key", "none", "none"),
        ("own", "key", "text", "text"),
    ],
)
def test_files_that_are_no_certificate_and_its_key_are_named(
    files: dict[str, Path], certificate: str | None, key: str | None, authorities: str | None, named: str
) -> None:
    with pytest.raises(Invalid) as told:
        tls_context(URL, *(None if one is None else files[one] for one in (certificate, key, authorities)))
    assert told.value.code == "bad_certificate_file"
    assert named in told.value.sentence


def test_a_certificate_is_not_shown_without_tls(files: dict[str, Path]) -> None:
    with pytest.raises(Invalid) as told:
        tls_context("http://127.0.0.1:8080", files["own"], files["key"], None)
    assert told.value.code == "certificate_needs_https"
