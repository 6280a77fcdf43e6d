"""Bodies that are streamed, and ended where their client is gone."""

import threading
from collections.abc import Iterator

import pytest

from viewer_api.wado.multipart import Body, Part, in_parts
from viewer_api.wado.streaming import Begun


class Source:
    """Pieces that note whether whoever reads them turned away."""

    def __init__(self) -> None:
        self.is_closed = False

    def pieces(self) -> Iterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            self.is_closed = True


def test_the_first_piece_is_read_before_an_answer_begins() -> None:
    def failing() -> Iterator[bytes]:
        raise ValueError
        yield b""

    with pytest.raises(ValueError):
        Begun(Body("text/plain", None, failing()))


def test_every_piece_comes_once_then_nothing() -> None:
    begun = Begun(Body("text/plain", None, Source().pieces()))
    assert [begun.next() for _ in range(4)] == [b"a", b"b", b"", b""]


def test_what_stands_behind_a_part_is_ended_with_its_answer() -> None:
    source = Source()
    begun = Begun(in_parts("text/plain", [Part("text/plain", None, source.pieces)]))
    assert begun.next().endswith(b"a")
    closing = threading.Thread(target=begun.close)
    closing.start()
    closing.join()
    assert source.is_closed


def test_a_multipart_body_has_the_length_that_it_says() -> None:
    parts = [Part("text/plain", 2, lambda: iter([b"ab"]), f"/{number}") for number in range(3)]
    body = in_parts("text/plain", parts)
    assert body.length == sum(map(len, body.pieces))
    assert in_parts("text/plain", [*parts, Part("text/plain", None, lambda: iter([]))]).length is None
