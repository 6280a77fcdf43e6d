"""Note which documents of one record hold the same SOP Instance UID, when one of them is published.

Two structures' documents may (docs/architecture.md); a list then has what it opens to tell whether their
bytes differ, and compares no instances of any other.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from storage.conflicts import insert_new
from storage.index import tables

_MINE, _THEIRS = tables.instance.alias("mine"), tables.instance.alias("theirs")
_ONE, _OTHER = tables.document.alias("one"), tables.document.alias("other")
_SHARED = (
    select(_MINE.c.document_id, _THEIRS.c.document_id.label("other_id"))
    .distinct()
    .select_from(_MINE)
    .join(_THEIRS, _THEIRS.c.sop_token == _MINE.c.sop_token)
    .join(_ONE, _ONE.c.document_id == _MINE.c.document_id)
    .join(_OTHER, _OTHER.c.document_id == _THEIRS.c.document_id)
    .where(
        _MINE.c.submission_id.in_(bindparam("ids", expanding=True)),
        _MINE.c.document_id != _THEIRS.c.document_id,
        _ONE.c.record_id == _OTHER.c.record_id,
    )
)
_NOTE = insert_new(tables.shared_instance)


def note_shared(connection: Connection, submission_ids: Collection[UUID]) -> None:
    """In the transaction that publishes the submissions' instances; each pair both ways."""
    found = connection.execute(_SHARED, {"ids": list(submission_ids)}).all() if submission_ids else []
    if found:
        pairs = sorted({pair for one, other in found for pair in ((one, other), (other, one))})
        connection.execute(_NOTE, [{"document_id": one, "other_id": other} for one, other in pairs])
