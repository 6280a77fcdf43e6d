"""Verbs on a document that is named by its id alone; no answer may tell whether there is such a document.

Hidden, absent and refused cost the same statements and openings, and wait for nobody: the decision reads
without a lock, and only an actor who may see the document goes on to the record.
"""

from collections.abc import Sequence
from uuid import UUID

from keyvault.context import Vault
from keyvault.opened_records import OpenedRecord
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Call, Denied, Preamble, attempt, refuse
from keyvault.verbs.caller import caller
from keyvault.verbs.emergency_windows import emergency_use
from keyvault.verbs.judging import facts_with_decoys
from keyvault.verbs.reader.reading import listed
from keyvault.verbs.rows import NOBODYS, SealedRow, SeenDocument, copies_of
from records.actors import Actor
from records.policy import Deny, Facts, decide
from records.vocabulary.codes import Action, ReasonCode


class DocumentVerbs:
    """For the reader process."""

    _vault: Vault

    def document(self, call: Call, document_id: UUID, rows: Sequence[SealedRow]) -> SeenDocument | Denied:
        """One document, decided and logged like a list of its record.

        A refusal is on the record's chain where the actor has no right to that record; a document that is
        hidden from whoever has one is refused on chain 0, like one that is not there.
        """
        actor = caller(self._vault, call, "document", document_id=document_id)
        published = any(row.document_id == document_id for row in rows)
        with self._vault.transaction() as transaction:
            row = transaction.rows.get("document", document_id=document_id)
            row = row if published else None
            record_id = row["record_id"] if row else NOBODYS
            record = self._vault.open(transaction.rows, transaction.rows.get("record", record_id=record_id))
            preamble = Preamble.of(call, actor, Action.SEARCH, document_id.bytes)
            reason = self._objection(transaction, preamble, record, row)
            if reason is not None:
                return self._refuse_document(transaction, preamble, call, actor, record, reason)
            found = attempt(self._vault, transaction, call, actor, Action.SEARCH, record_id=record_id)
            if isinstance(found, Denied):
                return found
            shown = listed(transaction, found, rows)
            return shown[0] if shown else Denied(ReasonCode.NO_SUCH_DOCUMENT)

    def _objection(
        self, transaction: Transaction, preamble: Preamble, record: OpenedRecord, row: Row | None
    ) -> ReasonCode | None:
        """Why this actor sees no such document; the record is judged first, and facts are opened anyhow."""
        request = preamble.request(transaction.now)
        emergency = emergency_use(self._vault, transaction, record, request)
        copies = copies_of(transaction.rows, record.row["record_id"], [row] if row else [])
        facts = facts_with_decoys(record.card, copies)
        for each in (None, facts[row["document_id"]]) if row else (None,):
            decision = decide(request, Facts(record.facts, each, emergency))
            if isinstance(decision, Deny):
                hidden = each is not None or not record.exists
                return ReasonCode.NO_SUCH_DOCUMENT if hidden else decision.reason
        return None if row else ReasonCode.NO_SUCH_DOCUMENT

    def _refuse_document(
        self,
        transaction: Transaction,
        preamble: Preamble,
        call: Call,
        actor: Actor,
        record: OpenedRecord,
        reason: ReasonCode,
    ) -> Denied:
        """Count what was asked for, and give the refusal its line."""
        vault, named = self._vault, preamble.counted
        if preamble.over_quota(transaction):
            reason = ReasonCode.QUOTA_EXCEEDED
        if reason in (ReasonCode.QUOTA_EXCEEDED, ReasonCode.NO_SUCH_DOCUMENT):
            return preamble.refuse(transaction, vault.system_chain, reason, about=named)
        object_id = str(UUID(bytes=named))
        return refuse(vault, transaction, call, actor, preamble.action, record, reason, object_id)
