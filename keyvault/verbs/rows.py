"""Index rows as the vault takes them: sealed, checked against its digests, opened if they may be seen."""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from keyvault.cards import open_facts
from keyvault.envelope import KeyUse, details_aad, open_json
from keyvault.record_keys import RecordKey, unwrap
from keyvault.store import Row, VaultTransaction
from keyvault.verbs.attempt import Attempt
from records import policy
from records.documents import DocumentFacts
from records.vocabulary.codes import Obligation


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One details row as the index keeps it."""

    document_id: UUID
    row_version: int
    submission_id: UUID
    sealed: bytes


@dataclass(frozen=True, slots=True)
class SeenDocument:
    """A document the actor may see: facts from the vault, details from the opened rows, oldest first.

    `obligations` is what showing this document obliges to at this moment.
    """

    document_id: UUID
    facts: DocumentFacts
    created_at: int
    details: tuple[dict[str, Any], ...] = field(repr=False)
    obligations: frozenset[Obligation] = frozenset()


def visible(attempt: Attempt, documents: Sequence[Row]) -> dict[UUID, tuple[Row, DocumentFacts]]:
    """Those of the vault's document rows that this attempt may see; the record is judged once."""
    facts = open_facts(attempt.record.card, documents)
    seen = policy.visible(attempt.request, attempt.facts, facts.values())
    rows = {row["document_id"]: row for row in documents}
    return {each.document_id: (rows[each.document_id], each) for each in seen}


def genuine(tx: VaultTransaction, rows: Iterable[SealedRow], wanted: Iterable[UUID]) -> list[SealedRow]:
    """The rows of the wanted documents as the vault sealed them, each once; the others are left out.

    Leaving a row out can only shorten an answer: sizes, states and blobs come from the vault's own tables.
    """
    wanted = set(wanted)
    known = {
        (row["document_id"], row["row_version"], row["submission_id"]): row["digest"]
        for row in tx.find("document_row", document_id__in=sorted(wanted))
    }
    kept = {(row.document_id, row.row_version): row for row in rows if _is_genuine(row, known)}
    return list(kept.values())


def _is_genuine(row: SealedRow, known: dict[tuple[UUID, int, UUID], bytes]) -> bool:
    digest = known.get((row.document_id, row.row_version, row.submission_id))
    return digest is not None and hmac.compare_digest(digest, hashlib.sha256(row.sealed).digest())


def open_rows(
    tx: VaultTransaction, key: RecordKey, rows: Sequence[SealedRow]
) -> dict[UUID, tuple[dict[str, Any], ...]]:
    """Open details rows: by document, oldest row first. One key look-up for all of them."""
    submissions = sorted({row.submission_id for row in rows})
    keys = {
        row["object_id"]: unwrap(key, KeyUse.DETAILS, row)
        for row in tx.find(
            "wrapped_key", record_id=key.record_id, use=int(KeyUse.DETAILS), object_id__in=submissions
        )
    }
    opened: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.row_version):
        aad = details_aad(row.document_id, row.row_version)
        opened[row.document_id].append(open_json(keys[row.submission_id], row.sealed, aad))
    return {document: tuple(details) for document, details in opened.items()}
