"""`coffre check`: objects, index, vault and log compared with one another, in pages of bounded size.

Servers may run meanwhile. Each pass reads a page of one side and looks its rows up on the other, in the
order in which rows come to be (index before vault for what is adopted, vault before index for what is
published), so that work in hand is never taken for damage; what looks wrong is looked at once more.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from awscrt.checksums import crc64nvme

from coffre.safekeeping.findings import REPAIRED_BY, Findings
from keyvault.verbs.operator.inspecting import InspectingVerbs
from keyvault.verbs.operator.listing import KeptBlob, KeptDocument, KeptRow
from records.errors import CoffreError, NotFound
from storage.index.inventory import PAGE, Inventory, Key, ListedBlob, ListedRow, every
from storage.index_ports import OperatorIndex
from storage.ports import ObjectStore
from storage.rows import Document, Instance

OLDEST_UPLOAD_MS = 48 * 3_600_000
SETTLED_AFTER_MS = 60_000
DELETED_WITHIN_S = 2
CHUNK = 1 << 20
ADOPTED, WAITING = "adopted", "waiting"
KEPT = frozenset({ADOPTED, "retired"})
"""States of a blob that the vault adopted; a job has retired it in the index before the vault does."""

Kept = TypeVar("Kept", KeptBlob, KeptRow)
Told = Callable[[str, int], None]
"""Hears of each page: what was looked at, and how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check. `scrub` reads every object and compares its CRC-64/NVME."""

    index: OperatorIndex
    inventory: Inventory
    objects: ObjectStore
    vault: InspectingVerbs
    now_ms: int
    scrub: bool = False
    frozen: bool = False
    told: Told = lambda what, count: None
    found: Findings = field(default_factory=Findings)

    def run(self) -> Findings:
        self._log()
        self._vault_blobs()
        self._vault_rows()
        self._index_blobs()
        self._index_rows()
        self._documents()
        self._instances()
        self._left()
        return self.found

    def again(self) -> Findings:
        """Look once more for what a repair mends."""
        self.found.forget(REPAIRED_BY)
        self._documents()
        self._left()
        return self.found

    def _log(self) -> None:
        try:
            report = self.vault.verify_log()
        except CoffreError as error:
            self.found.add("log_broken", error.code)
        else:
            self._saw("entries", report.size + report.pending)

    # what the vault keeps, in the index

    def _vault_blobs(self) -> None:
        pages = every(lambda after: self.vault.adopted_blobs(after, PAGE), _blob_key)
        for page in pages:
            self._saw("blobs of the vault", len(page))
            for blob in page:
                if not blob.opens:
                    self.found.add("blob_closed", _blob_key(blob))
            known = self.inventory.blobs_named([_blob_key(blob) for blob in page])
            suspects = [
                blob
                for blob in page
                if _blob_key(blob) not in known or known[_blob_key(blob)].state not in KEPT
            ]
            self._unpublished_blobs(suspects)

    def _unpublished_blobs(self, suspects: Sequence[KeptBlob]) -> None:
        done = self._without_work_in_hand(suspects)
        known = self.inventory.blobs_named([_blob_key(blob) for blob in done])
        for blob in done:
            row = known.get(_blob_key(blob))
            if row is None or row.state not in KEPT:
                self.found.add("blob_unpublished", _blob_key(blob))

    def _vault_rows(self) -> None:
        for page in every(lambda after: self.vault.adopted_rows(after, PAGE), _row_key):
            self._saw("rows of the vault", len(page))
            for row in page:
                if not row.opens:
                    self.found.add("row_closed", _row_key(row))
            published = self.inventory.published([_row_key(row) for row in page])
            suspects = [row for row in page if _row_key(row) not in published]
            done = self._without_jobs_in_hand(self._without_work_in_hand(suspects))
            published = self.inventory.published([_row_key(row) for row in done])
            for row in done:
                if _row_key(row) not in published:
                    self.found.add("row_unpublished", _row_key(row))

    def _without_jobs_in_hand(self, suspects: Sequence[KeptRow]) -> list[KeptRow]:
        """Those that no job is about to replace, and that none has replaced meanwhile."""
        if not suspects:
            return []
        in_hand = set(self.vault.documents_in_hand([row.document_id for row in suspects]))
        left = [row for row in suspects if row.document_id not in in_hand]
        present = {_row_key(row) for row in self.vault.rows_named([_row_key(row) for row in left])}
        return [row for row in left if _row_key(row) in present]

    def _without_work_in_hand(self, suspects: Sequence[Kept]) -> list[Kept]:
        """Those whose submission has its verdict, and wasn't refused after the vault had adopted."""
        submissions = {each.submission_id for each in suspects}
        if not submissions:
            return []
        in_hand = self.inventory.unfinished(submissions) | self.inventory.rejected(submissions)
        return [each for each in suspects if each.submission_id not in in_hand]

    # what the index shows, in the vault and the store

    def _index_blobs(self) -> None:
        for page in every(self.inventory.blobs, lambda blob: blob.key):
            self._saw("blobs of the index", len(page))
            adopted = [blob for blob in page if blob.state == ADOPTED]
            kept = {_blob_key(blob): blob for blob in self.vault.blobs_named([b.key for b in adopted])}
            for blob in adopted:
                self._compare(blob, kept.get(blob.key))
                self._object(blob)
            self._received([blob for blob in page if blob.state == WAITING])

    def _compare(self, blob: ListedBlob, kept: KeptBlob | None) -> None:
        if kept is None:
            self.found.add("blob_unknown", blob.key)
        elif _described(blob) != _described(kept):
            self.found.add("blob_differs", blob.key)

    def _object(self, blob: ListedBlob) -> None:
        size = self.objects.size(*blob.key)
        if size is None:
            self.found.add("object_missing", blob.key)
        elif size != blob.ciphertext_size:
            self.found.add("object_cut", blob.key)
        elif self.scrub and self._crc(blob) != blob.crc64:
            self.found.add("object_altered", blob.key)

    def _crc(self, blob: ListedBlob) -> int | None:
        crc, done = 0, 0
        try:
            for piece in self.objects.stream(*blob.key, chunk=CHUNK):
                crc, done = crc64nvme(piece, crc), done + len(piece)
        except NotFound:
            return None
        self._saw("scrubbed bytes", done)
        return crc

    def _received(self, waiting: Sequence[ListedBlob]) -> None:
        """Blobs without a verdict. In a frozen vault they wait for a key that no backup holds."""
        lost = [blob for blob in waiting if self.objects.size(*blob.key) is None]
        if not lost or self.frozen:
            return
        now = self.inventory.blobs_named([blob.key for blob in lost])
        for key, blob in now.items():
            if blob.state == WAITING:
                self.found.add("received_missing", key)

    def _index_rows(self) -> None:
        for page in every(self.inventory.rows, lambda row: row.key):
            self._saw("rows of the index", len(page))
            kept = {_row_key(row): row for row in self.vault.rows_named([row.key for row in page])}
            for row in page:
                self._compare_row(row, kept.get(row.key))

    def _compare_row(self, row: ListedRow, kept: KeptRow | None) -> None:
        if kept is None:
            self.found.add("row_unknown", row.key)
        elif (row.digest, row.submission_id) != (kept.digest, kept.submission_id):
            self.found.add("row_differs", row.key)

    def _documents(self) -> None:
        for page in every(self.inventory.documents, lambda document: document.document_id):
            self._saw("documents", len(page))
            known = self._documents_of_vault(page)
            for document in page:
                self._compare_document(document, known.get(document.document_id))

    def _compare_document(self, document: Document, kept: KeptDocument | None) -> None:
        if kept is None:
            self.found.add("document_unknown", document.document_id)
            return
        if _named(document) != _named(kept):
            self.found.add("document_differs", document.document_id)
        if document.state != kept.state:
            self.found.add("state_differs", document.document_id)

    def _documents_of_vault(self, documents: Collection[Document]) -> dict[UUID, KeptDocument]:
        named = self.vault.documents_named([document.document_id for document in documents])
        return {each.document_id: each for each in named}

    def _instances(self) -> None:
        for page in every(self.inventory.instances, lambda one: (one.submission_id, one.part)):
            self._saw("instances", len(page))
            keys = list({(one.blob_id, one.version) for one in page})
            blobs = {_blob_key(blob): blob for blob in self.vault.blobs_named(keys)}
            links = self.vault.parts_of(keys)
            for one in page:
                if not _inside(one, blobs.get((one.blob_id, one.version))):
                    self.found.add("instance_astray", (one.submission_id, one.part))
                elif (one.blob_id, one.version, one.document_id) not in links:
                    self.found.add("instance_of_another", (one.submission_id, one.part))

    # what waits for the sweeper

    def _left(self) -> None:
        for key in self.inventory.old_uploads(self.now_ms - OLDEST_UPLOAD_MS):
            self.found.add("upload_left", key)
        for submission_id in self.index.unsettled(self.now_ms - SETTLED_AFTER_MS):
            self.found.add("submission_left", submission_id)
        for key in self._abandoned():
            self.found.add("blob_left", key)

    def _abandoned(self) -> set[Key]:
        """What stays abandoned for longer than a worker takes to delete it."""
        first = {(blob.blob_id, blob.version) for blob in self.index.abandoned_blobs()}
        if not first:
            return first
        time.sleep(DELETED_WITHIN_S)
        return first & {(blob.blob_id, blob.version) for blob in self.index.abandoned_blobs()}

    def copy_states(self) -> int:
        """Give every document of the index its state in the vault; answers how many changed."""
        changed = 0
        for page in every(self.inventory.documents, lambda document: document.document_id):
            known = self._documents_of_vault(page)
            for document in page:
                kept = known.get(document.document_id)
                if kept is not None and kept.state != document.state:
                    changed += self.index.set_state(document.document_id, kept.state, self.now_ms)
        return changed

    def _saw(self, what: str, count: int) -> None:
        self.found.seen[what] += count
        self.told(what, count)


def _blob_key(blob: KeptBlob) -> Key:
    return (blob.blob_id, blob.version)


def _row_key(row: KeptRow) -> Key:
    return (row.document_id, row.row_version)


def _named(document: Document | KeptDocument) -> tuple[object, ...]:
    return (document.record_id, document.kind, document.study_token)


def _described(blob: ListedBlob | KeptBlob) -> tuple[object, ...]:
    return (
        blob.submission_id,
        blob.kind,
        blob.plaintext_size,
        blob.ciphertext_size,
        blob.header,
        blob.commitment,
    )


def _inside(one: Instance, blob: KeptBlob | None) -> bool:
    if blob is None or one.offset < 0 or one.length < 0:
        return False
    return one.offset + one.length <= blob.plaintext_size
