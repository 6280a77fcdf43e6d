"""Templates, sign-in of the request and errors as pages, for all pages."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from keyvault.credentials.refusing import CredentialError
from keyvault.verbs.reader.grants.reading import Whose
from records.durations import YEAR_S
from records.errors import CoffreError
from records.http_statuses import status_of
from records.text.languages import LANGUAGE_COOKIE, LANGUAGES
from records.vocabulary.codes import Environment
from storage.ports.index_parts import Named
from viewer_api.refusals import QUOTA_S, StepUpRequired
from viewer_api.web import dates
from viewer_api.web.headers import HEADERS, WITH_SCRIPT
from viewer_api.web.names import Names, names_of
from viewer_api.web.sessions import Session, Sessions, SignedOut, read_form
from viewer_api.web.static_files import FRAMES, static_file, static_folder
from viewer_api.web.texts import Texts, language_of
from viewer_api.web.ways_in import way_back_in, way_in
from viewer_api.web.words import WhoseView, whose_view

log = logging.getLogger("coffre.pages")
HERE = Path(__file__).parent
RETRY_AFTER_S = 5
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


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
            loader=FileSystemLoader([HERE / "templates", FRAMES]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._style, self._icon = (
            static_file("coffre.css", "text/css"),
            static_file("coffre.svg", "image/svg+xml"),
        )
        self.static = {each.name: each for each in (self._style, self._icon)}
        self.static.update(static_folder(HERE.parent / "log_check"))
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
            day_of=dates.day_of_unix,
            last_day=dates.last_day,
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
        known = status if t.has(f"error.{status}") else status // 100 * 100  # RFC 9110 section 15
        key = f"sentence.{code}"
        response = self.page(
            request,
            "error.html",
            status,
            title=t(f"error.{known}"),
            sentence=t(key if t.has(key) else f"sentence.{known}"),
            sign_in=way_in(request) if code == SignedOut.code else None,
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
            return self.redirect(way_back_in(request))
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


def _other_language(request: Request, t: Texts) -> str | None:
    """The same page in the other language; none for what was posted."""
    if request.method not in ("GET", "HEAD"):
        return None
    (other,) = (language for language in LANGUAGES if language != t.language)
    kept = [
        (name, value) for name, value in request.query_params.multi_items() if name not in ("lang", "fait")
    ]
    return f"{request.url.path}?{urlencode([*kept, ('lang', other)])}"
