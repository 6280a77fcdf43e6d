"""Content that is whole is kept whatever is wrong with its framing, and every frame address is right."""

import gzip
import struct
import zlib
from typing import Any

import pytest

from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.facts import DicomFacts
from content.verdicts import Outcome, worst
from tests.unit.content.dicom_bytes import (
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    ITEM_END,
    JPEG,
    RLE,
    SEQUENCE_END,
    UNDEFINED,
    element,
    fragments,
    identifiers,
    image,
    item,
    part10,
    pixel_module,
    pixels,
)

FIRST, SECOND = b"\xff\xd8\xff\xe0frame 1\xff\xd9\0", b"\xff\xd8\xff\xe0frame 2\xff\xd9\0"
PADDING = element(0xFFFCFFFC, "OB", bytes(6))
RLE_FRAME = struct.pack("<16I", 1, 64, *[0] * 14) + b"run"


def inspect(data: bytes) -> tuple[list[str], DicomFacts | None]:
    findings, facts = inspect_dicom(BytesSource(data))
    assert bool(facts) == (worst(findings) in {Outcome.ACCEPT, Outcome.WARN}), findings
    return [finding.code for finding in findings], facts


def frames_of(data: bytes, facts: DicomFacts) -> list[bytes]:
    return [b"".join(data[at : at + size] for at, size in frame) for frame in facts.frames]


def undelimited(
    *pieces: bytes, instead: bytes = b"", frames: int | None = 2, syntax: str = JPEG, after: bytes = b""
) -> bytes:
    value = fragments(*pieces).removesuffix(SEQUENCE_END) + instead
    return part10(identifiers() + pixel_module(frames=frames) + value + after, syntax)


class TestDelimiter:
    @pytest.mark.parametrize(
        "instead",
        [
            b"",
            bytes(3),
            bytes(8),
            ITEM_END,
            SEQUENCE_END[:4],
            ITEM_END[:4],
            SEQUENCE_END[:6],
            bytes(8) + PADDING,
            ITEM_END + PADDING,
            SEQUENCE_END[:4] + PADDING,
            ITEM_END[:4] + PADDING,
            PADDING,
        ],
        ids=[
            *("nothing", "a_few_zeros", "zeros", "item_delimiter", "bare_tag", "bare_item_tag", "half"),
            *("zeros_between", "item_delimiter_between", "bare_tag_between", "bare_item_tag_between", "next"),
        ],
    )
    def test_whole_fragments_without_their_delimiter_are_kept_with_a_warning(self, instead: bytes) -> None:
        data = undelimited(FIRST, SECOND, instead=instead)
        found, facts = inspect(data)
        assert found == ["pixel_delimiter_missing"]
        assert frames_of(data, facts) == [FIRST, SECOND]

    def test_zeros_up_to_the_end_are_padding(self) -> None:
        found, facts = inspect(data := undelimited(FIRST, SECOND, instead=bytes(700)))
        assert found == ["pixel_delimiter_missing", "trailing_zeros"]
        assert frames_of(data, facts) == [FIRST, SECOND]

    @pytest.mark.parametrize("instead", [b"", bytes(8), ITEM_END])
    @pytest.mark.parametrize(
        ("pieces", "frames", "syntax"),
        [
            ((FIRST, b"\xff\xd8\xff and no end"), 2, JPEG),
            ((FIRST[:8], b"and no end"), 1, JPEG),
            ((FIRST[:8],), 1, JPEG),
            ((FIRST,), 2, JPEG),
            ((RLE_FRAME + b"\0", RLE_FRAME + b"\0"), 3, RLE),
            ((b"moving", b"pictures"), 9, "1.2.840.10008.1.2.4.102"),
        ],
        ids=["cut_frame", "cut_between_fragments", "first_fragment_alone", "one_of_two", "rle", "video"],
    )
    def test_what_may_be_cut_between_two_fragments_is_refused(
        self, pieces: tuple[bytes, ...], frames: int, syntax: str, instead: bytes
    ) -> None:
        found, _ = inspect(undelimited(*pieces, instead=instead, frames=frames, syntax=syntax))
        assert found[-1] in {"truncated", "frames_missing"}

    @pytest.mark.parametrize("cut", range(1, len(SECOND) + 8))
    def test_a_cut_inside_a_fragment_is_refused(self, cut: int) -> None:
        assert inspect(undelimited(FIRST, SECOND)[:-cut])[0] in (["truncated"], ["frames_missing"])

    def test_a_hole_of_zeros_is_no_delimiter(self) -> None:
        hole = undelimited(FIRST, SECOND, instead=bytes(40) + item(SECOND) + SEQUENCE_END)
        assert inspect(hole)[0] == ["element_not_valid"]

    @pytest.mark.parametrize("length", [None, UNDEFINED])
    @pytest.mark.parametrize("instead", [b"", ITEM_END])
    def test_an_icon_without_delimiter_ends_with_its_item(self, length: int | None, instead: bytes) -> None:
        icon = pixel_module() + fragments(FIRST).removesuffix(SEQUENCE_END) + instead
        content = item(icon, length=length) + (ITEM_END if length else b"")
        sequence = element(0x00880200, "SQ", content + (SEQUENCE_END if length else b""), length=length)
        found, facts = inspect(part10(identifiers() + sequence + element(0x00880904, "LO", b"after")))
        assert found == ["pixel_delimiter_missing"]
        assert facts.dicom["00880904"]["Value"] == ["after"]


