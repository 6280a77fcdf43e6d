"""Wait for a verdict: a worker wakes the waiter where it can (bells, Postgres), else it polls the row."""

import asyncio
import math
import time
from uuid import UUID

from records.errors import CoffreError
from records.vocabulary.codes import SubmissionState
from storage.ports.index import IntakeIndex
from storage.rows.submissions import Submission

FINAL = frozenset(
    {
        SubmissionState.PUBLISHED.value,
        SubmissionState.REJECTED.value,
        SubmissionState.QUARANTINED.value,
        SubmissionState.DESTROYED.value,
    }
)
LONGEST_WAIT_S = 60.0
PATIENCE_AT_THE_END_S = 5.0
FIRST_LOOK_S, LAST_LOOK_S = 0.05, 1.0


class Verdicts:
    """Requests that wait. `done` may be called from any thread."""

    def __init__(self, index: IntakeIndex) -> None:
        self._index = index
        self._latest = math.inf
        self._waiting: dict[UUID, tuple[asyncio.AbstractEventLoop, asyncio.Event]] = {}

    def done(self, submission_id: UUID) -> None:
        """A worker is through with a submission."""
        if found := self._waiting.get(submission_id):
            loop, event = found
            loop.call_soon_threadsafe(event.set)

    def hurry(self, seconds: float = PATIENCE_AT_THE_END_S) -> None:
        """The process is about to end: no request waits longer than this. Callable from a signal handler."""
        self._latest = time.monotonic() + seconds

    async def wait(self, submission_id: UUID, seconds: float = LONGEST_WAIT_S) -> Submission:
        """The submission's row once it is final, or as it is when the time is over."""
        event = asyncio.Event()
        self._waiting[submission_id] = (asyncio.get_running_loop(), event)
        try:
            return await self._look(submission_id, event, time.monotonic() + seconds)
        finally:
            del self._waiting[submission_id]

    async def _look(self, submission_id: UUID, event: asyncio.Event, deadline: float) -> Submission:
        pause = FIRST_LOOK_S
        while True:
            row = await self._row(submission_id, deadline)
            left = min(deadline, self._latest) - time.monotonic()
            if row is not None and (row.state in FINAL or left <= 0):
                return row
            try:
                await asyncio.wait_for(event.wait(), min(pause, left))
                event.clear()
            except TimeoutError:
                pause = min(2 * pause, LAST_LOOK_S)

    async def _row(self, submission_id: UUID, deadline: float) -> Submission | None:
        """None where the index doesn't answer and there is time to ask again: the deposit is kept already."""
        try:
            row = await asyncio.to_thread(self._index.submission, submission_id)
        except CoffreError:
            if time.monotonic() >= min(deadline, self._latest):
                raise
            return None
        assert row is not None
        return row
