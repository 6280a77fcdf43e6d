"""What S3 stores keep beyond `test_objects.py`: multipart, presigned addresses, CORS, versions, locks."""

import json
import os
import ssl
import time
from collections.abc import Callable, Mapping
from uuid import UUID, uuid4

import httpx
import pytest
from awscrt.checksums import crc64nvme
from moto import mock_aws

from records.errors import CoffreError, Conflict
from storage.objects.boto import BotoBucket
from storage.objects.credentials import Credentials
from storage.objects.minio_sdk import MinioBucket
from storage.objects.multipart import PART
from storage.objects.opening import open_locked_notes, open_objects, prepare_objects
from storage.ports.objects import ObjectStore, StoredObject
from tests.contract.writers_at_once import winner_of
from tests.services.fixtures_s3 import BUCKET
from tests.services.service import S3Service

Store = tuple[str, S3Service]
ORIGIN, VIEWER = "https://coffre.example", "https://viewer.example:8443"
ORIGINS = (ORIGIN, VIEWER)


@pytest.fixture
def address(s3_store: Store) -> str:
    scheme, service = s3_store
    return service.url(scheme, BUCKET, uuid4().hex)


@pytest.fixture
def objects(address: str) -> ObjectStore:
    return open_objects(address)


@pytest.fixture
def new_bucket(s3_store: Store) -> str:
    """The address of a bucket that does not exist."""
    scheme, service = s3_store
    return service.url(scheme, f"coffre-{uuid4().hex[:12]}")


def put(objects: ObjectStore, content: bytes, version: int = 1) -> UUID:
    blob_id = uuid4()
    with objects.writer(blob_id, version) as writer:
        writer.write(content)
        writer.commit()
    return blob_id


