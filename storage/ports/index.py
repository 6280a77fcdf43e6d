"""The port of the index: a protocol for each process that uses it.

Nothing in it is readable without the vault. Every verb that changes something is one transaction: durable and
visible to all once it returns, without any effect if it raises or the process dies inside. CoffreError
`store_busy` after 15 s behind another process: repeat. Times are milliseconds since the epoch and always the
caller's. Any number of threads and processes may share an adapter's store.
"""

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from storage.ports.index_parts import (
    GrownStudies,
    KeptDirectory,
    Leftovers,
    LiveSessions,
    Named,
    PublishedIssuers,
    QuarantinedDocuments,
    ReceptionKeys,
    RecordDocuments,
    Settling,
    SignIns,
    Submissions,
    UnrenderedStudies,
    Uploads,
)
from storage.rows.documents import Details, Document
from storage.rows.publications import Publication
from storage.rows.submissions import (
    Blob,
    CpuOfDay,
    CpuUse,
    NewPlan,
    PartClaims,
    PartVerdict,
    QuarantinedPart,
    Sharing,
    Submission,
)

NO_ALLOWANCE = 2**53
"""Milliseconds of CPU that nobody gets beyond."""


class IntakeIndex(Uploads, Submissions, ReceptionKeys, PublishedIssuers, Protocol):
    """The index as intake uses it: receive and answer, never claim or publish."""

    def receive(self, submission: Submission, blobs: Collection[Blob]) -> None:
        """Acknowledges a submission: its row, its blobs, the end of their uploads.

        Conflict `upload_expired` if an upload was never begun or is condemned, `submission_exists` on a
        repeat.
        """


class WorkerIndex(Uploads, Submissions, Settling, RecordDocuments, QuarantinedDocuments, Protocol):
    """The index as a worker uses it: claim, count, publish, settle."""

    def claim_some(
        self,
        worker: str,
        now: int,
        until: int,
        sharing: Sharing,
        *,
        allowance_ms: int = NO_ALLOWANCE,
        beside: bool = False,
    ) -> list[Submission]:
        """A submission received, or left by a worker whose lease ended, and with it more that waits of the
        same depositor, oldest first; none if nothing is due.

        Depositors take turns: the oldest of the one whose structure has the fewest in workers' hands, then
        of the one whose files cost the least CPU lately, then the oldest of all; structures whose files
        cost more than `allowance_ms` of CPU since midnight (UTC) come after all others. Of more than 64
        depositors who wait, 64 are compared. `beside`: only of a structure that no worker has in hand.

        Only deposits that were never tried are claimed together, within `sharing`; else it is one alone.
        They become `validating`, the worker's until `until`, `attempts` one more. Never given to two
        workers at once.
        """

    def claim(self, submission_id: UUID, worker: str, now: int, until: int) -> Submission | None:
        """The same for one submission; None where it is not due."""

    def renew(self, submission_id: UUID, worker: str, until: int) -> bool:
        """Prolongs the lease; False where the worker no longer holds it and must stop."""

    def postpone(self, submission_id: UUID, worker: str, not_before: int) -> bool:
        """Gives it back as `received`, due again from `not_before`; False where the worker does not
        hold it.
        """

    def add_blobs(self, submission_id: UUID, worker: str, blobs: Collection[Blob], plan: bytes) -> None:
        """Adds the worker's own objects, with the plan that names them, once; an equal plan again changes
        nothing.

        Conflict `lease_lost`, `plan_exists` (another plan: follow that one), `upload_expired`.
        """

    def claim_parts(self, submission_id: UUID, part_tokens: Mapping[int, bytes]) -> PartClaims:
        """Claims the part tokens that nobody has, all of them or (`busy`) none.

        Repeatable for the same submission. Conflict `lease_lost` unless it is being validated.
        """

    def blobs_of(self, submission_ids: Collection[UUID]) -> dict[UUID, list[Blob]]:
        """The objects of several submissions, as `blobs` gives them."""

    def add_plans(self, worker: str, plans: Collection[NewPlan]) -> frozenset[UUID]:
        """Claims the part tokens and adds blobs and plan of each submission whose tokens are all new.

        The answer names these; nothing is changed for the others, which `claim_parts` tells why. Conflict
        `lease_lost` unless the worker holds all of them, `plan_exists`, `upload_expired`.
        """

    def publish_many(self, worker: str, publications: Mapping[UUID, Publication]) -> None:
        """`publish` for several submissions in one transaction."""

    def publish(self, submission_id: UUID, worker: str, publication: Publication) -> bool:
        """Makes documents, rows and verdicts visible at once, the only instant at which that happens.

        Claims of parts that were not published are freed. False, without effect, if this worker
        published it already; Conflict `lease_lost` if it is not the holder.
        """

    def introduce(self, depositor_token: bytes, structure_token: bytes, at: int) -> bool:
        """Remembers a depositor's structure; False where it was known. Before, it counts for itself."""

    def count_cpu(self, use: CpuUse, at: int) -> None:
        """Counts CPU for a depositor's structure on the day of `at`; `publish` does so with its own."""


