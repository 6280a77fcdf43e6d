"""Change one document after its deposit: `refuse_document` for its holder, `change_document` for its author's
side, and for the holder who archives it (R31, R32).
"""

from dataclasses import dataclass, replace
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.cards import open_facts
from keyvault.keys.clocks import end_clocks_of
from keyvault.keys.document_facts import keep_facts
from keyvault.opened_records import OpenedRecord
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, attempt, refuse
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.judging import facts_with_decoys
from keyvault.verbs.notice_outbox import queue_notice
from keyvault.verbs.preamble import Preamble
from keyvault.verbs.reader.document.following import DocumentStanding
from keyvault.verbs.rows import NOBODYS, copies_of
from records.documents.changes import BY_ID_ALONE, OF_ALL_COPIES, DocumentChange, changed
from records.documents.facts import DocumentFacts
from records.errors import NotFound
from records.notices import NOTICE_OF_CHANGE, NoticeKind
from records.people.actors import Actor
from records.policy import AccessRequest, Deny, Facts, Permit, decide, told_to_holder
from records.vocabulary.codes import Action, DocumentState, PurposeOfUse, ReasonCode

ABSENT = ReasonCode.NO_SUCH_DOCUMENT
_NOTICES = {**NOTICE_OF_CHANGE, Action.DELETE: NoticeKind.TAKEN_BACK}


@dataclass(frozen=True, slots=True)
class Look:
    """What was found of a document before anything is locked; `why` it is refused, and whether it is `seen`
    nevertheless by who asks.
    """

    record_id: UUID
    record: OpenedRecord
    why: ReasonCode | None
    seen: bool = False


class DocumentChangesVerbs:
    """For the reader process."""

    _vault: Vault

    def refuse_document(
        self, call: Call, record_id: UUID, document_id: UUID, reason: str | None
    ) -> DocumentStanding | Denied:
        """Refuse a document and its copies for this reason, or with None take them after all. Repeatable.

        Raises `NotFound` for one that the holder does not see, `Invalid` "reason_missing".
        """
        action = Action.ADMIT if reason is None else Action.REFUSE
        asked = {"record_id": record_id, "document_id": document_id, "reason": reason}
        actor = caller(self._vault, call, "refuse_document", **asked)
        with self._vault.transaction() as transaction:
            found = attempt(self._vault, transaction, call, actor, action, record_id=record_id)
            if isinstance(found, Denied):
                return found
            answer = self._change_one(transaction, found, document_id, DocumentChange(action, reason))
        if answer == Denied(ABSENT):
            raise NotFound("There is no such document in this record.", code="no_such_document")
        return answer

    def change_document(self, call: Call, document_id: UUID, action: Action) -> DocumentStanding | Denied:
        """Delete, archive or unarchive a document that is named by its id alone. Repeatable.

        `Denied` "no_such_document" whatever the reason, but to who sees the document and may not do this.
        Raises `Conflict` "bad_transition", `ValueError` for another action.
        """
        if action not in BY_ID_ALONE:
            raise ValueError("only what needs no right to consult is asked by a document's id alone")
        vault, actor = (
            self._vault,
            caller(self._vault, call, "change_document", document_id=document_id, action=action),
        )
        look = look_for(vault, call, actor, action, document_id)
        with vault.transaction() as transaction:
            if look.why is not None:
                return refuse_unnamed(vault, transaction, call, actor, action, document_id, look)
            found = attempt(vault, transaction, call, actor, action, record_id=look.record_id)
            if isinstance(found, Denied):
                return found
            return self._change_one(transaction, found, document_id, DocumentChange(action))

    def _change_one(
        self, transaction: Transaction, found: Attempt, document_id: UUID, wanted: DocumentChange
    ) -> DocumentStanding | Denied:
        """Change a document of a locked record, and its copies where their holder refuses it."""
        record_id = found.record.row["record_id"]
        row = transaction.rows.get("document", record_id=record_id, document_id=document_id)
        copies = copies_of(transaction.rows, record_id, [row] if row else [])
        facts = facts_with_decoys(found.record.card, copies)
        if row is None or not _is_permitted(found, facts[document_id]):
            vault, action = self._vault, found.request.action
            return refuse(
                vault, transaction, found.call, found.actor, action, found.record, ABSENT, str(document_id)
            )
        for each in copies if wanted.action in OF_ALL_COPIES else [row]:
            self._keep_change(transaction, found, each, wanted)
        self._tell_of_change(transaction, found, facts[document_id])
        return DocumentStanding.of(changed(facts[document_id], wanted, transaction.now))

    def _keep_change(
        self, transaction: Transaction, found: Attempt, row: Row, wanted: DocumentChange
    ) -> None:
        """Seal one document's facts, with the event that names them."""
        rows, card, document_id = transaction.rows, found.record.card, row["document_id"]
        before = open_facts(card, [row])[document_id]
        after = changed(before, wanted, transaction.now)
        details = {} if after == before else keep_facts(rows, card, row, after)
        if after.state is DocumentState.DELETED:
            end_clocks_of(rows, card, document_id)
        transaction.append(found.record.chain, found.event(object_id=str(document_id), details=details))

    def _tell_of_change(self, transaction: Transaction, found: Attempt, before: DocumentFacts) -> None:
        """By a notice; of what she could not see she is not told."""
        kind = _NOTICES.get(found.request.action)
        if kind is not None and told_to_holder(found.record.facts, [before], transaction.now):
            queue_notice(transaction, found.record.card, kind=kind, hourly=True)


def look_for(vault: Vault, call: Call, actor: Actor, action: Action, document_id: UUID) -> Look:
    """Judged without a lock: who is refused waits for nobody, whatever there is."""
    preamble = Preamble.of(call, actor, action, document_id.bytes)
    with vault.store.reading() as tx:
        row = tx.get("document", document_id=document_id)
        record_id = row["record_id"] if row else NOBODYS
        record = vault.open(tx, tx.get("record", record_id=record_id), actor=actor)
        facts = facts_with_decoys(record.card, copies_of(tx, record_id, [row] if row else []))
    request = preamble.request(vault.now_ms() // 1000)
    asked = Facts(record.facts, facts.get(document_id))
    decision, seen = decide(request, asked), decide(_seeing(request), asked)
    if row is None or not record.exists:
        return Look(record_id, record, ABSENT)
    why = decision.reason if isinstance(decision, Deny) else None
    return Look(record_id, record, why, isinstance(seen, Permit))


def refuse_unnamed(
    vault: Vault,
    transaction: Transaction,
    call: Call,
    actor: Actor,
    action: Action,
    document: UUID,
    look: Look,
) -> Denied:
    """With its line: on the record's chain, or on chain 0 where the actor sees no such document."""
    preamble = Preamble.of(call, actor, action, document.bytes)
    if preamble.over_quota(transaction):
        return preamble.refuse(transaction, vault.system_chain, ReasonCode.QUOTA_EXCEEDED)
    if look.why is None or not look.seen:
        return preamble.refuse(transaction, vault.system_chain, ABSENT, about=document.bytes)
    return refuse(vault, transaction, call, actor, action, look.record, look.why, str(document))


def _is_permitted(found: Attempt, document: DocumentFacts) -> bool:
    return isinstance(decide(found.request, Facts(found.record.facts, document)), Permit)


def _seeing(request: AccessRequest) -> AccessRequest:
    """The question whether the document is seen in ordinary care."""
    return replace(request, action=Action.SEARCH, purpose=PurposeOfUse.NORMAL)
