"""Adopt documents that a worker accepted into a record, in one transaction of the vault.

Idempotent on (submission, blobs, versions, commitments): an equal repeat returns the kept answer, with equal
ids and no second event, because the answer stays in the vault until the submission is settled.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from uuid import uuid4

from keyvault.context import Vault
from keyvault.keys.reception import ReceivedKey
from keyvault.opened_records import QUARANTINE, OpenedRecord
from keyvault.transaction import Transaction
from keyvault.verbs.call import Denied
from keyvault.verbs.leases import OPEN
from keyvault.verbs.new_records import new_record
from keyvault.verbs.worker.adoption.adopt_request import (
    AdoptAnswer,
    Adopted,
    AdoptRequest,
    Deposited,
    check_packs,
    facts_of_all,
    keep_answer,
    kept_answer,
)
from keyvault.verbs.worker.adoption.adoption import Adoption
from keyvault.verbs.worker.adoption.replacing import replaced_in
from keyvault.verbs.worker.deposits.received import (
    OpenedEnvelope,
    ReceivedBlobKey,
    deposit_preamble,
    depositor_of,
    may_deposit,
    open_all_received,
    open_sealed_key,
)
from records.errors import Conflict
from records.people.actors import Actor
from records.rules.document import depositor_kind
from records.vocabulary import depositing
from records.vocabulary.codes import Label, ReasonCode

_Open = Callable[[str], OpenedRecord]


class AdoptingVerbs:
    """For the worker."""

    _vault: Vault

    def adopt(self, request: AdoptRequest) -> Adopted | Denied:
        """Verify, decide, wrap the keys, seal the details, log the deposit.

        Raises `Conflict` where a key, a commitment or a size isn't what was received.
        """
        (answer,) = self.adopt_many([request])
        return answer.value

    def adopt_many(self, requests: Sequence[AdoptRequest]) -> tuple[AdoptAnswer, ...]:
        """The same for several submissions that name one record, in one transaction.

        Each has its own lease, credential, decision, details key and event; a refusal is one request's
        answer, and what raises for one adopts none of them. Raises `Conflict` "other_record" where they don't
        name the same record: nobody waits for a record because of a deposit in another.
        """
        if len({request.record for request in requests}) > 1:
            raise Conflict("These deposits name several records; adopt them apart.", code="other_record")
        for request in requests:
            check_packs(request)
        received = open_all_received(
            self._vault, {each.submission_id: each.sealed_envelope for each in requests}
        )
        with self._vault.transaction() as transaction:
            # leases before the record, in one order: so that two workers don't wait for one another
            for request in sorted(requests, key=lambda each: each.submission_id):
                _check_lease(transaction, request)
            open_record = cache(partial(self._locked, transaction))  # locked until all of them are adopted
            answers = [
                self._answered(transaction, each, received[each.submission_id], open_record)
                for each in requests
            ]
        return tuple(map(AdoptAnswer.of, answers))

    def _answered(
        self, transaction: Transaction, request: AdoptRequest, received: OpenedEnvelope, open_record: _Open
    ) -> Adopted | Denied:
        kept = kept_answer(transaction, request)
        if kept is not None:
            return kept
        adopted = self._adopt(transaction, request, received, open_record)
        if isinstance(adopted, Adopted):
            keep_answer(transaction, request, adopted)
        return adopted

    def _adopt(
        self, transaction: Transaction, request: AdoptRequest, received: OpenedEnvelope, open_record: _Open
    ) -> Adopted | Denied:
        vault, keys = self._vault, _opened_keys(request, received)
        actor = depositor_of(vault, transaction, received.envelope, keys)
        aside, labels = _set_aside_objection(request, actor), _labels(received)
        if request.record is None:
            record = self._new_quarantine(transaction, None if aside or labels is None else actor)
        else:
            record = self._record(transaction, request.record, received.envelope.ins, open_record)
        if actor is None:
            return _refuse(vault, transaction, request, record, actor, ReasonCode.BAD_CREDENTIAL)
        if labels is None:
            return _refuse(vault, transaction, request, record, actor, ReasonCode.UNKNOWN_LABEL)
        replaced = replaced_in(received.envelope.headers)
        adoption = Adoption(
            vault,
            transaction,
            request,
            record,
            actor,
            labels=labels,
            replaced=replaced if record.exists else None,
        )
        reason = aside or _objection(transaction, request, actor, record, labels) or adoption.conflict()
        if reason is not None:
            return _refuse(vault, transaction, request, record, actor, reason)
        return adoption.carry_out({key.ref.blob_id: key.dek for key in keys})

    def _new_quarantine(self, transaction: Transaction, actor: Actor | None) -> OpenedRecord:
        """A record of its own for what names nobody; none for who is refused below."""
        vault, tx = self._vault, transaction.rows
        if actor is None:
            return vault.open(tx, None)
        opened, _, _ = new_record(
            vault, tx, kind=QUARANTINE, ins=None, public_id=uuid4(), now_ms=transaction.now_ms
        )
        return vault.open(tx, tx.get("record", record_id=opened.record_id))

    def _record(
        self, transaction: Transaction, name: str, url_record: str | None, open_record: _Open
    ) -> OpenedRecord:
        record = open_record(name)
        if url_record not in (None, name):
            both = (self._vault.find_record(transaction.rows, each) for each in (url_record, name))
            if len({row and row["record_id"] for row in both}) > 1:
                raise Conflict("The deposit names another record.", code="other_record")
        return record

    def _locked(self, transaction: Transaction, name: str) -> OpenedRecord:
        row = self._vault.find_record(transaction.rows, name)
        return self._vault.open(transaction.rows, row, lock=True)


def _opened_keys(request: AdoptRequest, received: OpenedEnvelope) -> list[ReceivedKey]:
    """The data keys of the blobs, as intake sealed them to the day key of the envelope."""
    sealed = (ReceivedBlobKey(blob.blob_id, blob.version, blob.sealed_key) for blob in request.blobs)
    return [open_sealed_key(received.day_private, request.submission_id, key) for key in sealed]


def _check_lease(transaction: Transaction, request: AdoptRequest) -> None:
    row = transaction.rows.get("ingest", lock=True, submission_id=request.submission_id)
    if row is None or row["state"] != OPEN or row["worker"] != request.worker:
        raise Conflict("This worker doesn't hold the submission any more.", code="lease_lost")


def _objection(
    transaction: Transaction,
    request: AdoptRequest,
    actor: Actor,
    record: OpenedRecord,
    labels: frozenset[Label],
) -> ReasonCode | None:
    if request.record is None:
        return None
    stated = facts_of_all(request, Deposited(actor, labels, transaction.now))
    return may_deposit(transaction, actor, record, stated)


def _labels(received: OpenedEnvelope) -> frozenset[Label] | None:
    """The labels of the envelope, which intake sealed; None where one is unknown: it is never dropped."""
    stated = received.envelope.headers.get("labels", [])
    try:
        return frozenset(map(Label, stated))
    except (ValueError, TypeError):
        return None


def _set_aside_objection(request: AdoptRequest, actor: Actor | None) -> ReasonCode | None:
    """What this kind of depositor may not deposit is not set aside either: it could be discharged."""
    if request.record is not None or actor is None:
        return None
    kind = depositor_kind(actor)
    aside = [new.details.set_aside for new in request.documents]
    declared = [each.document for each in aside if each is not None and each.document]
    types = [document["type"] for document in declared if "type" in document]
    entitled = all(depositing.may_deposit(kind, each) for each in types)
    return None if entitled else ReasonCode.DEPOSITOR_NOT_ENTITLED


def _refuse(
    vault: Vault,
    transaction: Transaction,
    request: AdoptRequest,
    record: OpenedRecord,
    actor: Actor | None,
    reason: ReasonCode,
) -> Denied:
    preamble = deposit_preamble(actor, vault.touched(record.row, record.row["public_id"]))
    return preamble.refuse(
        transaction,
        vault.chain_of(record),
        reason,
        record=record.row["public_id"] if record.exists else None,
        object_id=str(request.submission_id),
    )
