"""Adopt documents that a worker accepted into a record, in one transaction of the vault.

Idempotent on (submission, blobs, versions, commitments): an equal repeat returns the kept answer, with equal
ids and no second event, because the answer stays in the vault until the submission is settled.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from audit.canonical import canonical, parse
from keyvault.context import QUARANTINE, OpenedRecord, Transaction, Vault
from keyvault.crypto.envelope import KeyUse, details_aad, seal_json, wrap_object_key
from keyvault.crypto.sealed_blob import HEADER, HEADER_MARK, BlobKind, BlobRef, ciphertext_size, commitment
from keyvault.crypto.search_tokens import TokenField
from keyvault.keys.cards import content_token, open_facts, seal_facts
from keyvault.keys.record_keys import new_object_key, open_object_key
from keyvault.log.appending import Event
from keyvault.store import Row, new_id
from keyvault.verbs.attempt import Denied, Preamble
from keyvault.verbs.operator.records import new_record
from keyvault.verbs.reader.releasing import ADOPTED
from keyvault.verbs.worker.ingesting import (
    OPEN,
    ReceivedBlobKey,
    depositor_of,
    may_deposit,
    open_received,
    open_sealed_key,
)
from records.actors import Actor
from records.base64url import b64, unb64
from records.details import DocumentDetails, damaged
from records.details_json import to_json
from records.document_rules import depositor_kind
from records.documents import DocumentFacts, Kind
from records.errors import Conflict
from records.vocabulary import depositing
from records.vocabulary.codes import Action, DocumentState, Outcome, PurposeOfUse, ReasonCode
from records.vocabulary.person_warnings import person_codes


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBlob:
    """A sealed blob to adopt, with the numbers that grants will carry."""

    blob_id: UUID
    version: int
    kind: BlobKind
    sealed_key: bytes
    commitment: bytes
    header: bytes
    plaintext_size: int
    ciphertext_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A document or study to publish; `details` becomes its sealed row, `blobs` hold its bytes alone."""

    kind: Kind
    type_code: str
    study_uid: str | None
    details: DocumentDetails = field(repr=False)
    blobs: tuple[tuple[UUID, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptRequest:
    """`record` is an INS or a public id; None puts the documents under a quarantine record of their own."""

    submission_id: UUID
    worker: str
    sealed_envelope: bytes
    record: str | None = field(repr=False)
    documents: tuple[NewDocument, ...]
    blobs: tuple[NewBlob, ...]


@dataclass(frozen=True, slots=True)
class AdoptedDocument:
    """What the index keeps of one document: the row is opaque to everyone but the vault.

    `shared`: another structure has a study under this Study Instance UID in this record, and keeps it.
    """

    document_id: UUID
    row_version: int
    sealed: bytes
    study_token: bytes | None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Adopted:
    record_id: UUID
    documents: tuple[AdoptedDocument, ...]


class AdoptingVerbs:
    """For the worker."""

    _vault: Vault

    def adopt(self, request: AdoptRequest) -> Adopted | Denied:
        """Verify, decide, wrap the keys, seal the details, log the deposit.

        Raises `Conflict` where a key, a commitment or a size isn't what was received.
        """
        check_packs(request)
        vault = self._vault
        received = open_received(vault, request.submission_id, request.sealed_envelope)
        target = target_of(request)
        with vault.transaction() as transaction:
            _check_lease(transaction, request)
            kept = transaction.rows.get("ingest_answer", submission_id=request.submission_id, target=target)
            if kept is not None:
                return read_answer(kept["answer"])
            keys = [
                open_sealed_key(
                    received.day_private,
                    request.submission_id,
                    ReceivedBlobKey(blob.blob_id, blob.version, blob.sealed_key),
                )
                for blob in request.blobs
            ]
            actor = depositor_of(vault, transaction, received.envelope, keys)
            aside = _set_aside_objection(request, actor)
            record = self._record(transaction, request, received.envelope.ins, None if aside else actor)
            reason = aside or _objection(transaction, request, actor, record)
            if actor is None or reason is not None:
                return _refuse(
                    vault, transaction, request, record, actor, reason or ReasonCode.BAD_CREDENTIAL
                )
            adoption = Adoption(vault, transaction, request, record, actor)
            adopted = adoption.carry_out({key.ref.blob_id: key.dek for key in keys})
            transaction.rows.insert(
                "ingest_answer",
                {
                    "submission_id": request.submission_id,
                    "target": target,
                    "answer": write_answer(adopted),
                },
            )
            return adopted

    def _record(
        self, transaction: Transaction, request: AdoptRequest, url_record: str | None, actor: Actor | None
    ) -> OpenedRecord:
        vault, tx = self._vault, transaction.rows
        if request.record is None and actor is None:
            return vault.open(tx, None)  # refused below: no record is made for it
        if request.record is None:
            opened, _, _ = new_record(
                vault, tx, kind=QUARANTINE, ins=None, public_id=uuid4(), now_ms=transaction.now_ms
            )
            return vault.open(tx, tx.get("record", record_id=opened.record_id))
        row = vault.find_record(tx, request.record)
        if url_record is not None:
            named = vault.find_record(tx, url_record)
            if (named and named["record_id"]) != (row and row["record_id"]):
                raise Conflict("The deposit names another record.", code="other_record")
        return vault.open(tx, row, lock=True)


@dataclass(frozen=True, slots=True)
class Adoption:
    """One permitted adoption, carried out in the transaction that decided it."""

    vault: Vault
    transaction: Transaction
    request: AdoptRequest
    record: OpenedRecord
    actor: Actor
    purpose: PurposeOfUse = PurposeOfUse.INGEST

    def carry_out(self, deks: dict[UUID, bytes]) -> Adopted:
        self.keep_blobs(deks)
        key = self.details_key()
        documents = tuple(self._keep_document(document, key) for document in self.request.documents)
        self._log(documents)
        return Adopted(self.record.row["record_id"], documents)

    def keep_blobs(self, deks: dict[UUID, bytes]) -> None:
        for blob in self.request.blobs:
            self._keep_blob(blob, deks[blob.blob_id])

    def _keep_blob(self, blob: NewBlob, dek: bytes) -> None:
        _check_blob(blob, dek)
        key = self.record.key
        wrapped = wrap_object_key(
            key.key,
            dek,
            use=KeyUse.DATA,
            record_id=key.record_id,
            key_version=key.version,
            object_id=blob.blob_id,
            version=blob.version,
            commitment=blob.commitment,
        )
        row = {
            "blob_id": blob.blob_id,
            "version": blob.version,
            "record_id": key.record_id,
            "submission_id": self.request.submission_id,
            "kind": int(blob.kind),
            "wrap": wrapped,
            "key_version": key.version,
            "commitment": blob.commitment,
            "header": blob.header,
            "plaintext_size": blob.plaintext_size,
            "ciphertext_size": blob.ciphertext_size,
            "state": ADOPTED,
            "retired_at": None,
        }
        if not self.transaction.rows.insert_new("blob", row):
            raise Conflict("This key is already in use.", code="commitment_known")

    def details_key(self) -> bytes:
        """One details key per submission and record (docs/formats.md section 2)."""
        key, submission = self.record.key, self.request.submission_id
        present = self.transaction.rows.get(
            "wrapped_key", record_id=key.record_id, use=int(KeyUse.DETAILS), object_id=submission, version=1
        )
        if present is not None:
            return open_object_key(self.transaction.rows, key, KeyUse.DETAILS, submission)
        return new_object_key(self.transaction.rows, key, KeyUse.DETAILS, submission)

    def _keep_document(self, new: NewDocument, details_key: bytes) -> AdoptedDocument:
        tx = self.transaction.rows
        study = self.vault.token(TokenField.STUDY, new.study_uid) if new.study_uid else None
        present, others = self._studies(study) if new.kind == "study" else (None, False)
        document_id = present["document_id"] if present else new_id()
        version = present["row_version"] + 1 if present else 1
        sealed = seal_json(details_key, to_json(new.details), details_aad(document_id, version))
        if present is None:
            digest = hashlib.sha256(sealed).digest()
            tx.insert("document", self._new_row(new, document_id, study, digest))
        self.keep_row(new, document_id, version, sealed)
        return AdoptedDocument(document_id, version, sealed, study, shared=others)

    def keep_row(self, new: NewDocument, document_id: UUID, version: int, sealed: bytes) -> None:
        """The newest details row of a document that exists, and its links to the blobs."""
        tx, digest = self.transaction.rows, hashlib.sha256(sealed).digest()
        tx.update("document", {"row_version": version, "row_digest": digest}, document_id=document_id)
        row = {"document_id": document_id, "row_version": version, "digest": digest}
        tx.insert("document_row", {**row, "submission_id": self.request.submission_id})
        for blob_id, blob_version in new.blobs:
            link = {"blob_id": blob_id, "version": blob_version, "document_id": document_id}
            tx.insert("blob_document", link)

    def _new_row(
        self, new: NewDocument, document_id: UUID, study: bytes | None, digest: bytes
    ) -> dict[str, object]:
        facts = facts_of_new(new, document_id, self.actor)
        return {
            "document_id": document_id,
            "record_id": self.record.key.record_id,
            "kind": new.kind,
            "state": DocumentState.APPROVED.value,
            "study_token": study,
            "content_token": self._content(new),
            "row_version": 1,
            "row_digest": digest,
            "created_at": self.transaction.now_ms,
            **seal_facts(self.record.card, facts, 1),
        }

    def _content(self, new: NewDocument) -> bytes | None:
        """The token of a single document's content; a study is known by its own."""
        if new.kind == "study":
            return None
        instances = (each for series in new.details.series for each in series.instances)
        sop = next((each.sop for each in instances), None)
        content = new.details.content
        if content is None:
            raise damaged()
        return content_token(self.record.card.key, sop or content.place.sha256.hex())

    def _studies(self, study: bytes | None) -> tuple[Row | None, bool]:
        """The study that these images join, and whether another structure has one of the same UID.

        A study grows by submissions of its own structure; another structure's images are its own study.
        """
        if study is None or not self.record.exists:
            return None, False
        rows = self.transaction.rows.find(
            "document", record_id=self.record.key.record_id, study_token=study, kind="study"
        )
        facts = open_facts(self.record.card, rows)
        living = [row for row in rows if facts[row["document_id"]].state is DocumentState.APPROVED]
        structure = self.actor.structure or ""
        mine = [row for row in living if facts[row["document_id"]].author_structure == structure]
        return next(iter(mine), None), len(mine) < len(living)

    def _log(self, documents: Sequence[AdoptedDocument]) -> None:
        quarantined = self.request.record is None
        single = documents[0].document_id if len(documents) == 1 else self.request.submission_id
        commitments = b"".join(blob.commitment for blob in self.request.blobs)
        self.transaction.append(
            self.vault.chain_of(self.record),
            Event(
                action=Action.QUARANTINE if quarantined else Action.DEPOSIT,
                outcome=Outcome.PERMIT,
                reason=ReasonCode.DEPOSIT,
                purpose=self.purpose,
                actor=self.actor,
                record=None if quarantined else self.record.row["public_id"],
                object_id=str(single),
                commitment=hashlib.sha256(commitments).digest(),
                details={"documents": len(documents), **self._differing()},
            ),
        )

    def _differing(self) -> dict[str, str]:
        """What the comparison of traits found, by its codes; nothing where nothing differs."""
        found = person_codes(code for new in self.request.documents for code in new.details.warnings)
        return {"differing": ", ".join(found)} if found else {}


def _check_lease(transaction: Transaction, request: AdoptRequest) -> None:
    row = transaction.rows.get("ingest", lock=True, submission_id=request.submission_id)
    if row is None or row["state"] != OPEN or row["worker"] != request.worker:
        raise Conflict("This worker doesn't hold the submission any more.", code="lease_lost")


def _objection(
    transaction: Transaction, request: AdoptRequest, actor: Actor | None, record: OpenedRecord
) -> ReasonCode | None:
    if actor is None:
        return ReasonCode.BAD_CREDENTIAL
    if request.record is None:
        return None
    return may_deposit(transaction, actor, record, facts_of_all(request, actor))


def _set_aside_objection(request: AdoptRequest, actor: Actor | None) -> ReasonCode | None:
    """What this kind of depositor may not deposit is not set aside either: it could be released."""
    if request.record is not None or actor is None:
        return None
    kind = depositor_kind(actor)
    aside = [new.details.set_aside for new in request.documents]
    declared = [each.document for each in aside if each is not None and each.document]
    types = [document["type"] for document in declared if "type" in document]
    entitled = all(depositing.may_deposit(kind, each) for each in types)
    return None if entitled else ReasonCode.DEPOSITOR_NOT_ENTITLED


def facts_of_all(request: AdoptRequest, actor: Actor) -> list[DocumentFacts]:
    """The facts of what is to be adopted, for the decision."""
    return [facts_of_new(new, UUID(int=0), actor) for new in request.documents]


def facts_of_new(new: NewDocument, document_id: UUID, actor: Actor) -> DocumentFacts:
    """The first facts of a document: whoever deposits it is its author."""
    return DocumentFacts(
        document_id=document_id,
        kind=new.kind,
        type_code=new.type_code,
        author_structure=actor.structure or "",
        author=actor.rpps or "",
        labels=frozenset(),
        state=DocumentState.APPROVED,
    )


def _refuse(
    vault: Vault,
    transaction: Transaction,
    request: AdoptRequest,
    record: OpenedRecord,
    actor: Actor | None,
    reason: ReasonCode,
) -> Denied:
    preamble = Preamble(
        action=Action.DEPOSIT,
        actor=actor,
        counted=vault.touched(record.row, record.row["public_id"]),
        purpose=PurposeOfUse.INGEST,
    )
    return preamble.refuse(
        transaction,
        vault.chain_of(record),
        reason,
        record=record.row["public_id"] if record.exists else None,
        object_id=str(request.submission_id),
    )


def _check_blob(blob: NewBlob, dek: bytes) -> None:
    ref = BlobRef(blob.blob_id, blob.version, blob.kind)
    if commitment(dek, ref) != blob.commitment:
        raise Conflict("The commitment is not this key's.", code="commitment_mismatch")
    header = len(blob.header) == HEADER and blob.header[0] == HEADER_MARK
    if not header or ciphertext_size(blob.plaintext_size) != blob.ciphertext_size:
        raise Conflict("The sizes or the header of a blob are wrong.", code="blob_size_mismatch")


def check_packs(request: AdoptRequest) -> None:
    """Every byte of an adopted blob belongs to exactly one document (docs/vault.md section 2)."""
    named = [blob for document in request.documents for blob in document.blobs]
    if sorted(named) != sorted((blob.blob_id, blob.version) for blob in request.blobs):
        raise Conflict("Each blob must belong to one document, and to one alone.", code="mixed_blob")


def target_of(request: AdoptRequest) -> bytes:
    """Names the adoption: what is adopted, and where."""
    blobs = sorted([str(blob.blob_id), blob.version, b64(blob.commitment)] for blob in request.blobs)
    name = [str(request.submission_id), request.record or "quarantine", blobs]
    return hashlib.sha256(b"coffre-adopt-v1\x00" + canonical(name)).digest()


def write_answer(adopted: Adopted) -> bytes:
    documents = [
        [
            str(document.document_id),
            document.row_version,
            b64(document.sealed),
            b64(document.study_token) if document.study_token else None,
            *([True] if document.shared else []),
        ]
        for document in adopted.documents
    ]
    return canonical({"record": str(adopted.record_id), "documents": documents})


def read_answer(answer: bytes) -> Adopted:
    found = parse(answer)
    documents = tuple(
        AdoptedDocument(UUID(document), version, unb64(sealed), unb64(study) if study else None, any(shared))
        for document, version, sealed, study, *shared in found["documents"]
    )
    return Adopted(UUID(found["record"]), documents)
