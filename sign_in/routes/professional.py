"""Addresses of the doors for professionals, on the name of people: cards, the choice of a place, and the way
back to a door."""

import asyncio
import hmac
import secrets
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from records.sessions import cookie_name, return_path
from records.text.numbers import is_whole, whole
from records.vocabulary.professions import PROFESSIONS
from sign_in.certificates.trust import CertificateRefused
from sign_in.doors.doors import Doors
from sign_in.doors.professional import NothingWaits
from sign_in.doors.recognised import RecognisedProfessional
from sign_in.pages.site import Site

PLACES = "/sign-in/lieu"
BEGUN_S = 600


def router(site: Site, doors: Doors, machines: str | None) -> APIRouter:
    """`machines`: the origin to which cards come, behind the proxy that asks for certificates; None where
    none come."""
    routes = APIRouter(route_class=site.route_class(), include_in_schema=False)
    if machines:
        _install_card(routes, site, doors, machines)
    _install_choice(routes, site, doors)

    @routes.get("/sign-in/encore")
    async def again(request: Request) -> Response:
        """For whoever is signed in for too long to do what they asked for."""
        return site.page(request, "again.html", leads_to=return_path(request.query_params.get("next", "/")))

    return routes


def _install_card(routes: APIRouter, site: Site, doors: Doors, machines: str) -> None:
    cookie = cookie_name("coffre-carte", site.origin)

    @routes.get("/sign-in/carte/aller")
    async def leave(request: Request) -> Response:
        """The cookie ties the answer to the browser that asked: nobody is signed in by another's answer."""
        site.visitor(request)  # a browser that keeps no cookie of ours could not come back
        state, following = secrets.token_urlsafe(32), return_path(request.query_params.get("next", "/"))
        address = f"{machines}/sign-in/carte?{urlencode({'state': state})}"
        response = RedirectResponse(address, 303, site.headers)
        site.keep(response, cookie, f"{state} {following}", BEGUN_S)
        return response

    @routes.get("/sign-in/carte/retour")
    async def come_back(request: Request) -> Response:
        asked = request.query_params
        state, _, following = request.cookies.get(cookie, "").strip('"').partition(" ")
        if not state or not hmac.compare_digest(state.encode(), asked.get("state", "").encode()):
            raise NothingWaits
        if "refus" in asked:
            raise CertificateRefused("The card was not accepted.", code=asked["refus"][:64])
        who = await asyncio.to_thread(lambda: doors.professionals.receive(asked.get("code", ""), state))
        visitor, leads_to = site.visitor(request), return_path(following)
        admitted = await asyncio.to_thread(lambda: doors.professionals.enter(who, visitor, leads_to))
        response = site.redirect(PLACES) if admitted is None else site.admit(admitted)
        site.drop(response, cookie)
        return response


def _install_choice(routes: APIRouter, site: Site, doors: Doors) -> None:
    @routes.get(PLACES)
    async def places(request: Request) -> Response:
        visitor = site.visitor(request)
        who = await asyncio.to_thread(lambda: doors.professionals.waiting(visitor))
        return site.page(request, "places.html", who=who, professions=_professions(who))

    @routes.post(PLACES)
    async def choose(request: Request) -> Response:
        form = await site.form(request)
        number = form.get("lieu", "")
        if len(number) > 3 or not is_whole(number):
            raise NothingWaits
        visitor, chosen = site.visitor(request), whole(number)
        return site.admit(await asyncio.to_thread(lambda: doors.professionals.choose(visitor, chosen)))


def _professions(who: RecognisedProfessional) -> dict[str, str]:
    """The words of each profession among the places."""
    codes = {each.exercise.profession for each in who.practices}
    return {code: PROFESSIONS[code].display if code in PROFESSIONS else code for code in codes}
