"""Templates, headers, style sheet, sign-in of the request and errors as pages, for all pages."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from keyvault.credentials.refusing import CredentialError
from keyvault.verbs.reader.grants.reading import Whose
from records.errors import CoffreError, Conflict, Invalid, NotFound, Refused
from records.sessions import return_path
from records.text.languages import LANGUAGE_COOKIE, LANGUAGES
from records.vocabulary.codes import Environment
from storage.index_parts import Named
from viewer_api.refusals import QUOTA_S, StepUpRequired
from viewer_api.web import words
from viewer_api.web.names import Names, names_of
from viewer_api.web.sessions import Session, Sessions, SignedOut, read_form
from viewer_api.web.texts import Texts, language_of
from viewer_api.web.words import WhoseView, whose_view

log = logging.getLogger("coffre.pages")
HERE = Path(__file__).parent
YEAR_S = 365 * 86_400
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
WITH_SCRIPT: Mapping[str, str] = {
    **HEADERS,
    "Content-Security-Policy": (
        f"{HEADERS['Content-Security-Policy']}; script-src 'self'; connect-src 'self'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
}
"""For the one page that has a program of its own: from our origin, and talking to it alone."""

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
RETRY_AFTER_S = 5
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def status_of(error: CoffreError) -> int:
    if error.code in _STATUS:
        return _STATUS[error.code]
    return next((status for kind, status in _KINDS if isinstance(error, kind)), 500)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file whose name changes with its content, so that it may be kept for good."""

    name: str
    content: bytes = field(repr=False)
    media_type: str


def _static(name: str, media_type: str) -> StaticFile:
    content = (HERE / "static" / name).read_bytes()
    stem, suffix = name.split(".")
    return StaticFile(f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{suffix}", content, media_type)


def _folder(folder: Path) -> dict[str, StaticFile]:
    """Modules that import each other by name: the folder's name changes with the content of all of them."""
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.js"))}
    digest = hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in files.values()))
    at = f"{folder.name}.{digest.hexdigest()[:12]}"
    return {
        f"{at}/{name}": StaticFile(f"{at}/{name}", content, "text/javascript")
        for name, content in files.items()
    }


STYLE = f"/static/{_static('coffre.css', 'text/css').name}"
ICON = f"/static/{_static('coffre.svg', 'image/svg+xml').name}"
"""Addresses that pages of other rooms share."""


