"""`follow_deposits`: what became of what one deposited, by the ids that one was told then (R31, R32)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from keyvault.context import Vault
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.preamble import Preamble
from keyvault.verbs.rows import copies_of, facts_of
from records.documents.facts import DocumentFacts
from records.policy import told_to_author
from records.rules.request import general_objection
from records.vocabulary.codes import Action, DocumentState, Label, Outcome, ReasonCode


@dataclass(frozen=True, slots=True)
class DocumentStanding:
    """What its author's side, or its holder, hears of a document. `refused_at` (unix seconds): its holder
    refused it then. `labels`: to whom changed them.
    """

    document_id: UUID
    state: DocumentState
    refused_at: int | None = None
    labels: tuple[Label, ...] | None = None

    @classmethod
    def of(cls, facts: DocumentFacts) -> "DocumentStanding":
        return cls(facts.document_id, facts.state, None if facts.refused is None else facts.refused.at)

    @property
    def is_news(self) -> bool:
        """Whether it says more than who deposited it was told then."""
        return self.state is not DocumentState.APPROVED or self.refused_at is not None


@dataclass(frozen=True, slots=True)
class FollowedDeposits:
    documents: tuple[DocumentStanding, ...]


class FollowingVerbs:
    """For the reader process, on behalf of who deposits."""

    _vault: Vault

    def follow_deposits(self, call: Call, documents: Sequence[UUID]) -> FollowedDeposits | Denied:
        """What became of those of these documents that the caller's side deposited, or is named as author of.

        What tells nothing that was not told when it was deposited has no line.
        """
        actor = caller(self._vault, call, "follow_deposits", documents=documents)
        vault, preamble = self._vault, Preamble.of(call, actor, Action.FOLLOW_DEPOSITS)
        with vault.transaction() as transaction:
            request = preamble.request(transaction.now)
            over = preamble.over_quota(transaction)
            objection = ReasonCode.QUOTA_EXCEEDED if over else general_objection(request)
            if objection is not None:
                return preamble.refuse(transaction, vault.system_chain, objection)
            rows = transaction.rows.find("document", document_id__in=sorted({*documents}))
            of_records: dict[UUID, list[Row]] = defaultdict(list)
            for row in rows:
                of_records[row["record_id"]].append(row)
            told = [self._told_of_record(transaction, preamble, *each) for each in sorted(of_records.items())]
            return FollowedDeposits(tuple(standing for each in told for standing in each))

    def _told_of_record(
        self, transaction: Transaction, preamble: Preamble, record_id: UUID, documents: Sequence[Row]
    ) -> list[DocumentStanding]:
        """Of one record; with its line where there is news."""
        vault, tx = self._vault, transaction.rows
        record = vault.open(tx, tx.get("record", record_id=record_id), lock=True)
        facts = facts_of(record.card, copies_of(tx, record_id, documents))
        request = preamble.request(transaction.now)
        named = (facts[row["document_id"]] for row in documents)
        told = [DocumentStanding.of(each) for each in named if told_to_author(request, record.facts, each)]
        news = sum(each.is_news for each in told)
        if news:
            told_in_log = {"record": record.row["public_id"], "details": {"documents": news}}
            transaction.append(record.chain, preamble.event(Outcome.PERMIT, ReasonCode.AUTHOR, **told_in_log))
        return told
