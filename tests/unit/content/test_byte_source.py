"""Reading by position through blocks."""

import io
import random

import pytest

from content.byte_source import BLOCK, BlockReader, BytesSource, SearchedFile, ShortRead, SliceSource, as_file

DATA = random.Random(7).randbytes(5 * BLOCK + 123)


class Store:
    """Counts what is fetched."""

    def __init__(self) -> None:
        self.fetched: list[tuple[int, int]] = []

    def fetch(self, offset: int, length: int) -> bytes:
        self.fetched.append((offset, length))
        return DATA[offset : offset + length]


@pytest.mark.parametrize("known", [0, BLOCK])
def test_any_range_reads_as_from_memory(known: int) -> None:
    reader = BlockReader(Store().fetch, len(DATA), DATA[:known])
    chance = random.Random(1)
    for _ in range(500):
        offset, length = (
            chance.randrange(len(DATA) + 50),
            chance.choice((0, 1, 8, 12, 1000, BLOCK, 3 * BLOCK)),
        )
        assert reader.read(offset, length) == DATA[offset : offset + length]


def test_a_block_is_fetched_once_and_the_known_start_never() -> None:
    store = Store()
    reader = BlockReader(store.fetch, len(DATA), DATA[:BLOCK])
    for offset in range(0, 2 * BLOCK, 1000):
        reader.read(offset, 8)
    assert store.fetched == [(BLOCK, BLOCK)]


def test_large_reads_are_fetched_in_pieces_of_a_mebibyte() -> None:
    store, size = [], 3 * 2**20 + 5

    def fetch(offset: int, length: int) -> bytes:
        store.append(length)
        return bytes(length)

    assert len(BlockReader(fetch, size).read(1, size)) == size - 1
    assert store == [2**20, 2**20, 2**20, 4]


def test_a_short_answer_is_an_error() -> None:
    with pytest.raises(ShortRead):
        BlockReader(lambda offset, length: b"", 10).read(0, 1)


def test_a_slice_ends_where_it_says() -> None:
    part = SliceSource(BytesSource(DATA), 100, 50)
    assert part.read(0, 1000) == DATA[100:150]
    assert part.read(49, 5) == DATA[149:150]
    assert part.read(60, 5) == b""


def test_a_source_serves_as_a_file() -> None:
    file = as_file(BytesSource(DATA))
    file.seek(-10, io.SEEK_END)
    assert file.read() == DATA[-10:]
    assert file.seek(5) == 5
    assert file.read(3) == DATA[5:8]
    file.seek(-3, io.SEEK_CUR)
    assert file.tell() == 5
    assert file.read(2 * BLOCK) == DATA[5 : 5 + 2 * BLOCK]


def test_a_file_is_read_to_its_end_only_so_often() -> None:
    file = SearchedFile(BytesSource(b"abcdef"), 10)
    assert (file.read(), file.seek(2), file.read(3), file.read()) == (b"abcdef", 2, b"cde", b"f")
    file.seek(0)
    assert not file.exhausted
    with pytest.raises(OSError, match="too often"):
        file.read()
    assert file.exhausted
    assert file.read(6) == b"abcdef"
