"""Pages that sign in: templates, headers, forms of this browser, and errors as pages."""

import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi.routing import APIRoute
from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from keyvault.credentials.sign_in_links import form_token, is_form_token
from records.durations import YEAR_S
from records.errors import CoffreError, Invalid, Refused
from records.http_statuses import status_of
from records.sessions import cookie_name
from records.text.languages import LANGUAGE_COOKIE, LANGUAGES, Wording, by_language, chosen
from records.text.web_forms import LARGEST_FORM, bad_form, fields_of, is_form, is_ours
from sign_in.accounts.devices import label_of
from sign_in.accounts.tries import TooManyTries
from sign_in.doors.visitor import Admitted, Visitor
from sign_in.pages import passkey_script
from sign_in.pages.catalogue.catalogue import TEXTS
from sign_in.pages.look import Look
from sign_in.pages.sentences import sentence_of
from sign_in.sessions.sessions import new_secret

log = logging.getLogger("coffre.sign_in")
_SCRIPTS = {
    **dict.fromkeys(("sign_in.html", "code.html", "passkeys.html"), passkey_script.address("passkeys.js")),
    "operator.html": passkey_script.address("operator.js"),
}
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class FormRefused(Refused):
    code = "form_refused"

    def __init__(self) -> None:
        super().__init__("This form does not come from this page: reload it, and accept its cookie.")


def label_of_browser(request: Request) -> str:
    """What a person calls the browser that asks."""
    return label_of(request.headers.get("user-agent", ""))