class ReaderIndex(RecordDocuments, SignIns, PublishedIssuers, Named, Protocol):
    """The index as a reader uses it: documents, sign-ins and names, nothing of the queue."""

    def documents(
        self, record_id: UUID, *, after: tuple[int, UUID] | None = None, limit: int
    ) -> list[tuple[Document, tuple[Details, ...]]]:
        """At most `limit` of a record's documents, newest first, details in order of row_version; one
        snapshot, two queries.

        `after` is (created_at, document_id) of the last one seen: pages stay right while documents are added.
        """

    def published(self, record_id: UUID, ids: Collection[UUID]) -> Mapping[UUID, frozenset[UUID]]:
        """Those of a page's `ids` that are in the record, each with the documents of the record in which a
        SOP Instance UID of its own stands too. Asked even where there are none.
        """

    def document(self, document_id: UUID) -> tuple[Document, tuple[Details, ...]] | None:
        """One document of whatever record, as `documents` gives it."""

    def set_state(self, document_id: UUID, state: str, at: int) -> bool:
        """Copies a state that the vault decided; False for an unknown document."""

    def depositors(self, document_id: UUID) -> frozenset[bytes]:
        """The depositor tokens of the submissions that a document's details come from."""

    def deposited(
        self, depositor_token: bytes, field: str, tokens: Collection[bytes], limit: int
    ) -> list[Details]:
        """At most `limit` details rows of the depositor's submissions, newest first, whatever the record, and
        those that a job merged: of documents that one of the tokens leads to. `field`: what they stand for.
        """

    def verdicts(self, submission_id: UUID, depositor_token: bytes) -> tuple[str, list[PartVerdict]] | None:
        """State and verdicts of a submission, parts in the order sent; None for one that this depositor did
        not send.
        """


class HousekeeperIndex(Uploads, Settling, Leftovers, GrownStudies, ReceptionKeys, PublishedIssuers, Protocol):
    """The index as the housekeeper uses it: sweep, forget, queue jobs."""

    def stale_uploads(self, before: int) -> list[tuple[UUID, int]]:
        """Condemns uploads begun before `before` and lists them, oldest first, 1 000 at most.

        A condemned upload can no longer be received, so its object may be deleted, then `end_upload`. A
        crash in between lists it again.
        """

    def set_state(self, document_id: UUID, state: str, at: int) -> bool:
        """Copies a state that the vault decided; False for an unknown document."""

    def waiting(self, now: int) -> int:
        """The number of submissions that could be claimed now; counts to 10 000 per state and no further."""

    def forget_answers(self, finished_before: int) -> int:
        """Removes answers that no request waits for any more and counts them."""

    def oldest_unsettled(self) -> int | None:
        """The time at which the oldest submission that is not settled was received; None where all are."""

    def retired_blobs(self) -> list[Blob]:
        """Blobs that a job replaced and nobody forgot yet, 1 000 at most."""

    def queue_job(self, job_id: UUID, kind: str, at: int) -> bool:
        """Adds a job of the vault to the queue, as a submission of that kind; False where it is there."""

    def forget_cpu(self, before: int) -> int:
        """Removes the days before that of `before`, and who deposited on none since; counts the rows."""

    def forget_sign_ins(self, now: int) -> int:
        """Removes expired sign-ins and counts them."""

    def make_months(self, now: int) -> int:
        """Makes the partitions of the months that come next, where there are any, and counts them."""


class OperatorIndex(
    Submissions,
    Leftovers,
    GrownStudies,
    UnrenderedStudies,
    RecordDocuments,
    QuarantinedDocuments,
    KeptDirectory,
    Protocol,
):
    """The index as an operator's commands use it: counts, the quarantine, repairs."""

    def end_leases(self) -> int:
        """Gives back every submission that a worker holds; for who knows that none of those workers lives."""

    def cpu_of_day(self, at: int, allowance_ms: int) -> CpuOfDay:
        """All of the day of `at` (UTC), and how many structures are past the allowance."""

    def quarantined(
        self, *, after: tuple[UUID, int] | None = None, limit: int | None = None
    ) -> list[QuarantinedPart]:
        """Parts under quarantine by (submission_id, number), beginning after a key."""

    def set_state(self, document_id: UUID, state: str, at: int) -> bool:
        """Copies a state that the vault decided; False for an unknown document."""

    def counts(self) -> dict[str, int]:
        """Submissions by state, each counted to 10 000 and no further."""

    def months_missing(self, now: int) -> list[int]:
        """Of this month and the next, such as 202612, those that no partition holds; none on SQLite."""

    def oldest_received(self) -> int | None:
        """When the submission came that no worker took for the longest time (ms); None where none waits."""

    def sharing_identifiers(self) -> int:
        """Parts whose depositor was told "study_uid_shared", counted to 10 000 and no further."""


class SignInIndex(SignIns, LiveSessions, Protocol):
    """The index as the process that signs in uses it."""


class Index(IntakeIndex, WorkerIndex, ReaderIndex, HousekeeperIndex, OperatorIndex, SignInIndex, Protocol):
    """All of it: what an adapter has, and what the contract suite runs over. Callers take a narrower one."""
