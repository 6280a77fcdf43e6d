"""A record's documents with their sealed rows, in two queries whatever their number: by page, id or study."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, select, update

from storage.engines.transactions import Database
from storage.index import tables
from storage.index.beyond_a_row import beyond, parameters_of
from storage.index.mapping import DETAILS, DOCUMENTS, portions
from storage.rows.documents import Details, Document

DocumentWithDetails = tuple[Document, tuple[Details, ...]]

_DOCUMENT = tables.document.c
_DETAILS = tables.details.c
_SUBMISSION = tables.submission.c
_NEWEST_FIRST = (_DOCUMENT.created_at.desc(), _DOCUMENT.document_id.desc())

_OF_RECORD = _DOCUMENT.record_id == bindparam("record_id")
_AFTER = beyond((_DOCUMENT.created_at, _DOCUMENT.document_id), newest_first=True)
_AMONG = _DOCUMENT.document_id.in_(bindparam("ids", expanding=True))

Pair = tuple[Select[Any], Select[Any]]


def _pair(*conditions: ColumnElement[bool], paged: bool = False) -> Pair:
    """The query of some documents, and that of their details."""
    found = select(*DOCUMENTS.columns).where(_OF_RECORD, *conditions).order_by(*_NEWEST_FIRST)
    if paged:
        found = found.limit(bindparam("limit"))
    ids = found.with_only_columns(_DOCUMENT.document_id)
    details = select(*DETAILS.columns).where(_DETAILS.document_id.in_(ids))
    return found, details.order_by(_DETAILS.document_id, _DETAILS.row_version)


_FIRST, _FOLLOWING = _pair(paged=True), _pair(_AFTER, paged=True)
_BY_ID = _pair(_AMONG)
_BY_STUDY = _pair(_DOCUMENT.study_token == bindparam("study_token"))
_SHARED = tables.shared_instance.c
_PUBLISHED = (
    select(_DOCUMENT.document_id, _SHARED.other_id)
    .outerjoin_from(tables.document, tables.shared_instance, _SHARED.document_id == _DOCUMENT.document_id)
    .where(_OF_RECORD, _AMONG)
)
_ONE = (
    select(*DOCUMENTS.columns).where(_DOCUMENT.document_id == bindparam("document_id")),
    select(*DETAILS.columns)
    .where(_DETAILS.document_id == bindparam("document_id"))
    .order_by(_DETAILS.row_version),
)
_DEPOSITORS = (
    select(_SUBMISSION.depositor_token)
    .join_from(tables.details, tables.submission, _SUBMISSION.submission_id == _DETAILS.submission_id)
    .where(_DETAILS.document_id == bindparam("document_id"))
)
SET_STATE = (
    update(tables.document)
    .where(_DOCUMENT.document_id == bindparam("b_id"))
    .values(state=bindparam("b_state"), updated_at=bindparam("b_at"))
)


class Documents:
    """The readers' part of the index (see `storage.ports.index`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def documents(
        self, record_id: UUID, *, after: tuple[int, UUID] | None = None, limit: int
    ) -> list[DocumentWithDetails]:
        values = {"record_id": record_id, "limit": limit, **parameters_of(after or ())}
        return self._list(_FIRST if after is None else _FOLLOWING, values)

    def published(self, record_id: UUID, ids: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
        found: dict[UUID, set[UUID]] = {}
        with self._database.reading() as connection:
            for portion in [*portions(ids)] or [[]]:
                values = {"record_id": record_id, "ids": portion}
                for document_id, other in connection.execute(_PUBLISHED, values):
                    found.setdefault(document_id, set()).update([] if other is None else [other])
        return {document_id: frozenset(others) for document_id, others in found.items()}

    def document(self, document_id: UUID) -> DocumentWithDetails | None:
        found = self._list(_ONE, {"document_id": document_id})
        return found[0] if found else None

    def depositors(self, document_id: UUID) -> frozenset[bytes]:
        with self._database.reading() as connection:
            return frozenset(connection.execute(_DEPOSITORS, {"document_id": document_id}).scalars())

    def documents_by_id(self, record_id: UUID, ids: Collection[UUID]) -> list[DocumentWithDetails]:
        found = [
            item
            for portion in portions(ids)
            for item in self._list(_BY_ID, {"record_id": record_id, "ids": portion})
        ]
        return sorted(found, key=lambda item: (item[0].created_at, item[0].document_id.bytes), reverse=True)

    def documents_by_study(self, record_id: UUID, study_token: bytes) -> list[DocumentWithDetails]:
        return self._list(_BY_STUDY, {"record_id": record_id, "study_token": study_token})

    def set_state(self, document_id: UUID, state: str, at: int) -> bool:
        with self._database.writing() as connection:
            values = {"b_id": document_id, "b_state": state, "b_at": at}
            return connection.execute(SET_STATE, values).rowcount == 1

    def _list(self, pair: Pair, values: Mapping[str, object]) -> list[DocumentWithDetails]:
        with self._database.reading() as connection:
            documents = DOCUMENTS.values(connection.execute(pair[0], values))
            # asked even where there is no document: what isn't there costs what is hidden
            rows = DETAILS.values(connection.execute(pair[1], values))
        by_document: dict[UUID, list[Details]] = {}
        for row in rows:
            by_document.setdefault(row.document_id, []).append(row)
        return [(document, tuple(by_document.get(document.document_id, ()))) for document in documents]
