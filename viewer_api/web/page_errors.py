"""Errors as pages show them: the status of each, and the way back in."""

from collections.abc import Mapping
from urllib.parse import quote

from starlette.requests import Request

from records.errors import CoffreError, Conflict, Invalid, NotFound, Refused
from records.sessions import return_path

_STATUS: Mapping[str, int] = {
    "quota_exceeded": 429,
    "store_busy": 503,
    "card_changed": 503,
    "vault_unavailable": 503,
    "gateway_unavailable": 503,
    "gateway_off": 501,
    "viewer_missing": 501,
    "content_closed": 503,
}
_KINDS: tuple[tuple[type[CoffreError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (Refused, 403),
    (Invalid, 400),
)


def status_of(error: CoffreError) -> int:
    if error.code in _STATUS:
        return _STATUS[error.code]
    return next((status for kind, status in _KINDS if isinstance(error, kind)), 500)


def way_in(request: Request) -> str:
    """The door, which leads back to the page that was asked for; never to what was posted."""
    query = request.url.query
    here = f"{request.url.path}?{query}" if query else request.url.path
    back = return_path(here) if request.method in ("GET", "HEAD") else "/"
    return f"/sign-in?next={quote(back, safe='/')}"


def way_back_in(request: Request) -> str:
    """To the door for whoever breaks the glass and signed in too long ago; then to the record's own page,
    where an emergency is asked for. A record that was looked for by its INS has no page in an address.
    """
    path = request.url.path
    back = return_path(path) if path.startswith("/dossier/") else "/"
    return f"/sign-in/encore?next={quote(back, safe='/')}"
