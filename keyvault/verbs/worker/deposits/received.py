"""Open a received deposit: its envelope and data keys; decide whether its depositor may feed a record.

The credential lies in the envelope. It is accepted as of reception, whenever a worker comes (docs/vault.md
section 2).
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from keyvault.context import Vault
from keyvault.credentials import withdrawn
from keyvault.credentials.possession import LONGEST_UPLOAD, certificate_in, presented_in
from keyvault.keys.reception import Envelope, ReceivedKey, depositor_token, open_envelope, open_key
from keyvault.opened_records import OpenedRecord
from keyvault.transaction import Transaction
from keyvault.verbs.caller import admit_deposit
from keyvault.verbs.preamble import Preamble
from records.documents.facts import DocumentFacts
from records.durations import HOUR_MS
from records.errors import CoffreError, Conflict
from records.people.actors import Actor
from records.policy import AccessRequest, Deny, Facts, decide
from records.vocabulary.codes import Action, PurposeOfUse, ReasonCode

OLDEST_CREDENTIAL_MS = 48 * HOUR_MS


@dataclass(frozen=True, slots=True)
class ReceivedBlobKey:
    """A blob of a submission with its data key as intake sealed it."""

    blob_id: UUID
    version: int
    sealed_key: bytes


@dataclass(frozen=True, slots=True)
class OpenedEnvelope:
    """An envelope, and the day key it was sealed to."""

    envelope: Envelope
    day_private: bytes = field(repr=False)
    day_public: bytes


def open_all_received(vault: Vault, sealed: Mapping[UUID, bytes]) -> dict[UUID, OpenedEnvelope]:
    """Open envelopes, each with whichever live day key it was sealed to.

    Raises `CoffreError` "day_key_gone" where one of them can't be opened.
    """
    opened: dict[UUID, OpenedEnvelope] = {}
    for row, private in vault.days():
        for submission_id in sealed.keys() - opened.keys():
            with suppress(CoffreError):
                envelope = open_envelope(private, sealed[submission_id], submission_id)
                opened[submission_id] = OpenedEnvelope(envelope, private, row["public"])
        if len(opened) == len(sealed):
            return opened
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
        presented = presented_in(envelope.headers)
        verified = vault.verified(
            transaction.rows,
            envelope.credential,
            at=envelope.received,
            presented=presented,
            certificate=certificate_in(envelope.headers),
            oldest=LONGEST_UPLOAD,
        )
        withdrawn.check(transaction.rows, vault.pseudonym, verified.actor, envelope.received * 1000)
        if verified.proof is not None and presented is not None:
            admit_deposit(transaction, envelope, presented, verified.proof)
        if vault.issuers.is_new(verified.issuer):
            vault.first_seen(transaction, verified.issuer)
    except CoffreError:
        return None
    actor = verified.actor
    token = depositor_token(actor.issuer, actor.subject, actor.structure or "")
    return actor if all(key.depositor_token == token for key in received) else None


def may_deposit(
    transaction: Transaction, actor: Actor, record: OpenedRecord, documents: Iterable[DocumentFacts]
) -> ReasonCode | None:
    """The reason why this depositor may not feed this record, or not with these documents; else None."""
    request = AccessRequest(actor, Action.DEPOSIT, PurposeOfUse.NORMAL, transaction.now)
    for document in (None, *documents):
        decision = decide(request, Facts(record.facts, document))
        if isinstance(decision, Deny):
            return decision.reason
    return None


def deposit_preamble(actor: Actor | None, counted: bytes) -> Preamble:
    """The preamble of a deposit's verbs; without an actor where its credential was not accepted."""
    return Preamble(action=Action.DEPOSIT, actor=actor, counted=counted, purpose=PurposeOfUse.INGEST)
