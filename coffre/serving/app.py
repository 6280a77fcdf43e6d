"""The HTTP application: the routes of both upper rooms over one wired system."""

from collections.abc import AsyncIterator, Callable, Mapping, Set
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from coffre.installation.places import read_secret
from coffre.installation.sign_in import SignIn
from coffre.notifying.carriers import carrier_of
from coffre.notifying.smtp_address import PAGE
from coffre.processes.run import bell_of, housekeeper_of
from coffre.serving import fhir as fhir_reading
from coffre.serving import problems, readiness, relaying, submissions, watching
from coffre.serving.addresses import SlashAtTheEnd
from coffre.serving.answers.deprecations import Deprecations
from coffre.serving.answers.methods import Options, TakenMethods, answer_heads
from coffre.serving.answers.origins import OtherOrigins
from coffre.serving.answers.security_headers import SecurityHeaders
from coffre.serving.bodies import BoundedBodies
from coffre.serving.callers.authentication import Authentication
from coffre.serving.callers.caller_address import as_passed_on, of_connection
from coffre.serving.callers.client_certificates import NamedProxies
from coffre.serving.callers.limits import BURST, PER_SECOND, Callers, Door
from coffre.serving.callers.session_cookies import SessionCookies
from coffre.serving.own_deposits import IntakeDeposits
from coffre.serving.relaying import GatewayLine
from coffre.serving.shared_counts import Buckets
from coffre.wiring import System
from ingestion.intake.routes import entries, fhir, stow
from ingestion.quarantine import routes as quarantine
from ingestion.quarantine.listing import Quarantine
from keyvault.verbs.attempt import Call
from records.fhir.addresses import Addresses
from records.vocabulary.codes import Environment
from sign_in.pages.site import Look
from sign_in.pages.site import Site as SignInSite
from sign_in.passkeys.relying_party import relying_party
from sign_in.routes import entry as sign_in_entry
from sign_in.routes import federation, france_connect, own_sessions, passkeys, professional
from storage.index.waking import FINISHED
from viewer_api.access import Access
from viewer_api.fhir import binaries as fhir_binaries
from viewer_api.fhir import routes as fhir_routes
from viewer_api.fhir.reading import FhirReading
from viewer_api.gateway.gateway import Gateway
from viewer_api.notices import Notices
from viewer_api.ohif import routes as ohif
from viewer_api.ohif.files import OhifFiles
from viewer_api.ohif.worker_files import WorkerFiles
from viewer_api.opener import routes as opener
from viewer_api.opener.files import OpenerFiles
from viewer_api.own_log import OwnLog
from viewer_api.qido.searches import Searches
from viewer_api.renewing import Renewal
from viewer_api.routes import audit, grants, me, notices, objects, qido, records, refusals, teams
from viewer_api.routes.objects import Presigner
from viewer_api.teams import Teams
from viewer_api.viewer import routes as viewer
from viewer_api.viewer.built_files import BuiltViewer
from viewer_api.viewer.pages import ViewerPages
from viewer_api.wado import rendered
from viewer_api.wado import routes as wado
from viewer_api.wado.answering import Answering
from viewer_api.web import pages
from viewer_api.web.dossier import DossierPages
from viewer_api.web.own_notices import NoticePages
from viewer_api.web.profile import forms as profile_forms
from viewer_api.web.sessions import Sessions
from viewer_api.web.site import HEADERS, ICON, STYLE, WITH_SCRIPT, Site
from viewer_api.web.words import moment_of

DEMO = "Demo: never with real patients."
NOBODY = str(UUID(int=0))  # no record has this public id


class _Application(FastAPI):
    """`outer`: what stands around everything, the innermost first."""

    def __init__(self, *outer: Callable[[ASGIApp], ASGIApp], **more: Any) -> None:
        self._outer = outer
        super().__init__(**more)

    def build_middleware_stack(self) -> ASGIApp:
        """Outside of what turns a fault into a 500, which carries the headers like any other answer."""
        stack: ASGIApp = SlashAtTheEnd(super().build_middleware_stack())
        for layer in self._outer:
            stack = layer(stack)
        return stack

    def include_router(self, router: APIRouter, **more: Any) -> None:
        answer_heads(router)
        super().include_router(router, **more)


