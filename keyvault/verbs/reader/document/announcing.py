"""`announce`: a professional has told the patient what a hidden document says; the patient sees it (R22)."""

from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.cards import open_facts
from keyvault.keys.clocks import end_clocks_of
from keyvault.keys.document_facts import keep_labels
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, attempt, refuse
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.judging import facts_with_decoys
from keyvault.verbs.reader.holder.changing import Changed
from keyvault.verbs.rows import copies_of
from records.documents.announcing import announced
from records.errors import NotFound
from records.policy import Facts, Permit, decide
from records.vocabulary.codes import Action, Label, ReasonCode


class AnnouncingVerbs:
    """For the reader process, on behalf of a professional who may consult."""

    _vault: Vault

    def announce(self, call: Call, record_id: UUID, document_id: UUID) -> Changed | Denied:
        """End the hiding of a document and of its copies that the caller may see. Repeatable.

        Raises `NotFound` for a document that the caller does not see, `Conflict` "not_hidden".
        """
        actor = caller(self._vault, call, "announce", record_id=record_id, document_id=document_id)
        with self._vault.transaction() as transaction:
            found = attempt(self._vault, transaction, call, actor, Action.ANNOUNCE, record_id=record_id)
            if isinstance(found, Denied):
                return found
            changed = self._announce(transaction, found, document_id)
        if changed is None:
            raise NotFound("There is no such document in this record.", code="no_such_document")
        return changed

    def _announce(
        self, transaction: Transaction, found: Attempt, document_id: UUID
    ) -> Changed | Denied | None:
        record = found.record
        row = transaction.rows.get("document", record_id=record.row["record_id"], document_id=document_id)
        copies = copies_of(transaction.rows, record.row["record_id"], [row] if row else [])
        facts = facts_with_decoys(record.card, copies)
        seen = {
            each: isinstance(decide(found.request, Facts(record.facts, known)), Permit)
            for each, known in facts.items()
        }
        if row is None or not seen[document_id]:
            why, action = ReasonCode.NO_SUCH_DOCUMENT, found.request.action
            refused = refuse(
                self._vault, transaction, found.call, found.actor, action, record, why, str(document_id)
            )
            return refused if refused.is_of_quota else None
        hidden = [
            each
            for each in copies
            if seen[each["document_id"]] and Label.INVISIBLE_PATIENT in facts[each["document_id"]].labels
        ]
        for each in hidden or [row]:
            self._end(transaction, found, each)
        return Changed({"labels": sorted(facts[document_id].labels - {Label.INVISIBLE_PATIENT})})

    def _end(self, transaction: Transaction, found: Attempt, row: Row) -> None:
        rows, card, document_id = transaction.rows, found.record.card, row["document_id"]
        before = open_facts(card, [row])[document_id]
        after = announced(before, found.actor.rpps, transaction.now)
        details = {} if after == before else keep_labels(rows, card, row, after)
        end_clocks_of(rows, card, document_id)
        transaction.append(found.record.chain, found.event(object_id=str(document_id), details=details))
