"""Sessions: a cookie with a random code, the sealed token it opens, and proofs that a form is ours.

The pages read from the token whom they speak to; only the vault accepts it, at every call.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from keyvault.credentials.sign_in_links import (
    digest_of,
    form_token,
    is_form_token,
    new_sign_in,
    open_sign_in,
    stated,
)
from keyvault.verbs.attempt import Call
from records.errors import CoffreError, Invalid, Refused
from records.vocabulary.codes import Environment, PurposeOfUse, Role
from storage.index_parts import SignIns

LARGEST_FORM = 64 * 1024
MOST_FIELDS = 160  # a page of 100 documents to tick, and what stands beside them
FORM_TYPE = "application/x-www-form-urlencoded"
_OPAQUE = "null"  # what browsers send as Origin with a form of a page under no-referrer


class SignedOut(Refused):
    code = "signed_out"

    def __init__(self) -> None:
        super().__init__("You are not signed in: open your sign-in link again.")


class FormRefused(Refused):
    code = "form_refused"

    def __init__(self) -> None:
        super().__init__("This form does not come from this sign-in: reload its page.")


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in. `claims` are the token's own words: for choosing pages, not for deciding."""

    code: str = field(repr=False)
    token: str = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def role(self) -> str:
        return str(self.claims.get("role"))

    @property
    def is_patient(self) -> bool:
        return self.role == Role.PATIENT

    @property
    def is_professional(self) -> bool:
        return self.role == Role.PROFESSIONAL

    @property
    def ins(self) -> str:
        return str(self.claims.get("ins", ""))

    def call(self, purpose: PurposeOfUse = PurposeOfUse.NORMAL, reason: str | None = None) -> Call:
        return Call(token=self.token, purpose=purpose, reason=reason)

    def form_token(self, action: str) -> str:
        return form_token(self.code, action)


class Sessions:
    """Sign-ins over the index. Links exist in demo and test alone: production identifies by other means."""

    def __init__(
        self,
        index: SignIns,
        public_url: str,
        environment: Environment,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._index = index
        self.origin = public_url.rstrip("/")
        self._secure = self.origin.startswith("https:")
        self.has_links = environment is not Environment.PRODUCTION
        self._clock = clock
        # the prefix keeps other hosts of the domain and plain HTTP from setting the cookie
        self.cookie = "__Host-coffre" if self._secure else "coffre"

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def session(self, code: str) -> Session | None:
        """The live sign-in of a code; None for an expired, ended, unknown or malformed one."""
        try:
            sealed = self._index.sign_in(digest_of(code), self._now_ms())
            if sealed is None:
                return None
            token = open_sign_in(code, sealed)
            return Session(code, token, stated(token))
        except CoffreError as error:
            if error.code in ("bad_base64", "bad_json", "unseal_failed"):
                return None
            raise

    def current(self, request: Request) -> Session | None:
        code = request.cookies.get(self.cookie)
        return self.session(code) if code else None

    def begin(self, link_code: str, old: Session | None) -> str | None:
        """Sign in by a link: a code of this browser's own, so that signing out ends it and not the link."""
        linked = self.session(link_code) if self.has_links else None
        if linked is None:
            return None
        made = new_sign_in(linked.token)
        expires = linked.claims.get("exp")
        if not isinstance(expires, int) or expires * 1000 <= self._now_ms():
            return None
        self._index.put_sign_in(made.digest, made.sealed, expires * 1000)
        if old is not None:
            self.end(old)
        return made.code

    def end(self, session: Session) -> None:
        self._index.end_sign_in(digest_of(session.code))

    def set_cookie(self, response: Response, code: str, old: Session | None = None) -> None:
        """`old`: the sign-in that this one takes the place of."""
        if old is not None:
            _erase(response)
        response.set_cookie(self.cookie, code, path="/", secure=self._secure, httponly=True, samesite="lax")

    def drop_cookie(self, response: Response) -> None:
        _erase(response)
        response.delete_cookie(self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax")

    def check_form(self, request: Request, session: Session, form: Mapping[str, str]) -> None:
        """Raises `FormRefused` unless the form was made here, for this sign-in and this address."""
        if not self._same_origin(request):
            raise FormRefused
        if not is_form_token(session.code, request.url.path, form.get("csrf", "")):
            raise FormRefused

    def _same_origin(self, request: Request) -> bool:
        """Whatever the browser says of the form's origin must not contradict ours.

        Under no-referrer a form's Origin is "null" (Fetch, "serializing a request origin"), and browsers say
        Sec-Fetch-Site to trustworthy origins only; where neither says anything the form's token decides.
        """
        site = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin")
        if site is not None and site != "same-origin":
            return False
        return origin in (None, _OPAQUE, self.origin)


def _erase(response: Response) -> None:
    """Ends the service workers of this origin, and with them the keys that they hold, whatever tab is open
    (Clear Site Data, section 3.1).
    """
    response.headers["Clear-Site-Data"] = '"storage"'


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a posted form, each once. Raises `Invalid` "bad_form"."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise _bad_form()
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_FORM:
            raise _bad_form()
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise _bad_form() from None
    if len({name for name, _ in fields}) != len(fields):
        raise _bad_form()
    return dict(fields)


def _bad_form() -> Invalid:
    return Invalid("The form cannot be read: reload its page and try again.", code="bad_form")
