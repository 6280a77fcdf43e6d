"""What an image says of its size is checked before anything of that size is made; the child's limit of memory
is the second bound (tests/integration/test_hostile_pixels.py).
"""

import io
import logging
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pydicom
import pydicom.data
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate, generate_frames

from content.byte_source import BytesSource
from content.dicom.frame_sizes import FrameSize, declared
from content.dicom.instance import inspect_dicom
from content.dicom.registry import (
    DEFLATED_FRAMES,
    ENCAPSULATED_UNCOMPRESSED,
    JPEG_2000_FAMILY,
    JPEG_FAMILY,
    RLE,
)
from content.limits import DEFAULT_LIMITS
from content.pixels import decoding
from content.pixels.colour import from_palette
from content.pixels.failures import CANNOT_RENDER, DAMAGED, NOT_FOUND, OUTSIDE, TOO_LARGE, Unpictured
from content.pixels.grayscale import levels
from content.pixels.image_file import DESCRIPTION, ImageFile
from content.pixels.native_frames import native_frame
from content.pixels.picture import fitted, rendered
from content.pixels.segmented_tables import expanded
from content.pixels.wanted import LONGEST_SIDE, MOST_PIXELS, Rendering, Shape, Viewport, Window
from content.verdicts import Finding
from records.errors import Invalid
from tests.unit.content.dicom_bytes import element, fragments, identifiers, part10, pixel_module, pixels
from viewer_api.wado.parameters import of_rendered, of_thumbnail

MOST = 2**16 - 1
LINES: tuple[Shape, ...] = ("linear-exact", "sigmoid")
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
SYNTAXES = {
    "JPEG": "SC_rgb_jpeg_dcmtk.dcm",
    "JPEG of twelve bits": "JPGExtended.dcm",
    "lossless JPEG": "JPEG-LL.dcm",
    "JPEG-LS": "MR_small_jpeg_ls_lossless.dcm",
    "JPEG 2000": "JPEG2000.dcm",
}


@pytest.fixture(autouse=True, scope="module")
def _decoders() -> None:
    decoding.load_decoders()


@pytest.fixture(autouse=True)
def _quiet_decoders(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL + 1, "pydicom")  # it logs tracebacks; in the sandbox nobody hears them


