"""Summaries of documents under the card key of their record (docs/formats.md section 8).

A summary is of one version of a document's details, to which its associated data binds it, with record and
document. It is a copy for lists and decides nothing: where it lacks, is of an older row, or does not open,
it is made again of the details, whose digests the vault keeps.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from uuid import UUID

from keyvault.crypto.sealed_json import open_packed, seal_packed, summary_aad
from keyvault.keys.cards import OpenedCard
from keyvault.store import Row, VaultTransaction
from records.documents.summaries import DocumentSummary
from records.documents.summaries_json import summary_from_json, summary_to_json
from records.errors import CoffreError

Version = tuple[UUID, int]
"""A document and the version of its newest details row."""

LARGEST = 4 * 2**20
"""Bytes that a summary may inflate to: what a FHIR sender said of a document may be long."""


def add_summaries(tx: VaultTransaction, card: OpenedCard, made: Mapping[Version, DocumentSummary]) -> None:
    """Keep the summaries of documents that have none yet."""
    rows = [_row(card, document_id, version, summary) for (document_id, version), summary in made.items()]
    if rows:
        tx.insert("document_summary", *rows)


def replace_summaries(
    tx: VaultTransaction, card: OpenedCard, made: Mapping[Version, DocumentSummary]
) -> None:
    """Keep the summaries of documents in place of older ones, if any; the record is locked."""
    if made:
        documents = [document_id for document_id, _ in made]
        tx.delete("document_summary", record_id=card.record_id, document_id__in=documents)
        add_summaries(tx, card, made)


def open_summaries(
    tx: VaultTransaction, card: OpenedCard, documents: Iterable[Row]
) -> dict[UUID, DocumentSummary]:
    """The summaries of these documents; left out where there is none of the newest row that opens."""
    versions = {row["document_id"]: row["row_version"] for row in documents}
    if not versions:
        return {}
    found = tx.find("document_summary", record_id=card.record_id, document_id__in=[*versions])
    opened = {
        row["document_id"]: _opened(card, row)
        for row in found
        if row["row_version"] == versions[row["document_id"]]
    }
    return {document_id: summary for document_id, summary in opened.items() if summary is not None}


def _row(card: OpenedCard, document_id: UUID, version: int, summary: DocumentSummary) -> Row:
    aad = summary_aad(card.record_id, document_id, version)
    return {
        "document_id": document_id,
        "record_id": card.record_id,
        "row_version": version,
        "sealed": seal_packed(card.key, summary_to_json(summary), aad),
    }


def _opened(card: OpenedCard, row: Row) -> DocumentSummary | None:
    aad = summary_aad(card.record_id, row["document_id"], row["row_version"])
    with suppress(CoffreError):
        return summary_from_json(open_packed(card.key, row["sealed"], aad, LARGEST))
    return None
