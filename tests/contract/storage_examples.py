"""Rows for the storage suites, plausible where it matters and short elsewhere."""

import os
from typing import Any
from uuid import UUID, uuid4

from storage.ports.index import Index, WorkerIndex
from storage.rows.documents import Details, Document, Instance, Token
from storage.rows.publications import Publication
from storage.rows.submissions import Blob, PartVerdict, Sharing, Submission

RECORD = UUID("01890000-0000-7000-8000-000000000001")


def a_blob(**changes: Any) -> Blob:
    values: dict[str, Any] = {
        "blob_id": uuid4(),
        "version": 1,
        "kind": 1,
        "plaintext_size": 10,
        "ciphertext_size": 66,
        "header": os.urandom(40),
        "commitment": os.urandom(32),
        "crc64": (1 << 64) - 1,
        "sealed_key": os.urandom(100),
        "role": "received",
    }
    return Blob(**values | changes)


def a_submission(**changes: Any) -> Submission:
    values: dict[str, Any] = {
        "submission_id": uuid4(),
        "depositor_token": b"d" * 32,
        "state": "received",
        "received_at": 1,
        "sealed_envelope": b"sealed",
    }
    return Submission(**values | changes)


def received(index: Index, *blobs: Blob, **changes: Any) -> UUID:
    """A submission that intake acknowledged."""
    submission = a_submission(**changes)
    for blob in blobs:
        index.begin_upload(blob.blob_id, blob.version, at=1)
    index.receive(submission, blobs)
    return submission.submission_id


def claimed(index: Index, *blobs: Blob, worker: str = "worker") -> UUID:
    """A submission that a worker holds until 10 000."""
    submission_id = received(index, *blobs)
    assert index.claim(submission_id, worker, now=100, until=10_000)
    return submission_id


def claim_next(index: WorkerIndex, worker: str, *, now: int, until: int, **how: Any) -> Submission | None:
    """The submission whose turn it is, alone."""
    found = index.claim_some(worker, now, until, Sharing(most=1, largest=0), **how)
    return found[0] if found else None


def a_document(**changes: Any) -> Document:
    values: dict[str, Any] = {
        "document_id": uuid4(),
        "record_id": RECORD,
        "kind": "study",
        "state": "approved",
        "study_token": b"s" * 32,
        "created_at": 200,
        "updated_at": 200,
    }
    return Document(**values | changes)


def publication_of(
    submission_id: UUID,
    document: Document | None = None,
    *,
    row_version: int = 1,
    sop_tokens: tuple[bytes, ...] = (b"1" * 32,),
    blob: Blob | None = None,
    **changes: Any,
) -> Publication:
    """One study with an instance per token, all in one blob."""
    document = document or a_document()
    blob = blob or a_blob()
    of_this = {"document_id": document.document_id, "submission_id": submission_id}
    values: dict[str, Any] = {
        "state": "published",
        "finished_at": 300,
        "parts": tuple(
            PartVerdict(
                number=number, outcome="published", code="ok", reason="", document_id=document.document_id
            )
            for number, _ in enumerate(sop_tokens, 1)
        ),
        "documents": (document,),
        "details": (Details(row_version=row_version, sealed=b"sealed row", created_at=300, **of_this),),
        "instances": tuple(
            Instance(
                part=number,
                sop_token=token,
                series_token=b"e" * 32,
                blob_id=blob.blob_id,
                version=1,
                offset=100 * number,
                length=100,
                **of_this,
            )
            for number, token in enumerate(sop_tokens, 1)
        ),
        "tokens": (Token(document_id=document.document_id, field="accession", token=b"a" * 32),),
    }
    return Publication(**values | changes)


def published(index: Index, document: Document | None = None, **options: Any) -> Document:
    document = document or a_document()
    submission_id = claimed(index)
    assert index.publish(submission_id, "worker", publication_of(submission_id, document, **options))
    return document