@pytest.fixture
def no_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever asks for a decoder fails: what is refused is refused before."""

    def asked(syntax: str) -> Any:
        raise AssertionError(f"a decoder was asked: {syntax}")

    monkeypatch.setattr(decoding, "get_decoder", asked)


def opened(data: bytes) -> ImageFile:
    return ImageFile(BytesSource(data), DEFAULT_LIMITS, DESCRIPTION)


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(Unpictured) as error:
        work()
    return error.value.code


def drawn(data: bytes, number: int = 1) -> Image.Image:
    return Image.open(io.BytesIO(rendered(opened(data), number, None, Rendering())))


def level(picture: Image.Image, column: int, row: int) -> int:
    return int(np.asarray(picture)[row, column])


def real(name: str) -> FileDataset:
    return pydicom.dcmread(str(pydicom.data.get_testdata_file(name)))


def saved(file: FileDataset) -> bytes:
    written = io.BytesIO()
    file.save_as(written)
    return written.getvalue()


def gray(value: bytes, **form: int) -> bytes:
    """A native image of one sample a pixel, or of what `form` says."""
    described = element(0x00280004, "CS", b"MONOCHROME2") + element(0x00280103, "US", b"\0\0")
    return part10(identifiers() + pixel_module(**form) + described + pixels(value))


@pytest.mark.usefixtures("no_codec")
class TestSizesThatLie:
    @pytest.mark.parametrize(
        "form",
        [
            {"rows": MOST, "columns": MOST},
            {"rows": MOST, "columns": MOST, "bits": 1},
            {"rows": 16_384, "columns": 16_384, "bits": 32},
            {"rows": 256, "columns": 256, "samples": MOST},
            {"rows": 1, "columns": 1, "samples": MOST, "bits": MOST},
        ],
        ids=["16 bits", "1 bit", "32 bits", "samples", "samples and bits"],
    )
    def test_a_frame_larger_than_is_decoded(self, form: dict[str, int]) -> None:
        image = opened(gray(bytes(64), **form))
        assert refusal(lambda: rendered(image, 1, None, Rendering())) == TOO_LARGE
        assert refusal(lambda: native_frame(image, 1)) == TOO_LARGE

    def test_single_bits_that_become_more_bytes_than_a_frame_may_have(self) -> None:
        image = opened(gray(bytes(2**25), rows=16_384, columns=16_384, bits=1))
        assert refusal(lambda: rendered(image, 1, None, Rendering())) == TOO_LARGE
        assert len(native_frame(image, 1).data) == 2**25

    @pytest.mark.parametrize("bits", [1, 8, 16, 32])
    def test_a_frame_that_the_value_does_not_hold(self, bits: int) -> None:
        image = opened(gray(bytes(8), rows=64, columns=64, bits=bits))
        assert refusal(lambda: rendered(image, 1, None, Rendering())) == DAMAGED

    @pytest.mark.parametrize("frames", [2, 2**31, 2**63, 10**11])
    def test_more_frames_than_are_there(self, frames: int) -> None:
        image = opened(gray(bytes(32), frames=frames))
        assert refusal(lambda: native_frame(image, frames)) == DAMAGED
        assert refusal(lambda: native_frame(image, frames + 1)) == NOT_FOUND

    @pytest.mark.parametrize("frames", [3, 2**31, 10**11])
    def test_more_compressed_frames_than_are_there(self, frames: int) -> None:
        described = identifiers() + pixel_module(bits=8, frames=frames)
        data = part10(described + fragments(b"\xff\xd8\xff\xd9", b"\xff\xd8\xff\xd9"), JPEG_BASELINE)
        for number in (1, frames):
            with pytest.raises(Exception) as error:
                rendered(opened(data), number, None, Rendering())
            assert type(error.value).__name__ in ("Unpictured", "Rejected")

    def test_fragments_longer_than_what_they_decode_to(self) -> None:
        described = identifiers() + pixel_module(bits=8)
        data = part10(described + fragments(bytes(2**18)), JPEG_BASELINE)
        assert refusal(lambda: rendered(opened(data), 1, None, Rendering())) == TOO_LARGE

    @pytest.mark.parametrize("form", [{"rows": 0}, {"columns": 0}])
    def test_an_image_without_extent(self, form: dict[str, int]) -> None:
        image = opened(gray(bytes(32), **form))
        assert refusal(lambda: rendered(image, 1, None, Rendering())) == CANNOT_RENDER


class TestBitsAllocated:
    def test_single_bits_begin_inside_of_a_byte(self) -> None:
        """Two frames of 3 × 3 (PS3.5 §8.1.1)."""
        value = struct.pack("<I", 0b1_0000_0000_000000001)
        image = gray(value, rows=3, columns=3, bits=1, frames=2)
        first = drawn(image)
        assert level(first, 0, 0) > 200 and level(first, 2, 2) < 50
        assert level(drawn(image, 2), 2, 2) > 200

    def test_thirty_two_bits(self) -> None:
        ramp = np.linspace(0, 2**32 - 1, 256).astype("<u4")
        picture = drawn(gray(ramp.tobytes(), rows=16, columns=16, bits=32))
        assert level(picture, 0, 0) < 10 and level(picture, 15, 15) > 245

    @pytest.mark.parametrize("bits", [0, 7, 12, 128])
    def test_a_number_of_bits_that_there_is_not(self, bits: int) -> None:
        """pydicom or the arithmetic refuses it; nothing is drawn."""
        with pytest.raises(Exception) as error:
            drawn(gray(bytes(2048), rows=8, columns=8, bits=bits))
        assert not isinstance(error.value, MemoryError)


@pytest.mark.usefixtures("no_codec")
class TestFramesOfAnotherSize:
    """The code stream's own size is not the data set's: a codec would fill memory, or rows be mixed up."""

    @pytest.mark.parametrize("name", SYNTAXES.values(), ids=SYNTAXES)
    @pytest.mark.parametrize(("higher", "narrower"), [(2, 2), (2, 1), (1, 2)])
    def test_the_data_set_says_another(self, name: str, higher: int, narrower: int) -> None:
        file = real(name)
        file.Rows, file.Columns = file.Rows * higher, file.Columns // narrower
        image = opened(saved(file))
        assert refusal(lambda: rendered(image, 1, None, Rendering())) == DAMAGED
        assert refusal(lambda: native_frame(image, 1)) == DAMAGED

    @pytest.mark.parametrize("name", SYNTAXES.values(), ids=SYNTAXES)
    def test_the_frame_says_the_largest(self, name: str) -> None:
        file = real(name)
        file.PixelData = encapsulate([enlarged(next(frames_of(file)))])
        assert refusal(lambda: rendered(opened(saved(file)), 1, None, Rendering())) == DAMAGED

    @pytest.mark.parametrize("name", SYNTAXES.values(), ids=SYNTAXES)
    def test_another_number_of_samples(self, name: str) -> None:
        file = real(name)
        file.SamplesPerPixel = 4 - file.SamplesPerPixel
        assert refusal(lambda: rendered(opened(saved(file)), 1, None, Rendering())) == DAMAGED


def frames_of(file: FileDataset) -> Iterator[bytes]:
    return iter(generate_frames(file.PixelData, number_of_frames=1))


def enlarged(frame: bytes) -> bytes:
    """The frame with as many pixels as its header can say (SIZ; SOF and SOF55)."""
    if frame.startswith(b"\xff\x4f\xff\x51"):
        return frame[:8] + struct.pack(">II", 2**31, 2**31) + frame[16:]
    at = min(where for number in (0xC0, 0xC1, 0xC3, 0xF7) if (where := frame.find(bytes((0xFF, number)))) > 0)
    return frame[: at + 5] + b"\xff\xff\xff\xff" + frame[at + 9 :]


def test_a_frame_of_its_own_size_is_drawn() -> None:
    for name in SYNTAXES.values():
        file = real(name)
        assert drawn(saved(file)).size == (file.Columns, file.Rows)


@pytest.mark.parametrize("cut", [0, 2, 9, 64, 66])
def test_rle_of_too_few_bytes_or_segments(cut: int) -> None:
    """PS3.5 annex G: no size is declared, so that what is unpacked has to fill the frame."""
    file = real("MR_small_RLE.dcm")
    file.PixelData = encapsulate([next(frames_of(file))[:cut].ljust(2, b"\0")])
    with pytest.raises(Exception) as error:
        drawn(saved(file))
    assert not isinstance(error.value, MemoryError)


def rle(*segments: bytes, tail: bytes = b"") -> bytes:
    """A frame of literal runs of at most 128 bytes (PS3.5 §G.3, §G.5)."""
    packed = [
        b"".join(
            bytes((len(run) - 1,)) + run
            for run in (segment[at : at + 128] for at in range(0, len(segment), 128))
        )
        for segment in segments
    ]
    starts = [64 + sum(map(len, packed[:number])) for number in range(len(packed))]
    return struct.pack("<16L", len(packed), *starts, *[0] * (15 - len(packed))) + b"".join(packed) + tail


def compressed(frame: bytes, syntax: str, *, bits: int = 8) -> bytes:
    """An image of 4 × 4 whose only frame this is."""
    described = element(0x00280004, "CS", b"MONOCHROME2") + element(0x00280103, "US", b"\0\0")
    stored = element(0x00280101, "US", bytes((bits, 0)))
    return part10(identifiers() + pixel_module(bits=bits) + described + stored + fragments(frame), syntax)


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


WHOLE = bytes(range(16))


class TestSizesThatNoHeaderSays:
    """RLE, deflated and uncompressed frames (PS3.5 §G.2, §A.4.13, §A.4.11): as many bytes as they need."""

    RIGHT = (
        pytest.param(rle(WHOLE), RLE, 8, id="RLE"),
        pytest.param(rle(WHOLE, tail=b"\0"), RLE, 8, id="RLE, even"),
        pytest.param(rle(WHOLE, tail=b"\x80\0\0\0"), RLE, 8, id="RLE, padded"),
        pytest.param(rle(WHOLE, WHOLE), RLE, 16, id="RLE of words"),
        pytest.param(rle(WHOLE[:2]), RLE, 1, id="RLE of bits"),
        pytest.param(deflated(WHOLE), DEFLATED_FRAMES, 8, id="deflated"),
        pytest.param(WHOLE, ENCAPSULATED_UNCOMPRESSED, 8, id="uncompressed"),
    )
    WRONG = (
        pytest.param(rle(WHOLE + b"\1"), RLE, 8, id="RLE, a sample more"),
        pytest.param(rle(WHOLE * 2), RLE, 8, id="RLE, twice"),
        pytest.param(rle(WHOLE[:-1]), RLE, 8, id="RLE, a sample less"),
        pytest.param(rle(WHOLE, WHOLE + b"\1"), RLE, 16, id="RLE of words, one more"),
        pytest.param(rle(WHOLE[:3]), RLE, 1, id="RLE of bits, more"),
        pytest.param(deflated(WHOLE + bytes(2)), DEFLATED_FRAMES, 8, id="deflated, more"),
    )
    TOLD = (
        pytest.param(rle(WHOLE, WHOLE), RLE, 8, id="RLE, two segments"),
        pytest.param(rle(WHOLE), RLE, 16, id="RLE of words, one segment"),
        pytest.param(struct.pack("<16L", 1, 64, *[0] * 14), RLE, 8, id="RLE, an empty segment"),
        pytest.param(WHOLE * 2, ENCAPSULATED_UNCOMPRESSED, 8, id="uncompressed, twice"),
    )

    @pytest.mark.parametrize(("frame", "syntax", "bits"), RIGHT)
    def test_a_frame_that_fits_is_drawn(self, frame: bytes, syntax: str, bits: int) -> None:
        assert drawn(compressed(frame, syntax, bits=bits)).size == (4, 4)

    @pytest.mark.parametrize(("frame", "syntax", "bits"), [*WRONG, *TOLD])
    def test_one_that_is_longer_or_shorter_is_not(self, frame: bytes, syntax: str, bits: int) -> None:
        image = opened(compressed(frame, syntax, bits=bits))
        assert refusal(lambda: rendered(image, 1, None, Rendering())) == DAMAGED
        assert refusal(lambda: native_frame(image, 1)) == DAMAGED

    @pytest.mark.parametrize(("frame", "syntax", "bits"), RIGHT)
    def test_the_check_at_a_deposit_takes_one(self, frame: bytes, syntax: str, bits: int) -> None:
        assert self.checked(frame, syntax, bits) == ["elements_unordered"]

    @pytest.mark.parametrize(("frame", "syntax", "bits"), [*WRONG, *TOLD[:3]])
    def test_and_refuses_the_other(self, frame: bytes, syntax: str, bits: int) -> None:
        assert self.checked(frame, syntax, bits)[-1] == "frames_not_decodable"

    def checked(self, frame: bytes, syntax: str, bits: int) -> list[str]:
        data = compressed(frame, syntax, bits=bits)
        found, _ = inspect_dicom(BytesSource(data), replace(DEFAULT_LIMITS, decoded_frames=1))
        return [each.code for each in found]

    @pytest.mark.parametrize(("frame", "syntax", "bits"), TOLD)
    def test_a_deposit_is_warned_of_what_the_first_bytes_tell(
        self, frame: bytes, syntax: str, bits: int
    ) -> None:
        found, _ = inspect_dicom(BytesSource(compressed(frame, syntax, bits=bits)))
        assert Finding("frame_size_differs", "frame 1") in found

    @pytest.mark.parametrize("name", SYNTAXES.values(), ids=SYNTAXES)
    def test_and_of_what_a_header_says(self, name: str) -> None:
        file = real(name)
        assert Finding("frame_size_differs", "frame 1") not in inspect_dicom(BytesSource(saved(file)))[0]
        file.Columns += 1
        assert Finding("frame_size_differs", "frame 1") in inspect_dicom(BytesSource(saved(file)))[0]

    def test_frames_behind_the_first_are_looked_at_too(self) -> None:
        described = identifiers() + pixel_module(bits=8, frames=3)
        data = part10(described + fragments(rle(WHOLE), rle(WHOLE), rle(WHOLE, WHOLE)), RLE)
        assert Finding("frame_size_differs", "frame 3") in inspect_dicom(BytesSource(data))[0]


class TestDeclaredSizes:
    @given(st.binary(max_size=200), st.sampled_from(sorted(JPEG_FAMILY | JPEG_2000_FAMILY)))
    def test_any_bytes_have_a_size_or_none(self, tail: bytes, syntax: str) -> None:
        begin = b"\xff\x4f" if syntax in JPEG_2000_FAMILY else b"\xff\xd8"
        for data in (tail, begin + tail, begin + b"\xff" + tail):
            assert isinstance(declared(data, syntax), FrameSize | None)

    def test_of_jpeg_2000_in_a_file_of_its_own(self) -> None:
        """Some writers put the whole JP2 file into the fragment."""
        written = io.BytesIO()
        Image.new("RGB", (7, 5)).save(written, "JPEG2000")
        for data in (written.getvalue(), written.getvalue().replace(*to_the_end(written.getvalue()))):
            assert declared(data, "1.2.840.10008.1.2.4.90") == FrameSize(5, 7, 3)

    def test_behind_fill_bytes_and_segments(self) -> None:
        written = io.BytesIO()
        Image.new("L", (7, 5)).save(written, "JPEG", comment=bytes(60_000))
        data = written.getvalue().replace(b"\xff\xc0", b"\xff\xff\xff\xc0")
        assert declared(data, JPEG_BASELINE) == FrameSize(5, 7, 1)


def to_the_end(data: bytes) -> tuple[bytes, bytes]:
    """The last box's size, and 0 in its place (T.800 §I.4)."""
    at = data.index(b"jp2c") - 4
    return data[at : at + 8], bytes(4) + b"jp2c"


