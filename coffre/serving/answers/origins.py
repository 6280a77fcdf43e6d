"""Let pages of other origins call the API, with a token and never with cookies (Fetch, section 3.3).

Only origins that COFFRE_ALLOWED_ORIGINS names are answered, and only on addresses of the API. The pages that
a session cookie opens stay closed to them. Errors carry the headers too, so that a viewer can read the
reason.
"""

from collections.abc import Callable, Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ("DELETE", "GET", "HEAD", "POST", "PUT")
ADMITTED_HEADERS = (
    "Accept",  # a media type with parameters in quotes is not safelisted (Fetch, section 2.2.2)
    "Authorization",
    "Coffre-Labels",
    "Coffre-Purpose",
    "Coffre-Reason",
    "Content-Encoding",
    "Content-Type",
    "DPoP",
    "Idempotency-Key",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "Prefer",
    "Range",
)
EXPOSED_HEADERS = (
    "Accept-Ranges",
    "Allow",
    "Content-Length",
    "Content-Location",
    "Content-Range",
    "ETag",
    "Last-Modified",
    "Link",
    "Location",
    "Preference-Applied",
    "Retry-After",
    "WWW-Authenticate",
    "Warning",
    "X-Request-Id",
)
KEPT_S = 600  # how long a browser may keep the answer to a preflight
_EXPOSED = ", ".join(EXPOSED_HEADERS).encode()
_PREFLIGHT = (
    (b"access-control-allow-methods", ", ".join(METHODS).encode()),
    (b"access-control-allow-headers", ", ".join(ADMITTED_HEADERS).encode()),
    (b"access-control-max-age", str(KEPT_S).encode()),
)
_ASKED = b"access-control-request-method"
_VARY = b"Origin"
_VARY_PREFLIGHT = b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
Headers = Iterable[tuple[bytes, bytes]]


class OtherOrigins:
    """Middleware. With no origin named it changes nothing."""

    def __init__(self, app: ASGIApp, origins: Iterable[str], opened: Callable[[str], bool]) -> None:
        """`opened` tells of a path whether it belongs to the API."""
        self._app = app
        self._origins = frozenset(origin.encode() for origin in origins)
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._origins or not self._opened(scope["path"]):
            await self._app(scope, receive, send)
            return
        origin = self._admitted(scope["headers"])
        preflight = scope["method"] == "OPTIONS" and any(name == _ASKED for name, _ in scope["headers"])
        vary = _VARY_PREFLIGHT if preflight else _VARY
        if preflight and origin is not None:
            headers = [(b"access-control-allow-origin", origin), *_PREFLIGHT, (b"vary", vary)]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_shown(origin), (b"vary", vary)]}
            await send(message)

        await self._app(scope, receive, with_headers)

    def _admitted(self, headers: Headers) -> bytes | None:
        """The origin that asks, if it is the only one said and one of ours."""
        said = [value for name, value in headers if name == b"origin"]
        return said[0] if len(said) == 1 and said[0] in self._origins else None


def _shown(origin: bytes | None) -> list[tuple[bytes, bytes]]:
    if origin is None:
        return []
    return [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", _EXPOSED)]
