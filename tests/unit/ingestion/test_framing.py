"""Multipart bodies as RFC 2046 lets them be written, in pieces of any size."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.intake.bodies.framing import Framing, NotFramed

Part = tuple[dict[bytes, bytes], bytes]


def read(body: bytes, size: int = 1 << 20, boundary: bytes = b"b0") -> list[Part]:
    """The parts; `NotFramed` also where the closing boundary never came."""
    parts: list[Part] = []
    open_parts = []

    def begin(headers: Mapping[bytes, bytes]) -> None:
        parts.append((dict(headers), b""))
        open_parts.append(1)

    def content(data: memoryview) -> None:
        headers, before = parts[-1]
        parts[-1] = (headers, before + bytes(data))

    framing = Framing(boundary, begin, content, open_parts.pop)
    for start in range(0, len(body), size):
        framing.feed(body[start : start + size])
    if not framing.finish():
        raise NotFramed
    assert not open_parts
    return parts


def outcome(body: bytes, size: int) -> list[Part] | None:
    try:
        return read(body, size)
    except NotFramed:
        return None


TYPE = {b"content-type": b"application/dicom"}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (b"--b0\r\nContent-Type: application/dicom\r\n\r\nx\r\n--b0--\r\n", [(TYPE, b"x")]),
        (b"\r\n--b0\r\nContent-Type:application/dicom \r\n\r\nx\r\n--b0--", [(TYPE, b"x")]),
        (b"preamble\r\n--b0 \t\r\n\r\nx\r\n--b0\t\r\n\r\ny\r\n--b0-- \r\nepilogue", [({}, b"x"), ({}, b"y")]),
        (
            b"--b0\r\nContent-Type: multipart/related;\r\n\ta=1;\r\n  b=2\r\nX: 1\r\n\r\nx\r\n--b0--",
            [({b"content-type": b"multipart/related; a=1; b=2", b"x": b"1"}, b"x")],
        ),
        (b"--b0\r\n\r\n\r\n--b0--", [({}, b"")]),
        (b"--b0\r\nX: 1\r\n\r\n--b0--", [({b"x": b"1"}, b"")]),
        (b"--b0\r\n\r\n\r\n\r\n\r\n--b0--", [({}, b"\r\n\r\n")]),
        (
            b"--b0\r\n\r\n--b\r\n--b1\r\n--b0x\r\n--b0 x\r\n--b0-x\n--b0\r\n--b0--",
            [({}, b"--b\r\n--b1\r\n--b0x\r\n--b0 x\r\n--b0-x\n--b0")],
        ),
        (b"--b0x\r\n--b0\r\n\r\n\r\r\n\r\r\n--b0--", [({}, b"\r\r\n\r")]),
        (b"--b0--", []),
    ],
    ids=[
        *("plain", "line_before", "padding", "folded", "empty", "nothing_behind_headers", "line_ends"),
        *("only_begins_like_it", "carriage_returns", "no_part"),
    ],
)
def test_bodies_that_the_standard_allows(body: bytes, parts: list[Part], size: int) -> None:
    assert read(body, size) == parts


@pytest.mark.parametrize("size", [1, 5, 100_000])
@pytest.mark.parametrize(
    "body",
    [
        b"nothing of the kind",
        b"--b0",
        b"--b0\r\nX: 1",
        b"--b0\r\n\r\nx\r\n--b0",
        b"--b0\r\n\r\nx\r\n--b0-",
        b"--b0\r\n folded first\r\n\r\nx\r\n--b0--",
        b"--b0\r\nno colon\r\n\r\nx\r\n--b0--",
        b"--b0\r\nX Y: 1\r\n\r\nx\r\n--b0--",
        b"--b0\r\nX: 1\nY: 2\r\n\r\nx\r\n--b0--",
        b"--b0\r\nX: " + b"a" * 9000 + b"\r\n\r\nx\r\n--b0--",
        b"--b0\r\nX: 1\r\n" + b" a\r\n" * 5000 + b"\r\nx\r\n--b0--",
        b"--b0\r\n" + b"X: 1\r\n" * 17 + b"\r\nx\r\n--b0--",
        b"--b0\n\nx\n--b0--\n",
        b"x" * 70_000 + b"\r\n--b0\r\n\r\nx\r\n--b0--",
    ],
)
def test_what_does_not_follow_its_boundary_is_refused(body: bytes, size: int) -> None:
    with pytest.raises(NotFramed):
        read(body, size)


PIECES = st.sampled_from([b"--b0", b"\r\n", b"\r", b"\n", b"--", b"-", b" ", b"\t", b"X: 1", b"x", b":"])


@given(st.lists(PIECES, max_size=30).map(b"".join), st.integers(1, 9))
def test_the_pieces_in_which_a_body_comes_make_no_difference(body: bytes, size: int) -> None:
    assert outcome(body, size) == outcome(body, max(1, len(body)))


@given(st.lists(st.binary(max_size=40), max_size=5), st.integers(1, 50))
def test_any_content_without_the_boundary_comes_out_as_it_went_in(contents: list[bytes], size: int) -> None:
    boundary = b"a boundary that no content has"
    body = b"".join(b"--" + boundary + b"\r\n\r\n" + each + b"\r\n" for each in contents)
    found = read(body + b"--" + boundary + b"--", size, boundary)
    assert [content for _, content in found] == contents


def test_many_small_parts_in_one_piece_cost_no_more_than_their_bytes() -> None:
    assert len(read(b"--b0\r\n\r\nx\r\n" * 100_000 + b"--b0--")) == 100_000
