"""Metrics by route template, and one request id from HTTP to task to vault, for operators."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
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

from coffre.serving.answers.methods import answer_heads
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
        for asked in (_of_notices, _of_issuers, _of_doors):
            self.registry.register(_OfVault(partial(asked, system)))

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


class _OfVault(Collector):
    """What the vault tells whoever watches: `asked` of its public door."""

    def __init__(self, asked: Callable[[], Iterator[Metric]]) -> None:
        self._asked = asked

    def describe(self) -> Iterable[Metric]:
        """Nothing: to be registered must not ask the vault."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Nothing where the vault doesn't answer: the others are told all the same."""
        try:
            return list(self._asked())
        except CoffreError:
            return ()


def _of_notices(system: System) -> Iterator[Metric]:
    """What became of notices (R57), as the vault counts them."""
    found = system.guard.public.delivery()
    yield _labelled("coffre_notices", "Notices by state, capped", "state", found.counts)
    yield GaugeMetricFamily(
        "coffre_notices_oldest_waiting_seconds",
        "How long the oldest notice that is queued has waited",
        found.oldest_waiting_s or 0,
    )


def _of_issuers(system: System) -> Iterator[Metric]:
    """Whose credentials the vault accepts: an alarm where one is new that nobody expects."""
    found = system.guard.public.known_issuers()
    yield GaugeMetricFamily("coffre_issuers", "Issuers whose credentials are accepted", found.accepted)
    yield _labelled(
        "coffre_issuer_new",
        "Issuers first seen in the last seven days, or never yet",
        "issuer",
        dict.fromkeys(found.new, 1),
    )


def _of_doors(system: System) -> Iterator[Metric]:
    """What came at the doors where people sign in, over all processes of them, as the vault counts it."""
    found = system.guard.public.watched_doors()
    yield _labelled(
        "coffre_door_events_this_hour", "Events of the doors in this clock hour", "event", found.counts
    )
    yield _labelled(
        "coffre_door_threshold_passed",
        "Events of the doors that came more often than is ordinary, in this hour or the one before",
        "event",
        dict.fromkeys(found.past, 1),
    )


def _labelled(name: str, what: str, label: str, values: Mapping[str, float]) -> Metric:
    metric = GaugeMetricFamily(name, what, labels=(label,))
    for value, number in values.items():
        metric.add_metric((value,), number)
    return metric


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
