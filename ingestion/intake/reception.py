"""Receive a submission: hash, seal and store the bytes in one pass, then acknowledge with one row.

Intake opens nothing, resolves nobody and calls no vault (docs/vault.md section 2). Whatever happens before
the row is kept, a crash included, leaves an upload that the sweeper removes; after it nothing is lost.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from ingestion.envelope import MOST_PARTS, Described, SubmissionHeaders
from keyvault.credentials.possession import certificate_header, proof_header
from keyvault.credentials.possession_proof import PresentedProof, Proof
from keyvault.crypto.blob_sealer import Sealer
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, new_data_key
from keyvault.keys.reception import (
    Envelope,
    ReceivedKey,
    ReceivedPart,
    depositor_token,
    seal_envelope,
    seal_key,
)
from keyvault.keys.reception_keys import ReceptionKey, verify_reception_key
from records.errors import CoffreError, Invalid
from records.people.actors import Actor
from records.vocabulary.codes import SubmissionState
from storage.ports.index import IntakeIndex
from storage.ports.objects import ObjectStore
from storage.rows.submissions import Blob, Submission


@dataclass(frozen=True, slots=True)
class Depositor:
    """A depositor as intake knows it: a verified token, and the token under which it finds its deposits."""

    credential: str = field(repr=False)
    actor: Actor
    token: bytes
    presented: PresentedProof | None = field(default=None, repr=False)
    proof: Proof | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        credential: str,
        actor: Actor,
        presented: PresentedProof | None = None,
        proof: Proof | None = None,
        certificate: str | None = None,
    ) -> "Depositor":
        """`proof` is verified but for body and parts; `presented` goes to the vault with the deposit, and so
        does `certificate`, the thumbprint of the one that the named proxy saw.
        """
        token = depositor_token(actor.issuer, actor.subject, actor.structure or "")
        return cls(credential, actor, token, presented, proof, certificate)

    def check_body(self, body: bytes) -> None:
        """Raises `CredentialError` "proof_invalid" if the proof is for another body."""
        if self.proof is not None:
            self.proof.check_body(body)


class Reception:
    """Makes deposits. `pinned` is the vault's public reception signing key; `bell` wakes a worker."""

    def __init__(
        self,
        index: IntakeIndex,
        objects: ObjectStore,
        *,
        pinned: bytes,
        bell: Callable[[UUID], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._index = index
        self._objects = objects
        self._pinned = pinned
        self._bell = bell
        self._clock = clock

    def begin(self, depositor: Depositor, ins: str | None, headers: SubmissionHeaders) -> "Deposit":
        """Start a submission for the record `ins` names (an INS or a public id; None: the content tells).

        Raises `CoffreError` "reception_closed" while the vault has published no key for today.
        """
        now = int(self._clock())
        deposit = Deposit(self._index, self._objects, self._key(now), depositor, ins, headers, now)
        try:
            self._index.begin_upload(deposit.ref.blob_id, deposit.ref.version, now * 1000)
        except BaseException:
            deposit.abort()
            raise
        return deposit

    def finish(self, deposit: "Deposit") -> UUID:
        """Acknowledge: durable once this returns."""
        deposit.keep()
        self._bell(deposit.submission_id)
        return deposit.submission_id

    def _key(self, now: int) -> ReceptionKey:
        day = datetime.fromtimestamp(now, UTC).date().isoformat()
        document = self._index.reception_key(day)
        if document is None:
            raise CoffreError(
                "Deposits are closed for a moment: the vault has published no key for today. Try again.",
                code="reception_closed",
            )
        return verify_reception_key(json.loads(document), self._pinned, now)


class Deposit:
    """One submission on its way in: parts one after another, sealed into one blob.

    Used by one thread at a time; only `abort` may come from another one, and waits for what is under way.
    """

    def __init__(
        self,
        index: IntakeIndex,
        objects: ObjectStore,
        key: ReceptionKey,
        depositor: Depositor,
        ins: str | None,
        headers: SubmissionHeaders,
        now: int,
    ) -> None:
        self._index = index
        self._key = key
        self._depositor = depositor
        self._ins = ins
        self._headers = headers
        self._received = now
        self.submission_id = uuid7()
        # random, so that objects spread over the folders; time-ordered ids are for rows
        self.ref = BlobRef(uuid4(), 1, BlobKind.PACK)
        self._dek = new_data_key()
        self._sealer = Sealer(self.ref, self._dek)
        self._writer = objects.writer(self.ref.blob_id, self.ref.version)
        self._parts: list[ReceivedPart] = []
        self._described: list[Described] = []
        self._digest: Any = None
        self._start = self._size = 0
        self._stored = False
        # of a cancelled request a thread may still be writing: the file's descriptor is not closed under it
        self._lock = threading.Lock()

    def start_part(self, described: Described | None = None) -> None:
        """Begin the next part; all parts of a deposit are described, or none."""
        if len(self._parts) >= MOST_PARTS:
            raise Invalid(f"Send at most {MOST_PARTS} parts in one request.", code="too_many_parts")
        if described is not None:
            self._described.append(described)
        self._digest = hashlib.sha256()
        self._start = self._size

    def write(self, data: bytes | memoryview) -> None:
        """Content of the current part: one SHA-256 pass, one AES pass, one write."""
        with self._lock:
            self._digest.update(data)
            self._writer.write(self._sealer.update(data))
            self._size += len(data)

    def end_part(self, name: str | None = None) -> None:
        digest = self._digest.digest()
        length = self._size - self._start
        self._parts.append(ReceivedPart(self.ref.blob_id, self._start, length, digest, name))

    @property
    def parts(self) -> int:
        return len(self._parts)

    def keep(self) -> None:
        """Store the object, then the row that acknowledges it, in this order."""
        if not self._parts:
            raise Invalid("The request holds no part: nothing was deposited.", code="no_parts")
        if self._depositor.proof is not None:
            self._depositor.proof.check_parts(part.sha256 for part in self._parts)
        with self._lock:
            self._keep()

    def _keep(self) -> None:
        self._writer.write(self._sealer.finish())
        self._stored = True  # from here on the object may exist
        stored = self._writer.commit()
        sealed = self._sealer.sealed
        token = self._depositor.token
        received = ReceivedKey(self.submission_id, self.ref, token, self._dek)
        blob = Blob(
            blob_id=self.ref.blob_id,
            version=self.ref.version,
            kind=int(self.ref.kind),
            plaintext_size=sealed.plaintext_size,
            ciphertext_size=sealed.ciphertext_size,
            header=sealed.header,
            commitment=sealed.commitment,
            crc64=stored.crc64,
            sealed_key=seal_key(self._key.public, received),
            role="received",
        )
        self._index.receive(self._submission(), [blob])

    def _submission(self) -> Submission:
        envelope = Envelope(
            self.submission_id,
            self._depositor.credential,
            self._received,
            self._ins,
            self._written_headers(),
            tuple(self._parts),
        )
        return Submission(
            submission_id=self.submission_id,
            depositor_token=self._depositor.token,
            state=SubmissionState.RECEIVED.value,
            received_at=self._received * 1000,
            sealed_envelope=seal_envelope(self._key.public, envelope),
        )

    def _written_headers(self) -> dict[str, Any]:
        headers = replace(self._headers, described=tuple(self._described)).to_json()
        depositor = self._depositor
        if depositor.presented is not None:
            headers |= proof_header(depositor.presented)
        if depositor.certificate is not None:
            headers |= certificate_header(depositor.certificate)
        return headers

    def abort(self) -> None:
        """Forget a submission that did not come to its end; repeatable.

        An object that may exist keeps its upload row: the sweeper removes both.
        """
        with self._lock:
            self._writer.abort()
        if not self._stored:
            self._index.end_upload(self.ref.blob_id, self.ref.version)
