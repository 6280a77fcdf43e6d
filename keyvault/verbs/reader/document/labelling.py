"""Labels of documents: given by the holder, or by the author's side to hide one until it was announced."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.cards import open_facts
from keyvault.keys.clocks import legal_now, set_clock
from keyvault.keys.document_facts import keep_labels
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, attempt
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.judging import facts_with_decoys
from keyvault.verbs.notice_outbox import queue_notice
from keyvault.verbs.reader.document.changing_documents import look_for, refuse_unnamed
from keyvault.verbs.reader.document.following import DocumentStanding
from keyvault.verbs.reader.holder.changing import Changed, refuse_change
from keyvault.verbs.rows import copies_of
from records.documents.announcing import Step, hidden_by_author
from records.documents.facts import HOLDERS_LABELS, DocumentFacts, check_labels, labels_by_holder
from records.documents.label_changes import LabelChange
from records.errors import NotFound
from records.notices import NoticeKind
from records.policy import Facts, Permit, decide
from records.vocabulary.codes import Action, DocumentState, Label, ReasonCode, RecordState, Role

_ABSENT = ReasonCode.NO_SUCH_DOCUMENT
_Wanted = Callable[[frozenset[Label]], Iterable[str]]
"""The labels that are wanted, from those that are there."""


class LabellingVerbs:
    """`label` and `change_labels`, for the reader process on behalf of the holder or of the author's side."""

    _vault: Vault

    def label(
        self, call: Call, record_id: UUID, document_id: UUID, labels: Sequence[str]
    ) -> Changed | Denied:
        """Give a document its labels, and those of the holder to the copies of it from other structures too.

        A professional of the author's side hides it from the patient and changes no other label. Raises
        `Invalid` for bad labels, `Refused` "label_not_entitled" for one that is not the caller's to give,
        `Conflict` "already_announced", `NotFound` for a hidden document. While the record is suspended labels
        can be added alone.
        """
        actor = caller(
            self._vault, call, "label", record_id=record_id, document_id=document_id, labels=labels
        )
        with self._vault.transaction() as transaction:
            found = attempt(self._vault, transaction, call, actor, Action.LABEL, record_id=record_id)
            if isinstance(found, Denied):
                return found
            after = self._label(transaction, found, document_id, lambda _: labels)
        if after is None:
            raise NotFound("There is no such document in this record.", code="no_such_document")
        return after if isinstance(after, Denied) else Changed({"labels": [each.value for each in after]})

    def change_labels(self, call: Call, document_id: UUID, change: LabelChange) -> DocumentStanding | Denied:
        """The same for a document that is named by its id alone; `change` may name some labels.

        `Denied` "no_such_document" whatever the reason, but to who sees the document and may not do this.
        Raises like `label`.
        """
        vault = self._vault
        actor = caller(vault, call, "change_labels", document_id=document_id, change=change)
        look = look_for(vault, call, actor, Action.LABEL, document_id)
        with vault.transaction() as transaction:
            if look.why is not None:
                return refuse_unnamed(vault, transaction, call, actor, Action.LABEL, document_id, look)
            found = attempt(vault, transaction, call, actor, Action.LABEL, record_id=look.record_id)
            if isinstance(found, Denied):
                return found
            after = self._label(transaction, found, document_id, change.of)
            if after is None or isinstance(after, Denied):
                return after or Denied(_ABSENT)
            (row,) = transaction.rows.find("document", document_id=document_id)
            return DocumentStanding(document_id, DocumentState(row["state"]), labels=after)

    def _label(
        self, transaction: Transaction, found: Attempt, document_id: UUID, wanted: _Wanted
    ) -> tuple[Label, ...] | Denied | None:
        """The labels after the change; None where there is no such document to be seen."""
        record_id = found.record.row["record_id"]
        row = transaction.rows.get("document", record_id=record_id, document_id=document_id)
        copies = copies_of(transaction.rows, record_id, [row] if row else [])
        facts = facts_with_decoys(found.record.card, copies)
        why = _ABSENT if row is None else _labelling_objection(found, facts[document_id])
        if row is None or why is not None:
            refused = refuse_change(self._vault, transaction, found, why or _ABSENT, document_id)
            return None if why is _ABSENT and not refused.is_of_quota else refused
        present = facts[document_id].labels
        labels = wanted(present)
        if found.actor.role is Role.PROFESSIONAL:
            return self._hide(transaction, found, row, present, labels)
        checked = check_labels(labels, cumul_allowed=Label.INVISIBLE_PATIENT in present)
        chosen = labels_by_holder(present, checked)
        suspended = found.record.facts.state is not RecordState.ACTIVE
        if suspended and not chosen >= present & HOLDERS_LABELS:
            return refuse_change(self._vault, transaction, found, ReasonCode.RECORD_SUSPENDED, document_id)
        if chosen != present:
            queue_notice(transaction, found.record.card, kind=NoticeKind.LABELS_CHANGED, hourly=True)
        self._relabel(transaction, found, row, chosen)
        for copy in copies:
            if copy["document_id"] != document_id:
                hiding = {Label.INVISIBLE_PATIENT} & facts[copy["document_id"]].labels
                self._relabel(transaction, found, copy, chosen | hiding)
        return tuple(sorted(chosen))

    def _hide(
        self,
        transaction: Transaction,
        found: Attempt,
        row: Row,
        present: frozenset[Label],
        labels: Iterable[str],
    ) -> tuple[Label, ...]:
        """For the author's side: the document alone, from now on, with the clock that ends it."""
        rows, card = transaction.rows, found.record.card
        before = open_facts(card, [row])[row["document_id"]]
        after = hidden_by_author(before, present, labels, legal_now(rows, transaction.now))
        told = keep_labels(rows, card, row, after)
        if after != before:
            set_clock(rows, card, after, Step.NOTICE)
        transaction.append(found.record.chain, found.event(object_id=str(row["document_id"]), details=told))
        return tuple(sorted(after.labels | present))

    def _relabel(self, transaction: Transaction, found: Attempt, row: Row, labels: frozenset[Label]) -> None:
        """Seal one document's labels, with the event that names them."""
        document_id = row["document_id"]
        facts = open_facts(found.record.card, [row])[document_id]
        told = keep_labels(transaction.rows, found.record.card, row, replace(facts, labels=labels))
        transaction.append(found.record.chain, found.event(object_id=str(document_id), details=told))


def _labelling_objection(found: Attempt, facts: DocumentFacts) -> ReasonCode | None:
    """Why the labels of a document are not this actor's to give: one that is not seen is not there."""
    decision = decide(found.request, Facts(found.record.facts, facts))
    if isinstance(decision, Permit):
        return None
    seen = replace(found.request, action=Action.SEARCH)
    if isinstance(decide(seen, Facts(found.record.facts, facts)), Permit):
        return decision.reason
    return _ABSENT
