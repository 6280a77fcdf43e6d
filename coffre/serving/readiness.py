"""Readiness: each dependency of a process, by its name, answers or not, in bounded time."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from coffre.serving import problems
from records.errors import CoffreError

VERSION = version("coffre")
LIMIT_S = 5.0
"""A probe asks every few seconds and must not wait as long as a request may."""
_SILENT = CoffreError("Something this process needs is silent: see its log.", code="not_ready")


class Readiness:
    """Asks all dependencies at once. One that hasn't answered its last question is not asked again."""

    def __init__(self, checks: Mapping[str, Callable[[], object]]) -> None:
        self._checks = checks
        self._pool = ThreadPoolExecutor(len(checks), thread_name_prefix="ready")
        self._asked: dict[str, Future[object]] = {}
        self._lock = threading.Lock()

    def ask(self) -> dict[str, BaseException | None]:
        """What each raised, `CoffreError` "not_ready" of those that are silent; None of all others."""
        with self._lock:
            asked = {name: self._ask(name) for name in self._checks}
        wait(asked.values(), LIMIT_S)
        return {name: _outcome(future) for name, future in asked.items()}

    def _ask(self, name: str) -> Future[object]:
        last = self._asked.get(name)
        if last is None or last.done():
            last = self._asked[name] = self._pool.submit(self._checks[name])
        return last


def _outcome(future: Future[object]) -> BaseException | None:
    return future.exception() if future.done() else _SILENT


def install(app: FastAPI, needs: Mapping[str, Callable[[], object]]) -> None:
    """What probes ask: whether the process answers, and whether what it needs does."""

    @app.get("/health/live", tags=["Health"], summary="The process answers")
    async def live() -> dict[str, str]:
        return {"status": "ok", "version": VERSION}

    readiness = Readiness(needs)

    @app.get("/health/ready", tags=["Health"], summary="What this process needs answers")
    def ready(request: Request) -> Response:
        found = readiness.ask()
        states = {
            name: "ok" if error is None else problems.described(error)[1] for name, error in found.items()
        }
        failed = next(filter(None, found.values()), None)
        if failed is None:
            return JSONResponse({"status": "ok", **states})
        return problems.problem(request, *problems.described(failed), dependencies=states)
