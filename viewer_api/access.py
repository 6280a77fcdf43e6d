"""The use cases of readers: lists, the patient's choices, changes of documents, the access log.

Every call goes to the vault, which verifies the credential, decides and logs. This room loads sealed rows,
passes them on, and shapes the answer; it never decides and never holds a key.
"""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from keyvault.process.guard import RecordDoor
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.document.following import DocumentStanding
from keyvault.verbs.reader.grants.reading import Disclosed, EventPage, ResolvedRecord
from keyvault.verbs.reader.holder.authorising import PAGE
from keyvault.verbs.reader.holder.changing import CardChange, Changed
from keyvault.verbs.reader.holder.choices import Choices
from keyvault.verbs.reader.holder.choosing import Chosen
from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.reader.log.log_reading import EVERY_LINE, LogFilter
from keyvault.verbs.rows import NO_TOKEN, SeenDocument
from records.choices.authorisations import DocumentKind
from records.documents.label_changes import LabelChange
from records.vocabulary.codes import Action, ReasonCode
from storage.ports.index import ReaderIndex
from storage.rows.documents import Details, Document
from viewer_api.granting import sealed_of, seen_alone
from viewer_api.named_records import Named, ask, check_reason, resolve
from viewer_api.record_pages import RecordPages, ShownPage
from viewer_api.refusals import no_such_document, permitted


