"""The sign-in of the pages counts for a viewer on the same origin: its requests carry the cookie.

Reading alone: DICOMweb, and grants, whose keys are sealed to the viewer. Only where the browser says that a
page of ours asks (Fetch Metadata, which browsers send over HTTPS and to the machine itself, and no script can
set); of a grant also as the request's Origin, which browsers send with every POST of a script. What has an
Authorization header is left as it is. The token goes on as if it had been sent: the vault verifies it.
"""

import asyncio
import re

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from coffre.serving.callers.presented import IN_SESSION
from viewer_api.web.sessions import Sessions

_DICOMWEB, _GRANTS = re.compile(r"/records/[^/]+/dicomweb/.+"), re.compile(r"/grants(/[^/]+/urls)?")
_READING = {"GET": _DICOMWEB, "HEAD": _DICOMWEB, "POST": _GRANTS}
_OURS = "same-origin"


class SessionCookies:
    """Gives requests of a signed-in browser the token of that sign-in."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_a_viewers(request := Request(scope)):
            session = await asyncio.to_thread(self._sessions.current, request)
            if session is not None:
                token = (b"authorization", b"Bearer " + session.token.encode())
                scope = {**scope, "headers": [*scope["headers"], token], IN_SESSION: True}
        await self._app(scope, receive, send)

    def _is_a_viewers(self, request: Request) -> bool:
        addresses = _READING.get(request.method)
        return (
            addresses is not None
            and addresses.fullmatch(request.url.path) is not None
            and "authorization" not in request.headers
            and request.headers.get("sec-fetch-site") == _OURS
            and (addresses is not _GRANTS or request.headers.get("origin") == self._sessions.origin)
            and "cookie" in request.headers
        )