def palette(count: int, data: bytes, *, bits: int = 16, segmented: bool = False) -> pydicom.Dataset:
    found = pydicom.Dataset()
    for colour in ("Red", "Green", "Blue"):
        setattr(found, f"{colour}PaletteColorLookupTableDescriptor", [count, 0, bits])
        name = "Segmented" * segmented + f"{colour}PaletteColorLookupTableData"
        setattr(found, name, data)
    return found


class TestPalettes:
    SAMPLES = np.array([[0, 3, 200]], np.uint8)

    @pytest.mark.parametrize("length", [0, 1, 2, 100, 199])
    def test_a_table_that_ends_before_what_is_shown(self, length: int) -> None:
        found = palette(256, bytes(length))
        assert refusal(lambda: from_palette(self.SAMPLES, found, little=True)) == DAMAGED

    def test_values_beyond_the_table_have_its_last_entry(self) -> None:
        """PS3.3 §C.7.6.3.1.5"""
        found = palette(4, struct.pack("<4H", 0, 256, 512, 768))
        assert from_palette(self.SAMPLES, found, little=True)[0, :, 0].tolist() == [0, 3, 3]

    def test_longer_than_it_says(self) -> None:
        found = palette(4, struct.pack("<4H", 0, 256, 512, 768) + bytes(2**16))
        assert from_palette(self.SAMPLES, found, little=True)[0, :, 0].tolist() == [0, 3, 3]

    @pytest.mark.filterwarnings("ignore:Invalid value:UserWarning")
    @pytest.mark.parametrize("count", [0, -1, 2**16 - 1])
    def test_the_longest_table(self, count: int) -> None:
        found = palette(count, np.arange(2**16, dtype="<u2").tobytes())
        shown = from_palette(np.array([[0, 2**15]], np.uint16), found, little=True)
        assert shown[0, :, 0].tolist() == [0, 2**7]

    @pytest.mark.parametrize(
        "numbers",
        [
            (0, 1, 5) + (1, 65_535, 9) * 10_000,
            (0, 1, 5) + (2, 65_535, 0, 0) * 10_000,
            (0, 0) * 10_000,
            (1, 9, 9),
            (2, 1, 0, 0),
            (7, 7, 7),
            (0, 1, 5, 1),
        ],
        ids=["lines", "copies of itself", "nothing", "line first", "copy first", "unknown", "cut"],
    )
    def test_segments_make_no_more_than_the_table_holds(self, numbers: tuple[int, ...]) -> None:
        try:
            assert len(expanded(numbers, 2, 1_000)) <= 1_000
        except Unpictured as error:
            assert error.code == DAMAGED

    def test_a_segment_that_is_used_again(self) -> None:
        """Offsets are in bytes from the beginning (PS3.3 §C.7.9.2.3)."""
        words = (0, 2, 10, 20, 1, 2, 40, 2, 1, 8, 0)
        assert expanded(words, 2, 100) == [10, 20, 30, 40, 40, 40]
        assert expanded(bytes((0, 2, 10, 20, 2, 1, 0, 0, 0, 0)), 1, 100) == [10, 20, 10, 20]


