"""Sealed content opens with Tink and Tink's with us; sizes, borders and manipulations (formats 1 and 6.1)."""

import dataclasses
from uuid import UUID

import pytest
import tink
from hypothesis import given, settings
from hypothesis import strategies as st

from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.blob_sealer import Sealer
from keyvault.crypto.sealed_blob import (
    MAX_CIPHERTEXT,
    BlobError,
    BlobKind,
    BlobRef,
    SealedBlob,
    ciphertext_size,
    commitment,
    new_data_key,
    plaintext_size,
)
from records.errors import Invalid
from tests.unit.keyvault.sealing import (
    DEK,
    REF,
    Sample,
    material,
    opened,
    sample,
    seal,
    sealer_with,
    tink_open,
    tink_seal,
)

BORDERS = [0, 1, 65479, 65480, 65481, 130999, 131000, 131001, 65480 + 2 * 65520, 65481 + 2 * 65520]


def code_of(sealed: SealedBlob, cipher: bytes) -> str:
    with pytest.raises(BlobError) as caught:
        opened(Opener(sealed, DEK), sealed, cipher)
    return caught.value.code


@pytest.fixture(scope="module")
def long() -> Sample:
    """Four segments, the last one short."""
    return sample(3 * 65520 + 1000)


class TestOracle:
    @pytest.mark.parametrize("size", BORDERS)
    def test_tink_opens_what_we_seal(self, size: int) -> None:
        ours = sample(size)
        assert tink_open(ours.cipher, DEK, REF.aad) == material(size)

    @pytest.mark.parametrize("size", BORDERS)
    def test_we_open_what_tink_seals(self, size: int) -> None:
        cipher = tink_seal(material(size), DEK, REF.aad)
        sealed = SealedBlob(REF, commitment(DEK, REF), cipher[:40], size, len(cipher))
        assert opened(Opener(sealed, DEK), sealed, cipher) == material(size)

    @pytest.mark.parametrize("size", BORDERS)
    def test_sizes_are_tinks(self, size: int) -> None:
        assert ciphertext_size(size) == len(tink_seal(material(size), DEK, REF.aad))

    def test_tink_refuses_another_object_of_the_same_key(self) -> None:
        other = dataclasses.replace(REF, version=4)
        with pytest.raises(tink.TinkError):
            tink_open(sample(10).cipher, DEK, other.aad)


class TestSealing:
    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(st.sampled_from([0, 1, 39, 40, 41, 4096, 65479, 65480, 65481, 65520, 131041]), max_size=6)
    )
    def test_any_chunking_gives_a_whole_that_opens(self, sizes: list[int]) -> None:
        plain = material(sum(sizes))
        starts = [sum(sizes[:i]) for i in range(len(sizes))]
        made = seal([plain[start : start + size] for start, size in zip(starts, sizes, strict=True)])
        assert made.plain == plain
        assert len(made.cipher) == made.sealed.ciphertext_size == ciphertext_size(len(plain))
        assert made.cipher[:40] == made.sealed.header
        assert made.opened() == plain

    def test_chunking_changes_no_byte(self) -> None:
        header = bytes([0x28]) + bytes(39)
        whole, pieces = (sealer_with(REF, DEK, header) for _ in range(2))
        plain = material(200_000)
        once = bytes(whole.update(plain)) + whole.finish()
        often = b"".join(bytes(pieces.update(plain[i : i + 777])) for i in range(0, 200_000, 777))
        assert often + pieces.finish() == once

    def test_a_segment_is_held_back_until_a_byte_follows(self) -> None:
        sealer = Sealer(REF, DEK)
        assert len(sealer.update(bytes(65480))) == 0
        assert len(sealer.update(b"")) == 0
        assert len(sealer.update(b"x")) == 65536
        assert len(sealer.update(bytes(65519))) == 0
        assert len(sealer.update(b"x")) == 65536

    def test_any_buffer_is_taken(self) -> None:
        plain = material(70_000)
        for view in (bytearray(plain), memoryview(plain), memoryview(plain).cast("I")):
            sealer = Sealer(REF, DEK)
            cipher = bytes(sealer.update(view)) + sealer.finish()
            made = Sample(plain, cipher, sealer.sealed)
            assert made.opened() == plain

    def test_an_output_still_held_by_the_caller_survives_a_larger_input(self) -> None:
        sealer = Sealer(REF, DEK)
        first = sealer.update(material(70_000))
        kept = bytes(first)
        sealer.update(material(500_000))
        assert bytes(first) == kept

    def test_every_sealer_draws_salt_and_prefix(self) -> None:
        headers = {Sealer(REF, DEK).header for _ in range(16)}
        assert len(headers) == 16
        assert {header[0] for header in headers} == {0x28}

    def test_nothing_follows_the_end(self) -> None:
        sealer = Sealer(REF, DEK)
        sealer.finish()
        for late in (sealer.finish, lambda: sealer.update(b"x")):
            with pytest.raises(BlobError) as caught:
                late()
            assert caught.value.code == "blob_size_mismatch"

    def test_what_is_unfinished_has_no_sizes(self) -> None:
        with pytest.raises(BlobError) as caught:
            _ = Sealer(REF, DEK).sealed
        assert caught.value.code == "blob_truncated"

    def test_content_beyond_the_largest_object_is_refused_before_it_is_sealed(self) -> None:
        sealer = Sealer(REF, DEK)
        sealer._size = plaintext_size(MAX_CIPHERTEXT)
        with pytest.raises(BlobError) as caught:
            sealer.update(b"x")
        assert caught.value.code == "blob_too_large"
        with pytest.raises(BlobError):
            sealer.finish()

    def test_data_keys_are_drawn(self) -> None:
        assert len({new_data_key() for _ in range(8)}) == 8
        assert len(new_data_key()) == 32


