"""The whole index, page by page in the order of its keys, for `coffre check` and the backup's inventory.

Each page is a snapshot of its own and begins after the last key of the one before; nothing is counted or
held whole.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import BindParameter, Column, Select, bindparam, select

from records.vocabulary.codes import SubmissionState
from storage.engines.transactions import Database
from storage.index import tables
from storage.index.beyond_a_row import Pages
from storage.index.mapping import DOCUMENTS, INSTANCES, portions
from storage.rows.documents import Document, Instance

PAGE = 1_000

Key = tuple[UUID, int]
T = TypeVar("T")

_BLOB = tables.blob.c
_DETAILS = tables.details.c
_DOCUMENT = tables.document.c
_INSTANCE = tables.instance.c
_SUBMISSION = tables.submission.c
_UPLOAD = tables.upload.c


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBlob:
    """A blob as the index knows it. `state`: waiting, adopted or abandoned."""

    blob_id: UUID
    version: int
    submission_id: UUID
    state: str
    kind: int
    plaintext_size: int
    ciphertext_size: int
    header: bytes
    commitment: bytes
    crc64: int

    @property
    def key(self) -> Key:
        return (self.blob_id, self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRow:
    """A published details row: what names it, and the SHA-256 of what it holds."""

    document_id: UUID
    row_version: int
    submission_id: UUID
    digest: bytes

    @property
    def key(self) -> Key:
        return (self.document_id, self.row_version)


class Inventory(Protocol):
    """The rows of the index, in pages of at most `limit` rows; an empty page is the end.

    Errors are those of `storage.engines.transactions.Database`.
    """

    def blobs(self, after: Key | None, limit: int = PAGE) -> list[ListedBlob]:
        """Blobs in every state, by (blob_id, version)."""

    def rows(self, after: Key | None, limit: int = PAGE) -> list[ListedRow]:
        """Published rows, by (document_id, row_version)."""

    def documents(self, after: UUID | None, limit: int = PAGE) -> list[Document]:
        """Published documents, by id."""

    def instances(self, after: Key | None, limit: int = PAGE) -> list[Instance]:
        """Published instances, by (submission_id, part)."""

    def blobs_named(self, keys: Collection[Key]) -> dict[Key, ListedBlob]:
        """Those of the blobs that the index knows."""

    def published(self, keys: Collection[Key]) -> set[Key]:
        """Those of the rows that are published."""

    def unfinished(self, submissions: Collection[UUID]) -> set[UUID]:
        """Those of the submissions that have no verdict yet."""

    def rejected(self, submissions: Collection[UUID]) -> set[UUID]:
        """Those of the submissions that were refused whole."""

    def old_uploads(self, before: int) -> list[Key]:
        """Uploads begun before `before` (ms), oldest first, `PAGE` at most."""


def _blob_columns() -> tuple[Column[Any], ...]:
    return tuple(_BLOB[name] for name in ListedBlob.__slots__)


_ROW_COLUMNS = (_DETAILS.document_id, _DETAILS.row_version, _DETAILS.submission_id, _DETAILS.sealed)
_BLOBS = Pages(_blob_columns(), (_BLOB.blob_id, _BLOB.version))
_ROWS = Pages(_ROW_COLUMNS, (_DETAILS.document_id, _DETAILS.row_version))
_DOCUMENTS = Pages(DOCUMENTS.columns, (_DOCUMENT.document_id,))
_INSTANCES = Pages(INSTANCES.columns, (_INSTANCE.submission_id, _INSTANCE.part))

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_BLOBS_NAMED = select(*_blob_columns()).where(_BLOB.blob_id.in_(_IDS))
_PUBLISHED = select(_DETAILS.document_id, _DETAILS.row_version).where(
    _DETAILS.document_id.in_(_IDS), _DETAILS.row_version.between(bindparam("low"), bindparam("high"))
)
_REJECTED = select(_SUBMISSION.submission_id).where(
    _SUBMISSION.submission_id.in_(_IDS), _SUBMISSION.state == SubmissionState.REJECTED.value
)
_OLD_UPLOADS = (
    select(_UPLOAD.blob_id, _UPLOAD.version)
    .where(_UPLOAD.at < bindparam("before"))
    .order_by(_UPLOAD.at)
    .limit(PAGE)
)
_UNFINISHED = select(_SUBMISSION.submission_id).where(
    _SUBMISSION.submission_id.in_(_IDS), _SUBMISSION.finished_at.is_(None)
)


class SqlInventory:
    """An `Inventory` over the tables of `storage.index.tables`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def blobs(self, after: Key | None, limit: int = PAGE) -> list[ListedBlob]:
        return [_blob(row) for row in _BLOBS.read(self._database, after, limit)]

    def rows(self, after: Key | None, limit: int = PAGE) -> list[ListedRow]:
        return [
            ListedRow(
                document_id=row.document_id,
                row_version=row.row_version,
                submission_id=row.submission_id,
                digest=sha256(row.sealed).digest(),
            )
            for row in _ROWS.read(self._database, after, limit)
        ]

    def documents(self, after: UUID | None, limit: int = PAGE) -> list[Document]:
        page = _DOCUMENTS.read(self._database, None if after is None else (after,), limit)
        return DOCUMENTS.values(page)

    def instances(self, after: Key | None, limit: int = PAGE) -> list[Instance]:
        return INSTANCES.values(_INSTANCES.read(self._database, after, limit))

    def blobs_named(self, keys: Collection[Key]) -> dict[Key, ListedBlob]:
        found: dict[Key, ListedBlob] = {}
        with self._database.reading() as connection:
            for ids in portions({blob_id for blob_id, _ in keys}):
                rows = map(_blob, connection.execute(_BLOBS_NAMED, {"ids": ids}))
                found |= {row.key: row for row in rows}
        return {key: found[key] for key in keys if key in found}

    def published(self, keys: Collection[Key]) -> set[Key]:
        versions = [version for _, version in keys]
        found: set[Key] = set()
        with self._database.reading() as connection:
            for ids in portions({document_id for document_id, _ in keys}):
                values = {"ids": ids, "low": min(versions), "high": max(versions)}
                found |= {(row[0], row[1]) for row in connection.execute(_PUBLISHED, values)}
        return found & set(keys)

    def unfinished(self, submissions: Collection[UUID]) -> set[UUID]:
        return self._submissions(_UNFINISHED, submissions)

    def rejected(self, submissions: Collection[UUID]) -> set[UUID]:
        return self._submissions(_REJECTED, submissions)

    def _submissions(self, statement: Select[Any], submissions: Collection[UUID]) -> set[UUID]:
        found: set[UUID] = set()
        with self._database.reading() as connection:
            for ids in portions(set(submissions)):
                found |= set(connection.execute(statement, {"ids": ids}).scalars())
        return found

    def old_uploads(self, before: int) -> list[Key]:
        with self._database.reading() as connection:
            return [(row[0], row[1]) for row in connection.execute(_OLD_UPLOADS, {"before": before})]


def _blob(row: Any) -> ListedBlob:
    return ListedBlob(**dict(zip(ListedBlob.__slots__, row, strict=True)))


def every(
    page: Callable[[Any], list[T]], key: Callable[[T], object], told: Callable[[int], None] = lambda _: None
) -> Iterator[list[T]]:
    """Every page that `page(after)` gives, to the end; `told` hears how many rows each had."""
    after: object = None
    while rows := page(after):
        yield rows
        told(len(rows))
        after = key(rows[-1])
