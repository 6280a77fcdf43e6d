"""One command, several processes: started in stages, started again when they die, ended in reverse.

The supervisor forks and waits; it opens no database, starts no thread and holds no key, so that what it forks
is as good after a day as at the start.
"""

import logging
import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from coffre.processes.lifetime import ending_signals
from coffre.processes.parts import Process, SupervisedPart
from coffre.processes.status_socket import Announcer
from records.errors import CoffreError

log = logging.getLogger("coffre.supervisor")

START_S = 60.0
END_S = 25.0
"""After which a part that was told to end is killed: whatever it holds is repaired by the next start."""
ALL_END_S, LEAST_END_S = 60.0, 3.0
"""The time of all stages together, and what each has at least, however long those before took."""
MOST_IN_A_ROW = 12
"""A part that ends so often, each time within seconds of its start, is not mended by another one."""


class Supervisor:
    """Runs stages of parts until SIGTERM, SIGINT or SIGHUP. One at a time in a process."""

    def __init__(self, stages: Sequence[Sequence[Process]], announcer: Announcer | None = None) -> None:
        """Each stage starts once the one before is ready, and ends once the one after has ended.

        `announcer`: where whoever asks is told what runs.
        """
        self._stages = [[SupervisedPart(process) for process in stage] for stage in stages]
        self._announcer = announcer
        self._ending = False

    def run(self, ready: Callable[[], None]) -> None:
        """Raises what kept a part from its first start, or `CoffreError` "part_keeps_ending", once all
        others have ended.
        """
        with self._woken() as wake:
            try:
                for stage in self._stages:
                    for part in stage:
                        self._fork(part)
                    self._await(stage, wake)
                if not self._ending:
                    ready()
                while not self._ending:
                    self._reap()  # first: somebody may have died while later stages started
                    self._restart()
                    self._sleep(wake)
            finally:
                self._end()

    def _every(self) -> Iterator[SupervisedPart]:
        return (part for stage in self._stages for part in stage)

    @contextmanager
    def _woken(self) -> Iterator[int]:
        """A descriptor that is readable after each signal, of a child's death as well."""
        reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        before = {number: signal.signal(number, self._told) for number in ending_signals()}
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

    def _fork(self, part: SupervisedPart) -> None:
        part.fork(list(self._every()), self._asked())

    def _asked(self) -> list[int]:
        return [self._announcer.fileno()] if self._announcer else []

    def _await(self, stage: Sequence[SupervisedPart], wake: int) -> None:
        """Until every part of a stage is ready. Raises the first refusal."""
        until = time.monotonic() + START_S
        waiting = list(stage)
        while waiting and not self._ending:
            told = self._look([wake, *(part.reports for part in waiting)], 1.0)
            _drain(wake)
            for part in [part for part in waiting if part.reports in told]:
                part.check()
                waiting.remove(part)
            if time.monotonic() > until:
                raise CoffreError(
                    f"{waiting[0].name} was not ready in time: see its log.", code="not_started"
                )

    def _due(self) -> float | None:
        """Seconds until the next start; None where none is due."""
        due = [part.again_at for part in self._every() if part.again_at is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _sleep(self, wake: int) -> None:
        """Until a signal, the next start, or somebody who asks."""
        self._look([wake], self._due())
        _drain(wake)

    def _look(self, descriptors: Sequence[int], seconds: float | None) -> list[int]:
        """Those that can be read, once one can; whoever asks meanwhile is told what runs."""
        found, _, _ = select.select([*descriptors, *self._asked()], [], [], seconds)
        if self._announcer and self._announcer.fileno() in found:
            self._announcer.answer(list(self._every()))
        return found

    def _reap(self) -> None:
        """As process 1 of a container it is also the heir of what its parts leave behind."""
        parts = {part.pid: part for part in self._every() if part.pid}
        while pid := _ended():
            if part := parts.get(pid):
                part.ended()
                log.warning("part ended, starting it again", extra={"part": part.name})
                if part.in_a_row >= MOST_IN_A_ROW:
                    raise CoffreError(
                        f"{part.name} ended {part.in_a_row} times, each time soon after its start, so "
                        f"everything was ended: see the lines of {part.name} in the log.",
                        code="part_keeps_ending",
                    )

    def _restart(self) -> None:
        for part in self._every():
            if part.again_at is not None and part.again_at <= time.monotonic() and not self._ending:
                try:
                    self._fork(part)
                except OSError as error:  # no memory or no process number now: the others go on meanwhile
                    part.later(False)
                    log.warning("part not started", extra={"part": part.name, "errno": error.errno})

    def _end(self) -> None:
        """Tell the last stage first; what does not listen is killed."""
        last = time.monotonic() + ALL_END_S
        for stage in reversed(self._stages):
            running = [part for part in stage if part.pid]
            for part in running:
                part.end()
            now = time.monotonic()
            until = min(now + END_S, max(last, now + LEAST_END_S))
            for part in running:
                part.await_end(until)


def _ended() -> int:
    """The number of a child that has ended, whoever it was; 0 where there is none."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0]
    except ChildProcessError:
        return 0


def _drain(wake: int) -> None:
    try:
        os.read(wake, 4096)
    except BlockingIOError:
        return
