"""The worker takes a submission's keys for INGEST, and gives it back (docs/vault.md section 2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from operator import attrgetter
from typing import Any
from uuid import UUID

from audit.canonical import canonical
from keyvault.context import Vault
from keyvault.credentials.possession import CERTIFICATE, HEADER
from keyvault.crypto.boxes import seal_box
from keyvault.crypto.search_tokens import TokenField
from keyvault.keys.reception import Envelope, ReceivedKey, depositor_token
from keyvault.store import Row, VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.call import Denied
from keyvault.verbs.leases import LONGEST_LEASE_MS, OPEN, SETTLED
from keyvault.verbs.preamble import Preamble
from keyvault.verbs.worker.deposits.ingest_request import IngestRequest
from keyvault.verbs.worker.deposits.received import (
    OpenedEnvelope,
    ReceivedBlobKey,
    deposit_preamble,
    depositor_of,
    open_all_received,
    open_sealed_key,
)
from keyvault.verbs.worker.deposits.recognising import record_named, tokens_of
from records.errors import Conflict
from records.people.actors import Actor
from records.text.base64url import b64
from records.vocabulary.codes import ReasonCode

_UNTOLD = frozenset({HEADER, CERTIFICATE})
"""Headers of an envelope that are about its credential: no worker gets them."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A request of which envelope and keys are open, before anything is decided."""

    opened: OpenedEnvelope
    received: list[ReceivedKey]

    @classmethod
    def of(cls, request: IngestRequest, opened: OpenedEnvelope) -> "_Taken":
        private, submission_id = opened.day_private, request.submission_id
        return cls(opened, [open_sealed_key(private, submission_id, key) for key in request.keys])

    @property
    def submission_id(self) -> UUID:
        return self.opened.envelope.submission_id


@dataclass(frozen=True, slots=True)
class _Decided:
    """What one request is answered, or why it is refused, before the log is told."""

    submission_id: UUID
    preamble: Preamble
    answer: bytes | ReasonCode = field(repr=False)

    def told(self, vault: Vault, transaction: Transaction) -> bytes | Denied:
        if not isinstance(self.answer, ReasonCode):
            return self.answer
        object_id, chain = str(self.submission_id), vault.system_chain
        return self.preamble.refuse(transaction, chain, self.answer, object_id=object_id)


_Named = Callable[[str], tuple[Row | None, str | None]]


