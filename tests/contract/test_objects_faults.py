"""S3 behind a bad network: what fails in passing is repeated with the same bytes, what was carried out
without an answer is recognised, what keeps failing is told and leaves nothing.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from records.errors import CoffreError, NotFound
from storage.objects.multipart import PART
from storage.objects.opening import open_objects
from storage.ports.objects import ObjectStore
from tests.services import proxy
from tests.services.fixtures_s3 import BUCKET
from tests.services.proxy import Fault, Proxy, What
from tests.services.service import HOST, S3Service

SMALL = os.urandom(100_000)
LARGE = os.urandom(2 * PART + 1000)

PUT, BEGIN, PUT_PART = r"^PUT .*/1 HTTP", r"^POST [^ ]*uploads", r"^PUT [^ ]*partNumber=2"
COMPLETE, HEAD, GET = r"^POST [^ ]*uploadId", r"^HEAD ", r"^GET "


@pytest.fixture
def network(plain_s3_store: tuple[str, S3Service]) -> Iterator[Proxy]:
    with proxy.running(plain_s3_store[1].port) as found:
        yield found


@pytest.fixture
def address(plain_s3_store: tuple[str, S3Service], network: Proxy) -> str:
    scheme, service = plain_s3_store
    behind = replace(service, endpoint=f"http://{HOST}:{network.port}")
    return behind.url(scheme, BUCKET, uuid4().hex, timeout=1, patience=15)


@pytest.fixture
def objects(address: str) -> ObjectStore:
    return open_objects(address)


def check_kept(objects: ObjectStore, content: bytes) -> None:
    blob_id = uuid4()
    with objects.writer(blob_id, 1) as writer:
        writer.write(content)
        assert writer.commit().size == len(content)
    assert objects.read(blob_id, 1, 0, len(content)) == content


@pytest.mark.parametrize("what", list(What))
@pytest.mark.parametrize(("content", "pattern"), [(SMALL, PUT), (LARGE, PUT_PART), (LARGE, COMPLETE)])
def test_a_write_that_meets_one_fault_is_kept(
    objects: ObjectStore, network: Proxy, what: What, content: bytes, pattern: str
) -> None:
    network.fault = Fault(what, pattern)
    check_kept(objects, content)
    assert network.fault.struck == 1
    assert objects.sweep_partial(-1) == 0


def test_a_multipart_whose_beginning_was_not_answered_is_swept(objects: ObjectStore, network: Proxy) -> None:
    network.fault = Fault(What.LOST_ANSWER, BEGIN)
    check_kept(objects, LARGE)
    assert objects.sweep_partial(3600) == 0
    assert objects.sweep_partial(-1) == 1


def test_many_503_are_waited_out(objects: ObjectStore, network: Proxy) -> None:
    network.fault = Fault(What.BUSY, PUT, times=4)
    begun = time.monotonic()
    check_kept(objects, SMALL)
    assert time.monotonic() - begun > 0.05 + 0.1 + 0.2 + 0.4  # pauses that double, each at least half


@pytest.mark.parametrize("what", [What.CUT_ANSWER, What.LOST_ANSWER, What.STALL, What.BUSY])
def test_a_read_that_meets_a_fault_is_exact(objects: ObjectStore, network: Proxy, what: What) -> None:
    blob_id = uuid4()
    with objects.writer(blob_id, 1) as writer:
        writer.write(SMALL)
        writer.commit()
    network.fault = Fault(what, GET)
    assert objects.read(blob_id, 1, 10, 90_000) == SMALL[10:90_000]
    assert network.fault.struck == 1
    network.fault = Fault(what, GET, times=2)
    assert b"".join(objects.stream(blob_id, 1, 10, 90_000, chunk=10_000)) == SMALL[10:90_000]
    assert network.fault.struck == 2


def test_a_store_that_keeps_failing_is_told_and_holds_nothing(address: str, network: Proxy) -> None:
    objects, blob_id = open_objects(address.replace("patience=15", "patience=1")), uuid4()
    network.fault = Fault(What.BUSY, "^(PUT|POST)", times=10**6)
    for content in (SMALL, LARGE):
        begun = time.monotonic()
        with pytest.raises(CoffreError) as failing, objects.writer(blob_id, 1) as writer:
            writer.write(content)
            writer.commit()
        assert failing.value.code == "store_failing"
        assert time.monotonic() - begun < 5
    network.fault = None
    assert objects.size(blob_id, 1) is None


def test_a_part_that_keeps_failing_ends_the_upload(address: str, network: Proxy) -> None:
    objects, blob_id = open_objects(address.replace("patience=15", "patience=1")), uuid4()
    network.fault = Fault(What.BUSY, PUT_PART, times=10**6)
    with pytest.raises(CoffreError) as failing, objects.writer(blob_id, 1) as writer:
        writer.write(LARGE)
        writer.commit()
    assert failing.value.code == "store_failing"
    assert objects.sweep_partial(-1) == 0
    assert objects.size(blob_id, 1) is None


def test_a_missing_object_is_no_fault_to_be_waited_out(objects: ObjectStore) -> None:
    begun = time.monotonic()
    with pytest.raises(NotFound):
        objects.read(uuid4(), 1, 0, 1)
    assert time.monotonic() - begun < 2


def test_parts_travel_beside_one_another(objects: ObjectStore, network: Proxy) -> None:
    network.fault = Fault(What.DELAY, "partNumber", times=99, delay_s=0.7)
    with objects.writer(uuid4(), 1) as writer:
        for _ in range(4):
            writer.write(LARGE[:PART])
        writer.commit()
    assert network.fault.struck >= 4
    assert 2 <= network.most_delayed <= 3
