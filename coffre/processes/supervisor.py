"""One command, several processes: started in stages, started again when they die, ended in reverse.

The supervisor forks and waits; it opens no database, starts no thread and holds no key, so that what it forks
is as good after a day as at the start.
"""

import json
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from coffre.processes.lifetime import END, UntilTold
from records.errors import CoffreError, Invalid

log = logging.getLogger("coffre.supervisor")

START_S = 60.0
END_S = 25.0
"""After which a part that was told to end is killed: whatever it holds is repaired by the next start."""
FIRST_PAUSE_S, LAST_PAUSE_S = 0.1, 5.0
SETTLED_S = 10.0
"""A part that lived so long is started again at once."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Process:
    """A process to be: its name, for logs and ps(1), and what it does, in a process of its own."""

    name: str
    run: Callable[[UntilTold], None]


@dataclass(slots=True)
class _Running:
    """A part and the process that it is now."""

    process: Process
    pid: int = 0
    orders: int = -1
    reports: int = -1
    started: float = 0.0
    pause: float = FIRST_PAUSE_S
    again_at: float | None = None

    def later(self, settled: bool) -> None:
        """Have it started again, soon where it had `settled`, else after twice the last pause."""
        self.pause = FIRST_PAUSE_S if settled else min(2 * self.pause, LAST_PAUSE_S)
        self.again_at = time.monotonic() + self.pause

    def close(self) -> None:
        for descriptor in (self.orders, self.reports):
            if descriptor >= 0:
                os.close(descriptor)
        self.pid, self.orders, self.reports = 0, -1, -1


class Supervisor:
    """Runs stages of parts until SIGTERM or SIGINT. One at a time in a process."""

    def __init__(self, stages: Sequence[Sequence[Process]]) -> None:
        """Each stage starts once the one before is ready, and ends once the one after has ended."""
        self._stages = [[_Running(process) for process in stage] for stage in stages]
        self._ending = False

    def run(self, ready: Callable[[], None]) -> None:
        """Raises what kept a part from its first start, once all others have ended."""
        with self._woken() as wake:
            try:
                for stage in self._stages:
                    for each in stage:
                        self._fork(each)
                    self._await(stage, wake)
                if not self._ending:
                    ready()
                while not self._ending:
                    _sleep(wake, self._due())
                    self._reap()
                    self._restart()
            finally:
                self._end()

    def _every(self) -> Iterator[_Running]:
        return (each for stage in self._stages for each in stage)

    @contextmanager
    def _woken(self) -> Iterator[int]:
        """A descriptor that is readable after each signal, of a child's death as well."""
        reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        before = {number: signal.signal(number, self._told) for number in _SIGNALS}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        woken_before = signal.set_wakeup_fd(writing)
        try:
            yield reading
        finally:
            signal.set_wakeup_fd(woken_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reading)
            os.close(writing)

    def _told(self, *_: object) -> None:
        self._ending = True

    def _fork(self, each: _Running) -> None:
        orders, ordering = os.pipe()
        reporting, reports = os.pipe()
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            for descriptor in (orders, ordering, reporting, reports):
                os.close(descriptor)
            raise
        if pid == 0:
            try:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                # whoever holds the other end of a part's orders keeps that part alive
                for other in self._every():
                    other.close()
                os.close(ordering)
                os.close(reporting)
                _be(each.process, UntilTold(f"coffre-{each.process.name}", orders, reports, parent))
            finally:
                os._exit(1)
        os.close(orders)
        os.close(reports)
        each.pid, each.orders, each.reports = pid, ordering, reporting
        each.started, each.again_at = time.monotonic(), None

    def _await(self, stage: Sequence[_Running], wake: int) -> None:
        """Until every part of a stage is ready. Raises the first refusal."""
        until = time.monotonic() + START_S
        waiting = list(stage)
        while waiting and not self._ending:
            told, _, _ = select.select([wake, *(each.reports for each in waiting)], [], [], 1.0)
            _drain(wake)
            for each in [each for each in waiting if each.reports in told]:
                _check(each)
                waiting.remove(each)
            if time.monotonic() > until:
                raise CoffreError(
                    f"{waiting[0].process.name} was not ready in time: see its log.", code="not_started"
                )

    def _due(self) -> float | None:
        """Seconds until the next start; None where none is due."""
        due = [each.again_at for each in self._every() if each.again_at is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _reap(self) -> None:
        for each in self._every():
            if each.pid and os.waitpid(each.pid, os.WNOHANG)[0]:
                lived = time.monotonic() - each.started
                each.close()
                each.later(lived > SETTLED_S)
                log.warning("part ended, starting it again", extra={"part": each.process.name})

    def _restart(self) -> None:
        for each in self._every():
            if each.again_at is not None and each.again_at <= time.monotonic() and not self._ending:
                try:
                    self._fork(each)
                except OSError as error:  # no memory or no process number now: the others go on meanwhile
                    each.later(False)
                    log.warning("part not started", extra={"part": each.process.name, "errno": error.errno})

    def _end(self) -> None:
        """Tell the last stage first; what does not listen is killed."""
        for stage in reversed(self._stages):
            for each in filter(lambda each: each.pid, stage):
                _tell(each)
            until = time.monotonic() + END_S
            for each in filter(lambda each: each.pid, stage):
                _wait(each, until)
                each.close()


def _be(process: Process, lifetime: UntilTold) -> None:
    """The life of a forked process; its exit code says whether it ended as told."""
    try:
        process.run(lifetime)
        code = 0
    except CoffreError as error:
        log.error("part failed", extra={"part": process.name, "code": error.code})  # noqa: TRY400
        lifetime.failed(error)
        code = 1
    except BaseException as error:
        log.error("part failed", extra={"part": process.name, "code": type(error).__name__})  # noqa: TRY400
        sentence = f"{process.name} failed on something nobody foresaw, {type(error).__name__}."
        lifetime.failed(CoffreError(sentence, code="not_started"))
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _check(each: _Running) -> None:
    """Read a part's first report. Raises what it refused with."""
    line = os.read(each.reports, 65_536).partition(b"\n")[0]
    said = json.loads(line) if line else {}
    if "ready" in said:
        return
    kind = Invalid if said.get("invalid") else CoffreError
    sentence = said.get("sentence") or f"{each.process.name} ended before it was ready: see its log."
    raise kind(sentence, code=said.get("code") or "not_started")


def _tell(each: _Running) -> None:
    try:
        os.write(each.orders, END)
    except BrokenPipeError:
        return  # it is gone already


def _wait(each: _Running, until: float) -> None:
    while not os.waitpid(each.pid, os.WNOHANG)[0]:
        if time.monotonic() > until:
            log.warning("part did not end in time, killed", extra={"part": each.process.name})
            os.kill(each.pid, signal.SIGKILL)
            os.waitpid(each.pid, 0)
            return
        time.sleep(0.02)


def _sleep(wake: int, seconds: float | None) -> None:
    select.select([wake], [], [], seconds)
    _drain(wake)


def _drain(wake: int) -> None:
    try:
        os.read(wake, 4096)
    except BlockingIOError:
        return
