"""Note which documents of one record hold the same SOP Instance UID, when one of them is published.

Two structures' documents may (docs/architecture.md); a list then has what it opens to tell whether their
bytes differ, and compares no instances of any other.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Connection, bindparam, select

from storage.index import tables
from storage.sql.conflicts import insert_new

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
        _MINE.c.document_id != _THEIRS.c.document_id,
        _ONE.c.record_id == _OTHER.c.record_id,
    )
)
_AMONG = _SHARED.where(_THEIRS.c.submission_id.in_(bindparam("among", expanding=True)))
FEW = 64
"""Submissions of other studies of a record, whose months alone are asked (ADR 45); with more, all are."""
_OTHERS = (
    select(tables.details.c.submission_id)
    .select_from(_ONE)
    .join(_OTHER, (_OTHER.c.record_id == _ONE.c.record_id) & (_OTHER.c.document_id != _ONE.c.document_id))
    .join(tables.details, tables.details.c.document_id == _OTHER.c.document_id)
    .where(
        _ONE.c.document_id.in_(select(_MINE.c.document_id).where(_MINE.c.submission_id.in_(_IDS))),
        _OTHER.c.study_token.is_not(None),
    )
    .limit(FEW + 1)
)
_NOTE = insert_new(tables.shared_instance)


def note_shared(connection: Connection, submission_ids: Collection[UUID]) -> None:
    """In the transaction that publishes the submissions' instances; each pair both ways."""
    ids = list(submission_ids)
    others = connection.execute(_OTHERS, {"ids": ids}).scalars().all() if ids else []
    if not others:
        return
    if len(others) > FEW:
        found = connection.execute(_SHARED, {"ids": ids}).all()
    else:
        found = connection.execute(_AMONG, {"ids": ids, "among": others}).all()
    if found:
        pairs = sorted({pair for one, other in found for pair in ((one, other), (other, one))})
        connection.execute(_NOTE, [{"document_id": one, "other_id": other} for one, other in pairs])
