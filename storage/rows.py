"""The rows that the index and its callers exchange. Times are milliseconds since the epoch, sizes bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from records.documents.renditions import RENDERED


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A committed object: its size and the CRC-64/NVME of its bytes (unsigned)."""

    size: int
    crc64: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """One stored object of a submission. `role`: received (intake's), repacked, series or rendition (the
    worker's).
    """

    blob_id: UUID
    version: int
    kind: int
    plaintext_size: int
    ciphertext_size: int
    header: bytes
    commitment: bytes
    crc64: int
    sealed_key: bytes | None
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A SubmissionSet on its way. `state` is a `SubmissionState`; the lease belongs to `worker` until
    `lease_until`. `kind` is deposit, or the `JobKind` of a job on adopted content.
    """

    submission_id: UUID
    depositor_token: bytes
    state: str
    received_at: int
    sealed_envelope: bytes | None
    plan: bytes | None = None
    answer: bytes | None = None
    attempts: int = 0
    worker: str | None = None
    lease_until: int = 0
    not_before: int = 0
    finished_at: int | None = None
    settled_at: int | None = None
    kind: str = "deposit"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartVerdict:
    """The verdict on one part of a submission, as its depositor reads it; `number` counts from 1."""

    number: int
    outcome: str
    code: str
    reason: str
    document_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A DocumentEntry as searches see it. `state` is a copy; the vault's own decides."""

    document_id: UUID
    record_id: UUID
    kind: str
    state: str
    study_token: bytes | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """One sealed row of a document: a submission that adds to a study adds a row, `row_version` counting
    up. `rendered`: whether renditions of its images were made (`records.documents.renditions`).
    """

    document_id: UUID
    row_version: int
    submission_id: UUID
    sealed: bytes
    created_at: int
    rendered: int = RENDERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """The place of one part of a submission: `length` plaintext bytes from `offset` in a blob."""

    document_id: UUID
    submission_id: UUID
    part: int
    sop_token: bytes | None
    series_token: bytes | None
    blob_id: UUID
    version: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A search token of a document: `field` names what it stands for (accession, series…)."""

    document_id: UUID
    field: str
    token: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Rows that a job hides in the transaction that shows their replacement.

    Of `document_id` the rows and instances of `submissions` go, and their `blobs` are retired: no row leads
    to them any more. `whole`: the document goes too, as one that leaves quarantine does. `state` is the
    document's new one. `freed` are part tokens that are no duplicates from now on. `verdict` is what became
    of a part of an earlier submission.
    """

    document_id: UUID
    submissions: frozenset[UUID] = frozenset()
    blobs: frozenset[tuple[UUID, int]] = frozenset()
    whole: bool = False
    state: str | None = None
    freed: tuple[bytes, ...] = ()
    verdict: tuple[UUID, PartVerdict] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The renditions of a study are made, as far as they can be, up to its row `row_version`: `state`.

    `replaced` gives way to the new row of the same submission, whose the job's adopted objects become; those
    in `blobs`, which no row names any more, are retired.
    """

    document_id: UUID
    row_version: int
    state: int = RENDERED
    replaced: int | None = None
    blobs: frozenset[tuple[UUID, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class UnrenderedStudy:
    """A study with images of which no renditions were made yet."""

    document_id: UUID
    record_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedPart:
    """A part set aside: `received_at` of its submission, `length` of its plaintext, and where it lies."""

    submission_id: UUID
    number: int
    code: str
    reason: str
    received_at: int
    document_id: UUID
    record_id: UUID
    blob_id: UUID
    version: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownStudy:
    """A study of several submissions; `updated_at` is when the last one joined it."""

    document_id: UUID
    record_id: UUID
    submissions: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A sealed sign-in under the digest of its cookie. `session_id` is that of the session of which it is one
    code; None for a link's.
    """

    digest: bytes
    sealed: bytes = field(repr=False)
    expires: int
    session_id: UUID | None = None
    made_at: int = 0
    used_at: int = 0


@dataclass(frozen=True, slots=True)
class Sharing:
    """How much of one depositor is claimed at once: `most` submissions, each of `largest` bytes at most."""

    most: int
    largest: int


@dataclass(frozen=True, slots=True)
class NewPlan:
    """What one submission of several adds before it is adopted: claims by part, its blobs, its plan."""

    submission_id: UUID
    part_tokens: Mapping[int, bytes]
    blobs: tuple[Blob, ...]
    plan: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuUse:
    """The CPU that examining a depositor's files took, counted for its structure."""

    depositor_token: bytes
    structure_token: bytes
    cpu_ms: int


@dataclass(frozen=True, slots=True)
class CpuOfDay:
    """A day's CPU milliseconds, by how many structures, and how many of them are past their allowance."""

    cpu_ms: int
    structures: int
    past_allowance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Everything that one transaction makes visible. `state`: published, rejected or quarantined.

    `documents` are inserted, or touched (`updated_at`) where they exist; `deprecated` are those that they
    replace; `adopted` names
    the submission's blobs that the vault adopted, the others are left for `settle`; `answer` is sealed to
    the request that waits for the verdict; `cpu_use` is counted in the same transaction.
    """

    state: str
    finished_at: int
    parts: tuple[PartVerdict, ...]
    documents: tuple[Document, ...] = ()
    details: tuple[Details, ...] = ()
    instances: tuple[Instance, ...] = ()
    tokens: tuple[Token, ...] = ()
    deprecated: frozenset[UUID] = frozenset()
    adopted: frozenset[tuple[UUID, int]] = frozenset()
    answer: bytes | None = None
    removal: Removal | None = None
    rendered: Rendered | None = None
    cpu_use: CpuUse | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartClaims:
    """The answer to a claim of part tokens.

    `duplicates`: part number → document that already holds these bytes; `repeated`: part number → lowest
    part number of this submission with the same bytes; `busy`: an unfinished submission holds one of them,
    nothing was claimed.
    """

    duplicates: Mapping[int, UUID] = field(default_factory=dict)
    repeated: Mapping[int, int] = field(default_factory=dict)
    busy: bool = False
