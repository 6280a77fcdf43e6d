"""Answer an address with a slash at its end as the one without; a redirect would lose the body."""

from starlette.types import ASGIApp, Receive, Scope, Send


class SlashAtTheEnd:
    """Takes one slash away before anything else looks at the path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and len(scope["path"]) > 1 and scope["path"].endswith("/"):
            scope = {**scope, "path": scope["path"][:-1]}
            scope["raw_path"] = _without(scope.get("raw_path"))
        await self._app(scope, receive, send)


def _without(raw: bytes | None) -> bytes | None:
    """The path as it was sent; servers may put the query behind it."""
    if raw is None:
        return None
    path, mark, query = raw.partition(b"?")
    return path.removesuffix(b"/") + mark + query
