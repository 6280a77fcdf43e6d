"""A store that answers something else than was asked for: a clear code, nothing half served as whole.

docs/formats.md section 6.4. The store is a server of its own that speaks as much of S3 as a GET needs.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar, cast

import pytest

from keyvault.crypto.sealed_blob import HEADER, SEGMENT, STRIDE
from keyvault.process.guard import GatewayDoor
from records.documents.details import Place
from records.errors import CoffreError
from storage.objects.credentials import Credentials
from storage.objects.opening import open_objects
from storage.ports.objects import ObjectStore
from tests.unit.viewer_api.test_gateway import BEFORE, CALL, NOW, World
from viewer_api.gateway import answer as answers
from viewer_api.gateway.gateway import Gateway
from viewer_api.gateway.opened_study import OpenedThing, read_place
from viewer_api.granting import Granting

_RANGE = re.compile(r"bytes=([0-9]+)-([0-9]+)")
DOCUMENT = bytes(range(256)) * 4096  # 16 segments
Answer = Callable[["Store", int, int], tuple[int, dict[str, str], bytes]]


class Store(ThreadingHTTPServer):
    """Answers every GET of a range as `answer` says."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.answer: Answer = exact
        self.asked: list[tuple[int, int]] = []

    def of(self, path: str) -> "Store":
        """Where the object at this path is asked for."""
        return self

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that turns away is no fault here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        store = cast(Store, self.server)
        named = _RANGE.fullmatch(self.headers["Range"])
        assert named is not None
        start, stop = int(named[1]), int(named[2]) + 1
        store.asked.append((start, stop))
        status, headers, body = store.answer(store.of(self.path), start, stop)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        if headers.get("Content-Length"):  # a body that ends before its length ends the connection
            self.close_connection = True

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(cast(Store, self.server).of(self.path).content)))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def _said(start: int, stop: int, size: int) -> dict[str, str]:
    return {"Content-Range": f"bytes {start}-{stop - 1}/{size}"}


def exact(store: Store, start: int, stop: int) -> tuple[int, dict[str, str], bytes]:
    return 206, _said(start, stop, len(store.content)), store.content[start:stop]


def whole(store: Store, start: int, stop: int) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, store.content


def other_range(store: Store, start: int, stop: int) -> tuple[int, dict[str, str], bytes]:
    size = len(store.content)
    return 206, _said(start + SEGMENT, stop, size), store.content[start + SEGMENT : stop]


def wrongly_named(store: Store, start: int, stop: int) -> tuple[int, dict[str, str], bytes]:
    """Bytes from elsewhere under the name of those asked for."""
    size = len(store.content)
    return 206, _said(start, stop, size), store.content[start - 1 : stop - 1]


def unnamed(store: Store, start: int, stop: int) -> tuple[int, dict[str, str], bytes]:
    return 206, {}, store.content[start:stop]


def cut(store: Store, start: int, stop: int) -> tuple[int, dict[str, str], bytes]:
    body = store.content[start:stop]
    return 206, _said(start, stop, len(store.content)) | {"Content-Length": str(len(body))}, body[:-1000]


def stale(store: Store, start: int, stop: int) -> tuple[int, dict[str, str], bytes]:
    """Another version of the object, of the same size."""
    body = bytes([store.content[start] ^ 1]) + store.content[start + 1 : stop]
    return 206, _said(start, stop, len(store.content)), body


def gone(store: Store, start: int, stop: int) -> tuple[int, dict[str, str], bytes]:
    return 404, {"Content-Type": "application/xml"}, b"<Error><Code>NoSuchKey</Code></Error>"


def down(store: Store, start: int, stop: int) -> tuple[int, dict[str, str], bytes]:
    return 503, {"Content-Type": "application/xml"}, b"<Error><Code>SlowDown</Code></Error>"


S = TypeVar("S", bound=Store)


