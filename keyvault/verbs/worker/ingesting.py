"""The worker takes a submission's keys for INGEST, and gives it back (docs/vault.md section 2)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from audit.canonical import canonical, parse
from keyvault.context import Vault
from keyvault.credentials.possession import HEADER
from keyvault.crypto.boxes import open_box, seal_box
from keyvault.crypto.search_tokens import TokenField
from keyvault.keys.reception import Envelope, ReceivedKey, ReceivedPart, depositor_token
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Denied, Preamble
from keyvault.verbs.leases import LONGEST_LEASE_MS, OPEN, SETTLED
from keyvault.verbs.worker.received import (
    OpenedEnvelope,
    ReceivedBlobKey,
    deposit_preamble,
    depositor_of,
    open_received,
    open_sealed_key,
)
from keyvault.verbs.worker.recognising import record_named
from records.actors import Actor
from records.base64url import b64, unb64
from records.errors import Conflict
from records.vocabulary.codes import ReasonCode


@dataclass(frozen=True, slots=True)
class ForIngest:
    """A submission opened for a worker: the envelope but its credential, data keys, the record awaited."""

    envelope: Envelope
    keys: dict[tuple[UUID, int], bytes] = field(repr=False)
    structure: str
    structure_token: bytes  # the depositor's own token where it has no structure
    depositor: bytes
    record_state: str  # "active", another state, "unknown" where no record has this INS, "open" without INS
    expected_ins: str | None = field(repr=False)
    day_public: bytes


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
        opened = open_received(self._vault, submission_id, sealed_envelope)
        received = [open_sealed_key(opened.day_private, submission_id, key) for key in keys]
        with self._vault.transaction() as transaction:
            until = transaction.now_ms + min(lease_ms, LONGEST_LEASE_MS)
            first = self._lease(transaction, submission_id, worker, until, received)
            answer = self._answer(transaction, opened, received, first)
        return answer if isinstance(answer, Denied) else seal_box(recipient, answer)

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

    def _answer(
        self, transaction: Transaction, opened: OpenedEnvelope, received: Sequence[ReceivedKey], first: bool
    ) -> bytes | Denied:
        envelope, chain = opened.envelope, self._vault.system_chain
        # what was adopted in part is finished, however late: refusing it now would lose what was promised
        begun = bool(transaction.rows.find("ingest_answer", submission_id=envelope.submission_id, limit=1))
        actor = depositor_of(self._vault, transaction, envelope, received, any_age=begun)
        preamble = deposit_preamble(actor, b"submission\x00" + envelope.submission_id.bytes)
        object_id = str(envelope.submission_id)
        if actor is None:
            return preamble.refuse(transaction, chain, ReasonCode.BAD_CREDENTIAL, object_id=object_id)
        size = sum(part.length for part in envelope.parts) if first else 0
        if _over_quota(transaction, preamble, actor, size) and not begun:
            return preamble.refuse(transaction, chain, ReasonCode.QUOTA_EXCEEDED, object_id=object_id)
        return canonical(self._opened(transaction, opened, received, actor))

    def _opened(
        self, transaction: Transaction, opened: OpenedEnvelope, received: Sequence[ReceivedKey], actor: Actor
    ) -> dict[str, Any]:
        """What `open_for_ingest` reads."""
        envelope = opened.envelope
        state, ins = self._expected(transaction, envelope)
        depositor = depositor_token(actor.issuer, actor.subject, actor.structure or "")
        return {
            "received": envelope.received,
            "ins": envelope.ins,
            "headers": {name: value for name, value in envelope.headers.items() if name != HEADER},
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
            "traits": None,  # workers of 0.1.0 ask for them, and have the vault compare where there are none
            "day_public": b64(opened.day_public),
        }

    def _structure_token(self, actor: Actor) -> bytes | None:
        return self._vault.token(TokenField.STRUCTURE, actor.structure) if actor.structure else None

    def _expected(self, transaction: Transaction, envelope: Envelope) -> tuple[str, str | None]:
        if envelope.ins is None:
            return "open", None
        row = record_named(self._vault, transaction.rows, envelope.ins)
        card = self._vault.open(transaction.rows, row).card.card
        if row is None or card is None:
            return "unknown", None
        return row["state"], card.ins.value

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


def open_for_ingest(private: bytes, sealed: bytes, submission_id: UUID) -> ForIngest:
    """The worker's side of `release_ingest`."""
    found = parse(open_box(private, sealed))
    parts = tuple(
        ReceivedPart(UUID(blob), offset, length, unb64(digest), name)
        for blob, offset, length, digest, name in found["parts"]
    )
    envelope = Envelope(submission_id, "", found["received"], found["ins"], found["headers"], parts)
    return ForIngest(
        envelope=envelope,
        keys={(UUID(blob), version): unb64(dek) for blob, version, dek in found["keys"]},
        structure=found["structure"],
        structure_token=unb64(found["structure_token"]),
        depositor=unb64(found["depositor"]),
        record_state=found["record_state"],
        expected_ins=found["expected_ins"],
        day_public=unb64(found["day_public"]),
    )


def _over_quota(transaction: Transaction, preamble: Preamble, actor: Actor, size: int) -> bool:
    """Count a submission of so many bytes, if there is room for it; True where there is none."""
    # whom one limit refuses counts towards none of the following, which are the structure's
    return (
        preamble.over_quota(transaction)
        or transaction.deposited_too_much(actor, size)
        or preamble.structure_over_quota(transaction)
    )
