"""Gateway and pages: content in clear, made here or by the process at the other end of a line."""

from dataclasses import dataclass

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from coffre.notifying.smtp_address import PAGE
from coffre.serving import problems, relaying
from coffre.serving.callers.authentication import Authentication
from coffre.serving.relaying import GatewayLine
from coffre.wiring import System
from viewer_api.access import Access
from viewer_api.fhir import binaries as fhir_binaries
from viewer_api.gateway.gateway import Gateway
from viewer_api.granting import Granting
from viewer_api.notices import Notices
from viewer_api.ohif import routes as ohif
from viewer_api.ohif.files import OhifFiles
from viewer_api.ohif.worker_files import WorkerFiles
from viewer_api.opener.files import OpenerFiles
from viewer_api.own_log import OwnLog
from viewer_api.teams import Teams
from viewer_api.viewer import routes as viewer
from viewer_api.viewer.built_files import BuiltViewer
from viewer_api.viewer.pages import ViewerPages
from viewer_api.wado import rendered
from viewer_api.wado import routes as wado
from viewer_api.wado.answering import Answering
from viewer_api.web import pages
from viewer_api.web.dossier.documents import DocumentPages
from viewer_api.web.holder.notices import NoticePages
from viewer_api.web.sessions import Sessions
from viewer_api.web.site import Site


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens content, and lists for the pages."""

    gateway: Gateway
    access: Access


def opening_of(system: System) -> Opening:
    """It reads the objects itself, and so needs neither addresses nor the key that signs them."""
    gateway = Gateway(
        Granting(system.index, system.gateway_door),
        system.gateway_door,
        system.objects,
        system.identity.grant_keys,
        system.clock,
        is_on=system.settings.gateway,
    )
    return Opening(gateway, Access(system.index, system.gateway_door))


def install_retrieving(
    app: FastAPI, system: System, public_url: str, line: GatewayLine | None, opening: Opening
) -> None:
    """Studies in clear: made here, or by the process at the other end of `line`."""
    answering = Answering(opening.gateway, Authentication.of(system).credential(public_url))
    retrieved, drawn = wado.Retrieved(system.pixels, public_url), rendered.Rendered(system.pixels)
    for routes in (wado.router(answering, retrieved), rendered.router(answering, drawn)):
        app.include_router(routes if line is None else relaying.router(routes, line, APIRoute))


def install_content(
    app: FastAPI,
    system: System,
    public_url: str,
    line: GatewayLine | None,
    sessions: Sessions,
    opening: Opening,
) -> None:
    """Pages, and documents in clear: made here, or by the process at the other end of `line`.

    Without content in clear the pages that list are left, and need no process of their own.
    """
    built = BuiltViewer.find()
    site = _site(system, sessions, opens_here=built is not None)
    own = _own_pages(system, site, opening, built)
    app.include_router(viewer.router(built))
    app.include_router(own if line is None else relaying.router(own, line, site.route_class()))
    binaries = fhir_binaries.router(opening.gateway, Authentication.of(system).credential(public_url))
    app.include_router(binaries if line is None else relaying.router(binaries, line, APIRoute))
    _ohif(app, system, site)
    problems.install_pages(app, site)


def _site(system: System, sessions: Sessions, *, opens_here: bool) -> Site:
    return Site(
        sessions,
        system.identity.environment,
        opens_content=system.settings.gateway,
        has_viewer=system.settings.ohif is not None,
        opens_here=opens_here,
        keeps_sessions=True,
        directory=system.index,
    )


def _own_pages(system: System, site: Site, opening: Opening, built: BuiltViewer | None) -> APIRouter:
    """The pages of whoever has signed in."""

    def viewer_pages(shown: DocumentPages) -> ViewerPages:
        return ViewerPages(site, shown, built, OpenerFiles().version, system.settings.objects_public_url)

    sends = system.settings.notices_url != PAGE
    told = NoticePages(site, Notices(system.gateway_door), sends_messages=sends)
    own_log, of_teams = OwnLog(system.gateway_door), Teams(system.gateway_door)
    return pages.router(site, opening.access, told, own_log, of_teams, opening.gateway, viewer_pages)


def _ohif(app: FastAPI, system: System, site: Site) -> None:
    """A stock viewer, which opens content in the browser: with the gateway and without."""
    settings = system.settings
    if settings.ohif is not None:
        files, worker = OhifFiles(settings.ohif), WorkerFiles(settings.objects_public_url)
        app.include_router(ohif.router(ohif.OhifPages(files, worker, site, has_gateway=settings.gateway)))