def ask(
    url: str, service: S3Service, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body, as a browser without any key would get them."""
    trust = ssl.create_default_context(cafile=service.ca) if service.ca else True
    answer = httpx.request(method, url, headers=headers, verify=trust, timeout=10)
    return answer.status_code, answer.headers, answer.content


class TestMultipart:
    CONTENT = os.urandom(3 * PART + 12_345)

    def test_an_object_of_several_parts_is_one_object(self, objects: ObjectStore) -> None:
        blob_id, step = uuid4(), 1_000_003
        with objects.writer(blob_id, 1) as writer:
            for start in range(0, len(self.CONTENT), step):
                writer.write(self.CONTENT[start : start + step])
                assert objects.size(blob_id, 1) is None
            assert writer.commit() == StoredObject(len(self.CONTENT), crc64nvme(self.CONTENT))
        assert objects.size(blob_id, 1) == len(self.CONTENT)
        assert b"".join(objects.stream(blob_id, 1, chunk=1 << 20)) == self.CONTENT
        for start, stop in [(PART - 1, PART + 1), (0, PART), (PART, 3 * PART), (3 * PART, 3 * PART + 1)]:
            assert objects.read(blob_id, 1, start, stop) == self.CONTENT[start:stop]
        assert objects.sweep_partial(-1) == 0

    @pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 2 * PART])
    def test_sizes_about_a_part(self, objects: ObjectStore, size: int) -> None:
        content = self.CONTENT[:size]
        blob_id = put(objects, content)
        assert objects.read(blob_id, 1, 0, size) == content

    def test_an_existing_object_is_not_overwritten_by_a_large_one(self, objects: ObjectStore) -> None:
        blob_id = put(objects, b"first")
        with objects.writer(blob_id, 1) as writer:
            writer.write(self.CONTENT)
            with pytest.raises(Conflict) as refused:
                writer.commit()
        assert refused.value.code == "object_exists"
        assert objects.read(blob_id, 1, 0, 5) == b"first"
        assert objects.sweep_partial(-1) == 0

    def test_of_many_writers_of_a_large_object_one_takes_the_name(self, objects: ObjectStore) -> None:
        blob_id = uuid4()
        won = winner_of(objects, blob_id, 4, PART + 1)
        assert objects.read(blob_id, 1, 0, 10) == bytes([won]) * 10
        assert objects.sweep_partial(-1) == 0

    def test_a_large_object_deleted_while_it_is_read_is_whole_or_an_error(self, objects: ObjectStore) -> None:
        """Never other bytes; which of the two it is: docs/object-stores.md."""
        blob_id = put(objects, self.CONTENT)
        stream = objects.stream(blob_id, 1)
        read = next(stream)
        objects.delete(blob_id, 1)
        try:
            read += b"".join(stream)
        except CoffreError as error:
            assert error.code in ("object_missing", "store_failing")
        else:
            assert read == self.CONTENT


class TestStoresThatIgnoreTheCondition:
    """`create=check`, for stores that overwrite in spite of If-None-Match."""

    def test_preparing_tells_them(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        prepare_objects(address, origins=(), create=False)
        for bucket in (BotoBucket, MinioBucket):
            monkeypatch.setattr(bucket, "put", overwriting(bucket.put))
        with pytest.raises(CoffreError) as told:
            prepare_objects(address, origins=(), create=False)
        assert told.value.code == "store_overwrites"
        prepare_objects(f"{address}&create=check", origins=(), create=False)

    def test_an_existing_object_is_refused_by_a_look(self, address: str) -> None:
        objects = open_objects(f"{address}&create=check")
        blob_id = put(objects, b"first")
        with objects.writer(blob_id, 1) as writer:
            writer.write(b"second")
            with pytest.raises(Conflict):
                writer.commit()
        assert objects.read(blob_id, 1, 0, 5) == b"first"


def overwriting(put: Callable[..., None]) -> Callable[..., None]:
    return lambda *arguments, only_new: put(*arguments, only_new=False)


class TestPresigned:
    def test_it_opens_one_object_whole_or_by_range(self, objects: ObjectStore, s3_store: Store) -> None:
        blob_id = put(objects, b"0123456789")
        url = objects.presigned(blob_id, 1, 60)
        assert url is not None
        assert ask(url, s3_store[1])[::2] == (200, b"0123456789")
        status, headers, body = ask(url, s3_store[1], {"Range": "bytes=2-4"})
        assert (status, headers["Content-Range"], body) == (206, "bytes 2-4/10", b"234")

    def test_it_opens_nothing_else(self, objects: ObjectStore, s3_store: Store) -> None:
        blob_id, other = put(objects, b"mine"), put(objects, b"other")
        url = objects.presigned(blob_id, 1, 60)
        assert url is not None
        assert ask(url.replace(str(blob_id), str(other)), s3_store[1])[0] == 403
        assert ask(url.replace(f"{blob_id}/1", f"{blob_id}/2"), s3_store[1])[0] == 403
        for method in ("PUT", "DELETE"):
            assert ask(url, s3_store[1], method=method)[0] == 403
        assert objects.read(blob_id, 1, 0, 4) == b"mine"

    def test_it_ends(self, objects: ObjectStore, s3_store: Store) -> None:
        url = objects.presigned(put(objects, b"x"), 1, 1)
        assert url is not None
        time.sleep(2.1)
        assert ask(url, s3_store[1])[0] == 403

    @pytest.mark.parametrize("seconds", [0, 301])
    def test_its_life_is_five_minutes_at_most(self, objects: ObjectStore, seconds: int) -> None:
        with pytest.raises(ValueError, match="five minutes"):
            objects.presigned(uuid4(), 1, seconds)

    def test_it_names_the_host_that_readers_reach(self, address: str) -> None:
        objects = open_objects(address, public_url="https://objects.coffre.example")
        url = objects.presigned(uuid4(), 1, 60)
        assert url is not None and url.startswith(f"https://objects.coffre.example/{BUCKET}/")
        assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url


class TestBucket:
    def test_a_missing_bucket_is_told_and_made_where_allowed(self, new_bucket: str) -> None:
        for _ in range(2):
            with pytest.raises(CoffreError) as missing:
                prepare_objects(new_bucket, origins=(), create=False)
            assert missing.value.code == "bucket_missing"
        with pytest.raises(CoffreError) as missing:
            open_objects(new_bucket).read(uuid4(), 1, 0, 1)
        assert missing.value.code == "bucket_missing"
        for _ in range(2):
            prepare_objects(new_bucket, origins=ORIGINS, create=True)
        prepare_objects(new_bucket, origins=ORIGINS, create=False)

    def test_pages_of_these_origins_may_read_ranges(self, s3_store: Store) -> None:
        scheme, service = s3_store
        address = service.url(scheme, BUCKET, uuid4().hex)
        prepare_objects(address, origins=ORIGINS, create=False)
        objects = open_objects(address)
        url = objects.presigned(put(objects, b"0123456789"), 1, 60)
        assert url is not None
        wish = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
        for origin in ORIGINS:
            status, headers, _ = ask(url, service, {"Origin": origin, **wish}, "OPTIONS")
            assert (status // 100, headers["Access-Control-Allow-Origin"]) == (2, origin)
            assert "range" in headers["Access-Control-Allow-Headers"].lower()
            status, headers, body = ask(url, service, {"Origin": origin, "Range": "bytes=0-1"})
            assert (status, body, headers["Access-Control-Allow-Origin"]) == (206, b"01", origin)
            assert "Content-Range" in headers["Access-Control-Expose-Headers"]
        _, headers, _ = ask(url, service, {"Origin": "https://evil.example", **wish}, "OPTIONS")
        assert "Access-Control-Allow-Origin" not in headers

    def test_where_versions_are_kept_a_deletion_leaves_none(self, new_bucket: str) -> None:
        new_bucket += "&create=check"  # Ceph needs it in such buckets
        prepare_objects(new_bucket, origins=(), create=True, versions=True)
        objects = open_objects(new_bucket)
        blob_id = put(objects, b"secret")
        neighbour = UUID(int=blob_id.int)
        with objects.writer(neighbour, 10) as writer:  # its key begins with the other one's
            writer.write(b"stays")
            writer.commit()
        assert objects.delete(blob_id, 1) is True
        assert objects.delete(blob_id, 1) is False
        bucket, key = objects._bucket, objects._key(blob_id, 1)  # type: ignore[attr-defined]
        assert bucket.versions(key) == []
        assert objects.read(neighbour, 10, 0, 5) == b"stays"

    def test_a_wrong_key_is_refused_without_being_named(self, address: str) -> None:
        wrong = Credentials("COFFRETESTKEY", "another-secret")
        objects = open_objects(address, credentials=wrong)
        for attempt in (lambda: objects.read(uuid4(), 1, 0, 1), lambda: objects.size(uuid4(), 1)):
            with pytest.raises(CoffreError) as denied:
                attempt()
            assert denied.value.code == "store_denied"
            assert "COFFRETESTKEY" not in json.dumps([str(denied.value), repr(denied.value.__cause__)])
        assert "another-secret" not in repr(wrong)


class TestLockedNotes:
    def test_a_note_stays_until_its_time(self, s3_store: Store) -> None:
        scheme, service = s3_store
        address = service.url(scheme, f"coffre-locked-{uuid4().hex[:8]}")
        notes = open_locked_notes(address)
        notes.prepare(create=True)
        notes.prepare(create=False)
        until = time.time() + 60
        assert notes.read("checkpoints/42") is None
        for _ in range(2):
            notes.put_locked("checkpoints/42", b"note", until)
        assert notes.read("checkpoints/42") == b"note"
        with pytest.raises(Conflict):
            notes.put_locked("checkpoints/42", b"another", until)
        bucket = notes._bucket
        for version in bucket.versions("checkpoints/42"):
            with pytest.raises(Exception, match="403"):
                bucket.delete("checkpoints/42", version)
        assert notes.read("checkpoints/42") == b"note"

    def test_under_a_legal_hold_it_stays_beyond_its_time(self, s3_store: Store) -> None:
        scheme, service = s3_store
        notes = open_locked_notes(service.url(scheme, f"coffre-held-{uuid4().hex[:8]}"))
        notes.prepare(create=True)
        until = time.time() + 2
        notes.put_locked("held", b"note", until, hold=True)
        notes.put_locked("free", b"note", until)
        time.sleep(until + 1.5 - time.time())
        notes.forget("free")
        with pytest.raises(CoffreError):
            notes.forget("held")
        assert (notes.read("free"), notes.read("held")) == (None, b"note")

    def test_a_lock_comes_with_the_digest_without_which_aws_refuses_it(self) -> None:
        """moto refuses it, too; SeaweedFS and Ceph do not ask."""
        credentials = Credentials("key", "secret")
        with mock_aws():
            notes = open_locked_notes("s3://coffre-locked?region=eu-west-3", credentials=credentials)
            notes.prepare(create=True)
            notes._bucket.put_locked("checkpoints/0", b"note", time.time() + 60, hold=False)
            assert notes.read("checkpoints/0") == b"note"

    def test_a_bucket_that_locks_nothing_is_told(self, address: str) -> None:
        notes = open_locked_notes(address)
        with pytest.raises(CoffreError) as refused:
            notes.put_locked("checkpoint", b"note", time.time() + 60)
        assert refused.value.code == "lock_missing"
