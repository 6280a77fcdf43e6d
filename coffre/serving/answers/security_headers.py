"""Headers that every answer carries, whoever made it."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
DEFAULT_CACHE = (b"cache-control", b"no-store")


class SecurityHeaders:
    """Headers that every answer carries; a route's own Cache-Control wins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                extra = [header for header in (*HEADERS, DEFAULT_CACHE) if header[0] not in names]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