class ServedPart(StrEnum):
    """Which process this is (docs/architecture.md); without one it is everything in one process."""

    INTAKE = "intake"
    READER = "reader"
    GATEWAY = "gateway"
    OPERATOR = "operator"
    SIGN_IN = "signin"
    WEB = "web"
    """Everything over HTTP; the shares of gateway and sign-in come from their own processes (`Shared`)."""


_WEB = frozenset({ServedPart.INTAKE, ServedPart.READER, ServedPart.OPERATOR})
_SERVES = {None: _WEB | {ServedPart.GATEWAY, ServedPart.SIGN_IN}, ServedPart.WEB: _WEB}


@dataclass(frozen=True, slots=True)
class Shared:
    """What web processes of one supervisor share, made before they are; alone, each process has its own.

    `metrics`: the folder of their counts. `gateway`, `sign_in`: the sockets of those processes. `is_behind`:
    this process is one at such a socket.
    """

    buckets: Buckets = field(default_factory=lambda: Buckets(BURST, PER_SECOND))
    metrics: Path | None = None
    gateway: Path | None = None
    sign_in: Path | None = None
    is_behind: bool = False


def build(
    system: System, public_url: str, only: ServedPart | None = None, shared: Shared | None = None
) -> FastAPI:
    """The application of one process. As everything, it also runs workers and housekeeper while it lives."""
    shared = shared or Shared()
    metrics = watching.Metrics(system, shared.metrics)
    origins = system.settings.origins()
    sessions = Sessions(system.index, public_url, system.identity.environment)
    app = _Application(
        lambda inner: Callers(inner, _door(taken, system, only), system.settings.proxies(), shared.buckets),
        lambda inner: SessionCookies(inner, sessions),
        lambda inner: OtherOrigins(inner, origins, problems.is_api),
        lambda inner: watching.Watch(inner, metrics, is_behind=shared.is_behind),
        SecurityHeaders,
        Deprecations,
        # of a process behind another one the other is the edge
        *(() if shared.is_behind else (lambda inner: NamedProxies(inner, system.settings.certifying()),)),
        title="Coffre",
        summary="Hosting layer of a shared medical record",
        description="" if system.identity.environment is Environment.PRODUCTION else DEMO,
        version=version("coffre"),
        lifespan=_background(system, public_url) if only is None else None,
        openapi_url=None,  # answered beside /metrics
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    taken = TakenMethods(app.router)
    app.add_middleware(BoundedBodies)
    app.add_middleware(Options, taken=taken)
    app.state.beside = watching.install(app, metrics, system.identity.environment)
    problems.install(app)
    serves = _SERVES.get(only, frozenset({only}))
    line = GatewayLine(shared.gateway) if shared.gateway else None
    opens = ServedPart.GATEWAY in serves or line is not None or only is ServedPart.WEB
    gateway, access = _gateway(system) if opens else (None, None)
    if (
        gateway is not None
    ):  # first: a viewer asks for each frame, and addresses are compared one after another
        _retrieving(app, system, public_url, line, gateway)
    if ServedPart.INTAKE in serves:
        _intake(app, system, public_url, only, sessions)
    if ServedPart.READER in serves:
        _reader(app, system, public_url)
    if serves & {ServedPart.INTAKE, ServedPart.READER}:
        app.include_router(fhir_reading.about(public_url, cors=bool(origins)))
    if gateway is not None and access is not None:
        _content(app, system, public_url, only, line, sessions, gateway, access)
    if ServedPart.OPERATOR in serves:
        _operator(app, system, public_url)
    sign_in_line = _sign_in(app, system, public_url, shared, serves)
    lines = {"gateway": line, "sign_in": sign_in_line}
    readiness.install(app, _needs(system, only, {name: each for name, each in lines.items() if each}))
    answer_heads(app.router)
    return app


def _door(taken: TakenMethods, system: System, only: ServedPart | None) -> Door:
    """What judges credentials before the routes do; what doesn't hold gets to the vault's log."""

    def refuse(token: str) -> None:
        system.guard.reader.find(Call(token=token), NOBODY)

    def refuse_operator(token: str) -> None:
        system.guard.operator.quarantined(Call(token=token), [])

    refusing = dict.fromkeys((None, ServedPart.WEB, ServedPart.READER), refuse)
    refusing[ServedPart.OPERATOR] = refuse_operator
    return Door(Authentication.of(system).holds, taken.of, refusing.get(only))


def _background(system: System, public_url: str) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Workers and housekeeper, as long as the application lives."""
    housekeeper = housekeeper_of(system, public_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        system.workers.start()
        housekeeper.start()
        yield
        system.workers.stop()
        housekeeper.stop()

    return lifespan


def _intake(
    app: FastAPI, system: System, public_url: str, only: ServedPart | None, sessions: Sessions
) -> None:
    """What deposits, the forms of the pages as well; it never calls the vault."""
    ring = bell_of(system)[0] if only is ServedPart.INTAKE else system.bells.ring
    intake, depositor = system.intake(ring), Authentication.of(system).depositor(public_url)
    system.wake(FINISHED, system.verdicts.done)
    app.include_router(stow.router(intake, depositor, public_url))
    app.include_router(fhir.router(intake, depositor, public_url))
    app.include_router(entries.router(intake, depositor, public_url))
    own = IntakeDeposits(intake, Authentication.of(system), system.page_key)
    app.include_router(profile_forms.router(Site(sessions, system.identity.environment), own))


def _reader(app: FastAPI, system: System, public_url: str) -> None:
    """Lists, grants, choices, the log."""
    credential = Authentication.of(system).credential(public_url)
    presigner = Presigner(read_secret(system.places.url_key), public_url)
    presign = objects.addresses(system.objects, presigner)
    access = Access(system.index, system.reader_door, presign)
    app.include_router(records.router(access, credential))
    app.include_router(refusals.router(access, credential))
    app.include_router(notices.router(Notices(system.reader_door), credential))
    app.include_router(teams.router(Teams(system.reader_door), credential))
    app.include_router(me.router(OwnLog(system.reader_door), credential))
    searches = Searches(system.index, system.reader_door, public_url)
    is_depositor = Authentication.of(system).is_depositor
    app.include_router(qido.router(searches, credential, is_depositor, public_url))
    app.include_router(grants.router(access, Renewal(system.reader_door, presign), credential))
    app.include_router(objects.router(system.objects, system.reader_door, presigner))
    app.include_router(audit.router(system.guard.public))
    app.include_router(opener.router(OpenerFiles(), system.settings.objects_public_url))
    addresses = Addresses(public_url)
    reading = FhirReading(access, OwnLog(system.reader_door), addresses)
    depositor = Authentication.of(system).depositor(public_url)
    app.include_router(fhir_reading.reading(access, reading, credential, depositor))
    app.include_router(submissions.router(system.index, access, credential, depositor))
    app.include_router(fhir_routes.router(reading, credential, addresses.base))


def _gateway(system: System) -> tuple[Gateway, Access]:
    """What opens content, and lists for the pages.

    It reads the objects itself, and so needs neither addresses nor the key that signs them.
    """
    access = Access(system.index, system.gateway_door, lambda _grant, _blob, _version: "")
    gateway = Gateway(
        access,
        system.gateway_door,
        system.objects,
        system.identity.grant_keys,
        system.clock,
        is_on=system.settings.gateway,
    )
    return gateway, access


def _retrieving(
    app: FastAPI, system: System, public_url: str, line: GatewayLine | None, gateway: Gateway
) -> None:
    """Studies in clear: made here, or by the process at the other end of `line`."""
    answering = Answering(gateway, Authentication.of(system).credential(public_url))
    retrieved, drawn = wado.Retrieved(system.pixels, public_url), rendered.Rendered(system.pixels)
    for routes in (wado.router(answering, retrieved), rendered.router(answering, drawn)):
        app.include_router(routes if line is None else relaying.router(routes, line, APIRoute))


def _content(
    app: FastAPI,
    system: System,
    public_url: str,
    only: ServedPart | None,
    line: GatewayLine | None,
    sessions: Sessions,
    gateway: Gateway,
    access: Access,
) -> None:
    """Pages, and documents in clear: made here, or by the process at the other end of `line`.

    Without content in clear the pages that list are left, and need no process of their own.
    """
    environment = system.identity.environment
    has_viewer = system.settings.ohif is not None
    built = BuiltViewer.find()
    site = Site(
        sessions,
        environment,
        opens_content=system.settings.gateway,
        has_viewer=has_viewer,
        opens_here=built is not None,
        keeps_sessions=True,
        directory=system.index,
    )

    def viewer_pages(shown: DossierPages) -> ViewerPages:
        return ViewerPages(site, shown, built, OpenerFiles().version, system.settings.objects_public_url)

    sends = system.settings.notices_url != PAGE
    told = NoticePages(site, Notices(system.gateway_door), sends_messages=sends)
    own_log, of_teams = OwnLog(system.gateway_door), Teams(system.gateway_door)
    own = pages.router(site, access, told, own_log, of_teams, gateway, viewer_pages)
    app.include_router(viewer.router(built))
    app.include_router(own if line is None else relaying.router(own, line, site.route_class()))
    binaries = fhir_binaries.router(gateway, Authentication.of(system).credential(public_url))
    app.include_router(binaries if line is None else relaying.router(binaries, line, APIRoute))
    _ohif(app, system, site)
    problems.install_pages(app, site)


def _ohif(app: FastAPI, system: System, site: Site) -> None:
    """A stock viewer, which opens content in the browser: with the gateway and without."""
    settings = system.settings
    if settings.ohif is not None:
        files, worker = OhifFiles(settings.ohif), WorkerFiles(settings.objects_public_url)
        app.include_router(ohif.router(ohif.OhifPages(files, worker, site, has_gateway=settings.gateway)))


def _sign_in(
    app: FastAPI, system: System, public_url: str, shared: Shared, serves: Set[ServedPart | None]
) -> GatewayLine | None:
    """The pages that sign in: made here, or by the process at the other end of the line that is answered."""
    caller = as_passed_on if shared.is_behind else of_connection(system.settings.proxies())
    line = GatewayLine(shared.sign_in, caller) if shared.sign_in else None
    if ServedPart.SIGN_IN not in serves and line is None:
        return None
    is_demo = system.identity.environment is not Environment.PRODUCTION
    machines, psc = system.settings.machines_url, system.settings.psc_issuer
    ways = [way for way, is_open in (("carte", machines), ("psc", psc)) if is_open]
    party = relying_party(public_url)
    doors = app.state.sign_in = SignIn(system, carrier_of(system.settings, public_url), party)

    def ask_passkey(browser: str) -> str:
        return doors.passkey.ask(browser)  # made when somebody comes

    site = SignInSite(
        Look(STYLE, ICON, HEADERS, WITH_SCRIPT, moment_of),
        public_url,
        caller,
        is_demo=is_demo,
        ways=ways,
        ask_passkey=ask_passkey if party else None,
        has_france_connect=bool(system.settings.franceconnect_issuer),
    )
    routers = [
        sign_in_entry.router(site, doors),
        own_sessions.router(site, doors),
        professional.router(site, doors, machines),
    ]
    if party:
        routers.append(passkeys.router(site, doors))
    if psc:
        flow = cache(lambda: doors.pro_sante_connect(public_url))
        routers.append(federation.router(site, doors, flow, system.clock))
    if system.settings.franceconnect_issuer:
        linked = cache(lambda: doors.france_connect_flow(public_url))
        routers.append(france_connect.router(site, doors, linked, system.clock))
    for made in routers:
        app.include_router(made if line is None else relaying.router(made, line, site.route_class()))
    return line


def _operator(app: FastAPI, system: System, public_url: str) -> None:
    """What the hosting team decides; the vault accepts each operator's own credential."""
    use_cases = Quarantine(system.index, system.guard.operator)
    app.include_router(quarantine.router(use_cases, Authentication.of(system).credential(public_url)))


def _needs(
    system: System, only: ServedPart | None, lines: Mapping[str, GatewayLine]
) -> dict[str, Callable[[], object]]:
    """What this process can't work without. A broker isn't among it: the sweeper rings as well."""
    needs: dict[str, Callable[[], object]] = {"index": system.index.counts}
    if only not in (ServedPart.INTAKE, ServedPart.SIGN_IN):
        needs["vault"] = system.guard.public.public_keys
    if only not in (ServedPart.OPERATOR, ServedPart.SIGN_IN):
        needs["objects"] = system.objects.check
    return needs | {name: line.check for name, line in lines.items()}
