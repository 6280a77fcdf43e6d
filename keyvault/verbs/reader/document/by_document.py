"""Verbs on a document that is named by its id alone; no answer may tell whether there is such a document.

Hidden, absent and refused cost the same statements and openings, and wait for nobody: the decision reads
without a lock, and only an actor who may see the document goes on to the record.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.cards import changed_meanwhile
from keyvault.opened_records import Moved, OpenedRecord
from keyvault.store import Row, VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import attempt, refuse
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.judging import facts_with_decoys
from keyvault.verbs.open_emergencies import emergency_use
from keyvault.verbs.preamble import Preamble
from keyvault.verbs.reader.grants.reading import opened_documents, tell_listed
from keyvault.verbs.reader.lists.snapshot import MOST_SNAPSHOTS, permitted
from keyvault.verbs.rows import NOBODYS, SealedRow, SeenDocument, copies_of
from records.people.actors import Actor
from records.policy import Deny, Facts, decide
from records.rules.assumptions import of_refusal
from records.vocabulary.codes import Action, Obligation, ReasonCode


@dataclass(frozen=True, slots=True)
class _WantedDocument:
    call: Call
    actor: Actor
    document_id: UUID
    rows: Sequence[SealedRow]

    @property
    def preamble(self) -> Preamble:
        return Preamble.of(self.call, self.actor, Action.SEARCH, self.document_id.bytes)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was found, in a snapshot or in the transaction: why it's refused, or what to show, or a failure.

    With none of the three the quota is passed, which the transaction says.
    """

    record: OpenedRecord
    record_id: UUID
    why: ReasonCode | None
    shown: list[SeenDocument] | None = None
    failed: Exception | None = None


class DocumentVerbs:
    """For the reader process."""

    _vault: Vault

    def document(self, call: Call, document_id: UUID, rows: Sequence[SealedRow]) -> SeenDocument | Denied:
        """One document, decided and logged like a list of its record.

        A refusal is on the record's chain where the actor has no right to that record; a document that is
        hidden from whoever has one is refused on chain 0, like one that is not there. Whatever the reason,
        who is refused is told the same.
        """
        actor = caller(self._vault, call, "document", document_id=document_id)
        wanted = _WantedDocument(call, actor, document_id, rows)
        answer = self._answered(wanted)
        if not isinstance(answer, Denied):
            return answer
        request = wanted.preamble.request(self._vault.now_ms() // 1000)
        return replace(answer, obligations=of_refusal(request, ReasonCode.NO_SUCH_DOCUMENT))

    def _answered(self, wanted: _WantedDocument) -> SeenDocument | Denied:
        for _ in range(MOST_SNAPSHOTS):
            with self._vault.store.reading() as tx:
                seen = self._look(tx, wanted, self._vault.now_ms())
            with suppress(Moved), self._vault.transaction() as transaction:
                return self._answer(transaction, wanted, seen)
        try:
            with self._vault.transaction() as transaction:
                return self._answer(
                    transaction, wanted, self._look(transaction.rows, wanted, transaction.now_ms)
                )
        except Moved:  # where writers do not exclude each other, one may come before the record is locked
            raise changed_meanwhile() from None

    def _look(self, tx: VaultTransaction, wanted: _WantedDocument, now_ms: int) -> _Seen:
        """Judge, and open what may be shown."""
        row = tx.get("document", document_id=wanted.document_id)
        row = row if any(each.document_id == wanted.document_id for each in wanted.rows) else None
        record_id = row["record_id"] if row else NOBODYS
        named = tx.get("record", record_id=record_id)
        record = self._vault.open(tx, named, actor=wanted.actor)
        reason = self._objection(tx, wanted.preamble, record, row, now_ms)
        counted = self._vault.touched(named, record_id)
        preamble = Preamble.of(wanted.call, wanted.actor, Action.SEARCH, counted)
        found = None if reason else permitted(self._vault, tx, preamble, wanted.call, record, now_ms)
        if found is None:
            return _Seen(record, record_id, reason)
        try:
            return _Seen(record, record_id, None, opened_documents(tx, found, wanted.rows))
        except Exception as error:  # raised once more where it has its line
            return _Seen(record, record_id, None, failed=error)

    def _answer(
        self, transaction: Transaction, wanted: _WantedDocument, seen: _Seen
    ) -> SeenDocument | Denied:
        """Raises `Moved` where a change came since the look."""
        vault, known = self._vault, seen.record
        row = transaction.rows.get("record", record_id=seen.record_id)
        vault.unmoved(transaction.rows, row, known, lock=False)
        if seen.why is not None:
            preamble, record = wanted.preamble, seen.record
            return self._refuse_document(transaction, preamble, wanted.call, wanted.actor, record, seen.why)
        found = attempt(
            vault,
            transaction,
            wanted.call,
            wanted.actor,
            Action.SEARCH,
            record_id=seen.record_id,
            known=known,
        )
        if isinstance(found, Denied):
            return found
        if seen.failed is not None:
            raise seen.failed
        if seen.shown is None:  # refused then, permitted now
            transaction.again = None
            raise Moved
        told = frozenset[Obligation]().union(*(each.obligations for each in seen.shown))
        tell_listed(transaction, found, len(seen.shown), told)
        return seen.shown[0] if seen.shown else Denied(ReasonCode.NO_SUCH_DOCUMENT)

    def _objection(
        self,
        tx: VaultTransaction,
        preamble: Preamble,
        record: OpenedRecord,
        row: Row | None,
        now_ms: int,
    ) -> ReasonCode | None:
        """Why this actor sees no such document; the record is judged first, and facts are opened anyhow."""
        request = preamble.request(now_ms // 1000)
        emergency = emergency_use(self._vault, tx, record, request, now_ms)
        copies = copies_of(tx, record.row["record_id"], [row] if row else [])
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
