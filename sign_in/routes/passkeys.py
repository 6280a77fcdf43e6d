"""Addresses of passkeys: signing in by one, and a person's own."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from records.errors import CoffreError, Invalid, NotFound
from records.sessions import return_path
from sign_in.doors.doors import Doors
from sign_in.doors.own_account import SignInAgain
from sign_in.pages import passkey_script
from sign_in.pages.site import FormRefused, Site, label_of_browser
from sign_in.passkeys.passkey import LONGEST_LABEL
from sign_in.sessions.own import SignedOut

OWN = "/sign-in/passkeys"
_YEAR = "public, max-age=31536000, immutable"


def router(site: Site, doors: Doors) -> APIRouter:
    routes = APIRouter(route_class=site.route_class(), include_in_schema=False)
    _install_script(routes, site)
    _install_entering(routes, site, doors)
    _install_own(routes, site, doors)
    return routes


def _install_script(routes: APIRouter, site: Site) -> None:
    @routes.get("/sign-in/static/{name:path}")
    async def script(name: str) -> Response:
        content = passkey_script.CONTENT.get(name)
        if content is None:
            raise NotFound("There is no such file.", code="no_such_file")
        headers = {**site.headers, "Cache-Control": _YEAR}
        return Response(content, headers=headers, media_type="text/javascript")

    @routes.get("/sign-in/operateur")
    async def operator(request: Request) -> Response:
        """Its script does all: nothing of a token or a key comes here."""
        return site.page(request, "operator.html")


def _install_entering(routes: APIRouter, site: Site, doors: Doors) -> None:
    @routes.post("/sign-in/passkey")
    async def enter(request: Request) -> Response:
        form = await site.form(request)
        answer, leads_to = form.get("answer", ""), return_path(form.get("next", "/"))
        try:
            visitor = site.visitor(request)
            admitted = await asyncio.to_thread(lambda: doors.passkey.enter(answer, visitor, leads_to))
        except CoffreError as error:
            return site.answer(request, error, "sign_in.html", identifier="", leads_to=leads_to)
        return site.admit(admitted)

    @routes.post("/sign-in/code/passkey")
    async def enter_second(request: Request) -> Response:
        form = await site.form(request)
        visitor = site.visitor(request)
        try:
            admitted = await asyncio.to_thread(
                lambda: doors.passkey.enter_second(form.get("answer", ""), visitor)
            )
        except CoffreError as error:
            if error.code not in ("passkey_refused", "passkey_late", "passkey_changed", "too_many_tries"):
                raise
            second = await asyncio.to_thread(lambda: doors.passkey.ask_second(visitor))
            return site.answer(request, error, "code.html", second=second)
        return site.admit(admitted)


def _install_own(routes: APIRouter, site: Site, doors: Doors) -> None:
    def code_of(request: Request) -> str | None:
        return request.cookies.get(site.session_cookie)

    async def page(request: Request, error: CoffreError | None = None) -> Response:
        context = await asyncio.to_thread(lambda: _context(site, request, doors, code_of(request)))
        if error is not None:
            return site.answer(request, error, "passkeys.html", **context)
        done = request.query_params.get("fait")
        return site.page(request, "passkeys.html", done=done, **context)

    async def change(request: Request, done: str, what: Any) -> Response:
        form = await site.form(request)
        try:
            await asyncio.to_thread(lambda: what(form))
        except (FormRefused, SignedOut):
            raise
        except SignInAgain:
            return site.redirect(OWN)
        except CoffreError as error:
            return await page(request, error)
        return site.redirect(f"{OWN}?fait={done}")

    @routes.get(OWN)
    async def show(request: Request) -> Response:
        try:
            return await page(request)
        except SignedOut:
            return site.redirect(f"/sign-in?next={OWN}")

    @routes.post(f"{OWN}/add")
    async def add(request: Request) -> Response:
        def adding(form: dict[str, str]) -> None:
            visitor = site.visitor(request)
            doors.own_passkeys.add(code_of(request), form.get("answer", ""), form.get("label", ""), visitor)

        return await change(request, "passkey_added", adding)

    @routes.post(f"{OWN}/rename")
    async def rename(request: Request) -> Response:
        def renaming(form: dict[str, str]) -> None:
            doors.own_passkeys.rename(code_of(request), form.get("passkey", ""), form.get("label", ""))

        return await change(request, "passkey_renamed", renaming)

    @routes.post(f"{OWN}/remove")
    async def remove(request: Request) -> Response:
        def removing(form: dict[str, str]) -> None:
            if form.get("sure") != "oui":
                raise Invalid("Nothing is removed by accident.", code="removal_unsure")
            doors.own_passkeys.remove(code_of(request), form.get("passkey", ""), site.visitor(request))

        return await change(request, "passkey_removed", removing)


def _context(site: Site, request: Request, doors: Doors, code: str | None) -> dict[str, Any]:
    shown = doors.own_passkeys.show(code)
    passkeys = [
        {
            "name": name,
            "label": each.label,
            "made": site.moment(request, each.made_at),
            "used": None if each.used_at is None else site.moment(request, each.used_at),
            "verifies": each.verifies,
            "is_doubtful": each.doubtful_at is not None,
        }
        for name, each in shown.passkeys
    ]
    return {
        "passkeys": passkeys,
        "making": shown.making,
        "label": label_of_browser(request),
        "longest": LONGEST_LABEL,
    }
