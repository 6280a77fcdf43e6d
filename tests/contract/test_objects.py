"""What every object store keeps its word on (`storage.ports.objects.ObjectStore`)."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from awscrt.checksums import crc64nvme

from records.errors import CoffreError, Conflict, NotFound
from storage.ports.objects import ObjectStore, StoredObject
from tests.contract.storage_adapters import Spawn, open_objects
from tests.contract.writers_at_once import winner_of

CONTENT = bytes(range(256)) * 1000


def put(objects: ObjectStore, content: bytes = CONTENT, version: int = 1) -> tuple[object, StoredObject]:
    blob_id = uuid4()
    with objects.writer(blob_id, version) as writer:
        writer.write(content)
        return blob_id, writer.commit()


def test_a_store_that_answers_says_so_whether_empty_or_not(objects: ObjectStore) -> None:
    objects.check()
    put(objects)
    objects.check()


def test_nothing_is_visible_before_the_commit(objects: ObjectStore) -> None:
    blob_id = uuid4()
    with objects.writer(blob_id, 1) as writer:
        writer.write(CONTENT)
        assert objects.size(blob_id, 1) is None
        with pytest.raises(NotFound) as missing:
            objects.read(blob_id, 1, 0, 1)
        assert missing.value.code == "object_missing"
        writer.commit()
        assert objects.read(blob_id, 1, 0, len(CONTENT)) == CONTENT


def test_the_commit_tells_size_and_checksum_of_what_was_written_in_pieces(objects: ObjectStore) -> None:
    with objects.writer(uuid4(), 1) as writer:
        for start in range(0, len(CONTENT), 7001):
            writer.write(memoryview(CONTENT)[start : start + 7001])
        stored = writer.commit()
    assert stored == StoredObject(size=len(CONTENT), crc64=crc64nvme(CONTENT))


def test_a_buffer_may_be_reused_after_each_write(objects: ObjectStore) -> None:
    blob_id, buffer = uuid4(), bytearray(b"one")
    with objects.writer(blob_id, 1) as writer:
        writer.write(memoryview(buffer))
        buffer[:] = b"two"
        writer.write(memoryview(buffer))
        writer.commit()
    assert objects.read(blob_id, 1, 0, 6) == b"onetwo"


def test_an_empty_object_is_an_object(objects: ObjectStore) -> None:
    blob_id, stored = put(objects, b"")
    assert (stored.size, objects.size(blob_id, 1), list(objects.stream(blob_id, 1))) == (0, 0, [])


def test_a_writer_left_without_commit_never_existed(objects: ObjectStore) -> None:
    blob_id = uuid4()
    with pytest.raises(KeyError), objects.writer(blob_id, 1) as writer:
        writer.write(CONTENT)
        raise KeyError
    assert objects.size(blob_id, 1) is None
    assert objects.sweep_partial(-1) == 0


def test_abort_may_be_repeated_and_does_nothing_after_a_commit(objects: ObjectStore) -> None:
    blob_id = uuid4()
    writer = objects.writer(blob_id, 1)
    writer.abort()
    writer.abort()
    with objects.writer(blob_id, 1) as writer:
        writer.commit()
        writer.abort()
    assert objects.size(blob_id, 1) == 0


def test_a_finished_writer_takes_nothing_more(objects: ObjectStore) -> None:
    committed, aborted = objects.writer(uuid4(), 1), objects.writer(uuid4(), 1)
    committed.commit()
    aborted.abort()
    for writer in (committed, aborted):
        with pytest.raises(ValueError, match="begin another"):
            writer.write(b"more")
        with pytest.raises(ValueError, match="begin another"):
            writer.commit()


def test_an_existing_object_is_never_overwritten(objects: ObjectStore) -> None:
    blob_id, _ = put(objects)
    with objects.writer(blob_id, 1) as writer:
        writer.write(b"other")
        with pytest.raises(Conflict) as refused:
            writer.commit()
    assert refused.value.code == "object_exists"
    assert objects.read(blob_id, 1, 0, len(CONTENT)) == CONTENT
    assert objects.sweep_partial(-1) == 0


def test_versions_are_objects_of_their_own(objects: ObjectStore) -> None:
    blob_id, _ = put(objects)
    with objects.writer(blob_id, 2) as writer:
        writer.write(b"second")
        writer.commit()
    assert objects.delete(blob_id, 1)
    assert (objects.size(blob_id, 1), objects.size(blob_id, 2)) == (None, 6)


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 0), (0, 1), (65535, 65537), (255_999, 256_000), (256_000, 256_000)]
)
def test_a_range_is_exactly_what_was_asked(objects: ObjectStore, start: int, stop: int) -> None:
    blob_id, _ = put(objects)
    assert objects.read(blob_id, 1, start, stop) == CONTENT[start:stop]
    assert b"".join(objects.stream(blob_id, 1, start, stop, chunk=100)) == CONTENT[start:stop]


@pytest.mark.parametrize(("start", "stop"), [(0, 256_001), (256_000, 256_001), (300_000, 300_001)])
def test_a_range_past_the_end_is_an_error_and_never_short(
    objects: ObjectStore, start: int, stop: int
) -> None:
    blob_id, _ = put(objects)
    with pytest.raises(CoffreError) as short:
        objects.read(blob_id, 1, start, stop)
    assert short.value.code == "object_short"
    with pytest.raises(CoffreError, match="shorter"):
        list(objects.stream(blob_id, 1, start, stop))


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 4)])
def test_a_range_runs_forward_from_zero(objects: ObjectStore, start: int, stop: int) -> None:
    blob_id, _ = put(objects)
    with pytest.raises(ValueError, match="forward"):
        objects.read(blob_id, 1, start, stop)
    with pytest.raises(ValueError, match="forward"):
        objects.stream(blob_id, 1, start, stop)


def test_a_stream_comes_in_equal_pieces_and_a_rest(objects: ObjectStore) -> None:
    blob_id, _ = put(objects)
    pieces = [len(piece) for piece in objects.stream(blob_id, 1, start=10, chunk=100_000)]
    assert pieces == [100_000, 100_000, 55_990]


def test_a_missing_object_is_told_before_a_stream_begins(objects: ObjectStore) -> None:
    with pytest.raises(NotFound):
        objects.stream(uuid4(), 1)


def test_an_object_deleted_while_it_is_read_is_read_to_its_end(objects: ObjectStore) -> None:
    blob_id, _ = put(objects)
    stream = objects.stream(blob_id, 1)
    head = next(stream)
    objects.delete(blob_id, 1)
    assert head + b"".join(stream) == CONTENT


def test_a_deletion_may_be_repeated(objects: ObjectStore) -> None:
    blob_id, _ = put(objects)
    assert objects.delete(blob_id, 1) is True
    assert objects.delete(blob_id, 1) is False
    with pytest.raises(NotFound):
        objects.read(blob_id, 1, 0, 0)


def test_of_many_threads_one_takes_the_name(objects: ObjectStore) -> None:
    blob_id = uuid4()
    won = winner_of(objects, blob_id, 8, 1000)
    assert objects.read(blob_id, 1, 0, 1000) == bytes([won]) * 1000


def test_writing_and_deleting_versions_of_one_blob_at_once_disturbs_neither(objects: ObjectStore) -> None:
    blob_id = uuid4()

    def write_and_delete(version: int) -> None:
        for _ in range(40):
            with objects.writer(blob_id, version) as writer:
                writer.write(b"x")
                writer.commit()
            assert objects.read(blob_id, version, 0, 1) == b"x"
            assert objects.delete(blob_id, version)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write_and_delete, range(1, 5)))


def test_of_two_processes_one_takes_the_name(
    objects_address: str, objects: ObjectStore, spawn: Spawn
) -> None:
    blob_id = uuid4()
    children = [spawn("write_object", objects_address, blob_id, text) for text in ("first", "other")]
    assert [child.stdout.readline() for child in children if child.stdout] == ["inside\n"] * 2
    answers = [child.communicate("\n")[0] for child in children]
    assert sorted(answers) == ["object_exists\n", "won\n"]
    winner = ("first", "other")[answers.index("won\n")]
    assert objects.read(blob_id, 1, 0, 5) == winner.encode()


def test_a_killed_writer_leaves_nothing_visible_and_one_partial_object(
    objects_address: str, objects: ObjectStore, spawn: Spawn
) -> None:
    blob_id = uuid4()
    child = spawn("write_large_object", objects_address, blob_id)
    assert child.stdout and child.stdout.readline() == "inside\n"
    child.kill()
    child.wait()
    assert objects.size(blob_id, 1) is None
    assert objects.sweep_partial(3600) == 0
    assert objects.sweep_partial(-1) == 1
    assert objects.sweep_partial(-1) == 0


class TestFilesystem:
    """What is true of files only."""

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return tmp_path / "objects"

    def test_files_and_folders_are_their_owners_alone(self, root: Path) -> None:
        put(open_objects(f"file://{root}"))
        for path in (root, *root.rglob("*")):
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)

    def test_the_path_is_the_one_of_the_format(self, root: Path) -> None:
        blob_id, _ = put(open_objects(f"file://{root}"), version=3)
        assert (root / "b" / str(blob_id)[:2] / str(blob_id) / "3").is_file()

    def test_deleting_the_last_version_removes_its_folder(self, root: Path) -> None:
        objects = open_objects(f"file://{root}")
        blob_id, _ = put(objects)
        objects.delete(blob_id, 1)
        assert not (root / "b" / str(blob_id)[:2] / str(blob_id)).exists()

    def test_bytes_are_synced_before_the_name_and_the_name_before_the_answer(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        objects, calls = open_objects(f"file://{root}"), []
        fsync, link = os.fsync, os.link

        def recorded_fsync(descriptor: int) -> None:
            fsync(descriptor)
            calls.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().relative_to(root)}")

        def recorded_link(source: Path, target: Path) -> None:
            link(source, target)
            calls.append(f"link {target.relative_to(root)}")

        monkeypatch.setattr(os, "fsync", recorded_fsync)
        monkeypatch.setattr(os, "link", recorded_link)
        blob_id, _ = put(objects)
        folder = f"b/{str(blob_id)[:2]}"
        assert calls[0].startswith("sync tmp/")
        assert calls[1:] == [
            f"link {folder}/{blob_id}/1",
            f"sync {folder}/{blob_id}",
            f"sync {folder}",
        ]

    def test_a_disk_that_takes_few_bytes_at_a_time_gets_them_all(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        objects, write = open_objects(f"file://{root}"), os.write
        monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:1000]))
        blob_id, stored = put(objects)
        assert stored == StoredObject(len(CONTENT), crc64nvme(CONTENT))
        assert objects.read(blob_id, 1, 0, len(CONTENT)) == CONTENT

    def test_a_full_disk_leaves_nothing(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        objects, blob_id = open_objects(f"file://{root}"), uuid4()

        def full(_descriptor: int, _data: bytes) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"), objects.writer(blob_id, 1) as writer:
            writer.write(CONTENT)
        assert objects.size(blob_id, 1) is None
        assert list((root / "tmp").iterdir()) == []
