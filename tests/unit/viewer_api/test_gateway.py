"""The gateway alone: what it streams is what was granted, or an error before the end."""

import hashlib
from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from keyvault.crypto.blob_sealer import Sealer
from keyvault.crypto.sealed_blob import (
    SEGMENT,
    BlobError,
    BlobKind,
    BlobRef,
    SealedBlob,
    new_data_key,
)
from keyvault.crypto.signing import key_id, new_signing_key, sign
from keyvault.grants.grant import GrantBody, GrantedBlob, GrantedDocument, GrantError, seal_grant
from keyvault.process.guard import GatewayDoor
from keyvault.verbs.attempt import Call
from keyvault.verbs.reader.releasing import Released
from records.errors import NotFound
from storage.ports import ObjectStore
from viewer_api.access import Access, GrantRequest, WantedRows
from viewer_api.asking import Named
from viewer_api.gateway.gateway import Gateway

STEP = 4 * SEGMENT

NOW = 1_800_000_000
CALL = Call(token="")
BEFORE, AFTER = b"other part" * 7, b"next part" * 9


class Objects:
    """One sealed object, counting what is asked of it."""

    def __init__(self, content: bytes) -> None:
        self.content = bytearray(content)
        self.asked: list[tuple[int, int]] = []

    def stream(self, blob_id: UUID, version: int, start: int, stop: int, chunk: int) -> Iterator[bytes]:
        for at in range(start, stop, chunk):
            self.asked.append((at, min(stop, at + chunk)))
            yield bytes(self.content[at : min(stop, at + chunk)])


class World:
    """A document in a pack between two others, and an `Access` that grants it."""

    def __init__(self, document: bytes, digest: bytes | None = None) -> None:
        self.private, public = new_signing_key()
        self.key_id = key_id(public)
        self.document_id = uuid4()
        ref, self.dek = BlobRef(uuid4(), 1, BlobKind.PACK), new_data_key()
        sealer = Sealer(ref, self.dek)
        content = bytes(sealer.update(BEFORE + document + AFTER))
        content += bytes(sealer.finish())
        self.sealed: SealedBlob = sealer.sealed
        self.objects = Objects(content)
        self.place = GrantedDocument(
            document_id=self.document_id,
            media_type="application/pdf",
            blob_id=ref.blob_id,
            offset=len(BEFORE),
            length=len(document),
            sha256=digest or hashlib.sha256(document).digest(),
        )
        objects = cast(ObjectStore, self.objects)
        self.gateway = Gateway(
            cast(Access, self), cast(GatewayDoor, self), objects, {self.key_id: public}, clock=lambda: NOW
        )

    def wanted(self, call: Call, request: GrantRequest) -> WantedRows:
        return WantedRows(Named(uuid4()), [], [])

    def recheck_held(self, call: Call, locator: str, grant_id: UUID) -> bool:
        return True

    def released(self, call: Call, request: GrantRequest, wanted: WantedRows) -> Released:
        grant = self.grant(request)
        return Released(grant, ((self.place.blob_id, 1),), (self.document_id,))

    def grant(self, request: GrantRequest) -> dict[str, Any]:
        return seal_grant(
            suite=1,
            grant_id=uuid4(),
            issued=NOW,
            expires=NOW + 900,
            record=uuid4(),
            purpose="normal",
            actor=bytes(32),
            recipient=request.recipient,
            body=GrantBody((GrantedBlob(self.sealed, self.dek),), (self.place,), ()),
            event=bytes(32),
            key_id=self.key_id,
            sign=lambda message: sign(self.private, message),
        )


@pytest.mark.parametrize("size", [0, 1, STEP - 1, STEP, STEP + 1, 2 * STEP + 12_345])
def test_a_document_is_streamed_whole_and_alone(size: int) -> None:
    document = bytes(range(256)) * (size // 256 + 1)
    world = World(document[:size])
    content = world.gateway.document(CALL, "record", world.document_id)
    pieces = list(content.pieces)
    assert b"".join(pieces) == document[:size]
    assert (content.length, content.media_type) == (size, "application/pdf")
    assert max(map(len, pieces), default=0) <= STEP


def test_memory_stays_bounded_by_the_step() -> None:
    world = World(bytes(3 * STEP))
    content = world.gateway.document(CALL, "record", world.document_id)
    assert len(world.objects.asked) == 1, "only the first piece is read before the answer begins"
    list(content.pieces)
    assert all(stop - start <= STEP for start, stop in world.objects.asked)


def test_a_damaged_object_is_refused_before_the_answer_begins() -> None:
    world = World(b"report" * 1000)
    world.objects.content[len(BEFORE) + 60] ^= 1
    with pytest.raises(BlobError) as error:
        world.gateway.document(CALL, "record", world.document_id)
    assert error.value.code == "blob_corrupt"


def test_damage_further_on_ends_the_stream_with_an_error() -> None:
    world = World(bytes(2 * STEP))
    world.objects.content[-200] ^= 1
    pieces = world.gateway.document(CALL, "record", world.document_id).pieces
    assert 0 < len(next(pieces)) <= STEP
    with pytest.raises(BlobError):
        list(pieces)


def test_other_bytes_than_were_deposited_never_come_to_their_end() -> None:
    world = World(bytes(2 * STEP), digest=bytes(32))
    pieces = world.gateway.document(CALL, "record", world.document_id).pieces
    read = 0
    with pytest.raises(BlobError):
        for piece in pieces:
            read += len(piece)
    assert 0 < read < 2 * STEP


def test_a_grant_of_an_unknown_vault_is_not_opened() -> None:
    world, other = World(b"x"), World(b"x")
    world.private = other.private
    with pytest.raises(GrantError) as error:
        world.gateway.document(CALL, "record", world.document_id)
    assert error.value.code == "grant_unsigned"


def test_what_the_grant_does_not_hold_is_not_found() -> None:
    with pytest.raises(NotFound) as error:
        World(b"x").gateway.document(CALL, "record", uuid4())
    assert error.value.code == "no_such_document"
