"""Ask the vault to withdraw instances; it alone can say which of a record's documents hold them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from coffre.operators.calls import permitted
from coffre.wiring import System
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.rows import sealed_rows
from records.errors import Conflict, NotFound
from records.vocabulary.codes import Action, DocumentState
from storage.rows.documents import Details, Document

_KEPT = frozenset({DocumentState.APPROVED.value, DocumentState.ARCHIVED.value})


@dataclass(slots=True)
class Withdrawal:
    """Of these SOP instances of one study, none named meaning all of them.

    `document` says whose study, where several structures used its UID.
    """

    system: System
    record: str = field(repr=False)
    study: str
    instances: Sequence[str]
    code: str
    document: UUID | None = None
    _found: list[tuple[Document, tuple[Details, ...]]] = field(default_factory=list)

    def find(self, call: Call) -> None:
        """Raises `NotFound` "no_such_document"."""
        vault = self.system.guard.operator
        place = permitted(vault.find_study(call, self.record, Action.WITHDRAW, self.study))
        assert place.study_token is not None
        rows = self.system.index.documents_by_study(place.record_id, place.study_token)
        self._found = [
            each
            for each in rows
            if each[0].kind == "study"
            and each[0].state in _KEPT
            and self.document in (None, each[0].document_id)
        ]
        if not self._found:
            raise NotFound("There is no such study in this record.", code="no_such_document")

    def check_one(self) -> None:
        """For who may withdraw anybody's images. Raises `Conflict` "several_documents"."""
        if len(self._found) > 1:
            ids = " or ".join(sorted(str(document.document_id) for document, _ in self._found))
            raise Conflict(
                f"Several structures have a study of this UID: say whose with --document {ids}.",
                code="several_documents",
            )

    def ask(self, call: Call) -> UUID | Denied:
        """The job. Of several structures with a study of this UID each may withdraw from its own.

        Raises `NotFound` "no_such_instance" or "no_such_document" where none of them has these.
        """
        missing: NotFound | None = None
        for document, details in self._found:
            rows = sealed_rows(details)
            try:
                return self.system.guard.operator.withdraw(
                    call, document.record_id, document.document_id, rows, self.instances, self.code
                )
            except NotFound as error:
                missing = error
        assert missing is not None
        raise missing
