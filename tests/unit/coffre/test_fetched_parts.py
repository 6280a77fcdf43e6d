"""A part is kept as a file: whole and right, or begun and gone on with, or not there."""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from client.fetch.parts import BEGUN, Rest, checked, save
from keyvault.crypto.sealed_blob import BlobError

CONTENT = os.urandom(300_000)


@dataclass(frozen=True)
class Wanted:
    blob_id: UUID
    offset: int
    length: int
    sha256: bytes


PART = Wanted(UUID(int=1), 1000, len(CONTENT), hashlib.sha256(CONTENT).digest())


class Reads:
    """Gives what is asked for in pieces, `until` so many bytes were given."""

    def __init__(self, content: bytes = CONTENT, until: int = len(CONTENT)) -> None:
        self.content, self.until, self.asked = content, until, list[Rest]()

    def __call__(self, rest: Rest) -> Iterator[memoryview]:
        self.asked.append(rest)
        start = rest.offset - PART.offset
        for at in range(start, start + rest.length, 65536):
            if at >= self.until:
                raise ConnectionError
            yield memoryview(self.content[at : min(at + 65536, start + rest.length)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "series" / "image.dcm"


def test_it_is_there_whole_for_its_owner_alone(path: Path) -> None:
    save(PART, path, Reads())
    assert path.read_bytes() == CONTENT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_after_a_stop_only_the_rest_is_asked_for(path: Path) -> None:
    with pytest.raises(ConnectionError):
        save(PART, path, Reads(until=131072))
    assert not path.exists()
    again = Reads()
    save(PART, path, again)
    assert path.read_bytes() == CONTENT
    assert again.asked == [Rest(PART.blob_id, 1000 + 131072, len(CONTENT) - 131072)]


def test_what_is_there_and_right_is_not_asked_for(path: Path) -> None:
    save(PART, path, Reads())
    again = Reads()
    save(PART, path, again)
    assert again.asked == []


@pytest.mark.parametrize("begun", [b"something else", bytes(300_000), bytes(300_001)])
def test_what_was_begun_with_other_bytes_is_begun_anew(path: Path, begun: bytes) -> None:
    path.parent.mkdir()
    path.with_name(path.name + BEGUN).write_bytes(begun)
    save(PART, path, Reads())
    assert path.read_bytes() == CONTENT


def test_other_bytes_than_were_deposited_are_left_nowhere(path: Path) -> None:
    with pytest.raises(BlobError) as caught:
        save(PART, path, Reads(bytes(len(CONTENT))))
    assert caught.value.code == "digest_mismatch"
    assert list(path.parent.iterdir()) == []
    with pytest.raises(BlobError):
        checked(bytes(5), PART)


def test_a_link_that_lies_in_the_way_is_not_followed(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"mine")
    path.parent.mkdir()
    path.with_name(path.name + BEGUN).symlink_to(other)
    with pytest.raises(OSError, match=r"symbolic links"):
        save(PART, path, Reads())
    assert other.read_bytes() == b"mine"


def test_an_empty_part(path: Path) -> None:
    save(Wanted(UUID(int=1), 0, 0, hashlib.sha256(b"").digest()), path, Reads())
    assert path.read_bytes() == b""
