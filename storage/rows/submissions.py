"""Rows of submissions, their parts and blobs. Times are milliseconds since the epoch, sizes bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID


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
class PartClaims:
    """The answer to a claim of part tokens.

    `duplicates`: part number → document that already holds these bytes; `repeated`: part number → lowest
    part number of this submission with the same bytes; `busy`: an unfinished submission holds one of them,
    nothing was claimed.
    """

    duplicates: Mapping[int, UUID] = field(default_factory=dict)
    repeated: Mapping[int, int] = field(default_factory=dict)
    busy: bool = False
