"""Rows of adopted documents: of the document, of its sealed details, and their links to the blobs."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from keyvault.keys.cards import content_token, seal_facts
from keyvault.opened_records import OpenedRecord
from keyvault.store import VaultTransaction
from keyvault.verbs.worker.adoption.adopt_request import AdoptedDocument, NewDocument
from records.documents.details import damaged
from records.documents.facts import DocumentFacts


def new_row(
    record: OpenedRecord, new: NewDocument, facts: DocumentFacts, done: AdoptedDocument, now_ms: int
) -> dict[str, object]:
    """Of a document that was not there before."""
    return {
        "document_id": facts.document_id,
        "record_id": record.key.record_id,
        "kind": new.kind,
        "state": facts.state.value,
        "study_token": done.study_token,
        "content_token": _content(record, new),
        "row_version": 1,
        "row_digest": digest_of(done),
        "created_at": now_ms,
        **seal_facts(record.card, facts, 1),
    }


def digest_of(done: AdoptedDocument) -> bytes:
    """Of its newest details row, by which the vault knows it again."""
    return hashlib.sha256(done.sealed).digest()


def renew(rows: VaultTransaction, record: OpenedRecord, done: AdoptedDocument) -> None:
    """Name the newest details row of a document that was there before."""
    values = {"row_version": done.row_version, "row_digest": digest_of(done)}
    where = {"document_id": done.document_id, "record_id": record.key.record_id}
    rows.update("document", values, **where)


def keep_rows(
    rows: VaultTransaction, submission: UUID, kept: Sequence[tuple[NewDocument, AdoptedDocument]]
) -> None:
    """The details rows of documents that are there, and their links to the blobs."""
    details = [
        {
            "document_id": done.document_id,
            "row_version": done.row_version,
            "digest": digest_of(done),
            "submission_id": submission,
        }
        for _, done in kept
    ]
    links = [
        {"blob_id": blob_id, "version": version, "document_id": done.document_id}
        for new, done in kept
        for blob_id, version in new.blobs
    ]
    rows.insert("document_row", *details)
    rows.insert("blob_document", *links)


def _content(record: OpenedRecord, new: NewDocument) -> bytes | None:
    """The token of a single document's content; a study is known by its own."""
    if new.kind == "study":
        return None
    instances = (each for series in new.details.series for each in series.instances)
    sop = next((each.sop for each in instances), None)
    content = new.details.content
    if content is None:
        raise damaged()
    return content_token(record.card.key, sop or content.place.sha256.hex())
