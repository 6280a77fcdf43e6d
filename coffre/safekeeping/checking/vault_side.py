"""Blobs and rows that the vault keeps, looked up in the index.

What a submission or a job in hand is about to publish or to replace is no damage.
"""

from collections.abc import Sequence
from typing import TypeVar

from coffre.safekeeping.checking.sides import ADOPTED, Sides, blob_key, row_key
from keyvault.verbs.operator.listing import KeptBlob, KeptRow
from storage.index.inventory import PAGE, every

KEPT = frozenset({ADOPTED, "retired"})
"""States of a blob that the vault adopted; a job has retired it in the index before the vault does."""

Kept = TypeVar("Kept", KeptBlob, KeptRow)


def check_vault_side(sides: Sides) -> None:
    _vault_blobs(sides)
    _vault_rows(sides)


def _vault_blobs(sides: Sides) -> None:
    pages = every(lambda after: sides.vault.adopted_blobs(after, PAGE), blob_key)
    for page in pages:
        sides.saw("blobs of the vault", len(page))
        for blob in page:
            if not blob.opens:
                sides.found.add("blob_closed", blob_key(blob))
        known = sides.inventory.blobs_named([blob_key(blob) for blob in page])
        suspects = [
            blob for blob in page if blob_key(blob) not in known or known[blob_key(blob)].state not in KEPT
        ]
        _unpublished_blobs(sides, suspects)


def _unpublished_blobs(sides: Sides, suspects: Sequence[KeptBlob]) -> None:
    done = _without_work_in_hand(sides, suspects)
    known = sides.inventory.blobs_named([blob_key(blob) for blob in done])
    for blob in done:
        row = known.get(blob_key(blob))
        if row is None or row.state not in KEPT:
            sides.found.add("blob_unpublished", blob_key(blob))


def _vault_rows(sides: Sides) -> None:
    for page in every(lambda after: sides.vault.adopted_rows(after, PAGE), row_key):
        sides.saw("rows of the vault", len(page))
        for row in page:
            if not row.opens:
                sides.found.add("row_closed", row_key(row))
        published = sides.inventory.published([row_key(row) for row in page])
        suspects = [row for row in page if row_key(row) not in published]
        done = _without_jobs_in_hand(sides, _without_work_in_hand(sides, suspects))
        published = sides.inventory.published([row_key(row) for row in done])
        for row in done:
            if row_key(row) not in published:
                sides.found.add("row_unpublished", row_key(row))


def _without_jobs_in_hand(sides: Sides, suspects: Sequence[KeptRow]) -> list[KeptRow]:
    """Those that no job is about to replace, and that none has replaced meanwhile."""
    if not suspects:
        return []
    in_hand = set(sides.vault.documents_in_hand([row.document_id for row in suspects]))
    left = [row for row in suspects if row.document_id not in in_hand]
    present = {row_key(row) for row in sides.vault.rows_named([row_key(row) for row in left])}
    return [row for row in left if row_key(row) in present]


def _without_work_in_hand(sides: Sides, suspects: Sequence[Kept]) -> list[Kept]:
    """Those whose submission has its verdict, and wasn't refused after the vault had adopted."""
    submissions = {each.submission_id for each in suspects}
    if not submissions:
        return []
    in_hand = sides.inventory.unfinished(submissions) | sides.inventory.rejected(submissions)
    return [each for each in suspects if each.submission_id not in in_hand]
