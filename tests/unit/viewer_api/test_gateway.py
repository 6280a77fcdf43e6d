"""The gateway alone: what it streams is what was granted, or an error before the end."""

import hashlib
import os
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest

from keyvault.crypto.blob_sealer import Sealer
from keyvault.crypto.sealed_blob import SEGMENT, BlobError, BlobKind, BlobRef, SealedBlob, new_data_key
from keyvault.crypto.signing import key_id, new_signing_key, sign
from keyvault.grants.grant import (
    GrantBody,
    GrantedBlob,
    GrantedDocument,
    GrantError,
    new_recipient,
    seal_grant,
)
from keyvault.process.guard import GatewayDoor
from keyvault.verbs.call import Call
from keyvault.verbs.reader.grants.releasing import Released
from records.errors import NotFound
from records.text.base64url import b64, unb64
from storage.objects.filesystem import FilesystemObjects
from storage.ports.objects import ObjectStore
from tests.unit.keyvault.granting import LOW_ORDER, resigned
from viewer_api.gateway.gateway import Content, Gateway
from viewer_api.granting import Granting, GrantRequest, WantedRows
from viewer_api.named_records import Named
from viewer_api.wado.multipart import Body
from viewer_api.wado.streaming import Begun

STEP = 2 * SEGMENT

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
    """A document in a pack between two others, and a `Granting` that grants it."""

    def __init__(self, document: bytes, digest: bytes | None = None) -> None:
        self.private, self.public = new_signing_key()
        self.key_id = key_id(self.public)
        self.now = NOW
        self.document_id = uuid4()
        self.altered: Callable[[dict[str, Any]], dict[str, Any]] = lambda grant: grant
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
            cast(Granting, self),
            cast(GatewayDoor, self),
            objects,
            {self.key_id: self.public},
            clock=lambda: self.now,
        )

    def wanted(self, call: Call, request: GrantRequest) -> WantedRows:
        return WantedRows(Named(uuid4()), [], [])

    def recheck_held(self, call: Call, locator: str, grant_id: UUID) -> bool:
        return True

    def released(self, call: Call, request: GrantRequest, wanted: WantedRows) -> Released:
        grant = self.altered(self.grant(request))
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
    assert world.objects.asked == [], "for the head nothing is read"
    begun = content.begun()
    assert len(world.objects.asked) == 1, "only the first piece is read before the answer begins"
    list(begun.pieces)
    assert all(stop - start <= STEP for start, stop in world.objects.asked)


def test_a_damaged_object_is_refused_before_the_answer_begins() -> None:
    world = World(b"report" * 1000)
    world.objects.content[len(BEFORE) + 60] ^= 1
    content = world.gateway.document(CALL, "record", world.document_id)
    with pytest.raises(BlobError) as error:
        content.begun()
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


def to_another(world: World) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A genuine grant, sealed to somebody else's key."""
    other = new_recipient()[1]
    return lambda _: world.grant(GrantRequest("record", studies=(), documents=(), recipient=other))


def expired(world: World) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def replayed(grant: dict[str, Any]) -> dict[str, Any]:
        world.now = NOW + 900 + 61
        return grant

    return replayed


def changed(**members: object) -> Callable[[World], Callable[[dict[str, Any]], dict[str, Any]]]:
    return lambda _: lambda grant: {**grant, **members}


def of_zeros(world: World) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Signed by the vault, its head sealed with a point that shares zeros with everybody (RFC 7748)."""

    def weakened(grant: dict[str, Any]) -> dict[str, Any]:
        head = b64(LOW_ORDER[0] + unb64(grant["head"])[32:])
        return resigned(grant, {"head": head}, world.private)

    return weakened


def resized(world: World) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Signed by the vault, and no recipient may accept it: the object's sizes contradict each other."""

    def bigger(grant: dict[str, Any]) -> dict[str, Any]:
        genuine, request = world.sealed, GrantRequest("", (), (), unb64(grant["recipient"]))
        world.sealed = replace(genuine, ciphertext_size=genuine.ciphertext_size + 1)
        with patch("keyvault.grants.grant.consistent", return_value=True):
            altered = world.grant(request)
        world.sealed = genuine
        return altered

    return bigger


@pytest.mark.parametrize(
    ("altered", "code"),
    [
        (to_another, "grant_other_recipient"),
        (expired, "grant_expired"),
        (changed(signature=b64(bytes(64))), "grant_unsigned"),
        (changed(suite=2), "grant_unsigned"),
        (changed(expires=NOW + 901), "grant_unsigned"),
        (changed(body=b64(bytes(64))), "grant_unsigned"),
        (of_zeros, "grant_tampered"),
        (resized, "grant_tampered"),
    ],
    ids=[
        "another recipient",
        "expired",
        "unsigned",
        "another suite",
        "longer",
        "another body",
        "zeros",
        "sizes",
    ],
)
def test_a_grant_that_is_not_its_own_is_not_held(altered: Any, code: str) -> None:
    world = World(b"report")
    world.altered = altered(world)
    for _ in range(2):
        with pytest.raises(GrantError) as refused:
            world.gateway.document(CALL, "record", world.document_id)
        assert refused.value.code == code
        assert world.objects.asked == []


def test_what_the_grant_does_not_hold_is_not_found() -> None:
    with pytest.raises(NotFound) as error:
        World(b"x").gateway.document(CALL, "record", uuid4())
    assert error.value.code == "no_such_document"


# memory


def in_pieces(content: Content) -> Iterator[bytes]:
    yield from content.pieces


def as_answered(content: Content) -> Iterator[bytes]:
    """As they leave the server: some together, the last ones held while the next are read."""
    begun = Begun(Body(content.media_type, content.length, content.pieces))
    while leaving := begun.next():
        yield leaving


@pytest.mark.parametrize("read", [in_pieces, as_answered])
def test_a_large_document_is_read_in_bounded_memory(
    tmp_path: Path, read: Callable[[Content], Iterator[bytes]]
) -> None:
    """Beside what leaves: what of the object is being opened."""
    world = World(os.urandom(48 * 2**20))
    store = FilesystemObjects(tmp_path)
    ref = world.sealed.ref
    with store.writer(ref.blob_id, ref.version) as writer:
        writer.write(world.objects.content)
        writer.commit()
    keys = {world.key_id: world.public}
    gateway = Gateway(cast(Granting, world), cast(GatewayDoor, world), store, keys, clock=lambda: NOW)
    content = gateway.document(CALL, "record", world.document_id)
    tracemalloc.start()
    try:
        largest = max(len(piece) for piece in read(content))
        assert tracemalloc.get_traced_memory()[1] - largest <= 2**20
    finally:
        tracemalloc.stop()
