"""Files of several submissions share the sandbox in turns, however many each of them has."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, ParamSpec, TypeVar

from keyvault.keys.reception import ReceivedPart

P = ParamSpec("P")
T = TypeVar("T")
Numbered = tuple[int, ReceivedPart]

LOOK_UP_S = 1.0
MOST_A_TURN, LARGEST_TURN, SHARES = 16, 16 * 2**20, 8
"""Parts and bytes of one turn at the sandbox, and turns that a submission of as many parts has at least."""


class Turns:
    """Threads that examine files: `at_once` of them, and for every submission one at least.

    A submission's file never waits for a file of another one; only its own are before it. `most` bounds the
    threads, and must be no less than `at_once` and all submissions in hand together.
    """

    def __init__(self, at_once: int, most: int) -> None:
        self._at_once = at_once
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="inspect")
        self._lock = threading.Lock()
        self._waiting: dict[object, deque[tuple[Future[Any], Callable[[], None]]]] = {}
        self._running: Counter[object] = Counter()

    def submit(self, submission: object, work: Callable[P, T], *args: P.args, **kw: P.kwargs) -> Future[T]:
        """Queues `work` behind what else waits for the same submission."""
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(work(*args, **kw))
            except BaseException as error:
                future.set_exception(error)

        with self._lock:
            self._waiting.setdefault(submission, deque()).append((future, run))
            self._start()
        return future

    def shutdown(self) -> None:
        """Ends the threads once what they do is done; what waits never begins."""
        with self._lock:
            for future, _ in (job for jobs in self._waiting.values() for job in jobs):
                future.cancel()
            self._waiting.clear()
        self._pool.shutdown(cancel_futures=True)

    def _start(self) -> None:
        while self._waiting:
            submission = min(self._waiting, key=self._running.__getitem__)
            if self._running[submission] and self._running.total() >= self._at_once:
                return
            _, run = self._waiting[submission].popleft()
            if not self._waiting[submission]:
                del self._waiting[submission]
            self._running[submission] += 1
            self._pool.submit(self._run, submission, run)

    def _run(self, submission: object, run: Callable[[], None]) -> None:
        try:
            run()
        finally:
            with self._lock:
                self._running[submission] -= 1
                if not self._running[submission]:
                    del self._running[submission]
                self._start()


def turns_of(parts: Sequence[Numbered]) -> Iterator[list[Numbered]]:
    """Small neighbours share a turn, up to a share of the whole: every child of the sandbox has work."""
    most = max(1, min(MOST_A_TURN, len(parts) // SHARES))
    turn: list[Numbered] = []
    size = 0
    for number, part in parts:
        if turn and (len(turn) == most or size + part.length > LARGEST_TURN):
            yield turn
            turn, size = [], 0
        turn.append((number, part))
        size += part.length
    if turn:
        yield turn


def patiently(job: Future[T], heartbeat: Callable[[], None]) -> T:
    """Its result; parts of other submissions may be before it. It gets no turn once `heartbeat` raises."""
    try:
        while not wait((job,), LOOK_UP_S).done:
            heartbeat()
    except BaseException:
        job.cancel()
        raise
    return job.result()
