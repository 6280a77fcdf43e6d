"""Addresses of Pro Santé Connect on the name of people: to the provider, and back from it."""

import asyncio
import logging
from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from records.errors import CoffreError
from records.sessions import cookie_name
from sign_in.doors.doors import Doors
from sign_in.doors.recognised import by_provider
from sign_in.federation.begun import LIFE_S, Begun
from sign_in.federation.code_flow import CodeFlow
from sign_in.federation.exercises import professional
from sign_in.federation.provider import FederationRefused
from sign_in.federation.threads import ProviderThreads
from sign_in.pages.site import Site
from sign_in.routes.professional import PLACES

log = logging.getLogger("coffre.sign_in")


def router(site: Site, doors: Doors, flow: Callable[[], CodeFlow], clock: Callable[[], float]) -> APIRouter:
    """`flow` is made when somebody comes; `clock` tells unix seconds."""
    routes = APIRouter(route_class=site.route_class(), include_in_schema=False)
    cookie, threads = cookie_name("coffre-psc", site.origin), ProviderThreads()

    @routes.get("/sign-in/psc/aller")
    async def leave(request: Request) -> Response:
        """With `encore`: whoever is signed in proves himself anew."""
        site.visitor(request)  # a browser that keeps no cookie of ours could not come back
        asked = request.query_params
        begun = Begun.now(asked.get("next", "/"), int(clock()), fresh="encore" in asked)
        address = await threads.run(lambda: flow().begin(begun))
        response = RedirectResponse(address, 303, site.headers)
        site.keep(response, cookie, begun.cookie(), LIFE_S)
        return response

    @routes.get("/sign-in/psc/retour")
    async def come_back(request: Request) -> Response:
        visitor, now = site.visitor(request), int(clock())
        begun, answer = Begun.read(request.cookies.get(cookie, ""), now), dict(request.query_params)
        try:
            found = await threads.run(lambda: flow().finish(begun, answer, now))
            who = by_provider(professional(found.userinfo), found.proven_at)
        except CoffreError as error:
            log.warning("a provider's answer signs nobody in", extra={"code": error.code})
            if isinstance(error, FederationRefused):
                await asyncio.to_thread(lambda: doors.professionals.refused(visitor))
            raise
        leads_to = begun.following if begun is not None else "/"
        admitted = await asyncio.to_thread(lambda: doors.professionals.enter(who, visitor, leads_to))
        response = site.redirect(PLACES) if admitted is None else site.admit(admitted)
        site.drop(response, cookie)
        return response

    return routes