class TestWhatIsAskedFor:
    @pytest.mark.parametrize(
        ("query", "code"),
        [
            *(
                (f"window={value}", "bad_window")
                for value in ("0,0,linear", "0,0,sigmoid", "0,-1,linear-exact")
            ),
            *((f"window=40,{value},linear", "bad_window") for value in ("nan", "inf", "1e308", "1" * 400)),
            *((f"window={value},400,linear", "bad_window") for value in ("nan", "-inf", "1e308", "")),
            *(
                (f"quality={value}", "bad_quality")
                for value in ("0", "-1", "101", "1e2", "", "50.5", "9" * 400)
            ),
            *((f"viewport={value}", "bad_viewport") for value in ("0,0", "1e9,1", "9999999,1", "1,1,nan")),
            *(
                (f"viewport={value}", "viewport_too_large")
                for value in ("4097,4097", "65501,1", "999999,9999")
            ),
        ],
    )
    def test_out_of_bounds(self, query: str, code: str) -> None:
        name, _, value = query.partition("=")
        with pytest.raises(Invalid) as error:
            of_rendered({name: value})
        assert error.value.code == code
        if name == "viewport":
            with pytest.raises(Invalid):
                of_thumbnail({name: value})

    @pytest.mark.parametrize("size", [(1, 1), (1, LONGEST_SIDE), (LONGEST_SIDE, 1), (4096, 4096)])
    @pytest.mark.parametrize("source", [(1, 1), (1, 16_384), (16_384, 1), (64, 64)])
    def test_a_picture_is_never_larger_than_its_viewport(
        self, source: tuple[int, int], size: tuple[int, int]
    ) -> None:
        made = fitted(Image.new("L", source), Viewport(*size))
        assert made.width <= size[0] and made.height <= size[1]
        assert made.width * made.height <= MOST_PIXELS

    @pytest.mark.parametrize("region", [(0, 0, 1e-9, 1e-9), (63.5, 63.5, 1e9, 1e9), (0, 0, -1, -1)])
    def test_a_region_is_never_larger_than_its_viewport(self, region: tuple[float, ...]) -> None:
        made = fitted(Image.new("L", (64, 64)), Viewport(100, 50, *region))
        assert made.width <= 100 and made.height <= 50

    @pytest.mark.parametrize("region", [(64, 0, 1, 1), (0, 1e9, 1, 1)])
    def test_a_region_outside(self, region: tuple[float, ...]) -> None:
        made = Image.new("L", (64, 64))
        assert refusal(lambda: fitted(made, Viewport(100, 50, *region))) == OUTSIDE

    @pytest.mark.filterwarnings("ignore::RuntimeWarning")
    @pytest.mark.parametrize("shape", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
    @pytest.mark.parametrize(
        "window",
        [
            ("0", "0"),
            ("0", "1e308"),
            ("-1e308", "1e308"),
            ("1e308", "1e-308"),
            ("NaN", "1"),
            ("1e999", "1"),
        ],
    )
    def test_windows_of_the_file_beyond_numbers(self, window: tuple[str, str], shape: str) -> None:
        found = pydicom.Dataset()
        found.VOILUTFunction = shape
        found.WindowCenter, found.WindowWidth = (pydicom.valuerep.DSfloat(float(value)) for value in window)
        shown = levels(np.array([[-(2**15), 0, 2**15 - 1]], "i2"), found, 1, "MONOCHROME2", None)
        assert shown.dtype == np.uint8 and shown.shape == (1, 3)

    @pytest.mark.filterwarnings("ignore::RuntimeWarning")
    def test_the_widest_windows_that_may_be_asked_for(self) -> None:
        for width in (1e-9, 999_999_999.0):
            for shape in LINES:
                shown = levels(
                    np.array([[0, 9]], "u1"), pydicom.Dataset(), 1, "MONOCHROME2", Window(0.0, width, shape)
                )
                assert shown[0, 0] in range(126, 130)
