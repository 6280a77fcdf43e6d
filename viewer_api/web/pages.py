"""The pages of Coffre: plain HTML that works without a script, on a phone and on paper."""

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import Response

from records.durations import YEAR_S
from records.errors import NotFound, Refused
from viewer_api.access import Access
from viewer_api.gateway.gateway import Gateway
from viewer_api.own_information import OwnInformation
from viewer_api.own_log import OwnLog
from viewer_api.teams import Teams
from viewer_api.viewer import pages as viewer
from viewer_api.viewer.pages import ViewerPages
from viewer_api.web import team_pages
from viewer_api.web.dossier import contents, documents, record
from viewer_api.web.dossier.contents import Contents
from viewer_api.web.dossier.documents import DocumentPages
from viewer_api.web.dossier.record import DossierPages
from viewer_api.web.headers import HEADERS
from viewer_api.web.holder import choices, chosen_documents, notices
from viewer_api.web.holder import documents as own_documents
from viewer_api.web.holder.choices import ChoicePages
from viewer_api.web.holder.documents import OwnDocumentPages
from viewer_api.web.holder.notices import NoticePages
from viewer_api.web.log import own_actions
from viewer_api.web.log import pages as log
from viewer_api.web.log.own_actions import OwnActionsPages
from viewer_api.web.profile import pages as own_information
from viewer_api.web.profile.pages import ProfilePages
from viewer_api.web.sessions import SignedOut, read_form
from viewer_api.web.site import Site

GONE = 410


def router(
    site: Site,
    access: Access,
    own_notices: NoticePages,
    own_log: OwnLog,
    teams: Teams,
    gateway: Gateway,
    viewer_pages: Callable[[DocumentPages], ViewerPages],
) -> APIRouter:
    """Every page, its sign-in and its style sheet. `viewer_pages`: those that browsers open content on."""
    own = OwnDocumentPages(site, access)
    records, shown = DossierPages(site, access), DocumentPages(site, access)
    routes = APIRouter(route_class=site.route_class(), include_in_schema=False)
    _install_home(routes, site, own, records)
    _install_sign_in(routes, site)
    own_documents.install(routes, site, own)
    choices.install(routes, site, ChoicePages(site, access))
    chosen_documents.install(routes, site, chosen_documents.ShownPages(site, access))
    team_pages.install(routes, site, team_pages.TeamPages(site, access, teams))
    notices.install(routes, site, own_notices)
    own_information.install(routes, site, ProfilePages(site, OwnInformation(access)))
    log.install(routes, site, log.LogPages(site, access))
    own_actions.install(routes, site, OwnActionsPages(site, own_log))
    record.install(routes, site, records)
    documents.install(routes, site, shown)
    contents.install(routes, site, Contents(gateway), records)
    viewer.install(routes, site, viewer_pages(shown))
    return routes


def _install_home(routes: APIRouter, site: Site, own: OwnDocumentPages, records: DossierPages) -> None:
    @routes.get("/")
    async def home(request: Request) -> Response:
        session = await site.visitor(request)
        if session is None:
            return site.page(request, "welcome.html", done=request.query_params.get("fait"))
        if session.is_patient:
            return await own.documents(request, session)
        if session.is_professional:
            return await records.search(request, session)
        raise Refused("This account has no pages.", code="no_pages")

    @routes.get("/static/{name:path}")
    async def static(name: str) -> Response:
        file = site.static.get(name)
        if file is None:
            raise NotFound("There is no such file.", code="no_such_file")
        headers = {**HEADERS, "Cache-Control": f"public, max-age={YEAR_S}, immutable"}
        return Response(file.content, headers=headers, media_type=file.media_type)


def _install_sign_in(routes: APIRouter, site: Site) -> None:
    sessions = site.sessions

    @routes.get("/link/{code}")
    async def link(code: str, request: Request) -> Response:
        if not sessions.has_links:
            raise SignedOut
        old = await site.visitor(request)
        own_code = await asyncio.to_thread(sessions.begin, code, old)
        if own_code is None:
            return site.page(request, "expired.html", GONE)
        response = site.redirect("/")
        sessions.set_cookie(response, own_code, old)
        return response

    @routes.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        session = await site.session(request)
        sessions.check_form(request, session, await read_form(request))
        await asyncio.to_thread(sessions.end, session)
        response = site.redirect("/?fait=signed_out")
        sessions.drop_cookie(response)
        return response
