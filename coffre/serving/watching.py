"""Metrics by route template, and one request id from HTTP to task to vault, for operators."""

import time
from uuid import uuid4

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coffre.serving.methods import answer_heads
from coffre.wiring import System
from keyvault.process.request_id import REQUEST_ID
from records.vocabulary.codes import Environment

HEADER = b"x-request-id"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """One registry per application. Labels are route templates and codes, never paths or identities."""

    def __init__(self, system: System) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "coffre_http_requests", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "coffre_http_request_seconds",
            "Time to the end of the answer",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._submissions = Gauge(
            "coffre_submissions", "Submissions by state, capped", ("state",), registry=self.registry
        )
        self._waiting = Gauge(
            "coffre_submissions_due", "Submissions that a worker could take", registry=self.registry
        )
        self._sharing = Gauge(
            "coffre_parts_sharing_identifiers",
            "Parts deposited under a Study Instance UID of another structure, capped",
            registry=self.registry,
        )
        self._cpu = Gauge(
            "coffre_sandbox_cpu_seconds_today",
            "CPU that examining files has cost since midnight, UTC",
            registry=self.registry,
        )
        self._past = Gauge(
            "coffre_structures_past_allowance",
            "Structures past COFFRE_CPU_ALLOWANCE_S today, which come after all others",
            registry=self.registry,
        )
        self._system = system

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """The exposition format; the index is asked for its counts at this moment."""
        for state, count in self._system.index.counts().items():
            self._submissions.labels(state).set(count)
        self._sharing.set(self._system.index.sharing_identifiers())
        now_ms = int(self._system.clock() * 1000)
        self._waiting.set(self._system.index.waiting(now_ms))
        today = self._system.index.cpu_of_day(now_ms, self._system.settings.cpu_allowance_ms)
        self._cpu.set(today.cpu_ms / 1000)
        self._past.set(today.past_allowance)
        return generate_latest(self.registry)


class Watch:
    """Middleware: gives every request its id, and counts it under its route template."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # a caller's own id is not taken over: it could carry anything into our logs
        request_id = uuid4().hex
        token = REQUEST_ID.set(request_id)
        started, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (HEADER, request_id.encode())]}
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.observe(scope["method"], route, status, time.perf_counter() - started)
            REQUEST_ID.reset(token)


def install(app: FastAPI, metrics: Metrics, environment: Environment) -> FastAPI:
    """The application that operators' tools ask, one of its own.

    In production that application alone answers, on COFFRE_OPERATOR_ADDRESS; in demo and test `app` does too.
    """
    beside = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    def read() -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    def described() -> JSONResponse:
        return JSONResponse(app.openapi())

    public = () if environment is Environment.PRODUCTION else (app,)
    for answering in (beside, *public):
        answering.add_api_route("/metrics", read, include_in_schema=False)
        answering.add_api_route("/openapi.json", described, include_in_schema=False)
    answer_heads(beside.router)
    return beside
