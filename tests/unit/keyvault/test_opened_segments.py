"""Segments that arrive in pieces: whatever the pieces, the plaintext is the same, and what lacks is told."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyvault.crypto.opened_segments import border, opened, segment_of
from keyvault.crypto.sealed_blob import BlobError
from tests.unit.keyvault.sealing import Sample, sample

LONG = sample(3 * 65_536 + 17)


def pieces(found: bytes, sizes: list[int]) -> Iterator[bytes]:
    """Of these sizes by turn, until all is told."""
    at = 0
    while at < len(found):
        for size in sizes:
            yield found[at : at + size]
            at += size


def span(of: Sample, offset: int, length: int) -> bytes:
    first, last = of.opener.span(offset, length)
    return of.cipher[first:last]


@given(
    st.integers(0, len(LONG.plain) - 1),
    st.integers(1, 2 * 65_536),
    st.lists(st.integers(1, 100_000), min_size=1, max_size=4),
)
def test_any_pieces_give_the_plaintext(offset: int, length: int, sizes: list[int]) -> None:
    length = min(length, len(LONG.plain) - offset)
    found = [*opened(LONG.opener, offset, length, pieces(span(LONG, offset, length), sizes))]
    assert b"".join(found) == LONG.plain[offset : offset + length]


def test_each_segment_is_told_when_it_is_there() -> None:
    arrived: list[int] = []

    def slow() -> Iterator[bytes]:
        for number, piece in enumerate(pieces(span(LONG, 0, len(LONG.plain)), [65_536])):
            arrived.append(number)
            yield piece

    first = next(opened(LONG.opener, 0, len(LONG.plain), slow()))
    assert first == LONG.plain[: border(1)]
    assert len(arrived) <= 2


def test_borders_and_segments_agree() -> None:
    for number in range(5):
        assert segment_of(border(number)) == number
        assert number == 0 or segment_of(border(number) - 1) == number - 1


def test_a_stream_that_ends_early_gives_no_part_of_its_last_segment() -> None:
    cut = span(LONG, 0, len(LONG.plain))[:-1]
    found: list[bytes] = []
    with pytest.raises(BlobError):
        found.extend(opened(LONG.opener, 0, len(LONG.plain), [cut]))
    assert b"".join(found) == LONG.plain[: border(3)]


def test_a_flipped_byte_is_never_given_out() -> None:
    altered = bytearray(span(LONG, 0, len(LONG.plain)))
    altered[-1] ^= 1
    stream = opened(LONG.opener, 0, len(LONG.plain), [bytes(altered)])
    given_out = b""
    with pytest.raises(BlobError):
        for each in stream:
            given_out += each
    assert given_out == LONG.plain[: len(given_out)]
    assert len(given_out) < len(LONG.plain)
