"""Whole instances in Explicit VR Little Endian: every element as it was, every sample as it decodes."""

import io
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pydicom.data
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.pixels.children import PixelChildren
from content.verdicts import Outcome, worst
from records.errors import CoffreError
from tests.integration.test_pixel_children import Stored, stored

EXPLICIT = "1.2.840.10008.1.2.1"
DESCRIBES_PIXELS = {0x00280004, 0x00280006, 0x00282110, 0x7FE00001, 0x7FE00002, 0x7FE00010, 0xFFFCFFFC}
# a file of each transfer syntax, form of samples and encoding of elements
FILES = [
    *("CT_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm", "MR_small_RLE.dcm"),
    *("SC_rgb_jpeg_dcmtk.dcm", "JPEG-LL.dcm", "JPGLosslessP14SV1_1s_1f_8b.dcm", "SC_rgb_jls_lossy_line.dcm"),
    *("MR_small_jpeg_ls_lossless.dcm", "MR_small_jp2klossless.dcm", "JPEG2000.dcm", "US1_J2KR.dcm"),
    *("examples_ybr_color.dcm", "examples_palette.dcm", "SC_rgb_rle_16bit_2frame.dcm", "rtdose_expb.dcm"),
    *("OBXXXX1A_expb_2frame.dcm", "SC_rgb_small_odd_big_endian.dcm", "liver_expb_1frame.dcm", "liver.dcm"),
    *("emri_small_jpeg_2k_lossless.dcm", "emri_small_big_endian.dcm", "J2K_pixelrep_mismatch.dcm"),
    *("reportsi.dcm", "rtplan.dcm", "waveform_ecg.dcm", "SC_ybr_full_422_uncompressed.dcm"),
]


@pytest.fixture(scope="module")
def children() -> Iterator[PixelChildren]:
    with PixelChildren(children=1) as opened:
        yield opened


def transcoded(children: PixelChildren, source: Stored) -> bytes:
    return b"".join(children.transcoded(source))


def differences(one: Dataset, other: Dataset, left_out: set[int]) -> list[str]:
    """Tags whose values differ; group lengths, which are retired, are no elements of the new file."""
    tags = {int(tag) for tag in one.keys() if int(tag) & 0xFFFF} - left_out  # noqa: SIM118
    found = [f"{tag:08X}" for tag in tags ^ ({int(tag) for tag in other.keys()} - left_out)]  # noqa: SIM118
    for tag in tags & {int(tag) for tag in other.keys()}:  # noqa: SIM118
        if one[tag].VR == "SQ":
            pairs = zip(one[tag].value, other[tag].value, strict=True)
            found += [each for pair in pairs for each in differences(*pair, set())]
        elif value_of(one, tag) != value_of(other, tag):
            found.append(f"{tag:08X}")
    return found


def value_of(found: Dataset, tag: int) -> object:
    """pydicom leaves words of big-endian files as they lie."""
    value = found[tag].value
    if found[tag].VR == "OW" and found.original_encoding == (False, False):
        return np.frombuffer(value, ">u2").astype("<u2").tobytes()
    return value


def is_rejected(data: bytes) -> bool:
    """Whether a deposit of the file would be."""
    return worst(inspect_dicom(BytesSource(data))[0]) is Outcome.REJECT


@pytest.mark.parametrize("name", FILES)
def test_elements_and_samples_are_what_they_were(children: PixelChildren, name: str) -> None:
    source = stored(name)
    made = transcoded(children, source)
    before, after = pydicom.dcmread(io.BytesIO(source.data)), pydicom.dcmread(io.BytesIO(made))
    assert after.file_meta.TransferSyntaxUID == EXPLICIT
    assert differences(before, after, DESCRIBES_PIXELS) == []
    if "PixelData" in before:
        assert (before.pixel_array == after.pixel_array).all()
    assert is_rejected(made) == is_rejected(source.data)


@pytest.mark.parametrize("name", ["JPEG-LL.dcm", "JPGExtended.dcm"])
def test_samples_are_those_that_dcmtk_decodes(children: PixelChildren, tmp_path: Path, name: str) -> None:
    path, target = str(pydicom.data.get_testdata_file(name)), tmp_path / "decoded.dcm"
    subprocess.run(["dcmdjpeg", path, str(target)], check=True)
    made = pydicom.dcmread(io.BytesIO(transcoded(children, stored(name))))
    assert (made.pixel_array == pydicom.dcmread(target).pixel_array).all()


def test_what_was_lossy_says_so_for_good(children: PixelChildren) -> None:
    """PS3.3 §C.7.6.1.1.5: the flag is never taken back; Photometric Interpretation is the samples' own."""
    made = pydicom.dcmread(io.BytesIO(transcoded(children, stored("examples_ybr_color.dcm"))))
    assert made.LossyImageCompression == "01"
    assert (made.PhotometricInterpretation, made.PlanarConfiguration) == ("RGB", 0)


def test_text_in_every_character_set_keeps_its_bytes(children: PixelChildren) -> None:
    for name in ("chrH31.dcm", "chrKoreanMulti.dcm", "chrFrenMulti.dcm"):
        path = pydicom.data.get_charset_files(name)[0]
        source = Stored(Path(path).read_bytes())
        before, after = pydicom.dcmread(path), pydicom.dcmread(io.BytesIO(transcoded(children, source)))
        assert after.get_item("PatientName").value.rstrip() == before.get_item("PatientName").value.rstrip()


