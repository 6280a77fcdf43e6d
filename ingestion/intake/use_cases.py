"""The use cases of intake, for its routes: identify the depositor, receive the bytes, report the verdicts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from ingestion.envelope import SubmissionHeaders
from ingestion.intake.bodies.multipart import BodyReader
from ingestion.intake.reception import Deposit, Depositor, Reception
from ingestion.intake.waiting import Verdicts
from records.errors import NotFound
from records.people.identity import read_ins
from records.vocabulary.codes import Environment
from storage.ports.index import IntakeIndex
from storage.rows.submissions import PartVerdict, Submission

HOP = 1 << 20  # bytes handed to a thread at once: a hop costs more than hashing less (docs/architecture.md)


@dataclass(frozen=True, slots=True)
class Intake:
    """The use cases of depositors, without their transport."""

    reception: Reception
    index: IntakeIndex
    verdicts: Verdicts
    largest_envelope: int = 32 * 2**20
    longest_wait_s: float = 60.0
    environment: Environment = Environment.DEMO

    async def receive_stream(
        self,
        depositor: Depositor,
        ins: str | None,
        headers: SubmissionHeaders,
        reader_of: Callable[[Deposit], BodyReader],
        stream: AsyncIterator[bytes],
    ) -> UUID:
        """Seal a body as it comes; whatever breaks it leaves nothing behind."""

        async def fill(deposit: Deposit) -> None:
            reader = reader_of(deposit)
            await _each_in_a_thread(reader.feed, batches(stream, HOP))
            await asyncio.to_thread(reader.finish)

        return await self._receive(depositor, ins, headers, fill)

    async def receive_bytes(
        self, depositor: Depositor, ins: str | None, headers: SubmissionHeaders, *contents: bytes
    ) -> UUID:
        """Seal documents that arrived inside an envelope, each a part."""

        async def fill(deposit: Deposit) -> None:
            for content in contents:
                deposit.start_part()
                await asyncio.to_thread(deposit.write, content)
                deposit.end_part()

        return await self._receive(depositor, ins, headers, fill)

    async def _receive(
        self,
        depositor: Depositor,
        ins: str | None,
        headers: SubmissionHeaders,
        fill: Callable[[Deposit], Awaitable[None]],
    ) -> UUID:
        self._check_record(ins)
        deposit = await asyncio.to_thread(self.reception.begin, depositor, ins, headers)
        try:
            await fill(deposit)
            return await asyncio.to_thread(self.reception.finish, deposit)
        except BaseException:  # a client that hangs up cancels this task
            await asyncio.to_thread(deposit.abort)
            raise

    def _check_record(self, name: str | None) -> None:
        """Only its form: intake resolves nobody. Raises `Invalid` "bad_ins" or "bad_oid"."""
        if name is None:
            return
        try:
            UUID(name)
        except ValueError:
            read_ins(name, self.environment)

    async def verdict(self, submission_id: UUID, wait: bool) -> Submission:
        """The submission once it is judged; as it is now where the client doesn't wait."""
        return await self.verdicts.wait(submission_id, self.longest_wait_s if wait else 0)

    def submission(self, depositor: Depositor, submission_id: UUID) -> tuple[Submission, list[PartVerdict]]:
        """A depositor's own submission; another's is not found."""
        row = self.index.submission(submission_id)
        if row is None or row.depositor_token != depositor.token:
            raise NotFound("There is no such submission of yours.", code="no_such_submission")
        return row, self.index.parts(submission_id)


async def _each_in_a_thread(work: Callable[[bytes], None], pieces: AsyncIterator[bytes]) -> None:
    """One piece after another; the next one comes from the network meanwhile.

    What refuses a piece is raised at once, however long the sender takes over the next one.
    """

    async def following() -> bytes | None:
        return await anext(pieces, None)

    at_work: asyncio.Task[None] | None = None
    coming = asyncio.create_task(following())
    try:
        while True:
            await asyncio.wait(filter(None, (coming, at_work)), return_when=asyncio.FIRST_EXCEPTION)
            if at_work is not None and at_work.done():
                at_work.result()
            piece = coming.result()
            if piece is None:
                return
            at_work = asyncio.create_task(asyncio.to_thread(work, piece))
            coming = asyncio.create_task(following())
    finally:
        coming.cancel()
        for task in filter(None, (coming, at_work)):  # how they end is not asked any more
            task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        await asyncio.wait((coming,))


async def batches(stream: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """Join the network's pieces to at least `size` bytes, but for the last."""
    pieces: list[bytes] = []
    held = 0
    async for piece in stream:
        pieces.append(piece)
        held += len(piece)
        if held >= size:
            yield b"".join(pieces)
            pieces, held = [], 0
    if pieces:
        yield b"".join(pieces)
