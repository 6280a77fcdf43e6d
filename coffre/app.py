"""The HTTP application: the routes of both upper rooms over one wired system."""

from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coffre import problems
from coffre.housekeeper import Chores, Housekeeper
from coffre.wiring import System
from ingestion.routes import fhir, stow, submissions
from viewer_api.gateway import Gateway
from viewer_api.routes import audit, grants, objects, qido, records
from viewer_api.web import pages

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
DEFAULT_CACHE = (b"cache-control", b"no-store")


class SecurityHeaders:
    """Headers that every answer carries; a route's own Cache-Control wins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                extra = [header for header in (*HEADERS, DEFAULT_CACHE) if header[0] not in names]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def build(system: System, public_url: str, *, background: bool = True) -> FastAPI:
    """The application; with `background` it runs workers and housekeeper as long as it lives."""
    workers = system.workers
    chores = Chores(system.index, system.objects, system.guard, system.publish_day_keys)
    housekeeper = Housekeeper(chores)
    system.publish_day_keys()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> Any:
        if background:
            workers.start()
            housekeeper.start()
        yield
        if background:
            workers.stop()
            housekeeper.stop()

    app = FastAPI(
        title="Coffre",
        summary="Hosting layer of a shared medical record",
        description="Demo: never with real patients.",
        version="0.1.0",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(SecurityHeaders)
    problems.install(app)
    intake = system.intake(workers.ring)
    presigner = system.presigner(public_url)
    access = system.access(presigner)
    depositor, credential = system.authenticate_depositor(), system.authenticate()
    app.include_router(stow.router(intake, depositor, public_url))
    app.include_router(fhir.router(intake, depositor, public_url))
    app.include_router(submissions.router(intake, depositor))
    app.include_router(records.router(access, credential))
    app.include_router(qido.router(access, credential))
    app.include_router(grants.router(access, credential))
    app.include_router(objects.router(system.objects, system.guard.reader, presigner))
    app.include_router(audit.router(system.guard.public))
    _health(app, system)
    gateway = Gateway(access, system.objects, system.grant_keys())
    app.include_router(pages.router(access, gateway, system.index, public_url, system.identity.environment))
    return app


def _health(app: FastAPI, system: System) -> None:
    @app.get("/health/live", tags=["Health"], summary="The process answers")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/health/ready", tags=["Health"], summary="Index and vault answer")
    def ready() -> dict[str, str]:
        system.index.counts()
        system.guard.inspector.status()
        return {"status": "ok", "index": "ok", "vault": "ok"}
