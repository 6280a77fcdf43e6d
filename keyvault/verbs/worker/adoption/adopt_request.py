"""The request of a worker to adopt, its answer, and the answer that is kept for an equal repeat.

An answer stays in the vault until its submission or job is settled: an equal repeat is answered alike, with
equal ids and no second event.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from audit.canonical import canonical, parse
from keyvault.crypto.sealed_blob import BlobKind
from keyvault.transaction import Transaction
from keyvault.verbs.call import Denied
from records.documents.declared import declared_authors, practice_setting
from records.documents.depositing_labels import labelled_too
from records.documents.details import DocumentDetails
from records.documents.facts import DocumentFacts, Kind
from records.errors import Conflict
from records.people.actors import Actor
from records.profile.entries import read_entry
from records.text.base64url import b64, unb64
from records.vocabulary.codes import DocumentState, Label
from records.vocabulary.document_types import class_of


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
    """One adopted document as the index keeps it: the row is opaque to everyone but the vault.

    `shared`: another structure has a study under this Study Instance UID in this record, and keeps it.
    `state` is that of the document, `replaced` the one that is deprecated by it.
    """

    document_id: UUID
    row_version: int
    sealed: bytes
    study_token: bytes | None
    shared: bool = False
    state: DocumentState = DocumentState.APPROVED
    replaced: UUID | None = None


@dataclass(frozen=True, slots=True)
class Adopted:
    record_id: UUID
    documents: tuple[AdoptedDocument, ...]


@dataclass(frozen=True, slots=True)
class AdoptAnswer:
    """What one of several requests was answered: one of the two."""

    adopted: Adopted | None = None
    denied: Denied | None = None

    @classmethod
    def of(cls, answer: Adopted | Denied) -> "AdoptAnswer":
        return cls(denied=answer) if isinstance(answer, Denied) else cls(adopted=answer)

    @property
    def value(self) -> Adopted | Denied:
        found = self.adopted or self.denied
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Deposited:
    """By whom, with which labels and when (unix seconds) documents are deposited."""

    actor: Actor
    labels: frozenset[Label] = frozenset()
    now: int = 0


def facts_of_all(request: AdoptRequest, by: Deposited) -> list[DocumentFacts]:
    """The facts of what is to be adopted, for the decision."""
    return [facts_of_new(new, UUID(int=0), by) for new in request.documents]


def facts_of_new(new: NewDocument, document_id: UUID, by: Deposited) -> DocumentFacts:
    """The first facts of a document: whoever deposits it is its author, beside those whom it names."""
    named, actor = declared_authors(new.details), by.actor
    own = new.details.file.entry if new.details.file else None
    former = own is not None and read_entry(own.resource).removed
    facts = DocumentFacts(
        document_id=document_id,
        kind=new.kind,
        type_code=new.type_code,
        author_structure=actor.structure or "",
        author=actor.rpps or "",
        labels=frozenset(),
        state=DocumentState.DEPRECATED if former else DocumentState.APPROVED,
        class_code=class_of(new.type_code),
        practice_setting=practice_setting(new.details),
        declared_author=named.person,
        declared_structure=named.structure,
    )
    return labelled_too(facts, by.labels, by.now)


def check_packs(request: AdoptRequest) -> None:
    """Every byte of an adopted blob belongs to exactly one document (docs/vault.md section 2)."""
    named = [blob for document in request.documents for blob in document.blobs]
    if sorted(named) != sorted((blob.blob_id, blob.version) for blob in request.blobs):
        raise Conflict("Each blob must belong to one document, and to one alone.", code="mixed_blob")


def kept_answer(transaction: Transaction, request: AdoptRequest) -> Adopted | None:
    """What an equal request was answered before."""
    submission_id, target = request.submission_id, _target(request)
    kept = transaction.rows.get("ingest_answer", submission_id=submission_id, target=target)
    return _read(kept["answer"]) if kept is not None else None


def keep_answer(transaction: Transaction, request: AdoptRequest, adopted: Adopted) -> None:
    """Keep the answer until the submission or job is settled."""
    named = {"submission_id": request.submission_id, "target": _target(request)}
    transaction.rows.insert("ingest_answer", {**named, "answer": _written(adopted)})


def _target(request: AdoptRequest) -> bytes:
    """Names the adoption: what is adopted, and where."""
    blobs = sorted([str(blob.blob_id), blob.version, b64(blob.commitment)] for blob in request.blobs)
    name = [str(request.submission_id), request.record or "quarantine", blobs]
    return hashlib.sha256(b"coffre-adopt-v1\x00" + canonical(name)).digest()


def _written(adopted: Adopted) -> bytes:
    documents = [
        [
            str(document.document_id),
            document.row_version,
            b64(document.sealed),
            b64(document.study_token) if document.study_token else None,
            *([True] if document.shared else []),
            *_own_json(document),
        ]
        for document in adopted.documents
    ]
    return canonical({"record": str(adopted.record_id), "documents": documents})


def _read(answer: bytes) -> Adopted:
    found = parse(answer)
    documents = tuple(
        AdoptedDocument(
            UUID(document),
            version,
            unb64(sealed),
            unb64(study) if study else None,
            True in more,
            **_own(more),
        )
        for document, version, sealed, study, *more in found["documents"]
    )
    return Adopted(UUID(found["record"]), documents)


def _own_json(document: AdoptedDocument) -> list[dict[str, str | None]]:
    """What only entries of own information have."""
    if document.state is DocumentState.APPROVED and document.replaced is None:
        return []
    replaced = None if document.replaced is None else str(document.replaced)
    return [{"state": document.state.value, "replaced": replaced}]


def _own(more: list[Any]) -> dict[str, Any]:
    found = next((each for each in more if isinstance(each, dict)), None)
    if found is None:
        return {}
    replaced = found["replaced"]
    return {"state": DocumentState(found["state"]), "replaced": None if replaced is None else UUID(replaced)}
