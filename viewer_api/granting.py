"""Grants: the rows of the index that one is asked for, decided and sealed by the vault."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from keyvault.crypto.search_tokens import TokenField, check_value
from keyvault.grants.grant import check_recipient
from keyvault.process.guard import RecordDoor
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.rows import SealedRow, SeenDocument, sealed_rows
from records.vocabulary.codes import Action, ReasonCode
from storage.ports.index import ReaderIndex
from storage.rows.documents import Details, Document
from viewer_api.named_records import Named, ask, check_reason, resolve
from viewer_api.refusals import no_such_document, permitted

TOLD_OF_A_DOCUMENT = frozenset({ReasonCode.QUOTA_EXCEEDED, ReasonCode.STEP_UP_REQUIRED})
"""Refusals that depend on who asks alone: of all others a document is said not to be there."""
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class GrantRequest:
    """Body of `POST /grants`. Neither studies nor documents: everything the actor may see."""

    record: str = field(repr=False)
    studies: tuple[str, ...]
    documents: tuple[UUID, ...]
    recipient: bytes
    suite: int = 1
    renditions: bool = True


@dataclass(frozen=True, slots=True)
class WantedRows:
    """What a grant is asked for: the sealed rows, and the documents of which each thing consists."""

    record: Named
    rows: Sequence[SealedRow] = field(repr=False)
    things: Sequence[Sequence[UUID]] | None


class Granting:
    """What a recipient may be given of a record."""

    def __init__(self, index: ReaderIndex, vault: RecordDoor) -> None:
        self._index = index
        self._vault = vault

    def wanted(self, call: Call, request: GrantRequest) -> WantedRows:
        """What the index has of what a grant is asked for; the verb that answers is `released`."""
        check_recipient(request.recipient)
        _check_studies(request.studies)
        record = resolve(self._vault, call, request.record, Action.RETRIEVE)
        if not request.studies and not request.documents:
            return WantedRows(record, sealed_of(self._every(record.record_id)), None)
        rows = self._index.documents_by_id(record.record_id, request.documents)
        studies = self._studies(call, record, request.studies)
        things = [[document] for document in request.documents]
        things += [[document.document_id for document, _ in study] for study in studies]
        rows += [row for study in studies for row in study]
        return WantedRows(record, sealed_of(rows), things)

    def wanted_alone(self, call: Call, document_id: UUID) -> WantedRows:
        """The same of a document that is named by its id alone; decided and logged like a list before its
        record is told of. Raises `NotFound` whatever the reason.
        """
        check_reason(call)
        return seen_alone(self._index, self._vault, call, document_id)[0]

    def released(self, call: Call, request: GrantRequest, wanted: WantedRows) -> Released:
        """Decided, logged, sealed to the recipient. Raises `NotAuthorised`, `QuotaExceeded` or `NotFound`."""
        return ask(
            self._vault,
            wanted.record,
            lambda record_id: self._vault.release(
                call,
                record_id,
                wanted.rows,
                documents=wanted.things,
                recipient=request.recipient,
                suite=request.suite,
                renditions=request.renditions,
            ),
        )

    def _every(self, record_id: UUID) -> list[tuple[Document, tuple[Details, ...]]]:
        """The rows of all of a record, page by page: for a grant of everything."""
        found: list[tuple[Document, tuple[Details, ...]]] = []
        while page := self._index.documents(record_id, after=_key(found), limit=ROWS_AT_ONCE):
            found += page
            if len(page) < ROWS_AT_ONCE:
                break
        return found

    def _studies(
        self, call: Call, record: Named, studies: Sequence[str]
    ) -> list[list[tuple[Document, tuple[Details, ...]]]]:
        """The rows of each study: its images, and the reports and key objects that belong to it."""
        if not studies:
            return []
        asked = [(TokenField.STUDY, study) for study in studies]
        if record.refused is None:
            tokens = permitted(self._vault.tokens(call, record.record_id, asked))
        else:
            tokens = tuple(record.record_id.bytes for _ in asked)
        # an unknown study has no rows: the verb that follows refuses it like a hidden one, and logs
        return [self._index.documents_by_study(record.record_id, token) for token in tokens]


def seen_alone(
    index: ReaderIndex, vault: RecordDoor, call: Call, document_id: UUID
) -> tuple[WantedRows, SeenDocument]:
    """A document that is named by its id alone, as who asks sees it. Raises `NotFound`, or what is told of a
    document (`TOLD_OF_A_DOCUMENT`).
    """
    found = index.document(document_id)
    rows = sealed_of([found] if found else [])
    answer = vault.document(call, document_id, rows)
    if isinstance(answer, Denied) and answer.reason not in TOLD_OF_A_DOCUMENT:
        raise no_such_document(answer)
    seen = permitted(answer)
    assert found is not None  # what the index doesn't have was refused
    return WantedRows(Named(found[0].record_id), rows, [[document_id]]), seen


def sealed_of(rows: Sequence[tuple[Document, Sequence[Details]]]) -> list[SealedRow]:
    """Rows as the vault takes them."""
    return sealed_rows(row for _, details in rows for row in details)


def _key(found: Sequence[tuple[Document, object]]) -> tuple[int, UUID] | None:
    return (found[-1][0].created_at, found[-1][0].document_id) if found else None


def _check_studies(studies: Sequence[str]) -> None:
    """Judged before any record is named: between `resolve` and the verb that logs nothing may be refused."""
    for study in studies:
        check_value(TokenField.STUDY, study)