class TestDeflated:
    @pytest.mark.parametrize("wrap", [zlib.compress, gzip.compress], ids=["zlib", "gzip"])
    def test_a_wrapped_stream_is_the_data_set(self, wrap: Any) -> None:
        found, facts = inspect(part10(wrap(identifiers() + pixel_module() + pixels(bytes(32))), DEFLATED))
        assert found == ["deflate_wrapped"]
        assert facts.dicom["00100020"]["Value"] == ["12345"]
        assert facts.frames is None

    @pytest.mark.parametrize("wrap", [zlib.compress, gzip.compress], ids=["zlib", "gzip"])
    def test_a_wrapped_stream_that_is_not_whole_is_refused(self, wrap: Any) -> None:
        packed = wrap(identifiers() + pixels(bytes(5000)))
        assert "deflate_not_valid" in inspect(part10(packed[:-9], DEFLATED))[0]
        broken = packed[:-3] + bytes([packed[-3] ^ 1]) + packed[-2:]
        assert "deflate_not_valid" in inspect(part10(broken, DEFLATED))[0]

    @pytest.mark.parametrize("written", [EXPLICIT, IMPLICIT])
    def test_a_data_set_that_is_only_declared_deflated_is_read_as_it_is(self, written: str) -> None:
        module = b"" if written == IMPLICIT else pixel_module() + pixels(bytes(range(32)))
        data = part10(identifiers(written) + module, DEFLATED)
        found, facts = inspect(data)
        assert "deflate_missing" in found
        assert set(found) <= {"deflate_missing", "encoding_differs"}
        assert not module or frames_of(data, facts) == [bytes(range(32))]

    @pytest.mark.parametrize("level", range(10))
    def test_every_honest_stream_is_taken_for_one(self, level: int) -> None:
        packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = packer.compress(identifiers() + element(0x00291010, "OB", bytes(70_000))) + packer.flush()
        assert inspect(part10(packed, DEFLATED))[0] == []


