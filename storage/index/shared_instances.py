"""Note which documents of one record hold the same SOP Instance UID, when one of them is published.

Two structures' documents may (docs/architecture.md); a list then has what it opens to tell whether their
bytes differ, and compares no instances of any other.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Connection, bindparam, select

from storage.conflicts import insert_new
from storage.index import tables
from storage.index.mapping import portions

_MINE, _THEIRS = tables.instance.alias("mine"), tables.instance.alias("theirs")
_ONE, _OTHER = tables.document.alias("one"), tables.document.alias("other")
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_SHARED = (
    select(_MINE.c.document_id, _THEIRS.c.document_id.label("other_id"))
    .distinct()
    .select_from(_MINE)
    .join(_THEIRS, _THEIRS.c.sop_token == _MINE.c.sop_token)
    .join(_ONE, _ONE.c.document_id == _MINE.c.document_id)
    .join(_OTHER, _OTHER.c.document_id == _THEIRS.c.document_id)
    .where(
        _MINE.c.submission_id.in_(_IDS),
        _THEIRS.c.submission_id.in_(bindparam("among", expanding=True)),
        _MINE.c.document_id != _THEIRS.c.document_id,
        _ONE.c.record_id == _OTHER.c.record_id,
    )
)
# an image is found in the months of these alone, which are few: without them each token would ask every month
_RECORDS = select(_ONE.c.record_id).where(
    _ONE.c.document_id.in_(select(_MINE.c.document_id).where(_MINE.c.submission_id.in_(_IDS)))
)
_WITH_IMAGES = (
    select(tables.details.c.submission_id)
    .distinct()
    .join_from(_OTHER, tables.details, tables.details.c.document_id == _OTHER.c.document_id)
    .where(_OTHER.c.record_id.in_(_RECORDS), _OTHER.c.study_token.is_not(None))
)
_NOTE = insert_new(tables.shared_instance)


def note_shared(connection: Connection, submission_ids: Collection[UUID]) -> None:
    """In the transaction that publishes the submissions' instances; each pair both ways."""
    ids = list(submission_ids)
    with_images = connection.execute(_WITH_IMAGES, {"ids": ids}).scalars().all() if ids else []
    pairs = {
        pair
        for among in portions(with_images)
        for one, other in connection.execute(_SHARED, {"ids": ids, "among": among})
        for pair in ((one, other), (other, one))
    }
    if pairs:
        connection.execute(_NOTE, [{"document_id": one, "other_id": other} for one, other in sorted(pairs)])
