"""Sessions: a cookie with a random code, the sealed token it opens, and proofs that a form is ours.

The pages read from the token whom they speak to; only the vault accepts it, at every call.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

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
from keyvault.verbs.call import Call
from records.errors import CoffreError, Refused
from records.sessions import IDLE_MS, NOTED_AFTER_MS, OVERLAP_MS, RENEWED_AFTER_MS, cookie_name
from records.text.web_forms import LARGEST_FORM, bad_form, fields_of, is_form, is_ours
from records.vocabulary.account_openers import opens_accounts
from records.vocabulary.codes import Environment, PurposeOfUse, Role
from storage.ports.index_parts import SignIns
from storage.rows.sign_ins import SignedIn
from viewer_api.session_calls import SessionCall


class SignedOut(Refused):
    code = "signed_out"

    def __init__(self) -> None:
        super().__init__("You are not signed in: sign in, or open your sign-in link again.")


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
    forms: str = field(repr=False)
    kept: SignedIn = field(repr=False)
    is_renewed: bool = False
    """Its code is another than the one that the browser sent."""

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
    def opens_accounts(self) -> bool:
        return opens_accounts(self.role, self.claims.get("profession"), self.claims.get("sector"))

    @property
    def ins(self) -> str:
        return str(self.claims.get("ins", ""))

    def call(self, purpose: PurposeOfUse = PurposeOfUse.NORMAL, reason: str | None = None) -> Call:
        return SessionCall(token=self.token, purpose=purpose, reason=reason)

    def form_token(self, action: str) -> str:
        return form_token(self.forms, action)


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
        self.cookie = cookie_name("coffre", self.origin)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def session(self, code: str) -> Session | None:
        """The live sign-in of a code; None for an expired, ended, idle, unknown or malformed one."""
        now = self._now_ms()
        try:
            kept = self._index.sign_in(digest_of(code), now, now - IDLE_MS)
            if kept is None:
                return None
            opened = open_sign_in(code, kept.sealed)
            return Session(code, opened.token, stated(opened.token), opened.forms, kept)
        except CoffreError as error:
            if error.code in ("bad_base64", "bad_json", "unseal_failed"):
                return None
            raise

    def current(self, request: Request) -> Session | None:
        code = request.cookies.get(self.cookie)
        return self.session(code) if code else None

    def keep(self, session: Session, *, may_renew: bool) -> Session:
        """Notes that a session is used. After a while, and where its answer can carry a cookie, it goes on
        under another code.
        """
        kept, now = session.kept, self._now_ms()
        if kept.session_id is None:
            return session
        if may_renew and kept.made_at <= now - RENEWED_AFTER_MS:
            return self._renewed(session, now)
        if kept.used_at <= now - NOTED_AFTER_MS:
            self._index.use_sign_in(kept.digest, now)
        return session

    def _renewed(self, session: Session, now: int) -> Session:
        """Two requests at once lead to one new code: the other goes on with the old, which still counts."""
        made = new_sign_in(session.token, session.forms)
        kept = replace(session.kept, digest=made.digest, sealed=made.sealed, made_at=now, used_at=now)
        if not self._index.renew_sign_in(session.kept.digest, kept, now + OVERLAP_MS):
            return session
        return replace(session, code=made.code, kept=kept, is_renewed=True)

    def begin(self, link_code: str, old: Session | None) -> str | None:
        """Sign in by a link: a code of this browser's own, so that signing out ends it and not the link."""
        linked = self.session(link_code) if self.has_links else None
        if linked is None:
            return None
        made = new_sign_in(linked.token)
        expires = linked.claims.get("exp")
        if not isinstance(expires, int) or expires * 1000 <= self._now_ms():
            return None
        self._index.put_sign_in(SignedIn(digest=made.digest, sealed=made.sealed, expires=expires * 1000))
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
        said = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        if not is_ours(*said, self.origin):
            raise FormRefused
        if not is_form_token(session.forms, request.url.path, form.get("csrf", "")):
            raise FormRefused


def _erase(response: Response) -> None:
    """Ends the service workers of this origin, and with them the keys that they hold, whatever tab is open
    (Clear Site Data, section 3.1).
    """
    response.headers["Clear-Site-Data"] = '"storage"'


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a posted form, each once. Raises `Invalid` "bad_form"."""
    if not is_form(request.headers.get("content-type", "")):
        raise bad_form()
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_FORM:
            raise bad_form()
    return fields_of(bytes(body))