class TestFramesFillTheirValue:
    """A frame's size, computed from attributes, is believed where frames of that size are all there is."""

    def described(self, photometric: bytes, size: int, frames: int = 1, samples: int = 3) -> DicomFacts:
        module = pixel_module(bits=8, samples=samples, frames=frames)
        module = module[:10] + element(0x00280004, "CS", photometric) + module[10:]
        return inspect(part10(identifiers() + module + pixels(bytes(size))))[1]

    @pytest.mark.parametrize("photometric", [b"YBR_FULL_422", b"YBR_PARTIAL_422"])
    @pytest.mark.parametrize("frames", [1, 3])
    @pytest.mark.parametrize("size", [32, 48])
    def test_subsampled_colour_is_told_by_length(self, photometric: bytes, frames: int, size: int) -> None:
        found = self.described(photometric, frames * size, frames).frames
        start = found[0][0][0]
        assert found == tuple(((start + n * size, size),) for n in range(frames))

    @pytest.mark.parametrize("size", [34, 40, 46, 50, 100])
    def test_of_any_other_length_there_are_no_addresses(self, size: int) -> None:
        assert self.described(b"YBR_FULL_422", size).frames is None

    def test_colour_without_its_samples_has_no_addresses(self) -> None:
        assert self.described(b"RGB", 48, samples=1).frames is None

    @pytest.mark.parametrize(
        ("module", "size"),
        [
            (pixel_module(bits=12), 32),
            (pixel_module(bits=1), 16),
            (pixel_module(bits=8), 32),
            (pixel_module(frames=2), 96),
            (pixel_module(), 96),
            (pixel_module(rows=3, columns=3, bits=1, frames=4), 8),
        ],
        ids=["12_in_16", "1_in_8", "8_in_16", "more_frames", "frames_unsaid", "bits_padded"],
    )
    def test_a_value_longer_than_described_has_no_addresses(self, module: bytes, size: int) -> None:
        found, facts = inspect(part10(identifiers() + module + pixels(bytes(size))))
        assert found == ["pixel_data_longer"]
        assert facts.frames is None

    def test_one_byte_of_padding_is_no_frame_and_hides_none(self) -> None:
        module = pixel_module(rows=3, columns=3, bits=8, frames=3)
        data = part10(identifiers() + module + pixels(bytes(range(27))))
        found, facts = inspect(data)
        assert found == []
        assert frames_of(data, facts) == [bytes(range(n, n + 9)) for n in (0, 9, 18)]

    @pytest.mark.parametrize(("tag", "vr", "size"), [(0x7FE00008, "OF", 4), (0x7FE00009, "OD", 8)])
    def test_floating_point_pixels_have_their_own_size(self, tag: int, vr: str, size: int) -> None:
        module = pixel_module(bits=16, frames=2)
        exact = inspect(part10(identifiers() + module + element(tag, vr, bytes(32 * size))))[1]
        assert [length for ((_, length),) in exact.frames] == [16 * size] * 2
        longer = inspect(part10(identifiers() + module + element(tag, vr, bytes(64 * size))))[1]
        assert longer.frames is None

    @pytest.mark.parametrize("number", [b"1_0", "٢".encode(), b"2.5", b"1e1", b"-2"])
    def test_a_number_of_frames_that_is_none_counts_nothing(self, number: bytes) -> None:
        head = identifiers() + pixel_module()[:10] + element(0x00280008, "IS", number) + pixel_module()[10:]
        found, facts = inspect(part10(head + pixels(bytes(320))))
        assert "pixel_data_unchecked" in found
        assert facts.frames is None

    @pytest.mark.parametrize(("pieces", "syntax"), [((FIRST, SECOND), JPEG), ((RLE_FRAME, RLE_FRAME), RLE)])
    @pytest.mark.parametrize("frames", [None, 1])
    def test_two_images_are_not_one_frame(
        self, pieces: tuple[bytes, ...], syntax: str, frames: int | None
    ) -> None:
        body = identifiers() + pixel_module(frames=frames) + fragments(*pieces)
        found, facts = inspect(part10(body, syntax))
        assert found == ["frames_not_addressable"]
        assert facts.frames is None

    def test_two_halves_of_an_image_are_not_two_frames(self) -> None:
        body = identifiers() + pixel_module(frames=2) + fragments(FIRST[:6], FIRST[6:])
        found, facts = inspect(part10(body, JPEG))
        assert found == ["frames_not_addressable"]
        assert facts.frames is None


