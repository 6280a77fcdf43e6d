"""What the upper rooms may rely on: the store of ciphertext objects and the index.

Each docstring says what holds once a call returns, who repeats, and what a crash leaves behind. Any number
of threads and processes may share an adapter's store.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol, Self
from uuid import UUID

from storage.rows import (
    Blob,
    CpuOfDay,
    CpuUse,
    Details,
    Document,
    GrownStudy,
    Instance,
    Part,
    PartClaims,
    Publication,
    QuarantinedPart,
    StoredObject,
    Submission,
)


class ObjectWriter(Protocol):
    """One object being written, by one thread. Left without `commit`, as a context manager too, it never
    existed.
    """

    def write(self, data: bytes | memoryview) -> None:
        """Appends bytes; the buffer may be reused once the call returns.

        OSError if the disk refuses, CoffreError `store_failing` or `store_denied` if the server does: abort.
        """

    def commit(self) -> StoredObject:
        """Makes the object visible, whole, under its name; it survives a power cut once this returns.

        Conflict `object_exists` if the name is taken: that object is untouched and this one is gone. A
        crash inside, or `store_failing`, leaves either nothing visible or the whole object; the caller's
        upload row names it for the sweeper and must stay. Not repeatable: an upload that failed is written
        again under a new version, never with the same key.
        """

    def abort(self) -> None:
        """Drops what was written. May be called again, and after `commit`, where it does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class ObjectStore(Protocol):
    """Sealed bytes under (blob_id, version), written once and never changed. Nothing is ever listed.

    A store on a server repeats by itself what fails in passing; then every verb raises CoffreError
    `store_failing` (try again later), `store_full`, `store_denied` or `bucket_missing`.
    """

    def check(self) -> None:
        """Whether the store answers at all, in one cheap question that changes nothing. Raises what any
        verb raises; a right to look that is missing is an answer.
        """

    def writer(self, blob_id: UUID, version: int) -> ObjectWriter:
        """Begins an object; nothing is visible before its commit. A crash leaves a partial file or a
        multipart upload for `sweep_partial`.
        """

    def read(self, blob_id: UUID, version: int, start: int, stop: int) -> bytes:
        """Exactly the bytes [start, stop). NotFound `object_missing`; CoffreError `object_short` past the
        end.
        """

    def stream(
        self, blob_id: UUID, version: int, start: int = 0, stop: int | None = None, chunk: int = 65536
    ) -> Iterator[bytes]:
        """The same in pieces of `chunk` bytes (the last may be shorter), without holding more than one.

        `object_missing` is raised by the call itself. An object deleted while it is read is read to its end.
        """

    def size(self, blob_id: UUID, version: int) -> int | None:
        """Its size, or None where no such object is visible."""

    def delete(self, blob_id: UUID, version: int) -> bool:
        """Removes it for good (also across a power cut); False where there was none, so it may be
        repeated.
        """

    def sweep_partial(self, older_than_s: float) -> int:
        """Removes what crashed writers left and was begun or last written to so long ago; the answer is
        their number.
        """

    def presigned(self, blob_id: UUID, version: int, seconds: int) -> str | None:
        """An address that GETs this object and no other for `seconds` (1 to 300), by range too.

        None where the store has no server of its own: the reader serves the ranges. Asks nobody, so the
        object may be missing. ValueError for a longer life: a store can't be told that a grant ended.
        """


