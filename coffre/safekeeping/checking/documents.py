"""Documents of the index and the instances in them, looked up in the vault."""

from collections.abc import Collection
from uuid import UUID

from coffre.safekeeping.checking.sides import Sides, blob_key
from keyvault.verbs.operator.listing import KeptBlob, KeptDocument
from storage.index.inventory import every
from storage.rows.documents import Document, Instance


def check_documents(sides: Sides) -> None:
    for page in every(sides.inventory.documents, lambda document: document.document_id):
        sides.saw("documents", len(page))
        known = _documents_of_vault(sides, page)
        for document in page:
            _compare_document(sides, document, known.get(document.document_id))


def _compare_document(sides: Sides, document: Document, kept: KeptDocument | None) -> None:
    if kept is None:
        sides.found.add("document_unknown", document.document_id)
        return
    if _named(document) != _named(kept):
        sides.found.add("document_differs", document.document_id)
    if document.state != kept.state:
        sides.found.add("state_differs", document.document_id)


def check_instances(sides: Sides) -> None:
    for page in every(sides.inventory.instances, lambda one: (one.submission_id, one.part)):
        sides.saw("instances", len(page))
        keys = list({(one.blob_id, one.version) for one in page})
        blobs = {blob_key(blob): blob for blob in sides.vault.blobs_named(keys)}
        links = sides.vault.parts_of(keys)
        for one in page:
            if not _inside(one, blobs.get((one.blob_id, one.version))):
                sides.found.add("instance_astray", (one.submission_id, one.part))
            elif (one.blob_id, one.version, one.document_id) not in links:
                sides.found.add("instance_of_another", (one.submission_id, one.part))


def copy_states(sides: Sides) -> int:
    """Give every document of the index its state in the vault; answers how many changed."""
    changed = 0
    for page in every(sides.inventory.documents, lambda document: document.document_id):
        known = _documents_of_vault(sides, page)
        for document in page:
            kept = known.get(document.document_id)
            if kept is not None and kept.state != document.state:
                changed += sides.index.set_state(document.document_id, kept.state, sides.now_ms)
    return changed


def _documents_of_vault(sides: Sides, documents: Collection[Document]) -> dict[UUID, KeptDocument]:
    named = sides.vault.documents_named([document.document_id for document in documents])
    return {each.document_id: each for each in named}


def _named(document: Document | KeptDocument) -> tuple[object, ...]:
    return (document.record_id, document.kind, document.study_token)


def _inside(one: Instance, blob: KeptBlob | None) -> bool:
    if blob is None or one.offset < 0 or one.length < 0:
        return False
    return one.offset + one.length <= blob.plaintext_size
