"""One part of a supervised server: forked, asked over a pipe, waited for; what it is now."""

import json
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from multiprocessing import current_process

from coffre.processes.lifetime import END, MEASURE, UntilTold
from coffre.processes.measured import Slot
from records.errors import CoffreError, Invalid

log = logging.getLogger("coffre.supervisor")

FIRST_PAUSE_S, LAST_PAUSE_S = 0.1, 5.0
SETTLED_S = 10.0
"""A part that lived so long is started again at once, and did not end in a row with the time before."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process to be: its name, for logs and ps(1), and what it does, in a process of its own."""

    name: str
    run: Callable[[UntilTold], None]


@dataclass(slots=True)
class SupervisedPart:
    """A part and the process that it is now; `pid` is 0 while it waits to be started again."""

    process: Process
    slot: Slot = field(default_factory=Slot)
    pid: int = 0
    since: float = 0.0
    restarts: int = 0
    in_a_row: int = 0
    again_at: float | None = None
    _orders: int = -1
    reports: int = -1
    _started: float = 0.0
    _pause: float = FIRST_PAUSE_S

    @property
    def name(self) -> str:
        return self.process.name

    def fork(self, others: "Iterable[SupervisedPart]", keep_out: Iterable[int] = ()) -> None:
        """Start it. `others`: the parts whose pipes it must not hold; `keep_out`: what else is the parent's.

        Raises `OSError` where the system has no process for it now.
        """
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
                current_process().name = self.name  # in each line of its log
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                # whoever holds the other end of a part's orders keeps that part alive
                for other in others:
                    other.close()
                for descriptor in (ordering, reporting, *keep_out):
                    os.close(descriptor)
                _be(self.process, UntilTold(f"coffre-{self.name}", orders, reports, parent, self.slot))
            finally:
                os._exit(1)
        os.close(orders)
        os.close(reports)
        self.pid, self._orders, self.reports = pid, ordering, reporting
        self._started, self.since, self.again_at = time.monotonic(), time.time(), None

    def ended(self) -> None:
        """Its process is gone: have it started again, soon where it had settled, else ever later."""
        settled = time.monotonic() - self._started > SETTLED_S
        self.close()
        self.restarts += 1
        self.in_a_row = 1 if settled else self.in_a_row + 1
        self.later(settled)

    def later(self, settled: bool) -> None:
        """After the first pause where it had `settled`, else after twice the last one."""
        self._pause = FIRST_PAUSE_S if settled else min(2 * self._pause, LAST_PAUSE_S)
        self.again_at = time.monotonic() + self._pause

    def close(self) -> None:
        for descriptor in (self._orders, self.reports):
            if descriptor >= 0:
                os.close(descriptor)
        self.pid, self._orders, self.reports = 0, -1, -1

    def check(self) -> None:
        """Read its first report. Raises what it refused with."""
        line = os.read(self.reports, 65_536).partition(b"\n")[0]
        said = json.loads(line) if line else {}
        if "ready" in said:
            return
        kind = Invalid if said.get("invalid") else CoffreError
        sentence = said.get("sentence") or f"{self.name} ended before it was ready: see its log."
        raise kind(sentence, code=said.get("code") or "not_started")

    def measure(self) -> None:
        """Have it say what it is now, in its slot."""
        self._tell(MEASURE)

    def end(self) -> None:
        self._tell(END)

    def await_end(self, until: float) -> None:
        """Kill it if it has not ended by then."""
        while not os.waitpid(self.pid, os.WNOHANG)[0]:
            if time.monotonic() > until:
                log.warning("part did not end in time, killed", extra={"part": self.name})
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                break
            time.sleep(0.02)
        self.close()

    def _tell(self, order: bytes) -> None:
        if self.pid and select.select([], [self._orders], [], 0)[1]:
            try:
                os.write(self._orders, order)
            except BrokenPipeError:
                return  # it is gone already


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
