"""Bodies that are streamed, and ended where their client is gone."""

import threading
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from viewer_api.wado.multipart import Body, BodyPart, in_parts
from viewer_api.wado.streaming import Begun


class Source:
    """Pieces that note whether whoever reads them turned away."""

    def __init__(self, first: bytes = b"a") -> None:
        self.is_closed, self.first = False, first

    def pieces(self) -> Iterator[bytes]:
        try:
            yield self.first
            yield b"b"
        finally:
            self.is_closed = True


def test_the_first_piece_is_read_before_an_answer_begins() -> None:
    def failing() -> Iterator[bytes]:
        raise ValueError
        yield b""

    with pytest.raises(ValueError):
        Begun(Body("text/plain", None, failing()))


def test_what_comes_at_once_leaves_as_a_whole() -> None:
    begun = Begun(Body("text/plain", None, Source().pieces()))
    assert begun.whole == b"ab"
    assert [begun.next() for _ in range(3)] == [b"ab", b"", b""]
    assert begun.is_over


def test_what_is_large_leaves_in_pieces_of_less_than_a_megabyte() -> None:
    begun = Begun(Body("text/plain", None, (bytes(2**18) for _ in range(7))))
    assert begun.whole is None
    assert [len(begun.next()) for _ in range(4)] == [3 * 2**18, 3 * 2**18, 2**18, 0]


@pytest.mark.parametrize("size", [2**10, 2**17], ids=["small pieces", "the gateway's"])
def test_an_answer_of_any_length_takes_a_megabyte_beside_what_leaves(size: int) -> None:
    body = Body("text/plain", None, (bytes(size) for _ in range(24 * 2**20 // size)))
    tracemalloc.start()
    try:
        begun, largest = Begun(body), 0
        while leaving := begun.next():  # held while the next ones are read, as a server does
            largest = max(largest, len(leaving))
        assert tracemalloc.get_traced_memory()[1] - largest <= 2**20
    finally:
        tracemalloc.stop()


def test_a_frame_of_a_ct_leaves_as_a_whole() -> None:
    frame = [bytes(200), *[bytes(2**17)] * 4, bytes(100)]
    assert Begun(Body("text/plain", None, iter(frame))).whole == b"".join(frame)


def test_what_comes_slowly_leaves_as_it_comes() -> None:
    def slow() -> Iterator[bytes]:
        for _ in range(3):
            time.sleep(0.06)
            yield b"a"

    begun = Begun(Body("text/plain", None, slow()))
    assert begun.whole is None
    assert [begun.next() for _ in range(4)] == [b"a", b"a", b"a", b""]


def test_of_a_body_that_nobody_reads_nothing_is_opened() -> None:
    def failing() -> Iterator[bytes]:
        raise ValueError
        yield b""

    begun = Begun(Body("text/plain", 7, failing()), is_read=False)
    assert (begun.next(), begun.is_over) == (b"", True)


def test_what_stands_behind_a_part_is_ended_with_its_answer() -> None:
    source = Source(bytes(2**20))
    begun = Begun(in_parts("text/plain", [BodyPart("text/plain", None, source.pieces)]))
    assert begun.next().endswith(bytes(2**20))
    closing = threading.Thread(target=begun.close)
    closing.start()
    closing.join()
    assert source.is_closed


def test_a_multipart_body_has_the_length_that_it_says() -> None:
    parts = [BodyPart("text/plain", 2, lambda: iter([b"ab"]), f"/{number}") for number in range(3)]
    body = in_parts("text/plain", parts)
    assert body.length == sum(map(len, body.pieces))
    assert in_parts("text/plain", [*parts, BodyPart("text/plain", None, lambda: iter([]))]).length is None
