"""Studies that have no renditions yet, and the rows that change when a job has made them."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, literal, select, update

from records.documents.renditions import NOT_RENDERABLE, NOT_RENDERED
from storage.engines.transactions import Database
from storage.index import tables
from storage.index.maintenance import retire
from storage.rows.documents import UnrenderedStudy
from storage.rows.publications import Rendered

LIST_AT_ONCE = 1000
COUNT_CAP = 10_000

_BLOB = tables.blob.c
_DETAILS = tables.details.c
_DOCUMENT = tables.document.c

# written out: a parameter would not tell the planner that the index of these alone will do
_IS_UNRENDERED = _DETAILS.rendered == literal(NOT_RENDERED, literal_execute=True)
_IS_FAILED = _DETAILS.rendered == literal(NOT_RENDERABLE, literal_execute=True)
_NOTE = (
    update(tables.details)
    .where(_DETAILS.document_id == bindparam("b_document"), _DETAILS.row_version <= bindparam("b_version"))
    .values(rendered=bindparam("b_state"))
)
_DROP_ROW = delete(tables.details).where(
    _DETAILS.document_id == bindparam("b_document"), _DETAILS.row_version == bindparam("b_replaced")
)
_OWNER = select(_DETAILS.submission_id).where(
    _DETAILS.document_id == bindparam("b_document"), _DETAILS.row_version == bindparam("b_replaced")
)
_GIVE = (
    update(tables.blob)
    .where(_BLOB.submission_id == bindparam("b_job"), _BLOB.state == "adopted")
    .values(submission_id=bindparam("b_owner"), sealed_key=None)
)


def _unrendered(*, one_record: bool) -> Select[Any]:
    waiting = select(_DETAILS.document_id).where(_IS_UNRENDERED).distinct()
    found = select(_DOCUMENT.document_id, _DOCUMENT.record_id).where(
        _DOCUMENT.document_id.in_(waiting),
        _DOCUMENT.document_id > bindparam("after"),
        _DOCUMENT.kind == "study",
        _DOCUMENT.state == "approved",
    )
    if one_record:
        found = found.where(_DOCUMENT.record_id == bindparam("record_id"))
    return found.order_by(_DOCUMENT.document_id).limit(bindparam("limit"))


def _capped(condition: ColumnElement[bool]) -> Select[Any]:
    found = select(literal(1)).select_from(tables.details).where(condition).limit(COUNT_CAP)
    return select(func.count()).select_from(found.subquery())


_COUNTS = (_capped(_IS_UNRENDERED), _capped(_IS_FAILED))
_UNRENDERED = {one_record: _unrendered(one_record=one_record) for one_record in (False, True)}


class Renditions:
    """The part of the index for studies without renditions (see `storage.ports.index_parts`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unrendered_studies(
        self, *, after: UUID | None = None, record_id: UUID | None = None, limit: int = LIST_AT_ONCE
    ) -> list[UnrenderedStudy]:
        values: dict[str, object] = {"after": after or UUID(int=0), "limit": limit}
        if record_id is not None:
            values["record_id"] = record_id
        with self._database.reading() as connection:
            rows = connection.execute(_UNRENDERED[record_id is not None], values)
            return [UnrenderedStudy(row.document_id, row.record_id) for row in rows]

    def rendition_counts(self) -> tuple[int, int]:
        with self._database.reading() as connection:
            unrendered, failed = (connection.execute(each).scalar_one() for each in _COUNTS)
        return unrendered, failed


def note_rendered(connection: Connection, job_id: UUID, rendered: Rendered) -> None:
    """Takes part in the transaction that publishes the row in place of `replaced`."""
    of_document = {"b_document": rendered.document_id}
    if rendered.replaced is not None:
        replaced = of_document | {"b_replaced": rendered.replaced}
        owner = connection.execute(_OWNER, replaced).scalar_one()
        connection.execute(_GIVE, {"b_job": job_id, "b_owner": owner})
        connection.execute(_DROP_ROW, replaced)
    retire(connection, rendered.blobs)
    connection.execute(_NOTE, of_document | {"b_version": rendered.row_version, "b_state": rendered.state})
