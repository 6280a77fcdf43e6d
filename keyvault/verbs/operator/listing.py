"""Read the vault's tables page by page, for `coffre check`: rows adopted, rows published, keys that open.

No opened key or content leaves; a page says of each row whether its key opened.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.envelope import KeyUse
from keyvault.keys.blob_keys import ADOPTED, open_data_key
from keyvault.keys.record_keys import RecordKey, care_key, open_object_key
from keyvault.store import Row, VaultTransaction
from keyvault.verbs import jobs
from records.errors import CoffreError

Key = tuple[UUID, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBlob:
    """An adopted blob as the vault knows it; `opens`: its data key opens (None where that wasn't tried)."""

    blob_id: UUID
    version: int
    submission_id: UUID
    kind: int
    plaintext_size: int
    ciphertext_size: int
    header: bytes
    commitment: bytes
    opens: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRow:
    """The digest of one details row; `opens`: its details key opens (None where that wasn't tried)."""

    document_id: UUID
    row_version: int
    submission_id: UUID
    digest: bytes
    opens: bool | None


@dataclass(frozen=True, slots=True)
class KeptDocument:
    document_id: UUID
    record_id: UUID
    kind: str
    state: str
    study_token: bytes | None


class ListingVerbs:
    """Part of the inspector's door."""

    _vault: Vault

    def adopted_blobs(self, after: Key | None, limit: int) -> list[KeptBlob]:
        """At most `limit` adopted blobs after a (blob id, version), in that order; an empty page is the
        end.
        """
        with self._vault.store.reading() as tx:
            rows = _page(tx, "blob", ("blob_id", "version"), after, limit, state=ADOPTED)
            keys = _Keys(self._vault, tx)
            return [_blob(row, keys.opens_blob(row)) for row in rows]

    def adopted_rows(self, after: Key | None, limit: int) -> list[KeptRow]:
        """The same of details rows, after a (document id, row version)."""
        with self._vault.store.reading() as tx:
            rows = _page(tx, "document_row", ("document_id", "row_version"), after, limit)
            documents = tx.find("document", document_id__in=list({row["document_id"] for row in rows}))
            records = {row["document_id"]: row["record_id"] for row in documents}
            keys = _Keys(self._vault, tx)
            return [_row(row, keys.opens_details(row, records.get(row["document_id"]))) for row in rows]

    def blobs_named(self, keys: Sequence[Key]) -> list[KeptBlob]:
        """Those of the blobs that are adopted."""
        wanted = set(keys)
        with self._vault.store.reading() as tx:
            rows = tx.find("blob", blob_id__in=list({blob_id for blob_id, _ in wanted}), state=ADOPTED)
        return [_blob(row, None) for row in rows if (row["blob_id"], row["version"]) in wanted]

    def rows_named(self, keys: Sequence[Key]) -> list[KeptRow]:
        """The digests of those rows that the vault sealed."""
        wanted = set(keys)
        versions = [version for _, version in wanted] or [0]
        with self._vault.store.reading() as tx:
            rows = tx.find(
                "document_row",
                document_id__in=list({document_id for document_id, _ in wanted}),
                row_version__ge=min(versions),
                row_version__le=max(versions),
            )
        return [_row(row, None) for row in rows if (row["document_id"], row["row_version"]) in wanted]

    def documents_in_hand(self, ids: Sequence[UUID]) -> list[UUID]:
        """Those of the documents that a job is about to replace."""
        wanted = set(ids)
        with self._vault.store.reading() as tx:
            return [job.document_id for job in jobs.waiting(self._vault, tx) if job.document_id in wanted]

    def documents_named(self, ids: Sequence[UUID]) -> list[KeptDocument]:
        """Those documents that exist."""
        names = [each.name for each in fields(KeptDocument)]
        with self._vault.store.reading() as tx:
            rows = tx.find("document", document_id__in=list(ids))
        return [KeptDocument(**{name: row[name] for name in names}) for row in rows]

    def parts_of(self, keys: Sequence[Key]) -> set[tuple[UUID, int, UUID]]:
        """The documents that have bytes in these blobs: (blob id, version, document id)."""
        wanted = set(keys)
        with self._vault.store.reading() as tx:
            rows = tx.find("blob_document", blob_id__in=list({blob_id for blob_id, _ in wanted}))
        links = {(row["blob_id"], row["version"], row["document_id"]) for row in rows}
        return {link for link in links if link[:2] in wanted}


class _Keys:
    """Tries keys of many records in one snapshot, opening each record once in a row."""

    def __init__(self, vault: Vault, tx: VaultTransaction) -> None:
        self._vault = vault
        self._tx = tx
        self._records: dict[UUID, RecordKey | None] = {}
        self._details: dict[Key, bool] = {}

    def opens_blob(self, row: Row) -> bool:
        record = self._record(row["record_id"])
        if record is None:
            return False
        try:
            open_data_key(record, row)
        except CoffreError:
            return False
        return True

    def opens_details(self, row: Row, record_id: UUID | None) -> bool:
        record = self._record(record_id) if record_id is not None else None
        if record is None:
            return False
        try:
            open_object_key(self._tx, record, KeyUse.DETAILS, row["submission_id"])
        except CoffreError:
            return False
        return True

    def _record(self, record_id: UUID) -> RecordKey | None:
        if record_id not in self._records:
            self._records[record_id] = self._opened(record_id)
        return self._records[record_id]

    def _opened(self, record_id: UUID) -> RecordKey | None:
        row = self._tx.get("record", record_id=record_id)
        try:
            return care_key(self._tx, self._vault.keyring, row) if row is not None else None
        except CoffreError:
            return None


def _page(
    tx: VaultTransaction, table: str, key: tuple[str, str], after: Key | None, limit: int, **where: object
) -> list[Row]:
    """Rows after a key of two columns: first the rest of the same id, then the ids beyond."""
    if after is None:
        return tx.find(table, order=key, limit=limit, **where)
    same = {key[0]: after[0], f"{key[1]}__gt": after[1]}
    rest = tx.find(table, order=key[1], limit=limit, **same, **where)
    if len(rest) == limit:
        return rest
    beyond = {f"{key[0]}__gt": after[0]}
    return rest + tx.find(table, order=key, limit=limit - len(rest), **beyond, **where)


def _blob(row: Row, opens: bool | None) -> KeptBlob:
    return KeptBlob(
        blob_id=row["blob_id"],
        version=row["version"],
        submission_id=row["submission_id"],
        kind=row["kind"],
        plaintext_size=row["plaintext_size"],
        ciphertext_size=row["ciphertext_size"],
        header=row["header"],
        commitment=row["commitment"],
        opens=opens,
    )


def _row(row: Row, opens: bool | None) -> KeptRow:
    return KeptRow(
        document_id=row["document_id"],
        row_version=row["row_version"],
        submission_id=row["submission_id"],
        digest=row["digest"],
        opens=opens,
    )
