"""Addresses of the doors for patients: identifier and password, then the code; a letter."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from records.errors import CoffreError, Invalid
from records.sessions import return_path
from sign_in.accounts.purposes import Purpose
from sign_in.accounts.tries import TooManyTries
from sign_in.doors.doors import Doors
from sign_in.pages.site import FormRefused, Site
from sign_in.routes.in_turn import InTurn
from sign_in.routes.own_ways import passwords_of


def router(site: Site, doors: Doors, turns: InTurn) -> APIRouter:
    """The pages of signing in. `turns`: one line for every page that makes a hash of a password."""
    routes = APIRouter(route_class=site.route_class(), include_in_schema=False)
    _install_password(routes, site, doors, turns)
    _install_code(routes, site, doors)
    _install_letter(routes, site, doors, turns)
    _install_browser(routes, site, doors)
    return routes


def _install_password(routes: APIRouter, site: Site, doors: Doors, turns: InTurn) -> None:
    @routes.get("/sign-in")
    async def sign_in(request: Request) -> Response:
        leads_to = return_path(request.query_params.get("next", "/"))
        done = request.query_params.get("fait")
        return site.page(request, "sign_in.html", identifier="", leads_to=leads_to, done=done)

    @routes.post("/sign-in")
    async def knock(request: Request) -> Response:
        form = await site.form(request)
        identifier, leads_to = form.get("identifier", ""), return_path(form.get("next", "/"))
        try:
            visitor = site.visitor(request)
            await turns.call(
                lambda: doors.password.knock(identifier, form.get("password", ""), visitor, leads_to)
            )
        except FormRefused:
            raise
        except CoffreError as error:
            paused = isinstance(error, TooManyTries)
            context = {"identifier": identifier, "leads_to": leads_to, "paused": paused}
            return site.answer(request, error, "sign_in.html", **context)
        return site.redirect("/sign-in/code")


def _install_code(routes: APIRouter, site: Site, doors: Doors) -> None:
    async def second(request: Request) -> str | None:
        """What a passkey needs that stands in for the code."""
        visitor = site.known_visitor(request) if site.takes_passkeys else None
        if visitor is None:
            return None
        return await asyncio.to_thread(lambda: doors.passkey.ask_second(visitor))

    @routes.get("/sign-in/code")
    async def code(request: Request) -> Response:
        return site.page(request, "code.html", second=await second(request))

    @routes.post("/sign-in/code/send")
    async def send(request: Request) -> Response:
        await site.form(request)
        visitor = site.visitor(request)
        try:
            await asyncio.to_thread(lambda: doors.password.send_code(visitor))
        except TooManyTries as error:
            return site.answer(request, error, "code.html", second=await second(request))
        return site.redirect("/sign-in/code")

    @routes.post("/sign-in/code")
    async def enter(request: Request) -> Response:
        form = await site.form(request)
        visitor = site.visitor(request)
        try:
            admitted = await asyncio.to_thread(lambda: doors.password.enter(form.get("code", ""), visitor))
        except CoffreError as error:
            if error.code in ("wrong_code", "too_many_tries"):
                return site.answer(request, error, "code.html", second=None)
            raise
        return site.admit(admitted)


def _install_letter(routes: APIRouter, site: Site, doors: Doors, turns: InTurn) -> None:
    @routes.get("/sign-in/letter")
    async def letter(request: Request) -> Response:
        return site.page(request, "letter.html", identifier="", contact="")

    @routes.post("/sign-in/letter")
    async def choose(request: Request) -> Response:
        form = await site.form(request)
        identifier, visitor = form.get("identifier", ""), site.visitor(request)
        contact = form.get("contact", "")
        try:
            password, code = _chosen(form), form.get("code", "")
            chosen = await turns.call(
                lambda: doors.letter.choose(identifier, code, password, visitor, contact)
            )
        except CoffreError as error:
            return site.answer(request, error, "letter.html", identifier=identifier, contact=contact)
        asks = "/sign-in/contact/code?fait=letter_chosen"
        return site.expect(asks if chosen.asks_contact else "/sign-in?fait=chosen", chosen.device)

    @routes.get("/sign-in/recover")
    async def recover(request: Request) -> Response:
        return site.page(request, "recover.html", identifier="")

    @routes.post("/sign-in/recover")
    async def ask(request: Request) -> Response:
        form = await site.form(request)
        identifier, visitor = form.get("identifier", ""), site.visitor(request)
        try:
            await asyncio.to_thread(lambda: doors.code_requests.ask(identifier, Purpose.RECOVERY, visitor))
        except CoffreError as error:
            return site.answer(request, error, "recover.html", identifier=identifier)
        return site.redirect("/sign-in?fait=asked")


def _install_browser(routes: APIRouter, site: Site, doors: Doors) -> None:
    @routes.get("/sign-in/browser")
    async def browser(request: Request) -> Response:
        done = request.query_params.get("fait")
        return site.page(request, "browser.html", identifier="", done=done)

    @routes.post("/sign-in/browser/send")
    async def send(request: Request) -> Response:
        form = await site.form(request)
        identifier, visitor = form.get("identifier", ""), site.visitor(request)
        try:
            await asyncio.to_thread(lambda: doors.code_requests.ask(identifier, Purpose.BROWSER, visitor))
        except CoffreError as error:
            return site.answer(request, error, "browser.html", identifier=identifier)
        return site.redirect("/sign-in/browser?fait=browser_asked")

    @routes.post("/sign-in/browser")
    async def expect(request: Request) -> Response:
        form = await site.form(request)
        identifier, visitor = form.get("identifier", ""), site.visitor(request)
        try:
            device = await asyncio.to_thread(
                lambda: doors.browser.expect(identifier, form.get("code", ""), visitor)
            )
        except CoffreError as error:
            return site.answer(request, error, "browser.html", identifier=identifier)
        return site.expect("/sign-in?fait=expected", device)


def _chosen(form: dict[str, str]) -> str:
    """Raises `Invalid` "passwords_differ" or "terms_missing"."""
    password = passwords_of(form)
    if form.get("terms") != "oui":
        raise Invalid("Nothing is opened without consent.", code="terms_missing")
    return password
