"""The body of a grant: blobs with their keys, documents, series, and the JSON form of all three."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from keyvault.crypto.members import identifier, integer, items, members, text
from keyvault.crypto.sealed_blob import BlobError, BlobKind, BlobRef, SealedBlob, check_sealed
from records.errors import Invalid
from records.text.base64url import b64, unb64

_BODY_MEMBERS = frozenset({"blobs", "documents", "series"})
_BLOB_MEMBERS = frozenset(
    {"blob", "version", "kind", "key", "commitment", "header", "plaintext_size", "ciphertext_size"}
)
_DOCUMENT_MEMBERS = frozenset({"id", "media_type", "blob", "offset", "length", "sha256"})
_SERIES_MEMBERS = frozenset({"study", "series", "blobs"})


@dataclass(frozen=True, slots=True)
class GrantedBlob:
    """One blob and the key that opens it."""

    sealed: SealedBlob
    dek: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class GrantedDocument:
    """The place of a document, in plaintext coordinates of its blob."""

    document_id: UUID
    media_type: str
    blob_id: UUID
    offset: int
    length: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class GrantedSeries:
    """A series and its blobs: those with its metadata, oldest submission first, then its renditions.

    A recipient tells them apart by their kinds, which `GrantBody.blobs` says.
    """

    study: str
    series: str
    blobs: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class GrantBody:
    """The keys and places that a grant gives."""

    blobs: tuple[GrantedBlob, ...]
    documents: tuple[GrantedDocument, ...]
    series: tuple[GrantedSeries, ...]

    def blobs_of(self, series: GrantedSeries, kind: BlobKind) -> list[UUID]:
        """The blobs of a series that are of this kind, in their order."""
        alike = {blob.sealed.ref.blob_id for blob in self.blobs if blob.sealed.ref.kind is kind}
        return [blob_id for blob_id in series.blobs if blob_id in alike]


def consistent(body: GrantBody) -> bool:
    """Tells whether each blob is named once, with sizes and key that fit, and each range lies in its blob."""
    sizes = {blob.sealed.ref.blob_id: blob.sealed.plaintext_size for blob in body.blobs}
    try:
        for blob in body.blobs:
            check_sealed(blob.sealed, blob.dek)
    except BlobError:
        return False
    return (
        len(sizes) == len(body.blobs)
        and all(
            0 <= document.offset <= document.offset + document.length <= sizes.get(document.blob_id, -1)
            for document in body.documents
        )
        and all(blob_id in sizes for series in body.series for blob_id in series.blobs)
    )


def body_document(body: GrantBody) -> dict[str, Any]:
    """Returns the JSON form of a body."""
    return {
        "blobs": [_blob_document(blob) for blob in body.blobs],
        "documents": [_document_document(document) for document in body.documents],
        "series": [
            {"study": series.study, "series": series.series, "blobs": [str(blob) for blob in series.blobs]}
            for series in body.series
        ],
    }


def _blob_document(blob: GrantedBlob) -> dict[str, Any]:
    sealed = blob.sealed
    return {
        "blob": str(sealed.ref.blob_id),
        "version": sealed.ref.version,
        "kind": int(sealed.ref.kind),
        "key": b64(blob.dek),
        "commitment": b64(sealed.commitment),
        "header": b64(sealed.header),
        "plaintext_size": sealed.plaintext_size,
        "ciphertext_size": sealed.ciphertext_size,
    }


def _document_document(document: GrantedDocument) -> dict[str, Any]:
    return {
        "id": str(document.document_id),
        "media_type": document.media_type,
        "blob": str(document.blob_id),
        "offset": document.offset,
        "length": document.length,
        "sha256": b64(document.sha256),
    }


def read_body(value: Any) -> GrantBody:
    """Reads the JSON form of a body, every member required. Raises `Invalid`."""
    found = members(value, _BODY_MEMBERS)
    return GrantBody(
        blobs=tuple(_blob(blob) for blob in items(found["blobs"])),
        documents=tuple(_document(document) for document in items(found["documents"])),
        series=tuple(_series(series) for series in items(found["series"])),
    )


def _blob(value: Any) -> GrantedBlob:
    found = members(value, _BLOB_MEMBERS)
    if integer(found["kind"]) not in set(BlobKind):
        raise Invalid("The kind of the blob is unknown.", code="bad_member")
    ref = BlobRef(identifier(found["blob"]), integer(found["version"], 1), BlobKind(found["kind"]))
    sealed = SealedBlob(
        ref=ref,
        commitment=unb64(found["commitment"], 32),
        header=unb64(found["header"], 40),
        plaintext_size=integer(found["plaintext_size"]),
        ciphertext_size=integer(found["ciphertext_size"]),
    )
    return GrantedBlob(sealed, unb64(found["key"], 32))


def _document(value: Any) -> GrantedDocument:
    found = members(value, _DOCUMENT_MEMBERS)
    return GrantedDocument(
        document_id=identifier(found["id"]),
        media_type=text(found["media_type"], 256),
        blob_id=identifier(found["blob"]),
        offset=integer(found["offset"]),
        length=integer(found["length"]),
        sha256=unb64(found["sha256"], 32),
    )


def _series(value: Any) -> GrantedSeries:
    found = members(value, _SERIES_MEMBERS)
    return GrantedSeries(
        study=text(found["study"], 64),
        series=text(found["series"], 64),
        blobs=tuple(identifier(blob) for blob in items(found["blobs"])),
    )