class Site:
    """Renders pages for whoever is signed in. `opens_content`: unless the gateway is off, which opens it."""

    def __init__(
        self,
        sessions: Sessions,
        environment: Environment,
        *,
        opens_content: bool = True,
        has_viewer: bool = False,
        opens_here: bool = False,
        keeps_sessions: bool = False,
        directory: Named | None = None,
    ) -> None:
        """`has_viewer`: studies may be opened in OHIF. `opens_here`: the browser opens content itself.
        `keeps_sessions`: this process notes that a session is used, and renews its code. `directory` gives
        numbers of professionals and structures their names.
        """
        self.sessions = sessions
        self._keeps_sessions = keeps_sessions
        self.directory = directory
        self._opens_content = opens_content
        self.has_viewer = has_viewer
        self.opens_here = opens_here
        self._is_demo = environment is not Environment.PRODUCTION
        self._templates = Templates(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._style, self._icon = _static("coffre.css", "text/css"), _static("coffre.svg", "image/svg+xml")
        self.static = {each.name: each for each in (self._style, self._icon)}
        self.static.update(_folder(HERE.parent / "log_check"))
        self._log_check = next(name for name in self.static if name.endswith("/log_page.js"))

    async def visitor(self, request: Request) -> Session | None:
        """Whoever is signed in; kept with the request, for its error page too."""
        session = await asyncio.to_thread(self.sessions.current, request)
        if session is not None and self._keeps_sessions:
            may_renew = request.method in ("GET", "HEAD")
            session = await asyncio.to_thread(self.sessions.keep, session, may_renew=may_renew)
        request.state.session = session
        return session

    async def session(self, request: Request) -> Session:
        """The same; raises `SignedOut` if nobody is."""
        session = await self.visitor(request)
        if session is None:
            raise SignedOut
        return session

    async def form(self, request: Request, session: Session) -> dict[str, str]:
        """The fields of a form made for this sign-in. Raises `FormRefused` or `Invalid`."""
        form = await read_form(request)
        self.sessions.check_form(request, session, form)
        return form

    async def learn(
        self, request: Request, people: Collection[str | None] = (), structures: Collection[str | None] = ()
    ) -> None:
        """Looks up the names of these numbers, for the texts of this request."""
        known = await names_of(self.directory, filter(None, people), filter(None, structures))
        request.state.names = known

    def texts(self, request: Request, to: str | None = None) -> Texts:
        names: Names | None = getattr(request.state, "names", None)
        return Texts(language_of(request), to, names)

    def page(
        self,
        request: Request,
        template: str,
        status: int = 200,
        *,
        scripted: bool = False,
        to: str | None = None,
        **context: Any,
    ) -> Response:
        """A page; `scripted`: with a program of ours, `to`: in the words for these readers. Whatever
        `context` brings is escaped.
        """
        t = self.texts(request, to)
        session: Session | None = getattr(request.state, "session", None)
        html = self._templates.get_template(template).render(
            t=t,
            session=session,
            is_demo=self._is_demo,
            opens_content=self._opens_content,
            style=f"/static/{self._style.name}",
            icon=f"/static/{self._icon.name}",
            log_check=f"/static/{self._log_check}",
            path=request.url.path,
            other_language=_other_language(request, t),
            public_url=self.sessions.origin,
            day_of=words.day_of_unix,
            last_day=words.last_day,
            csrf=session.form_token if session else lambda action: "",
            whose=_whose_view(request, session, t),
            has_viewer=self.has_viewer,
            opens_here=self.opens_here,
            **{"mode": None, "done": None, "problem": None, **context},
        )
        response = HTMLResponse(html, status, WITH_SCRIPT if scripted else HEADERS)
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie(
                LANGUAGE_COOKIE, t.language, max_age=YEAR_S, path="/", httponly=True, samesite="lax"
            )
        return response

    def redirect(self, path: str) -> Response:
        """303: the browser goes on with GET."""
        return RedirectResponse(path, 303, HEADERS)

    def error(self, request: Request, status: int, code: str) -> Response:
        t = self.texts(request)
        key = f"sentence.{code}"
        response = self.page(
            request,
            "error.html",
            status,
            title=t(f"error.{status}"),
            sentence=t(key if t.has(key) else f"sentence.{status}"),
            sign_in=_way_in(request) if code == SignedOut.code else None,
        )
        if status == 503:
            response.headers["Retry-After"] = str(RETRY_AFTER_S)
        if status == 429:
            response.headers["Retry-After"] = str(QUOTA_S)
        return response

    def _answer(self, request: Request, error: Exception) -> Response:
        if isinstance(error, CredentialError):
            request.state.session = None
            response = self.error(request, 403, SignedOut.code)
            self.sessions.drop_cookie(response)
            return response
        if isinstance(error, StepUpRequired):
            return self.redirect(_way_back_in(request))
        if isinstance(error, RequestValidationError):
            return self.error(request, 404, "bad_address")
        status = status_of(error) if isinstance(error, CoffreError) else 500
        if status >= 500:
            # neither message nor frames: they could quote what was being shown
            code = error.code if isinstance(error, CoffreError) else type(error).__name__
            log.error("page failed", extra={"code": code})
        return self.error(request, status, error.code if isinstance(error, CoffreError) else "internal")

    def route_class(self) -> type[APIRoute]:
        """Routes whose errors are pages, in the visitor's language."""
        site = self

        class PageRoute(APIRoute):
            def get_route_handler(self) -> Handler:
                handle = super().get_route_handler()

                async def answer(request: Request) -> Response:
                    try:
                        response = await handle(request)
                    except Exception as error:
                        response = site._answer(request, error)
                    session: Session | None = getattr(request.state, "session", None)
                    if session is not None and session.is_renewed:
                        site.sessions.set_cookie(response, session.code)
                    return response

                return answer

        return PageRoute


def _whose_view(request: Request, session: Session | None, t: Texts) -> WhoseView | None:
    """Whose record this answer is about, for a professional to whom the vault has just shown it."""
    whose: Whose | None = getattr(request.state, "whose", None)
    if whose is None or session is None or not session.is_professional:
        return None
    return whose_view(whose, t)


def _way_in(request: Request) -> str:
    """The door, which leads back to the page that was asked for; never to what was posted."""
    query = request.url.query
    here = f"{request.url.path}?{query}" if query else request.url.path
    back = return_path(here) if request.method in ("GET", "HEAD") else "/"
    return f"/sign-in?next={quote(back, safe='/')}"


def _way_back_in(request: Request) -> str:
    """To the door for whoever breaks the glass and signed in too long ago; then to the record's own page,
    where an emergency is asked for. A record that was looked for by its INS has no page in an address.
    """
    path = request.url.path
    back = return_path(path) if path.startswith("/dossier/") else "/"
    return f"/sign-in/encore?next={quote(back, safe='/')}"


def _other_language(request: Request, t: Texts) -> str | None:
    """The same page in the other language; none for what was posted."""
    if request.method not in ("GET", "HEAD"):
        return None
    (other,) = (language for language in LANGUAGES if language != t.language)
    kept = [
        (name, value) for name, value in request.query_params.multi_items() if name not in ("lang", "fait")
    ]
    return f"{request.url.path}?{urlencode([*kept, ('lang', other)])}"
