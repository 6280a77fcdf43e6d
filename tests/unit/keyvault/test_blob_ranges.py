"""Ranges of plaintext out of ranges of ciphertext, far past 4 GiB too (formats 1 and 6.4)."""

import dataclasses

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.envelope import derive
from keyvault.crypto.sealed_blob import (
    MAX_CIPHERTEXT,
    BlobError,
    SealedBlob,
    ciphertext_size,
    commitment,
    plaintext_size,
)
from tests.unit.keyvault.sealing import DEK, REF, Sample, material, sample

HEADER = b"\x28" + bytes(range(39))


@pytest.fixture(scope="module")
def long() -> Sample:
    return sample(3 * 65520 + 1000)


def content(index: int) -> bytes:
    """What stands in a segment of a sparse object."""
    return index.to_bytes(8, "big") * 8190


class Sparse:
    """An object of any size, sealed segment by segment as it is asked for."""

    def __init__(self, plaintext: int) -> None:
        self.cipher = AESGCM(derive(DEK, HEADER[1:33], REF.aad))
        size = ciphertext_size(plaintext)
        self.sealed = SealedBlob(REF, commitment(DEK, REF), HEADER, plaintext, size)
        self.asked: list[tuple[int, int]] = []

    def segment(self, index: int) -> bytes:
        stop = min((index + 1) * 65536, self.sealed.ciphertext_size)
        last = stop == self.sealed.ciphertext_size
        begin = max(40, index * 65536)
        nonce = HEADER[33:] + index.to_bytes(4, "big") + bytes([last])
        return self.cipher.encrypt(nonce, content(index)[: stop - begin - 16], None)

    def fetch(self, start: int, stop: int) -> bytes:
        self.asked.append((start, stop))
        first, last = start // 65536, (stop - 1) // 65536
        return b"".join(self.segment(index) for index in range(first, last + 1))


class TestSpan:
    @pytest.mark.parametrize(
        ("offset", "length", "span"),
        [
            (0, 1, (40, 65536)),
            (65479, 1, (40, 65536)),
            (65480, 1, (65536, 131072)),
            (65479, 2, (40, 131072)),
            (131000, 1, (131072, 196608)),
            (3 * 65520 + 999, 1, (196608, 197664)),
            (0, 0, (0, 0)),
        ],
    )
    def test_borders(self, long: Sample, offset: int, length: int, span: tuple[int, int]) -> None:
        assert long.sealed.ciphertext_size == 197664
        assert long.opener.span(offset, length) == span

    @pytest.mark.parametrize(
        ("offset", "length"), [(-1, 1), (0, -1), (1, 3 * 65520 + 1000), (3 * 65520 + 1001, 0)]
    )
    def test_past_the_end(self, long: Sample, offset: int, length: int) -> None:
        with pytest.raises(BlobError) as caught:
            long.opener.read(offset, length, long.fetch)
        assert caught.value.code == "range_past_end"


class TestRead:
    @given(st.data())
    def test_any_range(self, long: Sample, data: st.DataObject) -> None:
        size = len(long.plain)
        near = st.sampled_from([0, 1, 65479, 65480, 65481, 130999, 131000, 131001, 196519, 196520, size - 1])
        offset = data.draw(near | st.integers(0, size))
        length = data.draw(st.integers(0, size - offset) | st.just(min(1, size - offset)))
        assert long.opener.read(offset, length, long.fetch) == long.plain[offset : offset + length]

    def test_whole_of_every_border(self) -> None:
        for size in (0, 1, 65479, 65480, 65481, 130999, 131000, 131001):
            made = sample(size)
            assert made.opener.read(0, size, made.fetch) == material(size)

    def test_no_bytes_ask_nothing_of_the_store(self, long: Sample) -> None:
        assert long.opener.read(5, 0, lambda start, stop: pytest.fail("asked")) == b""

    def test_one_call_to_the_store_and_never_for_the_header(self, long: Sample) -> None:
        asked: list[tuple[int, int]] = []

        def fetch(start: int, stop: int) -> bytes:
            asked.append((start, stop))
            return long.cipher[start:stop]

        long.opener.read(0, 70_000, fetch)
        assert asked == [(40, 131072)]


class TestWrongAnswers:
    @pytest.mark.parametrize("change", [-1, 1, -65496])
    def test_short_or_long_body(self, long: Sample, change: int) -> None:
        def fetch(start: int, stop: int) -> bytes:
            return long.cipher[start : stop + change]

        with pytest.raises(BlobError) as caught:
            long.opener.read(10, 10, fetch)
        assert caught.value.code == "short_range"

    def test_200_with_the_whole_object_instead_of_206(self, long: Sample) -> None:
        with pytest.raises(BlobError) as caught:
            long.opener.read(10, 10, lambda start, stop: long.cipher)
        assert caught.value.code == "short_range"

    def test_another_range_of_the_same_length(self, long: Sample) -> None:
        with pytest.raises(BlobError) as caught:
            long.opener.read(70_000, 10, lambda start, stop: long.cipher[131072:196608])
        assert caught.value.code == "blob_corrupt"

    def test_the_range_of_a_stale_object(self, long: Sample) -> None:
        stale = sample(3 * 65520 + 1000)
        with pytest.raises(BlobError) as caught:
            long.opener.read(70_000, 10, stale.fetch)
        assert caught.value.code == "blob_corrupt"

    def test_a_cut_object_cannot_pass_a_middle_segment_for_the_last(self, long: Sample) -> None:
        """The size comes from the grant; were it taken from the object, the last segment is still known."""
        cut = long.cipher[:131072]
        sealed = dataclasses.replace(
            long.sealed, ciphertext_size=len(cut), plaintext_size=plaintext_size(len(cut))
        )
        with pytest.raises(BlobError) as caught:
            Opener(sealed, DEK).read(70_000, 10, lambda start, stop: cut[start:stop])
        assert caught.value.code == "blob_corrupt"


class TestFarAway:
    @pytest.mark.parametrize("offset", [2**32 - 100_000, 2**32 - 1, 2**32, 2**32 + 65520, 5 * 2**32 + 7])
    def test_past_four_gib(self, offset: int) -> None:
        source = Sparse(6 * 2**32)
        index = (offset + 40) // 65520
        inside = (offset + 40) % 65520
        expected = (content(index) + content(index + 1))[inside : inside + 20]
        assert Opener(source.sealed, DEK).read(offset, 20, source.fetch) == expected
        start, stop = source.asked[0]
        assert start == index * 65536
        assert stop - start in {65536, 131072}

    def test_the_last_byte_of_the_largest_object(self) -> None:
        most = plaintext_size(MAX_CIPHERTEXT)
        source = Sparse(most)
        opener = Opener(source.sealed, DEK)
        assert len(opener.read(most - 1, 1, source.fetch)) == 1
        assert source.asked == [(MAX_CIPHERTEXT - 65536, MAX_CIPHERTEXT)]