class Site:
    """`caller`: the address that a request comes from, as it is counted. `ways`: how professionals come in,
    "carte" and "psc", in the order in which they are offered.
    """

    def __init__(
        self,
        look: Look,
        origin: str,
        caller: Callable[[Request], str],
        *,
        is_demo: bool,
        ways: Collection[str] = (),
        ask_passkey: Callable[[str], str] | None = None,
        has_france_connect: bool = False,
    ) -> None:
        """`ask_passkey`: what a browser, named by the secret of its cookie, needs to sign in by a passkey
        alone; None where browsers give none.
        """
        self._look, self.origin, self.caller, self._is_demo = look, origin, caller, is_demo
        self._ways, self._ask_passkey = tuple(ways), ask_passkey
        self._has_france_connect = has_france_connect
        self._secure = origin.startswith("https:")
        self.session_cookie = cookie_name("coffre", origin)
        self._browser_cookie = cookie_name("coffre-browser", origin)
        self._device_cookie = cookie_name("coffre-device", origin)
        self._texts = by_language({**look.texts, **TEXTS})
        self._templates = Templates(
            loader=FileSystemLoader([Path(__file__).parent / "templates", look.frame]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def texts(self, request: Request) -> Wording:
        asked, kept = request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)
        language = chosen(asked, kept, request.headers.get("accept-language", ""))
        return Wording(language, self._texts[language])

    @property
    def takes_passkeys(self) -> bool:
        return self._ask_passkey is not None

    def visitor(self, request: Request) -> Visitor:
        """Raises `FormRefused` for a browser that keeps no cookie of ours."""
        found = self.known_visitor(request)
        if found is None:
            raise FormRefused
        return found

    def known_visitor(self, request: Request) -> Visitor | None:
        """None for a browser that was not here before."""
        browser = request.cookies.get(self._browser_cookie)
        if not browser:
            return None
        device, session = (request.cookies.get(name) for name in (self._device_cookie, self.session_cookie))
        return Visitor(browser, device, self.caller(request), label_of_browser(request), session)

    async def form(self, request: Request) -> dict[str, str]:
        """The fields of a form that this browser was given for this address and this session. Raises
        `FormRefused` or `Invalid` "bad_form".
        """
        if not is_form(request.headers.get("content-type", "")):
            raise bad_form()
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST_FORM:
                raise bad_form()
        form = fields_of(bytes(body))
        said = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        browser = request.cookies.get(self._browser_cookie, "")
        try:
            is_its_own = is_form_token(browser, self._action(request), form.get("csrf", ""))
        except Invalid:
            is_its_own = False
        if not is_its_own or not is_ours(*said, self.origin):
            raise FormRefused
        return form

    def page(self, request: Request, template: str, status: int = 200, **context: Any) -> Response:
        """A page, and a cookie for a browser that has none yet."""
        t = self.texts(request)
        given = request.cookies.get(self._browser_cookie)
        browser = given if given is not None and _is_secret(given) else new_secret()
        ask = self._ask_passkey
        script = _SCRIPTS.get(template) if ask is not None else None
        html = self._templates.get_template(template).render(
            t=t,
            is_demo=self._is_demo,
            ways=self._ways,
            has_france_connect=self._has_france_connect,
            ask_passkey=(lambda: ask(browser)) if ask is not None else None,
            script=script,
            style=self._look.style,
            icon=self._look.icon,
            other_language=_other_language(request, t),
            csrf=form_token(browser, self._action(request)),
            csrf_of=lambda path: form_token(browser, self._action(request, path)),
            **{"done": None, "problem": None, "paused": False, **context},
        )
        response = HTMLResponse(html, status, self._look.script_headers if script else self._look.headers)
        if browser != given:
            self._set(response, self._browser_cookie, browser)
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie(
                LANGUAGE_COOKIE, t.language, max_age=YEAR_S, path="/", httponly=True, samesite="lax"
            )
        return response

    def redirect(self, path: str) -> Response:
        """303: the browser goes on with GET."""
        return RedirectResponse(path, 303, self._look.headers)

    def admit(self, admitted: Admitted) -> Response:
        """To the page that somebody came from, with the cookies of a new session and of this device."""
        response = self.redirect(admitted.leads_to)
        # whoever used this browser before has left keys in its workers (Clear Site Data, section 3.1)
        response.headers["Clear-Site-Data"] = '"storage"'
        self._set(response, self.session_cookie, admitted.session)
        self._set(response, self._device_cookie, admitted.device, YEAR_S)
        self._set(response, self._browser_cookie, new_secret())
        return response

    def expect(self, path: str, device: str) -> Response:
        """To another page, with the cookie of a browser that is expected."""
        response = self.redirect(path)
        self._set(response, self._device_cookie, device, YEAR_S)
        return response

    @property
    def headers(self) -> Mapping[str, str]:
        return self._look.headers

    def keep(self, response: Response, name: str, value: str, max_age: int) -> None:
        """A cookie of this browser, for as long (seconds)."""
        self._set(response, name, value, max_age)

    def drop(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self._secure, httponly=True, samesite="lax")

    def moment(self, request: Request, ms: int) -> str:
        return self._look.moment(ms, self.texts(request).language)

    def answer(self, request: Request, error: CoffreError, template: str, **context: Any) -> Response:
        """The page of a form again, with what was wrong."""
        status = status_of(error)
        if status >= 500:
            log.error("sign-in failed", extra={"code": error.code})
        has_telephones = bool(context.get("has_telephones"))
        problem = sentence_of(self.texts(request), error, has_telephones=has_telephones)
        response = self.page(request, template, status, problem=problem, **context)
        if isinstance(error, TooManyTries):
            response.headers["Retry-After"] = str(error.wait_s)
        return response

    def route_class(self) -> type[APIRoute]:
        """Routes whose errors are pages, in the visitor's language."""
        site = self

        class PageRoute(APIRoute):
            def get_route_handler(self) -> Handler:
                handle = super().get_route_handler()

                async def answer(request: Request) -> Response:
                    try:
                        return await handle(request)
                    except CoffreError as error:
                        return site.answer(request, error, "error.html")
                    except Exception as error:
                        # neither message nor frames: they could quote what was given
                        log.error("sign-in failed", extra={"code": type(error).__name__})  # noqa: TRY400
                        return site.page(
                            request, "error.html", 500, problem=site.texts(request)("sentence.other")
                        )

                return answer

        return PageRoute

    def _action(self, request: Request, path: str | None = None) -> str:
        """What a form is bound to: an address, and who was signed in when it was shown."""
        return f"{path or request.url.path}\n{request.cookies.get(self.session_cookie, '')}"

    def _set(self, response: Response, name: str, value: str, max_age: int | None = None) -> None:
        response.set_cookie(
            name, value, max_age=max_age, path="/", secure=self._secure, httponly=True, samesite="lax"
        )


def _is_secret(text: str) -> bool:
    try:
        form_token(text, "")
    except Invalid:
        return False
    return True


def _other_language(request: Request, t: Wording) -> str | None:
    """The same page in the other language; none for what was posted, or brought back from elsewhere, which
    serves once.
    """
    if request.method not in ("GET", "HEAD") or request.url.path.endswith("/retour"):
        return None
    (other,) = (language for language in LANGUAGES if language != t.language)
    kept = [pair for pair in request.query_params.multi_items() if pair[0] not in ("lang", "fait")]
    return f"{request.url.path}?{urlencode([*kept, ('lang', other)])}"
