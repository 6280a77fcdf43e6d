"""Blobs and details rows of the index, looked up in the vault and in the store."""

from collections.abc import Sequence

from awscrt.checksums import crc64nvme

from coffre.safekeeping.checking.sides import ADOPTED, Sides, blob_key, row_key
from keyvault.verbs.operator.listing import KeptBlob, KeptRow
from records.errors import NotFound
from storage.index.inventory import ListedBlob, ListedRow, every

WAITING = "waiting"
CHUNK = 1 << 20


def check_index_side(sides: Sides) -> None:
    _index_blobs(sides)
    _index_rows(sides)


def _index_blobs(sides: Sides) -> None:
    for page in every(sides.inventory.blobs, lambda blob: blob.key):
        sides.saw("blobs of the index", len(page))
        adopted = [blob for blob in page if blob.state == ADOPTED]
        kept = {blob_key(blob): blob for blob in sides.vault.blobs_named([b.key for b in adopted])}
        for blob in adopted:
            _compare(sides, blob, kept.get(blob.key))
            _object(sides, blob)
        _received(sides, [blob for blob in page if blob.state == WAITING])


def _compare(sides: Sides, blob: ListedBlob, kept: KeptBlob | None) -> None:
    if kept is None:
        sides.found.add("blob_unknown", blob.key)
    elif _described(blob) != _described(kept):
        sides.found.add("blob_differs", blob.key)


def _object(sides: Sides, blob: ListedBlob) -> None:
    size = sides.objects.size(*blob.key)
    if size is None:
        sides.found.add("object_missing", blob.key)
    elif size != blob.ciphertext_size:
        sides.found.add("object_cut", blob.key)
    elif sides.scrub and _crc(sides, blob) != blob.crc64:
        sides.found.add("object_altered", blob.key)


def _crc(sides: Sides, blob: ListedBlob) -> int | None:
    crc, done = 0, 0
    try:
        for piece in sides.objects.stream(*blob.key, chunk=CHUNK):
            crc, done = crc64nvme(piece, crc), done + len(piece)
    except NotFound:
        return None
    sides.saw("scrubbed bytes", done)
    return crc


def _received(sides: Sides, waiting: Sequence[ListedBlob]) -> None:
    """Blobs without a verdict. In a frozen vault they wait for a key that no backup holds."""
    lost = [blob for blob in waiting if sides.objects.size(*blob.key) is None]
    if not lost or sides.frozen:
        return
    now = sides.inventory.blobs_named([blob.key for blob in lost])
    for key, blob in now.items():
        if blob.state == WAITING:
            sides.found.add("received_missing", key)


def _index_rows(sides: Sides) -> None:
    for page in every(sides.inventory.rows, lambda row: row.key):
        sides.saw("rows of the index", len(page))
        kept = {row_key(row): row for row in sides.vault.rows_named([row.key for row in page])}
        for row in page:
            _compare_row(sides, row, kept.get(row.key))


def _compare_row(sides: Sides, row: ListedRow, kept: KeptRow | None) -> None:
    if kept is None:
        sides.found.add("row_unknown", row.key)
    elif (row.digest, row.submission_id) != (kept.digest, kept.submission_id):
        sides.found.add("row_differs", row.key)


def _described(blob: ListedBlob | KeptBlob) -> tuple[object, ...]:
    return (
        blob.submission_id,
        blob.kind,
        blob.plaintext_size,
        blob.ciphertext_size,
        blob.header,
        blob.commitment,
    )
