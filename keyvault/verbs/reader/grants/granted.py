"""Open what a grant gives: the documents that may be seen, their blobs' keys, and where each part lies.

Nothing of it has left the vault yet, and no line is written: that is `releasing.py`.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.sealed_blob import BlobKind
from keyvault.grants.body import GrantBody, GrantedBlob, GrantedDocument, GrantedSeries
from keyvault.keys.blob_keys import ADOPTED, open_data_key, sealed_blob
from keyvault.keys.record_keys import open_record_key
from keyvault.opened_records import BRANCH_OF
from keyvault.store import Row, VaultTransaction
from keyvault.verbs.attempt import Attempt
from keyvault.verbs.judging import judged
from keyvault.verbs.rows import SealedRow, genuine, open_rows
from records.documents.details import DocumentDetails
from records.documents.instances import by_age, newest
from records.documents.renditions import live_renditions
from records.errors import CoffreError
from records.instants import changes_at
from records.policy import warnings
from records.vocabulary.codes import Obligation, ReasonCode

MOST_BLOBS = 5_000
"""Packs and series metadata; renditions, of which each series has two at most, are not counted."""

Opened = dict[UUID, tuple[DocumentDetails, ...]]


@dataclass(frozen=True, slots=True)
class OpenedGrant:
    """What is granted: documents, their blobs' rows, and what the recipient will open. Nothing has left.

    `holders`: for each of the blobs the document that has bytes in it.

    `until` (unix seconds): the clock alone leaves all of it permitted up to there; None: for ever.
    `obligations` are those of the documents.
    """

    documents: tuple[UUID, ...]
    blobs: tuple[Row, ...]
    holders: tuple[UUID, ...]
    until: int | None
    obligations: frozenset[Obligation]
    body: GrantBody = field(repr=False)


@dataclass(frozen=True, slots=True)
class RefusedGrant:
    """Why nothing is granted, and about which document."""

    why: ReasonCode
    object_id: str | None = None


def open_granted(
    vault: Vault,
    tx: VaultTransaction,
    found: Attempt,
    rows: Sequence[SealedRow],
    documents: Sequence[Sequence[UUID]] | None,
    *,
    renditions: bool = True,
) -> OpenedGrant | RefusedGrant:
    """Each member of `documents` names one thing by the documents it consists of; None: all visible ones.

    `renditions`: False for a recipient that takes every blob of a series for its metadata.
    """
    # what the index hasn't published yet is absent, whoever asks (docs/vault.md section 2)
    published = {row.document_id for row in rows}
    asked = published if documents is None else published.intersection(chain.from_iterable(documents))
    seen = judged(tx, found, asked)
    things = [list(seen)] if documents is None else documents
    hidden = [thing for thing in things if not any(document in seen for document in thing)]
    if hidden and documents is not None:
        return RefusedGrant(ReasonCode.NO_SUCH_DOCUMENT, str(hidden[0][0]) if hidden[0] else None)
    wanted = list(dict.fromkeys(document for thing in things for document in thing if document in seen))
    key = open_record_key(tx, vault.keyring, found.record.row, BRANCH_OF[found.call.purpose])
    if key is None:
        return RefusedGrant(ReasonCode.OPTED_OUT)
    kept = _all_genuine(tx, rows, wanted)
    opened = open_rows(tx, found.record.key, kept)
    shown = _renditions(opened) if renditions else frozenset()
    every, holders = _blobs(tx, wanted, seen, {row.submission_id for row in kept})
    blobs = [row for row in every if row["kind"] != BlobKind.RENDITION or row["blob_id"] in shown]
    granted = tuple(GrantedBlob(sealed_blob(row), open_data_key(key, row)) for row in blobs)
    facts = [seen[document][1] for document in wanted]
    until = changes_at(found.request, found.facts.record, facts)
    told = frozenset[Obligation]().union(*(warnings(found.request, each) for each in facts))
    named = {row["blob_id"] for row in blobs if row["kind"] == BlobKind.RENDITION}
    body = GrantBody(granted, _documents(opened), _series(opened, named))
    holding = tuple(holders[row["blob_id"], row["version"]] for row in blobs)
    return OpenedGrant(tuple(wanted), tuple(blobs), holding, until, told, body)


def _blobs(
    tx: VaultTransaction, wanted: Sequence[UUID], seen: Iterable[UUID], published: Collection[UUID]
) -> tuple[list[Row], dict[tuple[UUID, int], UUID]]:
    """The adopted blobs of the wanted documents that came with these submissions, and of which document each.

    A blob with a part the actor may not see is refused.
    """
    links = tx.find("blob_document", document_id__in=list(wanted))
    ids = sorted({link["blob_id"] for link in links})
    every = tx.find("blob_document", blob_id__in=ids)
    allowed = set(seen)
    mixed = {link["blob_id"] for link in every if link["document_id"] not in allowed}
    if mixed:
        raise CoffreError("A stored object mixes documents: run coffre check.", code="mixed_blob")
    adopted = tx.find("blob", blob_id__in=ids, state=ADOPTED)
    rows = [row for row in adopted if row["submission_id"] in published]
    if sum(row["kind"] != BlobKind.RENDITION for row in rows) > MOST_BLOBS:
        raise CoffreError("Ask for fewer documents in one grant.", code="grant_too_large")
    blobs = sorted(rows, key=lambda row: (row["blob_id"], row["version"]))
    return blobs, {(link["blob_id"], link["version"]): link["document_id"] for link in every}


def _all_genuine(tx: VaultTransaction, rows: Sequence[SealedRow], wanted: Sequence[UUID]) -> list[SealedRow]:
    kept = genuine(tx, rows, wanted)
    if {row.document_id for row in kept} != set(wanted):
        raise CoffreError(
            "The index holds an altered or missing row for this document: run coffre check.",
            code="index_altered",
        )
    return kept


def _documents(opened: Opened) -> tuple[GrantedDocument, ...]:
    return tuple(
        GrantedDocument(
            document_id=document_id,
            media_type=content.media_type,
            blob_id=content.place.blob_id,
            offset=content.place.offset,
            length=content.place.length,
            sha256=content.place.sha256,
        )
        for document_id, rows in opened.items()
        for content in [newest(rows).content]
        if content is not None
    )


def _renditions(opened: Opened) -> frozenset[UUID]:
    """The blobs of those that live: what shows an instance that is gone or replaced is dead."""
    living = (live_renditions(rows).values() for rows in opened.values())
    return frozenset(each.blob_id for series in living for some in series for each in some)


def _series(opened: Opened, named: Collection[UUID]) -> tuple[GrantedSeries, ...]:
    """One per series of each granted document: its metadata blobs, oldest submission first, then renditions.

    Two documents may give their series the same UIDs, each is named by an entry of its own. `named` are the
    renditions that are granted.
    """
    return tuple(each for rows in opened.values() for each in _series_of(rows, named))


def _series_of(rows: tuple[DocumentDetails, ...], named: Collection[UUID]) -> Iterator[GrantedSeries]:
    found: dict[tuple[str, str], list[UUID]] = {}
    for details in by_age(rows):
        for series in details.series:
            found.setdefault((details.study_uid or "", series.uid), []).append(series.metadata_blob)
    living = live_renditions(rows)
    for (study, uid), blobs in found.items():
        pictures = (each.blob_id for each in living.get(uid, ()) if each.blob_id in named)
        yield GrantedSeries(study, uid, (*blobs, *pictures))