class Index(Protocol):
    """What searches and the queue need; nothing readable without the vault.

    Every verb that changes something is one transaction: durable and visible to all once it returns,
    without any effect if it raises or the process dies inside. CoffreError `store_busy` after 15 s behind
    another process: repeat. Times are milliseconds since the epoch and always the caller's.
    """

    # reception

    def begin_upload(self, blob_id: UUID, version: int, at: int) -> None:
        """Names an object before its first byte is written, so that the sweeper need never list the store."""

    def end_upload(self, blob_id: UUID, version: int) -> None:
        """Forgets an upload whose object is gone. May be repeated."""

    def stale_uploads(self, before: int) -> list[tuple[UUID, int]]:
        """Condemns uploads begun before `before` and lists them, oldest first, 1 000 at most.

        A condemned upload can no longer be received, so its object may be deleted, then `end_upload`. A
        crash in between lists it again.
        """

    def receive(self, submission: Submission, blobs: Collection[Blob]) -> None:
        """Acknowledges a submission: its row, its blobs, the end of their uploads.

        Conflict `upload_expired` if an upload was never begun or is condemned, `submission_exists` on a
        repeat.
        """

    # the queue

    def submission(self, submission_id: UUID) -> Submission | None: ...

    def parts(self, submission_id: UUID) -> list[Part]:
        """The verdicts in order of number; empty before publication."""

    def blobs(self, submission_id: UUID) -> list[Blob]:
        """Its objects in order of id and version, adopted or not, until `forget_blobs`."""

    def waiting(self, now: int) -> int:
        """How many submissions could be claimed now; counts to 10 000 per state and no further."""

    def claim_next(
        self, worker: str, now: int, until: int, *, allowance_ms: int = ..., beside: bool = False
    ) -> Submission | None:
        """A submission received, or left by a worker whose lease ended; None if nothing is due.

        Depositors take turns: the oldest of the one whose structure has the fewest in workers' hands, then
        of the one whose files cost the least CPU lately, then the oldest of all; structures whose files
        cost more than `allowance_ms` of CPU since midnight (UTC) come after all others. Of more than 64
        depositors who wait, 64 are compared. `beside`: only of a structure that no worker has in hand.

        It becomes `validating`, the worker's until `until`, `attempts` one more. Never given to two workers
        at once.
        """

    def claim(self, submission_id: UUID, worker: str, now: int, until: int) -> Submission | None:
        """The same for one submission; None where it is not due."""

    def renew(self, submission_id: UUID, worker: str, until: int) -> bool:
        """Prolongs the lease; False where the worker no longer holds it and must stop."""

    def postpone(self, submission_id: UUID, worker: str, not_before: int) -> bool:
        """Gives it back as `received`, due again from `not_before`; False where the worker does not
        hold it.
        """

    def end_leases(self) -> int:
        """Gives back every submission that a worker holds; for who knows that none of those workers lives."""

    def add_blobs(self, submission_id: UUID, worker: str, blobs: Collection[Blob], plan: bytes) -> None:
        """Adds the worker's own objects, with the plan that names them, once; an equal plan again changes
        nothing.

        Conflict `lease_lost`, `plan_exists` (another plan: follow that one), `upload_expired`.
        """

    def claim_parts(self, submission_id: UUID, part_tokens: Mapping[int, bytes]) -> PartClaims:
        """Claims the part tokens that nobody has, all of them or (`busy`) none.

        Repeatable for the same submission. Conflict `lease_lost` unless it is being validated.
        """

    # publication

    def publish(self, submission_id: UUID, worker: str, publication: Publication) -> bool:
        """Makes documents, rows and verdicts visible at once, the only instant at which that happens.

        Claims of parts that were not published are released. False, without effect, if this worker
        published it already; Conflict `lease_lost` if it is not the holder.
        """

    def settle(self, submission_id: UUID, at: int) -> list[Blob]:
        """Erases envelope, sealed keys and plan of a finished submission; lists the blobs that were not
        adopted.

        Their objects are the caller's to delete, then `forget_blobs`; after a crash in between
        `abandoned_blobs` names them. Repeatable. Conflict `unfinished`, NotFound `submission_unknown`.
        """

    def forget_answers(self, finished_before: int) -> int:
        """Removes answers that no request waits for any more and counts them."""

    def unsettled(self, finished_before: int) -> list[UUID]:
        """Finished before that time and not settled, oldest first, 1 000 at most."""

    def oldest_unsettled(self) -> int | None:
        """When the oldest submission that is not settled was received; None where all are."""

    def abandoned_blobs(self) -> list[Blob]:
        """Blobs that `settle` gave up and nobody forgot yet, 1 000 at most."""

    def forget_blobs(self, blobs: Collection[Blob]) -> None:
        """Removes rows of abandoned and retired blobs whose objects are deleted; others are left alone.

        Repeatable.
        """

    # what examining files costs

    def introduce(self, depositor_token: bytes, structure_token: bytes, at: int) -> bool:
        """Remembers a depositor's structure; False where it was known. Before, it counts for itself."""

    def count_cpu(self, use: CpuUse, at: int) -> None:
        """Counts CPU for a depositor's structure on the day of `at`; `publish` does so with its own."""

    def cpu_of_day(self, at: int, allowance_ms: int) -> CpuOfDay:
        """All of the day of `at` (UTC), and how many structures are past the allowance."""

    def forget_cpu(self, before: int) -> int:
        """Removes the days before that of `before`, and who deposited on none since; counts the rows."""

    # work on what was adopted

    def queue_job(self, job_id: UUID, kind: str, at: int) -> bool:
        """Adds a job of the vault to the queue, as a submission of that kind; False where it is there."""

    def quarantined(
        self, *, after: tuple[UUID, int] | None = None, limit: int | None = None
    ) -> list[QuarantinedPart]:
        """Parts under quarantine by (submission_id, number), beginning after a key."""

    def quarantined_document(self, document_id: UUID) -> QuarantinedPart | None: ...

    def grown_studies(
        self, *, least: int, quiet_since: int, record_id: UUID | None = None, limit: int = 1000
    ) -> list[GrownStudy]:
        """Approved studies of at least `least` submissions, none of which joined after `quiet_since`."""

    def retired_blobs(self) -> list[Blob]:
        """Blobs that a job replaced and nobody forgot yet, 1 000 at most."""

    # documents

    def documents(
        self, record_id: UUID, *, after: tuple[int, UUID] | None = None, limit: int | None = None
    ) -> list[tuple[Document, tuple[Details, ...]]]:
        """A record's documents, newest first, details in order of row_version; one snapshot, two queries.

        `after` is (created_at, document_id) of the last one seen: pages stay right while documents are added.
        """

    def document(self, document_id: UUID) -> tuple[Document, tuple[Details, ...]] | None:
        """One document of whatever record, as `documents` gives it."""

    def depositors(self, document_id: UUID) -> frozenset[bytes]:
        """The depositor tokens of the submissions that a document's details come from."""

    def documents_by_id(
        self, record_id: UUID, ids: Collection[UUID]
    ) -> list[tuple[Document, tuple[Details, ...]]]:
        """Those of `ids` that are in the record."""

    def documents_by_study(
        self, record_id: UUID, study_token: bytes
    ) -> list[tuple[Document, tuple[Details, ...]]]: ...

    def documents_by_token(
        self, record_id: UUID, field: str, token: bytes
    ) -> list[tuple[Document, tuple[Details, ...]]]: ...

    def set_state(self, document_id: UUID, state: str, at: int) -> bool:
        """Copies a state that the vault decided; False for an unknown document."""

    def instance(self, document_id: UUID, sop_token: bytes) -> Instance | None:
        """Where the instance lies; of several versions the one of the latest submission."""

    # shared by the processes

    def put_reception_key(self, day: str, document: str) -> None:
        """Keeps the signed reception key of `day` (YYYY-MM-DD), in place of an earlier one."""

    def reception_key(self, day: str) -> str | None: ...

    def put_sign_in(self, digest: bytes, sealed: bytes, expires: int) -> None:
        """Keeps a sealed sign-in under the digest of its cookie."""

    def sign_in(self, digest: bytes, now: int) -> bytes | None:
        """The sealed sign-in unless it expired."""

    def end_sign_in(self, digest: bytes) -> None:
        """Signs out. May be repeated."""

    def forget_sign_ins(self, now: int) -> int:
        """Removes expired sign-ins and counts them."""

    def take_lease(self, name: str, holder: str, now: int, until: int) -> bool:
        """Takes or prolongs a named lease; False while another holder's runs."""

    def counts(self) -> dict[str, int]:
        """Submissions by state, each counted to 10 000 and no further."""

    def sharing_identifiers(self) -> int:
        """Parts whose depositor was told "study_uid_shared", counted to 10 000 and no further."""