class TestOtherContent:
    SPECTROSCOPY = b"1.2.840.10008.5.1.4.1.1.4.2"
    DATA = element(0x56000020, "OF", bytes(4096))

    def test_spectroscopy_has_no_image_and_lacks_none(self) -> None:
        body = identifiers(sop_class=self.SPECTROSCOPY) + pixel_module() + self.DATA
        assert inspect(part10(body))[0] == ["meta_differs"]

    def test_spectroscopy_without_its_data_is_told(self) -> None:
        body = identifiers(sop_class=self.SPECTROSCOPY) + pixel_module()
        assert inspect(part10(body))[0] == ["meta_differs", "pixel_data_missing"]

    def test_an_image_class_is_not_excused_by_other_content(self) -> None:
        body = identifiers(sop_class=b"1.2.840.10008.5.1.4.1.1.4") + pixel_module() + self.DATA
        assert inspect(part10(body))[0] == ["meta_differs", "pixel_data_missing"]


class TestUnknownFragments:
    TAG = 0x00290010

    def private(self, *items: bytes, vr: str = "UN") -> bytes:
        """A private value of undefined length between two known elements."""
        creator = element(self.TAG, "LO", b"VENDOR 1.0")
        value = element(0x00291010, vr, b"".join(items) + SEQUENCE_END, length=UNDEFINED)
        return part10(identifiers() + creator + value + element(0x00400254, "LO", b"after"))

    @pytest.mark.parametrize(
        "items",
        [
            (item(b""), item(FIRST), item(SECOND)),
            (item(struct.pack("<2I", 0, 20)), item(FIRST), item(SECOND)),
            (item(b"abcdefghijkl"),),
            (item(b"ab"),),
        ],
    )
    def test_pieces_in_a_value_of_unknown_type_are_stepped_over(self, items: tuple[bytes, ...]) -> None:
        found, facts = inspect(self.private(*items))
        assert found == ["fragments_unknown"]
        assert "00291010" not in facts.dicom
        assert facts.dicom["00400254"]["Value"] == ["after"]

    def test_a_piece_that_is_cut_is_refused(self) -> None:
        whole = self.private(item(b""), item(FIRST))
        assert inspect(whole[: whole.index(FIRST) + 5])[0][-1] == "truncated"

    @pytest.mark.parametrize("length", [None, UNDEFINED])
    def test_data_sets_in_it_are_still_a_sequence(self, length: int | None) -> None:
        inner = element(0x00081150, "UI", b"1.2.3", syntax=IMPLICIT)
        inner += element(0x00081155, "UI", b"1.2.4", syntax=IMPLICIT)
        found, facts = inspect(self.private(item(inner, length=length) + (ITEM_END if length else b"")))
        assert found == []
        assert facts.dicom["00291010"]["Value"][0]["00081150"]["Value"] == ["1.2.3"]


class TestNumbers:
    @pytest.mark.parametrize(
        ("vr", "written", "read"),
        [
            ("IS", b"1_0", "1_0"),
            ("IS", b"+10", 10),
            ("IS", b" -7 ", -7),
            ("IS", b"0x10", "0x10"),
            ("IS", b"1\t", "1\t"),
            ("DS", b"1_0.5", "1_0.5"),
            ("DS", b"1.5e-3", 0.0015),
            ("DS", b".5", 0.5),
            ("DS", b"nan", "nan"),
            ("DS", b"infinity", "infinity"),
        ],
    )
    def test_only_what_the_standard_calls_a_number_is_read_as_one(
        self, vr: str, written: bytes, read: object
    ) -> None:
        found, facts = inspect(part10(identifiers() + element(0x00291001, vr, written)))
        assert facts.dicom["00291001"]["Value"] == [read]
        assert found == (["value_not_valid"] if isinstance(read, str) else [])


def test_the_small_image_of_these_tests_is_valid() -> None:
    assert inspect(image())[0] == []