@contextmanager
def running(store: S) -> Iterator[S]:
    thread = threading.Thread(target=store.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield store
    finally:
        store.shutdown()
        thread.join()
        store.server_close()


@pytest.fixture(scope="module")
def world() -> World:
    return World(DOCUMENT)


@pytest.fixture
def store(world: World) -> Iterator[Store]:
    with running(Store(bytes(world.objects.content))) as store:
        yield store


@pytest.fixture
def gateway(world: World, store: Store) -> Gateway:
    endpoint = f"http://127.0.0.1:{store.server_address[1]}"
    url = f"s3://bucket?endpoint={endpoint}&region=us-east-1&addressing=path&timeout=2&patience=0.5"
    objects: ObjectStore = open_objects(url, credentials=Credentials("key", "secret"))
    keys = {world.key_id: world.public}
    return Gateway(cast(Granting, world), cast(GatewayDoor, world), objects, keys, clock=lambda: NOW)


def thing_of(gateway: Gateway) -> OpenedThing:
    (thing,) = gateway.held._held.values()
    return thing


def answer_of(gateway: Gateway) -> answers.Answer[OpenedThing]:
    thing = thing_of(gateway)
    return answers.Answer(thing, lambda _: thing, lambda: NOW)


def place_of(gateway: Gateway) -> Place:
    (document,) = thing_of(gateway).documents
    return Place(document.blob_id, document.offset, document.length, document.sha256)


FAULTS: dict[str, tuple[Answer, str]] = {
    "200 instead of 206": (whole, "store_failing"),
    "another Content-Range": (other_range, "store_failing"),
    "no Content-Range": (unnamed, "store_failing"),
    "other bytes under the right one": (wrongly_named, "blob_corrupt"),
    "a stale object": (stale, "blob_corrupt"),
    "no object": (gone, "object_missing"),
    "a store that is down": (down, "store_failing"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_from_the_first_byte_is_an_answer_of_its_own(
    gateway: Gateway, world: World, store: Store, kind: str
) -> None:
    store.answer, code = FAULTS[kind]
    with pytest.raises(CoffreError) as refused:
        gateway.document(CALL, "record", world.document_id).begun()
    assert refused.value.code == code


def test_a_body_that_is_always_cut_never_comes_to_its_end(
    gateway: Gateway, world: World, store: Store
) -> None:
    """What arrived whole leaves; the store is asked again for the rest, and then given up."""
    store.answer = cut
    read = 0
    with pytest.raises(CoffreError) as refused:
        for piece in gateway.document(CALL, "record", world.document_id).pieces:
            assert piece == DOCUMENT[read : read + len(piece)]
            read += len(piece)
    assert refused.value.code == "store_failing"
    assert read < len(DOCUMENT)


@pytest.mark.parametrize("kind", ["another Content-Range", "other bytes under the right one", "no object"])
def test_a_fault_further_on_ends_the_answer(gateway: Gateway, world: World, store: Store, kind: str) -> None:
    """A connection is cut, and what is there when it is taken up again is something else."""
    fault, code = FAULTS[kind]

    def then(at: Store, start: int, stop: int) -> tuple[int, dict[str, str], bytes]:
        return (cut if len(at.asked) == 1 else fault)(at, start, stop)

    store.answer = then
    pieces = gateway.document(CALL, "record", world.document_id).pieces
    with pytest.raises(CoffreError) as refused:
        list(pieces)
    assert refused.value.code == code


BORDER = STRIDE - HEADER - len(BEFORE)  # of the first segment, in bytes of the document
RANGES = {
    "one byte": (0, 1, 1),
    "the last byte": (len(DOCUMENT) - 1, len(DOCUMENT), 1),
    "the end of a segment": (BORDER - 1, BORDER, 1),
    "the beginning of one": (BORDER, BORDER + 1, 1),
    "across a border": (BORDER - 1, BORDER + 1, 2),
    "three segments": (BORDER - 1, BORDER + STRIDE + 1, 3),
    "the last segment": (len(DOCUMENT) - 300, len(DOCUMENT), 1),
    "nothing": (7, 7, 0),
}


@pytest.mark.parametrize("kind", RANGES)
def test_a_range_is_read_from_its_segments_and_no_others(
    gateway: Gateway, world: World, store: Store, kind: str
) -> None:
    start, stop, segments = RANGES[kind]
    content = gateway.document(CALL, "record", world.document_id)
    content.pieces.close()  # type: ignore[attr-defined]
    store.asked.clear()
    found = b"".join(read_place(answer_of(gateway), place_of(gateway), start, stop))
    assert found == DOCUMENT[start:stop]
    asked = sum(-(-last // SEGMENT) - first // SEGMENT for first, last in store.asked)
    assert (len(store.asked), asked) == (min(1, segments), segments)


@pytest.mark.parametrize(
    ("start", "stop"), [(0, len(DOCUMENT) + 1), (5, 4), (-1, 5), (len(DOCUMENT) + 1,) * 2]
)
def test_a_range_past_the_part_is_refused_though_its_object_goes_on(
    gateway: Gateway, world: World, store: Store, start: int, stop: int
) -> None:
    """What follows in the object is another part's."""
    gateway.document(CALL, "record", world.document_id)
    store.asked.clear()
    with pytest.raises(CoffreError) as refused:
        list(read_place(answer_of(gateway), place_of(gateway), start, stop))
    assert refused.value.code == "range_past_end"
    assert store.asked == []
