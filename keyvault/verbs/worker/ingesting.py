"""The worker's verbs: take a submission's key for INGEST, and give it back (docs/vault.md section 2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from audit.canonical import canonical, parse
from keyvault.context import OpenedRecord, Transaction, Vault
from keyvault.credentials import withdrawn
from keyvault.credentials.possession import HEADER, LONGEST_UPLOAD, shown_in
from keyvault.crypto.boxes import open_box, seal_box
from keyvault.crypto.search_tokens import TokenField, part_value
from keyvault.keys.reception import (
    Envelope,
    ReceivedKey,
    ReceivedPart,
    depositor_token,
    open_envelope,
    open_key,
)
from keyvault.log.appending import Event
from keyvault.quotas import Touch
from keyvault.store import Row, VaultTransaction
from keyvault.verbs.attempt import Denied
from keyvault.verbs.caller import admit_deposit
from keyvault.verbs.leases import LONGEST_LEASE_MS, OPEN, SETTLED
from records.actors import Actor
from records.base64url import b64, unb64
from records.documents import DocumentFacts
from records.errors import CoffreError, Conflict, Invalid
from records.policy import AccessRequest, Deny, Facts, decide
from records.traits import ClaimedTraits, Trait, differing_of_all
from records.vocabulary.codes import Action, Outcome, PurposeOfUse, ReasonCode

OLDEST_CREDENTIAL_MS = 48 * 3_600_000


@dataclass(frozen=True, slots=True)
class ReceivedBlobKey:
    """A blob of a submission with its data key as intake sealed it."""

    blob_id: UUID
    version: int
    sealed_key: bytes


@dataclass(frozen=True, slots=True)
class ForIngest:
    """What the vault opens for a worker: the envelope but its credential, data keys, the record awaited."""

    envelope: Envelope
    keys: dict[tuple[UUID, int], bytes] = field(repr=False)
    structure: str
    structure_token: bytes  # the depositor's own token where it has no structure
    depositor: bytes
    record_state: str  # "active", another state, "unknown" where no record has this INS, "open" without INS
    expected_ins: str | None = field(repr=False)
    day_public: bytes


@dataclass(frozen=True, slots=True)
class OpenedEnvelope:
    """An envelope, and the day key it was sealed to."""

    envelope: Envelope
    day_private: bytes = field(repr=False)
    day_public: bytes


class ReleasingForIngest:
    """`release` with purpose INGEST, `give_back`, and tokens."""

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
        envelope = opened.envelope
        # what was adopted in part is finished, however late: refusing it now would lose what was promised
        begun = bool(transaction.rows.find("ingest_answer", submission_id=envelope.submission_id, limit=1))
        actor = depositor_of(self._vault, transaction, envelope, received, any_age=begun)
        if actor is None:
            return _refused(self._vault, transaction, envelope, None, ReasonCode.BAD_CREDENTIAL)
        touch = Touch(actor, b"submission\x00" + envelope.submission_id.bytes)
        size = sum(part.length for part in envelope.parts) if first else 0
        # whom one limit refuses counts towards none of the following, which are the structure's
        over = (
            transaction.over_quota(touch)
            or transaction.deposited_too_much(actor, size)
            or transaction.structure_over_quota(touch)
        )
        if over and not begun:
            return _refused(self._vault, transaction, envelope, actor, ReasonCode.QUOTA_EXCEEDED)
        state, ins = self._expected(transaction, envelope)
        depositor = depositor_token(actor.issuer, actor.subject, actor.structure or "")
        document = {
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
        return canonical(document)

    def _structure_token(self, actor: Actor) -> bytes | None:
        return self._vault.token(TokenField.STRUCTURE, actor.structure) if actor.structure else None

    def _expected(self, transaction: Transaction, envelope: Envelope) -> tuple[str, str | None]:
        if envelope.ins is None:
            return "open", None
        row = self._find(transaction.rows, envelope.ins)
        card = self._vault.open(transaction.rows, row).card.card
        if row is None or card is None:
            return "unknown", None
        return row["state"], card.ins.value

    def _find(self, tx: VaultTransaction, locator: str) -> Row | None:
        """The record a sender named; no name of this environment is no record, not an error to repeat."""
        try:
            return self._vault.find_record(tx, locator)
        except Invalid:
            return None

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

    def tokens(self, values: Sequence[tuple[TokenField, str]]) -> tuple[bytes, ...]:
        """Search tokens for what a worker is about to publish."""
        return tuple(self._vault.token(name, value) for name, value in values)

    def part_tokens(self, record: str, structure: str, digests: Iterable[bytes]) -> tuple[bytes, ...] | None:
        """Tokens that recognise the same bytes of one structure in one record; None: no such record."""
        return self._of_one_structure(TokenField.PART, record, structure, digests)

    def identifier_token(self, record: str, structure: str, digest: bytes) -> bytes | None:
        """The token of a document's own identifier, likewise; `digest` is SHA-256 of what it is."""
        found = self._of_one_structure(TokenField.IDENTIFIER, record, structure, [digest])
        return found[0] if found else None

    def _of_one_structure(
        self, name: TokenField, record: str, structure: str, digests: Iterable[bytes]
    ) -> tuple[bytes, ...] | None:
        with self._vault.store.reading() as tx:
            row = self._find(tx, record)
        if row is None:
            return None
        values = (part_value(row["record_id"], structure, digest) for digest in digests)
        return tuple(self._vault.token(name, value) for value in values)

    def differing_traits(
        self, submission_id: UUID, worker: str, record: str, claims: Sequence[ClaimedTraits]
    ) -> tuple[Trait, ...]:
        """Which traits of a content contradict those of a record: the one comparison on every path to it.

        For the holder of the lease on the submission or on the job that releases it, else `Conflict`
        "lease_lost". The record's traits stay here; where no record has this name nothing differs.
        """
        with self._vault.store.reading() as tx:
            lease = tx.get("ingest", submission_id=submission_id) or tx.get("job", job_id=submission_id)
            if lease is None or lease["worker"] != worker or lease["lease_until"] < self._vault.now_ms():
                raise Conflict("The lease of this submission is lost.", code="lease_lost")
            row = self._find(tx, record)
            card = self._vault.open(tx, row).card.card
        if row is None or card is None:
            return ()
        return tuple(sorted(differing_of_all(claims, card.traits)))


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


