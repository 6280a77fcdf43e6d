"""Addresses of the doors for professionals, on the name of people: cards, and the choice of a place."""

import asyncio
import hmac
import secrets
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from records.sessions import cookie_name, return_path
from records.text.numbers import is_whole, whole
from records.vocabulary.professions import PROFESSIONS
from sign_in.accounts.devices import label_of
from sign_in.certificates.trust import CertificateRefused
from sign_in.doors.professional import NothingWaits, ProfessionalDoor
from sign_in.doors.recognised import RecognisedProfessional
from sign_in.doors.visitor import Visitor
from sign_in.pages.site import Site

PLACES = "/sign-in/lieu"
BEGUN_S = 600


def router(site: Site, door: ProfessionalDoor, machines: str) -> APIRouter:
    """`machines`: the origin to which cards come, behind the proxy that asks for certificates."""
    routes = APIRouter(route_class=site.route_class(), include_in_schema=False)
    _install_card(routes, site, door, machines)
    _install_choice(routes, site, door)
    return routes


def _install_card(routes: APIRouter, site: Site, door: ProfessionalDoor, machines: str) -> None:
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
        who = await asyncio.to_thread(door.receive, asked.get("code", ""), state)
        visitor = _visitor(site, request)
        admitted = await asyncio.to_thread(door.enter, who, visitor, return_path(following))
        response = site.redirect(PLACES) if admitted is None else site.admit(admitted)
        site.drop(response, cookie)
        return response


def _install_choice(routes: APIRouter, site: Site, door: ProfessionalDoor) -> None:
    @routes.get(PLACES)
    async def places(request: Request) -> Response:
        who = await asyncio.to_thread(door.waiting, site.visitor(request))
        return site.page(request, "places.html", who=who, professions=_professions(who))

    @routes.post(PLACES)
    async def choose(request: Request) -> Response:
        form = await site.form(request)
        number = form.get("lieu", "")
        if len(number) > 3 or not is_whole(number):
            raise NothingWaits
        return site.admit(await asyncio.to_thread(door.choose, _visitor(site, request), whole(number)))


def _visitor(site: Site, request: Request) -> Visitor:
    return site.visitor(request, label_of(request.headers.get("user-agent", "")))


def _professions(who: RecognisedProfessional) -> dict[str, str]:
    """The words of each profession among the places."""
    codes = {each.exercise.profession for each in who.practices}
    return {code: PROFESSIONS[code].display if code in PROFESSIONS else code for code in codes}
