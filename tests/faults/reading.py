"""What a record's holder can list and open, as the reader would do it, in this process."""

from dataclasses import dataclass
from uuid import UUID

from keyvault.crypto.sealed_blob import BlobKind
from keyvault.grants.grant import GrantBody, new_recipient, open_grant
from keyvault.verbs.call import Call
from keyvault.verbs.reader.lists.filling import LARGEST_PAGE, ListPage
from tests.faults.blob_reading import whole
from tests.faults.pipeline import Pipeline
from viewer_api.access import Access
from viewer_api.grant_addresses import AddressedGrants
from viewer_api.granting import Granting, GrantRequest


@dataclass(frozen=True)
class Opened:
    """A granted record: the grant's body, and each blob's plaintext."""

    body: GrantBody
    contents: dict[UUID, bytes]

    @property
    def packs(self) -> list[bytes]:
        kinds = {blob.sealed.ref.blob_id: blob.sealed.ref.kind for blob in self.body.blobs}
        return sorted(content for blob, content in self.contents.items() if kinds[blob] is BlobKind.PACK)


def _access(pipeline: Pipeline) -> Access:
    return Access(pipeline.system.index, pipeline.system.guard.reader)


def listed(pipeline: Pipeline, ins: str) -> dict[UUID, int]:
    """The documents that the holder sees, with the submissions each consists of."""
    access, call = _access(pipeline), Call(token=pipeline.patients[ins])
    shown = access.documents(call, ins, ListPage(limit=LARGEST_PAGE)).listing
    assert shown.following is None
    found = access.named(call, ins, [document.document_id for document in shown.documents])
    return {document.document_id: len(document.details) for document in found.documents}


def opened(pipeline: Pipeline, ins: str, *documents: UUID) -> Opened:
    """These documents, or everything, granted to the holder and opened whole."""
    system = pipeline.system
    private, public = new_recipient()
    request = GrantRequest(ins, (), documents, public)
    reader = system.guard.reader
    grants = AddressedGrants(Granting(system.index, reader), reader, lambda *_: "")
    grant = grants.grant(Call(token=pipeline.patients[ins]), request)
    pinned = {key.key_id: key.public for key in system.guard.public.public_keys() if key.use == "grant"}
    body = open_grant(grant, private, pinned, grant["issued"])
    contents = {}
    for blob in body.blobs:
        ref = blob.sealed.ref
        cipher = b"".join(system.objects.stream(ref.blob_id, ref.version))
        contents[ref.blob_id] = whole(blob, cipher)
    return Opened(body, contents)
