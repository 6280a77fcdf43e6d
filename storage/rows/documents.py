"""Rows of documents, their details and instances. Times are milliseconds since the epoch, sizes bytes."""

from dataclasses import dataclass
from uuid import UUID

from records.documents.renditions import RENDERED


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


@dataclass(frozen=True, slots=True)
class UnrenderedStudy:
    """A study with images of which no renditions were made yet."""

    document_id: UUID
    record_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownStudy:
    """A study of several submissions; `updated_at` is when the last one joined it."""

    document_id: UUID
    record_id: UUID
    submissions: int
    updated_at: int
