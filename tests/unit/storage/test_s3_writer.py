"""The S3 writer's bounds, and what it makes of answers, on a store in memory."""

import hashlib
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest

from records.errors import CoffreError, Conflict
from storage.objects.bucket import Body, Failure, Found, body_of, patiently
from storage.objects.multipart import PART, S3Writer


class Memory:
    """Enough of a `Bucket` for a writer; counts what is on its way."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[str, bytes]] = {}
        self.parts: dict[int, bytes] = {}
        self.writers: dict[str, str] = {}
        self.seen: list[bytes] = []
        self.travelling = self.most = 0
        self.travelling_when_dropped: int | None = None
        self.failures: list[Failure] = []
        self._lock = threading.Lock()

    def put(self, key: str, body: bytes | bytearray, writer: str, *, only_new: bool) -> None:
        assert only_new
        if key in self.objects:
            raise Failure(412, "PreconditionFailed")
        self.objects[key] = (writer, bytes(body))
        if self.failures:
            raise self.failures.pop(0)

    def begin(self, key: str, writer: str) -> str:
        self.writers["upload"] = writer
        return "upload"

    def put_part(self, key: str, upload: str, number: int, body: bytes | bytearray) -> str:
        with self._lock:
            self.travelling += 1
            self.most = max(self.most, self.travelling)
        threading.Event().wait(0.02)
        with self._lock:
            self.travelling -= 1
            self.seen.append(hashlib.sha256(body).digest())
            if self.failures:
                raise self.failures.pop(0)
        self.parts[number] = bytes(body[:8])
        return str(number)

    def complete(self, key: str, upload: str, etags: Sequence[str], *, only_new: bool) -> None:
        assert list(etags) == [str(number) for number in sorted(self.parts)]
        self.objects[key] = (self.writers.pop("upload"), b"".join(self.parts[n] for n in sorted(self.parts)))

    def drop(self, key: str, upload: str) -> None:
        self.travelling_when_dropped = self.travelling
        self.writers.pop("upload", None)

    def delete(self, key: str, version: str | None = None) -> None:
        del self.objects[key]

    def head(self, key: str) -> Found | None:
        found = self.objects.get(key)
        return Found(len(found[1]), found[0], None) if found else None


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def writer(memory: Memory) -> S3Writer:
    pool = ThreadPoolExecutor(8)
    return S3Writer(memory, "key", pool, patience=5, create_header=True)  # type: ignore[arg-type]


def test_at_most_three_parts_travel_and_one_is_filled(memory: Memory, writer: S3Writer) -> None:
    for number in range(12):
        writer.write(number.to_bytes(8) * (PART // 8))
        assert len(writer._buffer) <= PART
    writer.commit()
    assert (memory.most, memory.objects["key"][1][:16]) == (3, bytes(8) + (1).to_bytes(8))


def test_a_part_sent_again_is_the_same_bytes(memory: Memory, writer: S3Writer) -> None:
    memory.failures = [Failure(503, "SlowDown"), Failure(0, "ReadTimeoutError")]
    writer.write(b"a" * PART)
    writer.write(b"b")
    writer.commit()
    assert sorted(memory.seen.count(each) for each in set(memory.seen)) in ([1, 3], [2, 2])


def test_a_write_that_lost_its_answer_is_recognised(memory: Memory, writer: S3Writer) -> None:
    memory.failures = [Failure(0, "ReadTimeoutError")]
    writer.write(b"mine")
    assert writer.commit().size == 4


def test_an_upload_is_dropped_when_no_part_of_it_travels_any_more(memory: Memory, writer: S3Writer) -> None:
    """A part that arrived later could stay for ever."""
    for _ in range(3):
        writer.write(b"a" * PART)
    writer.write(b"b")
    writer.abort()
    assert (memory.travelling, memory.travelling_when_dropped) == (0, 0)


def test_another_ones_object_is_not_taken_for_ones_own(memory: Memory, writer: S3Writer) -> None:
    memory.objects["key"] = ("somebody", b"theirs")
    writer.write(b"mine")
    with pytest.raises(Conflict):
        writer.commit()
    assert memory.objects["key"][1] == b"theirs"


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure(403, "AccessDenied"), "store_denied"),
        (Failure(404, "NoSuchBucket"), "bucket_missing"),
        (Failure(404, "NoSuchUpload"), "store_failing"),
        (Failure(403, "QuotaExceeded"), "store_full"),
        (Failure(400, "EntityTooSmall"), "store_failing"),
    ],
)
def test_what_will_not_pass_is_told_at_once_and_drops_the_upload(
    memory: Memory, writer: S3Writer, failure: Failure, code: str
) -> None:
    memory.failures = [failure]
    writer.write(b"a" * PART)
    writer.write(b"b")
    with pytest.raises(CoffreError) as told:
        writer.commit()
    assert (told.value.code, memory.writers) == (code, {})


def test_a_claim_of_somebody_else_is_respected(memory: Memory, writer: S3Writer) -> None:
    memory.objects["key.claim"] = ("somebody", b"")
    writer.write(b"a" * (PART + 1))
    with pytest.raises(Conflict):
        writer.commit()
    assert memory.objects == {"key.claim": ("somebody", b"")}


def test_a_claim_goes_when_the_object_is_there(memory: Memory, writer: S3Writer) -> None:
    writer.write(b"a" * (PART + 1))
    writer.commit()
    assert list(memory.objects) == ["key"]


class TestPatience:
    def test_what_fails_in_passing_is_repeated(self) -> None:
        call = Mock(side_effect=[Failure(503, "SlowDown"), Failure(409, "OperationAborted"), "done"])
        assert patiently(call, patience=5) == "done"

    @pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 501])
    def test_what_will_not_pass_is_not(self, status: int) -> None:
        call = Mock(side_effect=Failure(status, ""))
        with pytest.raises(Failure):
            patiently(call, patience=5)
        assert call.call_count == 1

    def test_a_stopped_writer_does_not_wait(self) -> None:
        stopped, call = threading.Event(), Mock(side_effect=Failure(503, ""))
        stopped.set()
        with pytest.raises(Failure):
            patiently(call, patience=60, stopped=stopped)
        assert call.call_count == 1


class TestAnswersToARange:
    def body(self, status: int, **headers: str) -> Body:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return body_of(status, named, lambda _: b"", lambda: None)

    def test_206_says_which_bytes(self) -> None:
        body = self.body(206, content_range="bytes 5-9/100")
        assert (body.start, body.stop, body.total) == (5, 10, 100)

    def test_200_is_everything(self) -> None:
        body = self.body(200, content_length="100")
        assert (body.start, body.stop, body.total) == (0, 100, 100)

    @pytest.mark.parametrize("value", ["", "bytes */100", "bytes 5-9/*", "5-9/100"])
    def test_206_without_its_range_is_refused(self, value: str) -> None:
        with pytest.raises(Failure):
            self.body(206, content_range=value)

    def test_a_short_body_is_a_failure(self) -> None:
        pieces = iter([b"ab", b"c", b""])
        body = Body(0, 5, 5, lambda _: next(pieces), lambda: None)
        with pytest.raises(Failure, match="BodyCut"):
            body.exactly(5)
