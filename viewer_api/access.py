"""The use cases of readers: lists, grants, the patient's choices, the access log.

Every call goes to the vault, which verifies the credential, decides and logs. This room loads sealed rows,
passes them on, and shapes the answer; it never decides and never holds a key.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID, uuid4

from keyvault.crypto.search_tokens import TokenField, check_value
from keyvault.grants.grant import check_recipient
from keyvault.process.guard import ReaderDoor
from keyvault.verbs.attempt import Call, Denied
from keyvault.verbs.reader.changing import CardChange, Changed
from keyvault.verbs.reader.log_reading import EVERY_LINE, LogFilter
from keyvault.verbs.reader.reading import Disclosed, EventPage, ResolvedRecord
from keyvault.verbs.reader.releasing import Released
from keyvault.verbs.rows import SealedRow, SeenDocument, sealed_rows
from records.emergency import SHORTEST_REASON, long_enough
from records.errors import Invalid
from records.vocabulary.codes import Action, DocumentState, PurposeOfUse, ReasonCode
from storage.index_ports import ReaderIndex
from storage.rows import Details, Document
from viewer_api.refusals import no_such_document, permitted

T = TypeVar("T")
Presign = Callable[[UUID, UUID, int], str]  # grant, blob, version → URL


@dataclass(frozen=True, slots=True)
class Opened:
    """A record as the vault showed it."""

    listing: Disclosed


@dataclass(frozen=True, slots=True)
class Named:
    """A record on the way to the verb that answers; refused, it has an id under which nothing is kept."""

    record_id: UUID
    refused: Denied | None = None


@dataclass(frozen=True, slots=True)
class GrantRequest:
    """Body of `POST /grants`. Neither studies nor documents: everything the actor may see."""

    record: str = field(repr=False)
    studies: tuple[str, ...]
    documents: tuple[UUID, ...]
    recipient: bytes
    suite: int = 1


class Access:
    """The use cases of readers, without their transport."""

    def __init__(self, index: ReaderIndex, vault: ReaderDoor, presign: Presign) -> None:
        self._index = index
        self._vault = vault
        self._presign = presign

    def find(self, call: Call, locator: str) -> ResolvedRecord:
        """The record behind an INS or a public id, for who asks for that alone. Raises `NotAuthorised`."""
        _check_reason(call)
        return permitted(self._vault.find(call, locator))

    def _resolve(self, call: Call, locator: str, action: Action = Action.SEARCH) -> Named:
        """The same on the way to a verb that decides, logs and answers.

        A refusal is told where that verb would answer, and not before: what fails between the two fails
        alike for whoever is permitted, refused, or names no record.
        """
        _check_reason(call)
        answer = self._vault.resolve(call, locator, action)
        return Named(uuid4(), answer) if isinstance(answer, Denied) else Named(answer.record_id)

    def _answer(self, record: Named, verb: Callable[[UUID], T | Denied]) -> T:
        """What the verb answers. Raises `NotAuthorised` or `QuotaExceeded`."""
        if record.refused is None:
            return permitted(verb(record.record_id))
        # a question about nobody's grant: it fails where the verb would
        self._vault.recheck(record.record_id, record.record_id, 0)
        return permitted(record.refused)

    def documents(self, call: Call, locator: str) -> Opened:
        """Every document of the record that the actor may see, newest first."""
        record = self._resolve(call, locator)
        rows = self._index.documents(record.record_id)
        return self._listed(call, record, rows)

    def _listed(
        self, call: Call, record: Named, rows: Sequence[tuple[Document, Sequence[Details]]]
    ) -> Opened:
        sealed = _sealed(rows)
        return Opened(self._answer(record, lambda record_id: self._vault.documents(call, record_id, sealed)))

    def document(self, call: Call, document_id: UUID) -> SeenDocument:
        """One document, decided and logged like a list.

        Raises `NotFound` whatever the reason: where no record is named, no right, hidden and absent
        read alike.
        """
        _check_reason(call)
        found = self._index.document(document_id)
        answer = self._vault.document(call, document_id, _sealed([found] if found else []))
        if isinstance(answer, Denied) and answer.reason is not ReasonCode.QUOTA_EXCEEDED:
            raise no_such_document()
        return permitted(answer)

    def one(self, call: Call, locator: str, document_id: UUID) -> Opened:
        """One document of a named record; an empty list where it is hidden or absent."""
        return self.named(call, locator, [document_id])

    def named(self, call: Call, locator: str, documents: Sequence[UUID]) -> Opened:
        """Those of the named documents of a record that the actor may see."""
        record = self._resolve(call, locator)
        rows = self._index.documents_by_id(record.record_id, documents)
        return self._listed(call, record, rows)

    def own_deposit(self, depositor_token: bytes, document_id: UUID) -> DocumentState | None:
        """The state of a document that this depositor deposited; None of any other."""
        if depositor_token not in self._index.depositors(document_id):
            return None
        found = self._index.document(document_id)
        return DocumentState(found[0].state) if found else None

    def study(self, call: Call, locator: str, study_uid: str) -> Opened:
        """The same for the documents of one study."""
        _check_studies([study_uid])
        record = self._resolve(call, locator)
        (rows,) = self._studies(call, record, [study_uid])
        return self._listed(call, record, rows)

    def grant(self, call: Call, request: GrantRequest) -> dict[str, Any]:
        """A grant with the addresses of its objects (docs/formats.md section 4)."""
        check_recipient(request.recipient)
        _check_studies(request.studies)
        record = self._resolve(call, request.record, Action.RETRIEVE)
        if not request.studies and not request.documents:
            rows = self._index.documents(record.record_id)
            return self._release(call, record, rows, None, request)
        rows = self._index.documents_by_id(record.record_id, request.documents)
        studies = self._studies(call, record, request.studies)
        wanted = [[document] for document in request.documents]
        wanted += [[document.document_id for document, _ in study] for study in studies]
        rows += [row for study in studies for row in study]
        return self._release(call, record, rows, wanted, request)

    def _release(
        self,
        call: Call,
        record: Named,
        rows: Sequence[tuple[Document, Sequence[Details]]],
        wanted: Sequence[Sequence[UUID]] | None,
        request: GrantRequest,
    ) -> dict[str, Any]:
        released: Released = self._answer(
            record,
            lambda record_id: self._vault.release(
                call,
                record_id,
                _sealed(rows),
                documents=wanted,
                recipient=request.recipient,
                suite=request.suite,
            ),
        )
        grant_id = UUID(released.grant["id"])
        urls = {str(blob): self._presign(grant_id, blob, version) for blob, version in released.objects}
        return {**released.grant, "urls": urls}

    def renew(self, call: Call, grant_id: UUID) -> dict[str, Any]:
        """New addresses for the caller's own grant, decided again."""
        objects: tuple[tuple[UUID, int], ...] = permitted(self._vault.renew(call, grant_id))
        urls = {str(blob): self._presign(grant_id, blob, version) for blob, version in objects}
        return {"id": str(grant_id), "urls": urls}

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

    def choices(self, call: Call, locator: str) -> dict[str, Any] | None:
        """The holder's choices, to the holder; None to anybody else who may open the record."""
        record = self._resolve(call, locator)
        return self._answer(record, lambda record_id: self._vault.choices(call, record_id)).own

    def change(self, call: Call, locator: str, wanted: CardChange) -> dict[str, Any]:
        """Apply one of the holder's choices; effective at the next call."""
        record = self._resolve(call, locator, wanted.action)
        changed: Changed = self._answer(
            record, lambda record_id: self._vault.change_card(call, record_id, wanted)
        )
        return changed.choices

    def label(self, call: Call, locator: str, document_id: UUID, labels: Sequence[str]) -> list[str]:
        """Give a document or study its labels."""
        record = self._resolve(call, locator, Action.LABEL)
        changed: Changed = self._answer(
            record, lambda record_id: self._vault.label(call, record_id, document_id, labels)
        )
        found: list[str] = changed.choices["labels"]
        return found

    def acknowledge(self, call: Call, locator: str, notices: Sequence[UUID]) -> int:
        """The holder has read these notices; answers how many there were."""
        record = self._resolve(call, locator, Action.ACKNOWLEDGE)
        return self._answer(record, lambda record_id: self._vault.acknowledge(call, record_id, notices))

    def access_log(
        self, call: Call, locator: str, before: int | None, limit: int, wanted: LogFilter = EVERY_LINE
    ) -> EventPage:
        """The access log of this record."""
        record = self._resolve(call, locator, Action.READ_LOG)
        return self._answer(
            record,
            lambda record_id: self._vault.events(call, record_id, before=before, limit=limit, wanted=wanted),
        )


def _sealed(rows: Sequence[tuple[Document, Sequence[Details]]]) -> list[SealedRow]:
    return sealed_rows(row for _, details in rows for row in details)


def _check_studies(studies: Sequence[str]) -> None:
    """Judged before any record is named: between `resolve` and the verb that logs nothing may be refused."""
    for study in studies:
        check_value(TokenField.STUDY, study)


def _check_reason(call: Call) -> None:
    """Asked for before any record is named, so that the answer says nothing about one."""
    if call.purpose is PurposeOfUse.BRIS_DE_GLACE and not long_enough(call.reason):
        raise Invalid(
            f"Breaking the glass needs a written reason of at least {SHORTEST_REASON} characters.",
            code="reason_missing",
        )
