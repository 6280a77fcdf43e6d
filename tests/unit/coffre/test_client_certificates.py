"""Client-Cert is believed from the named proxy alone, and once (RFC 9440)."""

import asyncio
import base64
import hashlib
from typing import Any

import pytest
from starlette.requests import Request

from coffre.serving.callers.client_certificates import NamedProxies, certificate_of
from coffre.trusted_proxies import TrustedProxies
from records.errors import Invalid
from records.text.base64url import b64

DER = b"\x30\x03certificate"
SHOWN = b":" + base64.b64encode(DER) + b":"
PROXY, ELSEWHERE = "10.0.0.5", "10.0.0.6"


def passed_on(peer: str | None, *headers: tuple[bytes, bytes]) -> Request:
    """The request as it comes in behind the edge."""
    seen: list[Any] = []

    async def inside(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(Request(scope))

    client = None if peer is None else (peer, 1234)
    scope = {"type": "http", "method": "GET", "path": "/", "headers": list(headers), "client": client}
    edge = NamedProxies(inside, TrustedProxies(PROXY))
    asyncio.run(edge(scope, None, None))  # type: ignore[arg-type]
    (request,) = seen
    return request


def test_the_named_proxy_hands_over_the_certificate() -> None:
    found = certificate_of(passed_on(PROXY, (b"client-cert", SHOWN)))
    assert found == b64(hashlib.sha256(DER).digest())


@pytest.mark.parametrize("peer", [ELSEWHERE, "127.0.0.1", "::1", None])
@pytest.mark.parametrize("name", [b"client-cert", b"Client-Cert", b"client_cert", b"client-cert-chain"])
def test_from_anybody_else_it_is_as_if_it_were_not_there(peer: str | None, name: bytes) -> None:
    request = passed_on(peer, (name, SHOWN), (b"accept", b"*/*"))
    assert certificate_of(request) is None and request.headers.raw == [(b"accept", b"*/*")]


def test_without_one_there_is_none() -> None:
    assert certificate_of(passed_on(PROXY)) is None


@pytest.mark.parametrize(
    "headers",
    [
        [(b"client-cert", SHOWN), (b"client-cert", SHOWN)],
        [(b"client-cert", SHOWN), (b"client_cert", SHOWN)],
        [(b"client_cert", SHOWN)],
        [(b"client-cert-chain", SHOWN)],
        [(b"client-cert", b"")],
        [(b"client-cert", b":")],
        [(b"client-cert", base64.b64encode(DER))],
        [(b"client-cert", b":!!!:")],
        [(b"client-cert", b":\xe9\xe9\xe9\xe9:")],
        [(b"client-cert", SHOWN + b", " + SHOWN)],
        [(b"client-cert", b":" + b"A" * 20_000 + b":")],
    ],
)
def test_what_is_smuggled_beside_it_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    """The proxy sends one, and no other name that some servers read as the same."""
    with pytest.raises(Invalid) as refused:
        certificate_of(passed_on(PROXY, *headers))
    assert refused.value.code == "bad_client_certificate"