class Access:
    """The use cases of readers, without their transport."""

    def __init__(self, index: ReaderIndex, vault: RecordDoor) -> None:
        self._index = index
        self._vault = vault

    def find(self, call: Call, locator: str) -> ResolvedRecord:
        """The record behind an INS or a public id, for who asks for that alone. Raises `NotAuthorised`."""
        check_reason(call)
        return permitted(self._vault.find(call, locator))

    def pages(self, call: Call, locator: str) -> RecordPages:
        """The documents of the record that the actor may see, newest first, to be read by the page."""
        return RecordPages(self._index, self._vault, call, resolve(self._vault, call, locator))

    def documents(self, call: Call, locator: str, page: ListPage) -> ShownPage:
        """One page of them."""
        return self.pages(call, locator).shown(page)

    def _opened(
        self, call: Call, record: Named, rows: Sequence[tuple[Document, Sequence[Details]]]
    ) -> Disclosed:
        sealed = sealed_of(rows)
        return ask(self._vault, record, lambda record_id: self._vault.documents(call, record_id, sealed))

    def document(self, call: Call, document_id: UUID) -> SeenDocument:
        """One document, decided and logged like a list.

        Raises `NotFound` whatever the reason: where no record is named, no right, hidden and absent
        read alike.
        """
        check_reason(call)
        return seen_alone(self._index, self._vault, call, document_id)[1]

    def named(self, call: Call, locator: str, documents: Sequence[UUID]) -> Disclosed:
        """Those of the named documents of a record that the actor may see."""
        record = resolve(self._vault, call, locator)
        rows = self._index.documents_by_id(record.record_id, documents)
        return self._opened(call, record, rows)

    def with_study(self, call: Call, locator: str, document_id: UUID) -> Disclosed:
        """One document, with whatever else of its study the actor may see."""
        record = resolve(self._vault, call, locator)
        rows = self._index.documents_by_id(record.record_id, [document_id])
        token = rows[0][0].study_token if rows else None
        study = self._index.documents_by_study(record.record_id, token or NO_TOKEN)
        return self._opened(call, record, study or rows)

    def own_deposit(self, call: Call, depositor_token: bytes, document_id: UUID) -> DocumentStanding | None:
        """What became of a document that this depositor deposited; None of any other."""
        if depositor_token not in self._index.depositors(document_id):
            return None
        return next(iter(self.followed(call, [document_id])), None)

    def followed(self, call: Call, documents: Sequence[UUID]) -> Sequence[DocumentStanding]:
        """What became of those of these documents that the caller's side deposited."""
        return permitted(self._vault.follow_deposits(call, documents)).documents

    def choices(self, call: Call, locator: str, after: bytes | None = None, most: int = PAGE) -> Choices:
        """The holder's choices, to the holder, with a page of authorisations; nothing to anybody else who may
        open the record.
        """
        record = resolve(self._vault, call, locator)
        return ask(self._vault, record, lambda record_id: self._vault.choices(call, record_id, after, most))

    def choices_about(self, call: Call, locator: str, professional: str) -> dict[str, Any]:
        """What one professional was given, to the holder; nothing where nothing runs, and to anybody else."""
        record = resolve(self._vault, call, locator)
        found: Choices = ask(
            self._vault, record, lambda record_id: self._vault.choices(call, record_id, about=professional)
        )
        return found.own or {}

    def choose(
        self,
        call: Call,
        locator: str,
        professional: str,
        documents: Sequence[UUID],
        kinds: Sequence[DocumentKind],
        with_linked: bool = True,
    ) -> Chosen:
        """Show a professional these documents and kinds alone."""
        record = resolve(self._vault, call, locator, Action.CHOOSE)
        return ask(
            self._vault,
            record,
            lambda record_id: self._vault.choose(
                call, record_id, professional, documents, kinds, with_linked
            ),
        )

    def change(self, call: Call, locator: str, wanted: CardChange) -> dict[str, Any]:
        """Apply one of the holder's choices; effective at the next call."""
        record = resolve(self._vault, call, locator, wanted.action)
        changed: Changed = ask(
            self._vault, record, lambda record_id: self._vault.change_card(call, record_id, wanted)
        )
        return changed.choices

    def label(self, call: Call, locator: str, document_id: UUID, labels: Sequence[str]) -> list[str]:
        """Give a document or study its labels."""
        record = resolve(self._vault, call, locator, Action.LABEL)
        changed: Changed = ask(
            self._vault, record, lambda record_id: self._vault.label(call, record_id, document_id, labels)
        )
        found: list[str] = changed.choices["labels"]
        return found

    def refuse(self, call: Call, locator: str, document_id: UUID, reason: str | None) -> DocumentStanding:
        """The holder refuses a document for this reason, or with None takes it after all."""
        record = resolve(self._vault, call, locator, Action.ADMIT if reason is None else Action.REFUSE)
        return ask(
            self._vault,
            record,
            lambda record_id: self._vault.refuse_document(call, record_id, document_id, reason),
        )

    def change_document(self, call: Call, document_id: UUID, action: Action) -> DocumentStanding:
        """Delete, archive or unarchive a document. Raises `NotFound` alike for no right, hidden and absent,
        and `NotAuthorised` to who sees the document.

        The index copies the state once the vault has decided it; what is lost of that in between a repeat of
        the request copies, the housekeeper, or `coffre check`.
        """
        check_reason(call)
        standing = _of_document(self._vault.change_document(call, document_id, action))
        self._index.set_state(document_id, standing.state.value, int(time.time() * 1000))
        return standing

    def change_labels(self, call: Call, document_id: UUID, change: LabelChange) -> DocumentStanding:
        """Change labels of a document that is named by its id alone. Raises like `change_document`."""
        check_reason(call)
        return _of_document(self._vault.change_labels(call, document_id, change))

    def announce(self, call: Call, locator: str, document_id: UUID) -> list[str]:
        """A professional has announced a document: the patient sees it. Answers its labels."""
        record = resolve(self._vault, call, locator, Action.ANNOUNCE)
        changed: Changed = ask(
            self._vault, record, lambda record_id: self._vault.announce(call, record_id, document_id)
        )
        found: list[str] = changed.choices["labels"]
        return found

    def access_log(
        self,
        call: Call,
        locator: str,
        before: int | None,
        limit: int,
        wanted: LogFilter = EVERY_LINE,
        proven: bool = False,
    ) -> EventPage:
        """The access log of this record; `proven`: with what its lines can be checked by."""
        record = resolve(self._vault, call, locator, Action.READ_LOG)
        return ask(
            self._vault,
            record,
            lambda record_id: self._vault.events(
                call, record_id, before=before, limit=limit, wanted=wanted, proven=proven
            ),
        )


def _of_document(answer: DocumentStanding | Denied) -> DocumentStanding:
    if isinstance(answer, Denied) and answer.reason is ReasonCode.NO_SUCH_DOCUMENT:
        raise no_such_document(answer)
    return permitted(answer)