class TestSizes:
    @pytest.mark.parametrize(
        ("plain", "cipher"),
        [
            (0, 56),
            (1, 57),
            (65479, 65535),
            (65480, 65536),
            (65481, 65553),
            (131000, 131072),
            (131001, 131089),
        ],
    )
    def test_borders(self, plain: int, cipher: int) -> None:
        assert ciphertext_size(plain) == cipher
        assert plaintext_size(cipher) == plain

    @given(st.integers(0, plaintext_size(MAX_CIPHERTEXT)))
    def test_one_size_for_each_content(self, size: int) -> None:
        assert plaintext_size(ciphertext_size(size)) == size

    @pytest.mark.parametrize("cipher", [-1, 0, 39, 40, 55, 65537, 65552, 131073, 131088])
    def test_sizes_that_no_blob_has(self, cipher: int) -> None:
        with pytest.raises(BlobError) as caught:
            plaintext_size(cipher)
        assert caught.value.code == "blob_size_mismatch"

    def test_the_largest_object(self) -> None:
        assert MAX_CIPHERTEXT == 83_886_080_000
        most = plaintext_size(MAX_CIPHERTEXT)
        for call in (lambda: ciphertext_size(most + 1), lambda: plaintext_size(MAX_CIPHERTEXT + 17)):
            with pytest.raises(BlobError) as caught:
                call()
            assert caught.value.code == "blob_too_large"

    def test_associated_data_names_kind_blob_and_version(self) -> None:
        ref = BlobRef(UUID(bytes=bytes(range(16))), 0x01020304, BlobKind.EXPORT)
        assert ref.aad == b"coffre-blob-v1\0\x04" + bytes(range(16)) + b"\1\2\3\4"

    @pytest.mark.parametrize("version", [0, -1, 2**32])
    def test_versions_count_from_one(self, version: int) -> None:
        with pytest.raises(Invalid) as caught:
            _ = dataclasses.replace(REF, version=version).aad
        assert caught.value.code == "bad_number"


