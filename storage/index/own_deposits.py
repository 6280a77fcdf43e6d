"""A depositor's own deposits, whatever the record: by study, instance, accession number or day."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import BindParameter, Select, bindparam, select

from storage.engines.transactions import Database
from storage.index import tables
from storage.index.maintenance import NOBODY
from storage.index.mapping import DETAILS, PARTS
from storage.rows.documents import Details
from storage.rows.submissions import PartVerdict

_DOCUMENT, _DETAILS, _SUBMISSION = tables.document.c, tables.details.c, tables.submission.c
_INSTANCE, _TOKEN = tables.instance.c, tables.token.c
_AMONG: BindParameter[bytes] = bindparam("tokens", expanding=True)
# by which of them a document is found; what isn't here is found by `token`
_NAMED: Mapping[str, Select[tuple[object]]] = {
    "study": select(_DOCUMENT.document_id).where(_DOCUMENT.study_token.in_(_AMONG)),
    "sop": select(_INSTANCE.document_id).where(_INSTANCE.sop_token.in_(_AMONG)),
}
_BY_TOKEN = select(_TOKEN.document_id).where(_TOKEN.token.in_(_AMONG), _TOKEN.field == bindparam("field"))


def _statement(named: Select[tuple[object]]) -> Select[tuple[object, ...]]:
    """Rows of the depositor's own submissions, and those that a job made of several."""
    return (
        select(*DETAILS.columns)
        .join_from(tables.details, tables.submission, _SUBMISSION.submission_id == _DETAILS.submission_id)
        .where(
            _DETAILS.document_id.in_(named),
            _SUBMISSION.depositor_token.in_([bindparam("depositor"), NOBODY]),
        )
        .order_by(_DETAILS.created_at.desc(), _DETAILS.document_id, _DETAILS.row_version)
        .limit(bindparam("limit"))
    )


_STATEMENTS = {field: _statement(named) for field, named in _NAMED.items()}
_OTHERS = _statement(_BY_TOKEN)
_STATE = select(_SUBMISSION.state).where(
    _SUBMISSION.submission_id == bindparam("submission_id"),
    _SUBMISSION.depositor_token == bindparam("depositor"),
)
_PARTS = (
    select(*PARTS.columns)
    .where(tables.part.c.submission_id == bindparam("submission_id"))
    .order_by(tables.part.c.number)
)


class OwnDeposits:
    """The part of the index that depositors are answered from (see `storage.ports.index`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def deposited(
        self, depositor_token: bytes, field: str, tokens: Collection[bytes], limit: int
    ) -> list[Details]:
        values: dict[str, object] = {"depositor": depositor_token, "tokens": [*tokens], "limit": limit}
        statement = _STATEMENTS.get(field, _OTHERS)
        with self._database.reading() as connection:
            more = {} if field in _STATEMENTS else {"field": field}
            return DETAILS.values(connection.execute(statement, values | more))

    def verdicts(self, submission_id: UUID, depositor_token: bytes) -> tuple[str, list[PartVerdict]] | None:
        values = {"submission_id": submission_id, "depositor": depositor_token}
        with self._database.reading() as connection:
            state = connection.execute(_STATE, values).scalar()
            if state is None:
                return None
            return state, PARTS.values(connection.execute(_PARTS, {"submission_id": submission_id}))
