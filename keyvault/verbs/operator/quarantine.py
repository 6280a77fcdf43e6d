"""List quarantine for operators: each document, its depositor, and the last request about it.

Nothing of the content is opened here, and no identity is answered. How a document leaves quarantine is in
`keyvault/verbs/operator/discharging.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.cards import open_facts
from keyvault.opened_records import QUARANTINE
from keyvault.store import Row, VaultTransaction
from keyvault.verbs import jobs
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.operator.permission import denied, permit
from keyvault.verbs.preamble import Preamble
from records.errors import Invalid
from records.vocabulary.codes import Action, JobState, PurposeOfUse

MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A job as an operator sees it; `created_at` is ms. `after`: the refused discharge it repeats."""

    job_id: UUID
    kind: str
    state: str
    created_at: int
    after: UUID | None = None

    @classmethod
    def of(cls, job: jobs.Job, state: JobState) -> Self:
        return cls(job.job_id, job.kind.value, state.value, job.created_at, job.request.after)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A quarantined document: who deposited it, since when (ms), what was asked of it last."""

    document_id: UUID
    structure: str = field(repr=False)
    since: int
    job: JobSeen | None


class QuarantineVerbs:
    """Part of the operator's door."""

    _vault: Vault

    def quarantined(self, call: Call, documents: Sequence[UUID]) -> tuple[SetAside, ...] | Denied:
        """Those of the documents that lie under quarantine, with their depositor. Logged on chain 0.

        The operator's quota counts each document like a record: it lies under a record of its own, and whose
        it is nobody knows yet.
        """
        vault, actor = self._vault, caller(self._vault, call, "quarantined", documents=documents)
        if len(documents) > MOST_AT_ONCE:
            raise Invalid(f"Ask for at most {MOST_AT_ONCE} documents at once.", code="too_many_documents")
        preamble = Preamble.of(call, actor, Action.REVIEW_QUARANTINE, purpose=PurposeOfUse.MAINTENANCE)
        with vault.transaction() as transaction:
            over = preamble.over_quota(transaction, (document.bytes for document in documents))
            if refused := denied(vault, transaction, preamble, over=over):
                return refused
            rows = transaction.rows.find("document", document_id__in=list(documents))
            found = [each for row in rows if (each := self._set_aside(transaction.rows, row)) is not None]
            permit(vault, transaction, preamble, details={"documents": len(found)})
        return tuple(sorted(found, key=lambda each: (each.since, each.document_id)))

    def _set_aside(self, tx: VaultTransaction, row: Row) -> SetAside | None:
        record_row = tx.get("record", record_id=row["record_id"])
        if record_row is None or record_row["kind"] != QUARANTINE:
            return None
        record = self._vault.open(tx, record_row)
        facts = open_facts(record.card, [row])[row["document_id"]]
        job = jobs.latest(self._vault, tx, row["record_id"]).get(row["document_id"])
        seen = JobSeen.of(job, job.state) if job else None
        return SetAside(row["document_id"], facts.author_structure, row["created_at"], seen)
