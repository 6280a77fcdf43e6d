"""The ways back in that a page of an error shows."""

from urllib.parse import quote

from starlette.requests import Request

from records.sessions import return_path


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
