"""One permitted adoption: wraps, document rows, sealed details and the event, in one transaction."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.envelope import KeyUse
from keyvault.crypto.sealed_blob import HEADER, HEADER_MARK, BlobRef, ciphertext_size, commitment
from keyvault.crypto.sealed_json import seal_details
from keyvault.crypto.search_tokens import TokenField
from keyvault.keys.blob_keys import ADOPTED, wrap_data_key
from keyvault.keys.cards import content_token, open_facts, seal_facts
from keyvault.keys.record_keys import new_object_key, open_object_key
from keyvault.keys.summaries import add_summaries
from keyvault.log.appending import Event
from keyvault.opened_records import OpenedRecord
from keyvault.store import Row, new_id
from keyvault.transaction import Transaction
from keyvault.verbs.worker.adopt_request import (
    Adopted,
    AdoptedDocument,
    AdoptRequest,
    NewBlob,
    NewDocument,
    facts_of_new,
)
from records.actors import Actor
from records.details import damaged
from records.details_json import to_json
from records.errors import Conflict
from records.summaries import summary_of
from records.vocabulary.codes import Action, DocumentState, PurposeOfUse, ReasonCode
from records.vocabulary.person_warnings import person_codes


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
        """Keep the blobs and documents, and log the deposit. `deks`: data keys by blob."""
        self._keep_blobs(deks)
        key = self._details_key()
        documents = tuple(self._keep_document(document, key) for document in self.request.documents)
        self._log(documents)
        return Adopted(self.record.row["record_id"], documents)

    def carry_out_in(self, document: Row, deks: dict[UUID, bytes]) -> Adopted:
        """Give a document that exists its newest row, of what a job made; the caller logs it."""
        (new,) = self.request.documents
        self._keep_blobs(deks)
        document_id, version = document["document_id"], document["row_version"] + 1
        sealed = seal_details(self._details_key(), to_json(new.details), document_id, version)
        self._keep_row(new, document_id, version, sealed)
        done = AdoptedDocument(document_id, version, sealed, document["study_token"])
        return Adopted(self.record.row["record_id"], (done,))

    def _keep_blobs(self, deks: dict[UUID, bytes]) -> None:
        for blob in self.request.blobs:
            self._keep_blob(blob, deks[blob.blob_id])

    def _keep_blob(self, blob: NewBlob, dek: bytes) -> None:
        _check_blob(blob, dek)
        if not self.transaction.rows.insert_new("blob", self._blob_row(blob, dek)):
            raise Conflict("This key is already in use.", code="commitment_known")

    def _blob_row(self, blob: NewBlob, dek: bytes) -> dict[str, object]:
        key = self.record.key
        return {
            "blob_id": blob.blob_id,
            "version": blob.version,
            "record_id": key.record_id,
            "submission_id": self.request.submission_id,
            "kind": int(blob.kind),
            "wrap": wrap_data_key(key, dek, blob.blob_id, blob.version, blob.commitment),
            "key_version": key.version,
            "commitment": blob.commitment,
            "header": blob.header,
            "plaintext_size": blob.plaintext_size,
            "ciphertext_size": blob.ciphertext_size,
            "state": ADOPTED,
            "retired_at": None,
        }

    def _details_key(self) -> bytes:
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
        sealed = seal_details(details_key, to_json(new.details), document_id, version)
        if present is None:
            digest = hashlib.sha256(sealed).digest()
            tx.insert("document", self._new_row(new, document_id, study, digest))
            made = {(document_id, version): summary_of([new.details])}
            add_summaries(tx, self.record.card, made)
        self._keep_row(new, document_id, version, sealed)
        return AdoptedDocument(document_id, version, sealed, study, shared=others)

    def _keep_row(self, new: NewDocument, document_id: UUID, version: int, sealed: bytes) -> None:
        """The newest details row of a document that exists, and its links to the blobs."""
        tx, digest = self.transaction.rows, hashlib.sha256(sealed).digest()
        values, record_id = {"row_version": version, "row_digest": digest}, self.record.key.record_id
        tx.update("document", values, document_id=document_id, record_id=record_id)
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
        told = Event.of(
            Action.QUARANTINE if quarantined else Action.DEPOSIT,
            self.purpose,
            self.actor,
            permitted=ReasonCode.DEPOSIT,
            record=None if quarantined else self.record.row["public_id"],
            object_id=single,
            commitment=hashlib.sha256(commitments).digest(),
            details={"documents": len(documents), **self._differing()},
        )
        self.transaction.append(self.vault.chain_of(self.record), told)

    def _differing(self) -> dict[str, str]:
        """What the comparison of traits found, by its codes; nothing where nothing differs."""
        found = person_codes(code for new in self.request.documents for code in new.details.warnings)
        return {"differing": ", ".join(found)} if found else {}


def _check_blob(blob: NewBlob, dek: bytes) -> None:
    ref = BlobRef(blob.blob_id, blob.version, blob.kind)
    if commitment(dek, ref) != blob.commitment:
        raise Conflict("The commitment is not this key's.", code="commitment_mismatch")
    header = len(blob.header) == HEADER and blob.header[0] == HEADER_MARK
    if not header or ciphertext_size(blob.plaintext_size) != blob.ciphertext_size:
        raise Conflict("The sizes or the header of a blob are wrong.", code="blob_size_mismatch")
