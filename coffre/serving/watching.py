"""Metrics by route template, and one request id from HTTP to task to vault, for operators."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coffre.serving.methods import answer_heads
from coffre.wiring import System
from keyvault.process.request_id import REQUEST_ID
from records.errors import CoffreError
from records.vocabulary.codes import Environment

HEADER = b"x-request-id"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """One registry per application. Labels are route templates and codes, never paths or identities."""

    def __init__(self, system: System, shared: Path | None = None) -> None:
        """`shared`: the folder where each web process keeps its counts; any of them answers for all."""
        counting = self.registry = CollectorRegistry()
        if shared is not None:
            counting = _of_several(shared, self.registry)
        self._requests = Counter(
            "coffre_http_requests", "Requests answered", ("method", "route", "status"), registry=counting
        )
        self._seconds = Histogram(
            "coffre_http_request_seconds",
            "Time to the end of the answer",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=counting,
        )
        self.registry.register(_OfTheIndex(system))
        self.registry.register(_OfNotices(system))
        self.registry.register(_OfIssuers(system))
        self.registry.register(_OfDoors(system))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """The exposition format; the index is asked for its counts at this moment."""
        return generate_latest(self.registry)


def _of_several(shared: Path, registry: CollectorRegistry) -> CollectorRegistry:
    """Have this process count in a file of its own, and `registry` add up those of all."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared)  # the library's only way to be told
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    MultiProcessCollector(registry, path=str(shared))  # type: ignore[no-untyped-call]
    return CollectorRegistry()


class _OfTheIndex(Collector):
    """What the index counts, whichever process is asked."""

    def __init__(self, system: System) -> None:
        self._system = system

    def describe(self) -> Iterable[Metric]:
        """Nothing: to be registered must not ask the index."""
        return ()

    def collect(self) -> Iterable[Metric]:
        index, now_ms = self._system.index, int(self._system.clock() * 1000)
        today = index.cpu_of_day(now_ms, self._system.settings.cpu_allowance_ms)
        states = GaugeMetricFamily("coffre_submissions", "Submissions by state, capped", labels=("state",))
        for state, count in index.counts().items():
            states.add_metric((state,), count)
        yield states
        waiting = index.waiting(now_ms)
        yield GaugeMetricFamily("coffre_submissions_due", "Submissions that a worker could take", waiting)
        yield GaugeMetricFamily(
            "coffre_parts_sharing_identifiers",
            "Parts deposited under a Study Instance UID of another structure, capped",
            index.sharing_identifiers(),
        )
        unrendered, failed = index.rendition_counts()
        yield GaugeMetricFamily(
            "coffre_deposits_without_renditions",
            "Deposits of images whose renditions `coffre renditions` is to make, capped",
            unrendered,
        )
        yield GaugeMetricFamily(
            "coffre_deposits_not_renderable",
            "Deposits with a series of which no rendition could be made, capped",
            failed,
        )
        yield GaugeMetricFamily(
            "coffre_sandbox_cpu_seconds_today",
            "CPU that examining files has cost since midnight, UTC",
            today.cpu_ms / 1000,
        )
        yield GaugeMetricFamily(
            "coffre_structures_past_allowance",
            "Structures past COFFRE_CPU_ALLOWANCE_S today, which come after all others",
            today.past_allowance,
        )


class _OfNotices(Collector):
    """What became of notices (R57), as the vault counts them."""

    def __init__(self, system: System) -> None:
        self._system = system

    def describe(self) -> Iterable[Metric]:
        """Nothing: to be registered must not ask the vault."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Nothing where the vault doesn't answer: the others are told all the same."""
        try:
            found = self._system.guard.public.delivery()
        except CoffreError:
            return
        states = GaugeMetricFamily("coffre_notices", "Notices by state, capped", labels=("state",))
        for state, count in found.counts.items():
            states.add_metric((state,), count)
        yield states
        yield GaugeMetricFamily(
            "coffre_notices_oldest_waiting_seconds",
            "How long the oldest notice that is queued has waited",
            found.oldest_waiting_s or 0,
        )


class _OfIssuers(Collector):
    """Whose credentials the vault accepts: an alarm where one is new that nobody expects."""

    def __init__(self, system: System) -> None:
        self._system = system

    def describe(self) -> Iterable[Metric]:
        """Nothing: to be registered must not ask the vault."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Nothing where the vault doesn't answer: the others are told all the same."""
        try:
            found = self._system.guard.public.known_issuers()
        except CoffreError:
            return
        yield GaugeMetricFamily("coffre_issuers", "Issuers whose credentials are accepted", found.accepted)
        new = GaugeMetricFamily(
            "coffre_issuer_new", "Issuers first seen in the last seven days, or never yet", labels=("issuer",)
        )
        for name in found.new:
            new.add_metric((name,), 1)
        yield new


class _OfDoors(Collector):
    """What came at the doors where people sign in, over all processes of them, as the vault counts it."""

    def __init__(self, system: System) -> None:
        self._system = system

    def describe(self) -> Iterable[Metric]:
        """Nothing: to be registered must not ask the vault."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Nothing where the vault doesn't answer: the others are told all the same."""
        try:
            found = self._system.guard.public.watched_doors()
        except CoffreError:
            return
        events = GaugeMetricFamily(
            "coffre_door_events_this_hour", "Events of the doors in this clock hour", labels=("event",)
        )
        for name, count in found.counts.items():
            events.add_metric((name,), count)
        yield events
        past = GaugeMetricFamily(
            "coffre_door_threshold_passed",
            "Events of the doors that came more often than is ordinary, in this hour or the one before",
            labels=("event",),
        )
        for name in found.past:
            past.add_metric((name,), 1)
        yield past


class Watch:
    """Middleware: gives every request its id, and counts it under its route template.

    Behind a relay it takes over the id that the first process gave, which counts as well.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, *, is_behind: bool = False) -> None:
        self._app = app
        self._metrics = metrics
        self._is_behind = is_behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._request_id(scope)
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
            if not self._is_behind:
                route = getattr(scope.get("route"), "path", "none")
                self._metrics.observe(scope["method"], route, status, time.perf_counter() - started)
            REQUEST_ID.reset(token)

    def _request_id(self, scope: Scope) -> str:
        """A caller's own id is not taken over: it could carry anything into our logs."""
        given = dict(scope["headers"]).get(HEADER, b"") if self._is_behind else b""
        return given.decode("latin-1") or uuid4().hex


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