def open_received(vault: Vault, submission_id: UUID, sealed: bytes) -> OpenedEnvelope:
    """Open an envelope with whichever live day key it was sealed to."""
    for row, private in vault.days():
        try:
            envelope = open_envelope(private, sealed, submission_id)
        except CoffreError:
            continue
        return OpenedEnvelope(envelope, private, row["public"])
    raise CoffreError(
        "The reception key of this submission is gone or another's: ask the sender to deposit again.",
        code="day_key_gone",
    )


def open_sealed_key(private: bytes, submission_id: UUID, key: ReceivedBlobKey) -> ReceivedKey:
    """Open one data key; what it was sealed for must be what is asked."""
    received = open_key(private, key.sealed_key)
    named = (received.submission_id, received.ref.blob_id, received.ref.version)
    if named != (submission_id, key.blob_id, key.version):
        raise Conflict("This data key was received for something else.", code="received_key_mismatch")
    return received


def depositor_of(
    vault: Vault,
    transaction: Transaction,
    envelope: Envelope,
    received: Sequence[ReceivedKey],
    *,
    any_age: bool = False,
) -> Actor | None:
    """The depositor, its credential accepted as of reception (at most 48 h ago); None where it isn't."""
    if not any_age and envelope.received * 1000 < transaction.now_ms - OLDEST_CREDENTIAL_MS:
        return None
    if envelope.received * 1000 > transaction.now_ms + 60_000:
        return None  # a reception in the future would revive an expired credential
    try:
        presented = shown_in(envelope.headers)
        verified = vault.verified(
            envelope.credential, at=envelope.received, presented=presented, oldest=LONGEST_UPLOAD
        )
        withdrawn.check(transaction.rows, vault.pseudonym, verified.actor, envelope.received * 1000)
        if verified.proof is not None and presented is not None:
            admit_deposit(transaction, envelope, presented, verified.proof)
    except CoffreError:
        return None
    actor = verified.actor
    token = depositor_token(actor.issuer, actor.subject, actor.structure or "")
    return actor if all(key.depositor_token == token for key in received) else None


def may_deposit(
    transaction: Transaction, actor: Actor, record: OpenedRecord, documents: Iterable[DocumentFacts]
) -> ReasonCode | None:
    """Why this depositor may not feed this record, or may not with one of these documents; or None."""
    request = AccessRequest(actor, Action.DEPOSIT, PurposeOfUse.NORMAL, transaction.now)
    for document in (None, *documents):
        decision = decide(request, Facts(record.facts, document))
        if isinstance(decision, Deny):
            return decision.reason
    return None


def _refused(
    vault: Vault, transaction: Transaction, envelope: Envelope, actor: Actor | None, reason: ReasonCode
) -> Denied:
    transaction.append(
        vault.system_chain,
        Event(
            action=Action.DEPOSIT,
            outcome=Outcome.DENY,
            reason=reason,
            purpose=PurposeOfUse.INGEST,
            actor=actor,
            record=None,
            object_id=str(envelope.submission_id),
        ),
    )
    return Denied(reason)