def test_frames_come_one_at_a_time(children: PixelChildren) -> None:
    """400 frames of 1 MiB, of which the child holds a few at once whatever their number."""
    frames, side = 400, 1024
    one = pydicom.dcmread(str(pydicom.data.get_testdata_file("MR_small_RLE.dcm")))
    one.Rows, one.Columns, one.NumberOfFrames = side, side, frames
    one.BitsAllocated = one.BitsStored = 8
    one.HighBit, one.PixelRepresentation = 7, 0
    row = bytes([129, 7]) * (side // 128)
    segment = row * side
    frame = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + segment
    one.PixelData = encapsulate([frame] * frames)
    target = io.BytesIO()
    one.save_as(target)
    source = Stored(target.getvalue())
    others = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # children of other tests that ended
    total = sum(map(len, children.transcoded(source)))
    assert total > frames * side * side
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= max(400 * 1024, others)


@pytest.fixture(scope="module")
def by_frame() -> Iterator[PixelChildren]:
    with PixelChildren(children=1, waiting=0, part=1) as opened:
        yield opened


@pytest.mark.parametrize("name", FILES)
def test_parts_join_to_the_whole(children: PixelChildren, by_frame: PixelChildren, name: str) -> None:
    """However little is made at once: a frame, or a piece of samples."""
    source = stored(name)
    assert transcoded(by_frame, source) == transcoded(children, source)


@pytest.fixture(scope="module")
def long() -> Stored:
    """Words in big-endian order, of 4 MiB: a child has to turn each."""
    file = pydicom.dcmread(str(pydicom.data.get_testdata_file("emri_small_big_endian.dcm")))
    file.NumberOfFrames = 10 * 52
    file.PixelData = file.PixelData * 52
    target = io.BytesIO()
    file.save_as(target)
    return Stored(target.getvalue())


def test_who_reads_slowly_holds_no_child(
    children: PixelChildren, by_frame: PixelChildren, long: Stored
) -> None:
    """One child, and nobody may wait for it: others get their answers while two are being read."""
    other = stored("examples_ybr_color.dcm")
    instance, value = by_frame.transcoded(long), by_frame.value(long, ["7FE00010"])
    begun = next(instance), next(value)
    assert transcoded(by_frame, other) == transcoded(children, other)
    made = pydicom.dcmread(io.BytesIO(begun[0] + b"".join(instance)))
    assert made.PixelData == begun[1] + b"".join(value)
    turned = pydicom.dcmread(io.BytesIO(long.data)).pixel_array
    assert (made.pixel_array == turned).all()


class Counted(Stored):
    """Notes the most that was held of what was made of it."""

    held = most = 0

    def room(self) -> "Counted":
        return self

    def take(self, size: int) -> None:
        self.held += size
        self.most = max(self.most, self.held)

    def give_back(self, size: int) -> None:
        self.held -= size


def deflated(size: int) -> bytes:
    """An instance whose only frame has so many bytes, as one deflate stream."""
    file = pydicom.dcmread(str(pydicom.data.get_testdata_file("image_dfl.dcm")))
    file.Rows, file.Columns, file.PixelData = 1024, size // 1024, bytes(range(256)) * (size // 256)
    target = io.BytesIO()
    file.save_as(target)
    return target.getvalue()


def test_little_is_held_beside_a_frame(children: PixelChildren, long: Stored) -> None:
    """A mebibyte and the piece that goes beyond it; where a part is read from the beginning, an eighth of
    what was sent before it.
    """
    whole = Counted(long.data, long.frames)
    assert len(transcoded(children, whole)) > 4 * 2**20
    assert (whole.most <= 2 * 2**20, whole.held) == (True, 0)
    inflated = Counted(deflated(24 * 2**20))
    assert len(transcoded(children, inflated)) > 24 * 2**20
    assert (inflated.most <= 4 * 2**20, inflated.held) == (True, 0)


def test_a_frame_that_does_not_decode_ends_the_answer(children: PixelChildren) -> None:
    """Nothing half is served as whole: the iteration raises instead of ending."""
    source = stored("examples_ybr_color.dcm")
    assert source.frames is not None
    ((offset, length),) = source.frames[20]
    broken = source.data[: offset + 4] + bytes(length - 4) + source.data[offset + length :]
    pieces = children.transcoded(Stored(broken, source.frames))
    with pytest.raises(CoffreError) as refused:
        list(pieces)
    assert refused.value.code == "pixels_not_decodable"


def test_a_native_frame_is_the_frame_of_the_instance_transcoded(children: PixelChildren) -> None:
    for name, number in (("examples_ybr_color.dcm", 7), ("emri_small_jpeg_2k_lossless.dcm", 3)):
        source = stored(name)
        made = pydicom.dcmread(io.BytesIO(transcoded(children, source)))
        frame = np.frombuffer(b"".join(children.native_frame(source, number)), made.pixel_array.dtype)
        assert (frame == made.pixel_array[number - 1].ravel()).all()


def test_native_frames_of_every_order_of_bytes(children: PixelChildren) -> None:
    """Frames of an odd length share a word of a big-endian file."""
    for name in ("SC_rgb_small_odd_big_endian.dcm", "OBXXXX1A_expb_2frame.dcm", "rtdose_expb.dcm"):
        file = pydicom.dcmread(str(pydicom.data.get_testdata_file(name)))
        samples = file.pixel_array.astype(file.pixel_array.dtype.newbyteorder("<"))
        last = int(file.get("NumberOfFrames") or 1)
        made = b"".join(children.native_frame(stored(name), last))
        assert made == (samples[last - 1] if last > 1 else samples).tobytes()
