"""Addresses of FranceConnect: signing in by an identity that a patient has linked, and linking it."""

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from records.sessions import cookie_name
from sign_in.doors.doors import Doors
from sign_in.doors.own_account import SignInAgain
from sign_in.federation.begun import LIFE_S, Begun
from sign_in.federation.code_flow import CodeFlow
from sign_in.federation.provider import FederationRefused
from sign_in.federation.threads import ProviderThreads
from sign_in.pages.site import Site
from sign_in.sessions.own import SignedOut

OWN = "/sign-in/franceconnect"


def router(site: Site, doors: Doors, flow: Callable[[], CodeFlow], clock: Callable[[], float]) -> APIRouter:
    """`flow` is made when somebody comes; `clock` tells unix seconds."""
    routes = APIRouter(route_class=site.route_class(), include_in_schema=False)
    cookie, threads = cookie_name("coffre-franceconnect", site.origin), ProviderThreads()

    @routes.get(f"{OWN}/aller")
    async def leave(request: Request) -> Response:
        site.visitor(request)  # a browser that keeps no cookie of ours could not come back
        # anew: computers are shared, and the provider remembers who came last
        begun = Begun.now(request.query_params.get("next", "/"), int(clock()), fresh=True)
        response = RedirectResponse(await threads.run(lambda: flow().begin(begun)), 303, site.headers)
        site.keep(response, cookie, begun.cookie(), LIFE_S)
        return response

    @routes.get(f"{OWN}/retour")
    async def come_back(request: Request) -> Response:
        visitor, now = site.visitor(request), int(clock())
        begun, answer = Begun.read(request.cookies.get(cookie, ""), now), dict(request.query_params)
        try:
            found = await threads.run(lambda: flow().finish(begun, answer, now))
        except FederationRefused:
            await asyncio.to_thread(lambda: doors.france_connect.refused(visitor))
            raise
        assert begun is not None  # else the flow has refused
        code, door = _session(site, request), doors.france_connect
        if begun.by:
            await asyncio.to_thread(lambda: door.link(code, begun.by, found.subject, visitor))
            response = site.redirect(f"{OWN}?fait=linked")
        else:
            admitted = await asyncio.to_thread(lambda: door.enter(found.subject, visitor, begun.following))
            response = site.admit(admitted)
        site.drop(response, cookie)
        return response

    @routes.get(OWN)
    async def own(request: Request) -> Response:
        try:
            code = _session(site, request)
            is_linked = await asyncio.to_thread(lambda: doors.france_connect.is_linked(code))
        except SignedOut:
            return site.redirect(f"/sign-in?next={OWN}")
        done = request.query_params.get("fait")
        return site.page(request, "linked.html", is_linked=is_linked, leave=None, done=done)

    @routes.post(f"{OWN}/lier")
    async def link(request: Request) -> Response:
        """A page with the way to the provider: no form leads to another site."""
        await site.form(request)
        code = _session(site, request)
        try:
            session_id = await asyncio.to_thread(lambda: doors.france_connect.begin(code))
        except SignInAgain:
            return site.redirect(f"/sign-in?next={OWN}")
        begun = Begun.now(OWN, int(clock()), fresh=True, by=session_id)
        address = await threads.run(lambda: flow().begin(begun))
        response = site.page(request, "linked.html", is_linked=False, leave=address)
        site.keep(response, cookie, begun.cookie(), LIFE_S)
        return response

    @routes.post(f"{OWN}/delier")
    async def unlink(request: Request) -> Response:
        await site.form(request)
        code, visitor = _session(site, request), site.visitor(request)
        try:
            await asyncio.to_thread(lambda: doors.france_connect.unlink(code, visitor))
        except SignInAgain:
            return site.redirect(f"/sign-in?next={OWN}")
        return site.redirect(f"{OWN}?fait=unlinked")

    return routes


def _session(site: Site, request: Request) -> str | None:
    return request.cookies.get(site.session_cookie)
