"""Addresses at which patients change where their codes go, and their password."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from records.errors import CoffreError, Invalid
from records.people.contacts import ContactKind
from sign_in.doors.doors import Doors
from sign_in.doors.own_account import SignInAgain
from sign_in.pages.site import FormRefused, Site
from sign_in.routes.in_turn import InTurn
from sign_in.sessions.own import SignedOut

CONTACT, PASSWORD = "/sign-in/contact", "/sign-in/password"
_ANEW = (SignedOut, SignInAgain)


def router(site: Site, doors: Doors, turns: InTurn) -> APIRouter:
    """`turns`: one line for every page that makes a hash of a password."""
    routes = APIRouter(route_class=site.route_class(), include_in_schema=False)
    _install_contact(routes, site, doors)
    _install_contact_code(routes, site, doors)
    _install_password(routes, site, doors, turns)
    return routes


def passwords_of(form: dict[str, str]) -> str:
    """The one that was written twice. Raises `Invalid` "passwords_differ"."""
    password = form.get("password", "")
    if password != form.get("again"):
        raise Invalid("The two passwords are not the same.", code="passwords_differ")
    return password


def _install_contact(routes: APIRouter, site: Site, doors: Doors) -> None:
    def context(form: dict[str, str]) -> dict[str, Any]:
        return {"contact": form.get("contact", ""), "has_telephones": doors.carries(ContactKind.TELEPHONE)}

    @routes.get(CONTACT)
    async def blank(request: Request) -> Response:
        visitor = site.known_visitor(request)
        if visitor is None:
            return site.redirect(f"/sign-in?next={CONTACT}")
        try:
            await asyncio.to_thread(lambda: doors.contact.check(_session(site, request), visitor))
        except _ANEW:
            return site.redirect(f"/sign-in?next={CONTACT}")
        return site.page(request, "contact.html", **context({}))

    @routes.post(CONTACT)
    async def ask(request: Request) -> Response:
        form, visitor = await site.form(request), site.visitor(request)
        code = _session(site, request)
        try:
            await asyncio.to_thread(lambda: doors.contact.ask(form.get("contact", ""), code, visitor))
        except _ANEW:
            return site.redirect(f"/sign-in?next={CONTACT}")
        except CoffreError as error:
            return site.answer(request, error, "contact.html", **context(form))
        return site.redirect(f"{CONTACT}/code")


def _install_contact_code(routes: APIRouter, site: Site, doors: Doors) -> None:
    @routes.get(f"{CONTACT}/code")
    async def code(request: Request) -> Response:
        return site.page(request, "contact_code.html", done=request.query_params.get("fait"))

    @routes.post(f"{CONTACT}/code")
    async def enter(request: Request) -> Response:
        form, visitor = await site.form(request), site.visitor(request)
        session = _session(site, request)
        try:
            by_session = await asyncio.to_thread(
                lambda: doors.contact.enter(form.get("code", ""), session, visitor)
            )
        except CoffreError as error:
            if error.code != "wrong_code":
                raise
            return site.answer(request, error, "contact_code.html")
        return site.redirect(
            "/sign-in/sessions?fait=contact" if by_session else "/sign-in?fait=contact_by_letter"
        )


def _install_password(routes: APIRouter, site: Site, doors: Doors, turns: InTurn) -> None:
    @routes.get(PASSWORD)
    async def blank(request: Request) -> Response:
        try:
            await asyncio.to_thread(lambda: doors.own_password.check(_session(site, request)))
        except _ANEW:
            return site.redirect(f"/sign-in?next={PASSWORD}")
        return site.page(request, "password.html")

    @routes.post(PASSWORD)
    async def change(request: Request) -> Response:
        form, visitor = await site.form(request), site.visitor(request)
        code, present = _session(site, request), form.get("present", "")
        try:
            new = passwords_of(form)
            await turns.call(lambda: doors.own_password.change(code, present, new, visitor))
        except FormRefused:
            raise
        except _ANEW:
            return site.redirect(f"/sign-in?next={PASSWORD}")
        except CoffreError as error:
            return site.answer(request, error, "password.html")
        return site.redirect("/sign-in/sessions?fait=password")


def _session(site: Site, request: Request) -> str | None:
    return request.cookies.get(site.session_cookie)
