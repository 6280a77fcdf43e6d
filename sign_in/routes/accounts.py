"""Addresses at which accounts are opened: by professionals for others (`POST /accounts` and a page), and
online by the person herself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from keyvault.credentials.possession import Verified
from records.errors import CoffreError
from records.people.actors import Actor
from records.people.contacts import LONGEST_ADDRESS, ContactKind
from records.people.identity import INS
from records.text.languages import FRENCH, LANGUAGES
from records.text.web_forms import bad_form
from sign_in.accounts.openers import StepUpRequired
from sign_in.accounts.opening import FirstCode
from sign_in.doors.doors import Doors
from sign_in.doors.opening import ForSomebody
from sign_in.pages.site import FormRefused, Site
from sign_in.sessions.own import SignedOut

FOR_OTHERS, ONLINE = "/sign-in/accounts", "/sign-in/open"
NO_STORE = {"Cache-Control": "no-store"}
ReadIns = Callable[[str], INS]
"""An INS of this environment. Raises `Invalid` "bad_ins" or "bad_oid"."""


class OpenBody(BaseModel):
    """`identity_checked`: the caller has seen an identity document of the person, who is there."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ins: str = Field(max_length=64, description="INS of the person, with `|` and its OID or without")
    contact: str = Field(max_length=LONGEST_ADDRESS, description="the person's e-mail address or telephone")
    first_code: Literal["message", "letter"] = "message"
    language: Literal["fr", "en"] = "fr"
    identity_checked: bool


def api(
    doors: Doors,
    authenticate: Callable[[Request], Awaitable[Verified]],
    caller: Callable[[Request], str],
    read_ins: ReadIns,
) -> APIRouter:
    """`caller` tells where a request comes from."""
    routes = APIRouter(tags=["Accounts"])

    @routes.post("/accounts", status_code=201, summary="Open an account for a patient who is there")
    async def create(body: OpenBody, request: Request) -> JSONResponse:
        found = await authenticate(request)
        asked = ForSomebody(
            read_ins(body.ins), body.contact, FirstCode(body.first_code), body.language, body.identity_checked
        )
        address = caller(request)
        identifier = await asyncio.to_thread(
            lambda: doors.for_others.open(found.actor, asked, address, found.proof)
        )
        told = {"identifier": identifier, "first_code": body.first_code}
        return JSONResponse(told, status_code=201, headers=NO_STORE)

    return routes


def pages(
    site: Site, doors: Doors, of_session: Callable[[str], Actor | None], read_ins: ReadIns
) -> APIRouter:
    """`of_session`: who is signed in, by the code of the browser's session cookie."""
    routes = APIRouter(route_class=site.route_class(), include_in_schema=False)
    _install_for_others(routes, site, doors, of_session, read_ins)
    _install_online(routes, site, doors, read_ins)
    return routes


def _install_for_others(
    routes: APIRouter,
    site: Site,
    doors: Doors,
    of_session: Callable[[str], Actor | None],
    read_ins: ReadIns,
) -> None:
    def signed_in(request: Request) -> Actor:
        """Raises `SignedOut`."""
        code = request.cookies.get(site.session_cookie)
        actor = of_session(code) if code else None
        if actor is None:
            raise SignedOut
        return actor

    @routes.get(FOR_OTHERS)
    async def blank(request: Request) -> Response:
        try:
            actor = await asyncio.to_thread(signed_in, request)
            doors.for_others.check(actor, site.caller(request))
        except (SignedOut, StepUpRequired) as error:
            return _to_sign_in(site, error)
        return site.page(request, "accounts.html", **_context(site, doors, request, {}))

    @routes.post(FOR_OTHERS)
    async def opened(request: Request) -> Response:
        form = await site.form(request)
        visitor = site.visitor(request)

        def made() -> str:
            actor = signed_in(request)
            doors.for_others.check(actor, visitor.address)
            return doors.for_others.open(actor, _asked(form, read_ins), visitor.address)

        try:
            identifier = await asyncio.to_thread(made)
        except (SignedOut, StepUpRequired) as error:
            return _to_sign_in(site, error)
        except CoffreError as error:
            return site.answer(request, error, "accounts.html", **_context(site, doors, request, form))
        by_letter = form.get("first_code") == FirstCode.LETTER
        return site.page(request, "accounts_opened.html", identifier=identifier, by_letter=by_letter)


def _install_online(routes: APIRouter, site: Site, doors: Doors, read_ins: ReadIns) -> None:
    @routes.get(ONLINE)
    async def blank(request: Request) -> Response:
        return site.page(request, "open.html", **_context(site, doors, request, {}))

    @routes.post(ONLINE)
    async def asked(request: Request) -> Response:
        form = await site.form(request)
        try:
            visitor, ins = site.visitor(request), read_ins(_digits(form.get("ins", "")))
            contact, language = form.get("contact", ""), _language(form)
            identifier = await asyncio.to_thread(lambda: doors.online.ask(ins, contact, language, visitor))
        except FormRefused:
            raise
        except CoffreError as error:
            return site.answer(request, error, "open.html", **_context(site, doors, request, form))
        return site.page(request, "open_asked.html", identifier=identifier)


def _to_sign_in(site: Site, error: CoffreError) -> Response:
    page = "/sign-in" if isinstance(error, SignedOut) else "/sign-in/encore"
    return site.redirect(f"{page}?next={FOR_OTHERS}")


def _context(site: Site, doors: Doors, request: Request, form: dict[str, str]) -> dict[str, Any]:
    """What was typed, again."""
    return {
        "ins": form.get("ins", ""),
        "contact": form.get("contact", ""),
        "language": form.get("language", site.texts(request).language),
        "by_letter": form.get("first_code") == FirstCode.LETTER,
        "has_telephones": doors.carries(ContactKind.TELEPHONE),
    }


def _asked(form: dict[str, str], read_ins: ReadIns) -> ForSomebody:
    """Raises `Invalid` "bad_form", or as `read_ins`."""
    first_code = form.get("first_code", FirstCode.MESSAGE)
    if first_code not in (FirstCode.MESSAGE, FirstCode.LETTER):
        raise bad_form()
    return ForSomebody(
        read_ins(_digits(form.get("ins", ""))),
        form.get("contact", ""),
        FirstCode(first_code),
        _language(form),
        form.get("identity") == "oui",
    )


def _digits(text: str) -> str:
    """As somebody copies the number from a card."""
    return "".join(text.split()).upper()


def _language(form: dict[str, str]) -> str:
    said = form.get("language", FRENCH)
    if said not in LANGUAGES:
        raise bad_form()
    return said