class ReleasingForIngest:
    """`release` with purpose INGEST, and `give_back`."""

    _vault: Vault

    def release_ingest(
        self,
        submission_id: UUID,
        worker: str,
        recipient: bytes,
        sealed_envelope: bytes,
        keys: Sequence[ReceivedBlobKey],
        lease_ms: int = LONGEST_LEASE_MS,
    ) -> bytes | Denied:
        """Lease the submission for `lease_ms`, at most 15 minutes; seal what a worker needs to its own key.

        Raises `Conflict` "leased" while another worker holds it, "settled" once it is done.
        """
        request = IngestRequest(submission_id, sealed_envelope, tuple(keys))
        (answer,) = self.release_ingest_many(worker, recipient, [request], lease_ms)
        return answer

    def release_ingest_many(
        self,
        worker: str,
        recipient: bytes,
        requests: Sequence[IngestRequest],
        lease_ms: int = LONGEST_LEASE_MS,
    ) -> tuple[bytes | Denied, ...]:
        """The same for several in one transaction: each has its own check, count and answer.

        What raises for one leases none of them.
        """
        opened = open_all_received(
            self._vault, {each.submission_id: each.sealed_envelope for each in requests}
        )
        taken = [_Taken.of(each, opened[each.submission_id]) for each in requests]
        with self._vault.transaction() as transaction:
            until = transaction.now_ms + min(lease_ms, LONGEST_LEASE_MS)
            decided = self._decided(transaction, worker, until, taken)
            # lines come last: whoever waits for the log holds no count that another needs before its line
            answers = [each.told(self._vault, transaction) for each in decided]
        return tuple(
            answer if isinstance(answer, Denied) else seal_box(recipient, answer) for answer in answers
        )

    def _decided(
        self, transaction: Transaction, worker: str, until: int, taken: Sequence[_Taken]
    ) -> list[_Decided]:
        """Leases in the order of their ids, so that no two workers wait for one another; then decisions."""
        first = {
            each.submission_id: self._lease(transaction, each.submission_id, worker, until, each.received)
            for each in sorted(taken, key=attrgetter("submission_id"))
        }
        named = cache(partial(self._named, transaction.rows))  # most of them name the same
        return [self._decide(transaction, each, first[each.submission_id], named) for each in taken]

    def _lease(
        self,
        transaction: Transaction,
        submission_id: UUID,
        worker: str,
        until: int,
        received: Sequence[ReceivedKey],
    ) -> bool:
        """Take or prolong the lease; True where the submission is opened for the first time."""
        depositor = received[0].depositor_token if received else bytes(32)
        row = {
            "submission_id": submission_id,
            "state": OPEN,
            "worker": worker,
            "lease_until": until,
            "depositor": depositor,
            "opened_at": transaction.now_ms,
        }
        if transaction.rows.insert_new("ingest", row):
            return True
        found = transaction.rows.get("ingest", lock=True, submission_id=submission_id)
        assert found is not None
        if found["state"] == SETTLED:
            raise Conflict("This submission is settled.", code="settled")
        if found["worker"] != worker and found["lease_until"] > transaction.now_ms:
            raise Conflict("Another worker holds this submission.", code="leased")
        transaction.rows.update(
            "ingest",
            {"worker": worker, "lease_until": until},
            submission_id=submission_id,
        )
        return False

    def _decide(self, transaction: Transaction, taken: _Taken, first: bool, named: _Named) -> _Decided:
        opened, received = taken.opened, taken.received
        envelope = opened.envelope
        # what was adopted in part is finished, however late: refusing it now would lose what was promised
        begun = not first and _is_begun(transaction, envelope.submission_id)
        actor = depositor_of(self._vault, transaction, envelope, received, any_age=begun)
        preamble = deposit_preamble(actor, b"submission\x00" + envelope.submission_id.bytes)
        decided = partial(_Decided, envelope.submission_id, preamble)
        if actor is None:
            return decided(ReasonCode.BAD_CREDENTIAL)
        size = sum(part.length for part in envelope.parts) if first else 0
        if _over_quota(transaction, preamble, actor, size) and not begun:
            return decided(ReasonCode.QUOTA_EXCEEDED)
        return decided(canonical(self._opened(named, opened, received, actor)))

    def _opened(
        self, named: _Named, opened: OpenedEnvelope, received: Sequence[ReceivedKey], actor: Actor
    ) -> dict[str, Any]:
        """What `open_for_ingest` reads."""
        envelope = opened.envelope
        state, ins, tokens = self._expected(named, envelope, actor)
        depositor = depositor_token(actor.issuer, actor.subject, actor.structure or "")
        return {
            "received": envelope.received,
            "ins": envelope.ins,
            "headers": {name: value for name, value in envelope.headers.items() if name not in _UNTOLD},
            "parts": [
                [str(part.blob), part.offset, part.length, b64(part.sha256), part.name]
                for part in envelope.parts
            ],
            "keys": [[str(key.ref.blob_id), key.ref.version, b64(key.dek)] for key in received],
            "structure": actor.structure or "",
            "structure_token": b64(self._structure_token(actor) or depositor),
            "depositor": b64(depositor),
            "record_state": state,
            "expected_ins": ins,
            "part_tokens": [b64(token) for token in tokens],
            "traits": None,  # workers of 0.1.0 ask for them, and have the vault compare where there are none
            "day_public": b64(opened.day_public),
        }

    def _structure_token(self, actor: Actor) -> bytes | None:
        return self._vault.token(TokenField.STRUCTURE, actor.structure) if actor.structure else None

    def _expected(
        self, named: _Named, envelope: Envelope, actor: Actor
    ) -> tuple[str, str | None, tuple[bytes, ...]]:
        """State and INS of the record that the sender named, and tokens that recognise the parts in it."""
        if envelope.ins is None:
            return "open", None, ()
        row, ins = named(envelope.ins)
        if row is None or ins is None:
            return "unknown", None, ()
        digests = [part.sha256 for part in envelope.parts]
        tokens = tokens_of(self._vault, TokenField.PART, row["record_id"], actor.structure or "", digests)
        return row["state"], ins, tokens

    def _named(self, rows: VaultTransaction, name: str) -> tuple[Row | None, str | None]:
        """The record of this name with its holder's INS."""
        row = record_named(self._vault, rows, name)
        card = self._vault.open(rows, row).card.card
        return row, None if card is None else card.ins.value

    def give_back(self, submission_id: UUID, worker: str) -> None:
        """End this worker's lease on a submission or job, so that any other may go on at once. Repeatable."""
        with self._vault.store.writing() as tx:
            tx.update("job", {"worker": None, "lease_until": 0}, job_id=submission_id, worker=worker)
            tx.update(
                "ingest",
                {"worker": None, "lease_until": 0},
                submission_id=submission_id,
                worker=worker,
                state=OPEN,
            )


def _is_begun(transaction: Transaction, submission_id: UUID) -> bool:
    return bool(transaction.rows.find("ingest_answer", submission_id=submission_id, limit=1))


def _over_quota(transaction: Transaction, preamble: Preamble, actor: Actor, size: int) -> bool:
    """Count a submission of so many bytes, if there is room for it; True where there is none."""
    # whom one limit refuses counts towards none of the following, which are the structure's
    return (
        preamble.over_quota(transaction)
        or transaction.deposited_too_much(actor, size)
        or preamble.structure_over_quota(transaction)
    )
