"""Summaries of documents under the card key of their record (docs/formats.md section 3).

A summary is of one version of a document's details, to which its associated data binds it, with record and
document. It is a copy for lists and decides nothing: where it lacks, is of an older row, or does not open,
it is made again of the details, whose digests the vault keeps.
"""

import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from uuid import UUID

from audit.canonical import canonical, parse
from keyvault.crypto.envelope import be32, seal, unseal
from keyvault.keys.cards import OpenedCard
from keyvault.store import Row, VaultTransaction
from records.errors import CoffreError
from records.summaries import DocumentSummary
from records.summaries_json import summary_from_json, summary_to_json

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
    packed = zlib.compress(canonical(summary_to_json(summary)))
    return {
        "document_id": document_id,
        "record_id": card.record_id,
        "row_version": version,
        "sealed": seal(card.key, packed, _aad(card.record_id, document_id, version)),
    }


def _opened(card: OpenedCard, row: Row) -> DocumentSummary | None:
    packed = unseal(card.key, row["sealed"], _aad(card.record_id, row["document_id"], row["row_version"]))
    if packed is None:
        return None
    stream = zlib.decompressobj()
    with suppress(zlib.error, CoffreError):
        text = stream.decompress(packed, LARGEST)
        found = parse(text)
        return summary_from_json(found) if isinstance(found, dict) and stream.eof else None
    return None


def _aad(record_id: UUID, document_id: UUID, version: int) -> bytes:
    return b"coffre-summary-v1\0" + record_id.bytes + document_id.bytes + be32(version)