class TestManipulation:
    @pytest.mark.parametrize("left", [0, 1, 40, 56, 65535, 65536, 65537, 131072, 196608, -1, -16, -17])
    def test_truncated(self, long: Sample, left: int) -> None:
        assert code_of(long.sealed, long.cipher[:left]) == "short_range"

    @pytest.mark.parametrize("tail", [b"\0", bytes(16), bytes(65536)])
    def test_what_is_appended_is_never_asked_for(self, long: Sample, tail: bytes) -> None:
        assert opened(long.opener, long.sealed, long.cipher + tail) == long.plain

    def test_an_empty_last_segment_which_tink_accepts(self) -> None:
        """Full segments, none marked as last, then a tag alone: Tink reads it as the same content."""
        plain = material(65480 + 65520)
        made = seal([plain])
        sealer = sealer_with(REF, DEK, made.sealed.header)
        cipher = bytes(sealer.update(plain + b"x"))
        nonce = made.sealed.header[33:] + (2).to_bytes(4, "big") + b"\1"
        cipher += sealer._segments.cipher.encrypt(nonce, b"", None)
        assert tink_open(cipher, DEK, REF.aad) == plain
        assert code_of(made.sealed, cipher) == "blob_corrupt"
        with pytest.raises(BlobError) as caught:
            Opener(dataclasses.replace(made.sealed, ciphertext_size=len(cipher)), DEK)
        assert caught.value.code == "blob_size_mismatch"

    def test_dropped_last_segment_even_if_the_sizes_are_made_to_fit(self, long: Sample) -> None:
        short = b"".join(long.segments()[:-1])
        sealed = dataclasses.replace(
            long.sealed, plaintext_size=plaintext_size(len(short)), ciphertext_size=len(short)
        )
        assert code_of(sealed, short) == "blob_corrupt"

    def test_swapped_segments(self, long: Sample) -> None:
        head, a, b, c, d = long.segments()
        assert code_of(long.sealed, head + a + c + b + d) == "blob_corrupt"

    def test_duplicated_segment(self, long: Sample) -> None:
        head, a, b, _, d = long.segments()
        assert code_of(long.sealed, head + a + b + b + d) == "blob_corrupt"

    @pytest.mark.parametrize("position", [40, 41, 65535, 65536, 196608, -1])
    def test_any_changed_byte(self, long: Sample, position: int) -> None:
        cipher = bytearray(long.cipher)
        cipher[position] ^= 1
        assert code_of(long.sealed, bytes(cipher)) == "blob_corrupt"

    @pytest.mark.parametrize("position", [1, 32, 33, 39])
    def test_a_header_changed_in_grant_and_object_alike(self, long: Sample, position: int) -> None:
        header = bytearray(long.sealed.header)
        header[position] ^= 1
        sealed = dataclasses.replace(long.sealed, header=bytes(header))
        assert code_of(sealed, bytes(header) + long.cipher[40:]) == "blob_corrupt"

    @pytest.mark.parametrize("header", [b"", b"\x28" + bytes(38), b"\x28" + bytes(40), b"\x29" + bytes(39)])
    def test_a_header_of_another_form(self, long: Sample, header: bytes) -> None:
        with pytest.raises(BlobError) as caught:
            Opener(dataclasses.replace(long.sealed, header=header), DEK)
        assert caught.value.code == "blob_corrupt"

    @pytest.mark.parametrize(("plain", "cipher"), [(1, 0), (0, 1), (-1, 0), (1, 17), (-65520, -65520)])
    def test_sizes_that_do_not_fit_each_other(self, long: Sample, plain: int, cipher: int) -> None:
        sealed = dataclasses.replace(
            long.sealed,
            plaintext_size=long.sealed.plaintext_size + plain,
            ciphertext_size=long.sealed.ciphertext_size + cipher,
        )
        with pytest.raises(BlobError) as caught:
            Opener(sealed, DEK)
        assert caught.value.code == "blob_size_mismatch"

    @pytest.mark.parametrize(
        "other",
        [
            dataclasses.replace(REF, version=4),
            dataclasses.replace(REF, kind=BlobKind.EXPORT),
            dataclasses.replace(REF, blob_id=UUID(int=1)),
        ],
    )
    def test_another_blob_version_or_kind_in_its_place(self, long: Sample, other: BlobRef) -> None:
        """The commitment names it; and were that recomputed too, the segment key does."""
        with pytest.raises(BlobError) as caught:
            Opener(dataclasses.replace(long.sealed, ref=other), DEK)
        assert caught.value.code == "blob_key_mismatch"
        sealed = dataclasses.replace(long.sealed, ref=other, commitment=commitment(DEK, other))
        assert code_of(sealed, long.cipher) == "blob_corrupt"

    def test_nothing_secret_is_shown(self) -> None:
        made = sample(3)
        shown = repr([made.sealed, made.opener, Sealer(REF, DEK)])
        assert DEK.hex() not in shown
        assert repr(DEK) not in shown
