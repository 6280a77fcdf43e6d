"""The client certificate of a request, as the named proxy hands it over (RFC 9440, RFC 8705 section 3).

A credential that is bound to a certificate holds with the thumbprint of that one alone. The header is worth
what its sender is worth: it is taken away where it comes from any other address, before anything reads it.
"""

import base64
import binascii
import hashlib

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from coffre.trusted_proxies import TrustedProxies
from records.errors import Invalid
from records.text.base64url import b64

HEADER = "client-cert"
LONGEST = 16_384
_NAMES = frozenset({b"client-cert", b"client-cert-chain"})


class NamedProxies:
    """Middleware: lets through what the named proxies say of certificates, and nobody else.

    Names that some servers read as the same one, with `_` for `-`, go as well.
    """

    def __init__(self, app: ASGIApp, named: TrustedProxies) -> None:
        self._app = app
        self._named = named

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            is_named = (scope.get("client") or ("",))[0] in self._named
            kept = [each for each in scope["headers"] if is_named or _plain(each[0]) not in _NAMES]
            scope = {**scope, "headers": kept}
        await self._app(scope, receive, send)


def certificate_of(request: Request) -> str | None:
    """SHA-256 over the client's certificate, in base64url (`x5t#S256`); None where the proxy saw none.

    Raises `Invalid` "bad_client_certificate".
    """
    names = [name for name, _ in request.headers.raw if _plain(name) in _NAMES]
    if not names:
        return None
    found = request.headers.getlist(HEADER)
    if len(names) > 1 or not found or len(found[0]) > LONGEST:
        raise _bad()
    text = found[0].strip(" ")
    if len(text) < 2 or text[0] != ":" or text[-1] != ":":  # a byte sequence (RFC 8941 section 3.3.5)
        raise _bad()
    try:
        return b64(hashlib.sha256(base64.b64decode(text[1:-1], validate=True)).digest())
    except (binascii.Error, ValueError):
        raise _bad() from None


def _plain(name: bytes) -> bytes:
    return name.lower().replace(b"_", b"-")


def _bad() -> Invalid:
    return Invalid(
        "The proxy handed over no certificate that can be read: have it send one Client-Cert (RFC 9440).",
        code="bad_client_certificate",
    )
