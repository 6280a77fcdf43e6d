"""Take sealed index rows: check them against the vault's digests, and open those that may be seen."""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from keyvault.crypto.envelope import KeyUse
from keyvault.crypto.sealed_json import open_details
from keyvault.keys.cards import OpenedCard, open_facts
from keyvault.keys.record_keys import RecordKey, unwrap
from keyvault.store import Row, VaultTransaction
from records.documents.details import DocumentDetails
from records.documents.details_json import from_json
from records.documents.facts import DocumentFacts, labelled_alike
from records.vocabulary.codes import Obligation

STUDY, SINGLE = "study", "document"
NOBODYS = UUID(int=0)  # stands for the document that is looked for where there is none
NO_TOKEN = bytes(32)


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One details row as the index keeps it."""

    document_id: UUID
    row_version: int
    submission_id: UUID
    sealed: bytes


class IndexRow(Protocol):
    """A details row as the index answers it, with columns of its own besides."""

    @property
    def document_id(self) -> UUID: ...
    @property
    def row_version(self) -> int: ...
    @property
    def submission_id(self) -> UUID: ...
    @property
    def sealed(self) -> bytes: ...


def sealed_rows(rows: Iterable[IndexRow]) -> list[SealedRow]:
    """What the vault is given of the index's rows."""
    return [SealedRow(row.document_id, row.row_version, row.submission_id, row.sealed) for row in rows]


@dataclass(frozen=True, slots=True)
class SeenDocument:
    """A document the actor may see: facts from the vault, details from the opened rows, oldest first.

    `record` is the public id of its record. `obligations` is what showing this document obliges to at this
    moment.
    """

    document_id: UUID
    record: UUID
    facts: DocumentFacts
    created_at: int
    details: tuple[DocumentDetails, ...] = field(repr=False)
    obligations: frozenset[Obligation] = frozenset()


def same_content(row: Row) -> bytes | None:
    """What tells that two documents of a record are copies: the study, or the content of a single
    document.
    """
    token: bytes | None = row["study_token"] if row["kind"] == STUDY else row["content_token"]
    return token


def copies_of(tx: VaultTransaction, record_id: UUID, documents: Sequence[Row]) -> list[Row]:
    """Every document of the record that is a copy of one of `documents`, these included.

    The searches are the same two, whatever is looked for.
    """
    found = {row["document_id"]: row for row in documents}
    for kind, column in ((STUDY, "study_token"), (SINGLE, "content_token")):
        tokens = {row[column] for row in documents if row["kind"] == kind and row[column] is not None}
        where: dict[str, Any] = {
            "record_id": record_id,
            "kind": kind,
            f"{column}__in": sorted(tokens) or [NO_TOKEN],
        }
        found |= {row["document_id"]: row for row in tx.find("document", **where)}
    return list(found.values())


def facts_of(card: OpenedCard, documents: Iterable[Row]) -> dict[UUID, DocumentFacts]:
    """Open facts; of several copies each has the holder's labels of all."""
    documents = list(documents)
    facts = open_facts(card, documents)
    copies: dict[bytes, list[DocumentFacts]] = defaultdict(list)
    for row in documents:
        if (content := same_content(row)) is not None:
            copies[content].append(facts[row["document_id"]])
    alike = (each for group in copies.values() if len(group) > 1 for each in labelled_alike(group))
    return facts | {each.document_id: each for each in alike}


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
) -> dict[UUID, tuple[DocumentDetails, ...]]:
    """Open details rows: by document, oldest row first. One key look-up for all of them."""
    submissions = sorted({row.submission_id for row in rows})
    keys = {
        row["object_id"]: unwrap(key, KeyUse.DETAILS, row)
        for row in tx.find(
            "wrapped_key", record_id=key.record_id, use=int(KeyUse.DETAILS), object_id__in=submissions
        )
    }
    opened: dict[UUID, list[DocumentDetails]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.row_version):
        found = open_details(keys[row.submission_id], row.sealed, row.document_id, row.row_version)
        opened[row.document_id].append(from_json(found))
    return {document: tuple(details) for document, details in opened.items()}
