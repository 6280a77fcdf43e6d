"""The HTTP application: the routes of both upper rooms over one wired system."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Any
from uuid import UUID

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from coffre.processes.run import housekeeper_of
from coffre.serving import fhir as fhir_reading
from coffre.serving import problems, readiness, watching
from coffre.serving.addresses import SlashAtTheEnd
from coffre.serving.answers.deprecations import Deprecations
from coffre.serving.answers.methods import Options, TakenMethods, answer_heads
from coffre.serving.answers.origins import OtherOrigins
from coffre.serving.answers.security_headers import SecurityHeaders
from coffre.serving.bodies import BoundedBodies
from coffre.serving.callers.authentication import Authentication
from coffre.serving.callers.client_certificates import NamedProxies
from coffre.serving.callers.limits import Callers, Door
from coffre.serving.callers.session_cookies import SessionCookies
from coffre.serving.parts.content import install_content, install_retrieving, opening_of
from coffre.serving.parts.intake import install_intake
from coffre.serving.parts.operator import install_operator
from coffre.serving.parts.reader import install_reader
from coffre.serving.parts.served import SERVES, ServedPart, Shared
from coffre.serving.parts.sign_in import install_sign_in
from coffre.serving.relaying import GatewayLine
from coffre.wiring import System
from keyvault.verbs.call import Call
from records.vocabulary.codes import Environment
from viewer_api.web.sessions import Sessions

DEMO = "Demo: never with real patients."
NOBODY = str(UUID(int=0))  # no record has this public id


Layer = Callable[[ASGIApp], ASGIApp]


class _Application(FastAPI):
    """FastAPI with layers around all of it."""

    _outer: tuple[Layer, ...] = ()

    def surround(self, *outer: Layer) -> None:
        """The innermost first."""
        self._outer = outer

    def build_middleware_stack(self) -> ASGIApp:
        """Outside of what turns a fault into a 500, which carries the headers like any other answer."""
        stack: ASGIApp = SlashAtTheEnd(super().build_middleware_stack())
        for layer in self._outer:
            stack = layer(stack)
        return stack

    def include_router(self, router: APIRouter, **more: Any) -> None:
        answer_heads(router)
        super().include_router(router, **more)


def build(
    system: System, public_url: str, only: ServedPart | None = None, shared: Shared | None = None
) -> FastAPI:
    """The application of one process. As everything, it also runs workers and housekeeper while it lives."""
    shared = shared or Shared()
    sessions = Sessions(system.index, public_url, system.identity.environment)
    metrics = watching.Metrics(system, shared.metrics)
    lifespan = _background(system, public_url) if only is None else None
    app = _Application(lifespan=lifespan, **_described(system.identity.environment))
    taken = TakenMethods(app.router)
    door = _door(taken, system, only)
    app.surround(*_layers(system, door, sessions, metrics, shared))
    app.add_middleware(BoundedBodies)
    app.add_middleware(Options, taken=taken)
    app.state.beside = watching.install(app, metrics, system.identity.environment)
    problems.install(app)
    lines = _install_parts(app, system, public_url, only, shared, sessions)
    readiness.install(app, _needs(system, only, lines))
    answer_heads(app.router)
    return app


def _described(environment: Environment) -> dict[str, Any]:
    return {
        "title": "Coffre",
        "summary": "Hosting layer of a shared medical record",
        "description": "" if environment is Environment.PRODUCTION else DEMO,
        "version": version("coffre"),
        "openapi_url": None,  # answered beside /metrics
        "docs_url": None,
        "redoc_url": None,
        "redirect_slashes": False,
    }


def _layers(
    system: System, door: Door, sessions: Sessions, metrics: watching.Metrics, shared: Shared
) -> Iterator[Layer]:
    """What stands around everything, the innermost first."""
    settings = system.settings
    origins = settings.origins()
    yield lambda inner: Callers(inner, door, settings.proxies(), shared.buckets)
    yield lambda inner: SessionCookies(inner, sessions)
    yield lambda inner: OtherOrigins(inner, origins, problems.is_api)
    yield lambda inner: watching.Watch(inner, metrics, is_behind=shared.is_behind)
    yield SecurityHeaders
    yield Deprecations
    if not shared.is_behind:  # of a process behind another one the other is the edge
        yield lambda inner: NamedProxies(inner, settings.certifying())


def _install_parts(
    app: FastAPI,
    system: System,
    public_url: str,
    only: ServedPart | None,
    shared: Shared,
    sessions: Sessions,
) -> dict[str, GatewayLine]:
    """What this process serves; the lines to processes that it asks for the rest."""
    serves = SERVES.get(only, frozenset({only}))
    line = GatewayLine(shared.gateway) if shared.gateway else None
    opens = ServedPart.GATEWAY in serves or line is not None or only is ServedPart.WEB
    opening = opening_of(system) if opens else None
    # first: a viewer asks for each frame, and addresses are compared one after another
    if opening is not None:
        install_retrieving(app, system, public_url, line, opening)
    if ServedPart.INTAKE in serves:
        install_intake(app, system, public_url, only, sessions)
    if ServedPart.READER in serves:
        install_reader(app, system, public_url)
    if serves & {ServedPart.INTAKE, ServedPart.READER}:
        app.include_router(fhir_reading.about(public_url, cors=bool(system.settings.origins())))
    if opening is not None:
        install_content(app, system, public_url, line, sessions, opening)
    if ServedPart.OPERATOR in serves:
        install_operator(app, system, public_url)
    lines = {"gateway": line, "sign_in": install_sign_in(app, system, public_url, shared, serves)}
    return {name: each for name, each in lines.items() if each}


def _door(taken: TakenMethods, system: System, only: ServedPart | None) -> Door:
    """What judges credentials before the routes do; what doesn't hold gets to the vault's log."""

    def refuse(token: str) -> None:
        system.guard.reader.find(Call(token=token), NOBODY)

    def refuse_operator(token: str) -> None:
        system.guard.operator.quarantined(Call(token=token), [])

    refusing = dict.fromkeys((None, ServedPart.WEB, ServedPart.READER), refuse)
    refusing[ServedPart.OPERATOR] = refuse_operator
    authentication = Authentication.of(system)
    refusing[ServedPart.SIGN_IN] = authentication.refuse
    return Door(authentication.holds, taken.of, refusing.get(only))


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
