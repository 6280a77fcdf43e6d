"""Pictures made in the sandbox: what comes out of real files, what hostile ones cost, and what is read."""

import io
import logging
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from PIL import Image
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_modality_lut, apply_windowing

from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.facts import DicomFacts
from content.pixels.children import PIXEL_LIMITS, PixelChildren
from content.pixels.failures import RenderingBusy
from content.pixels.wanted import PNG, Rendering, Viewport, Window
from content.series_metadata import Frames
from records.errors import CoffreError, NotFound

LIMITS = replace(PIXEL_LIMITS, cpu_seconds=2, wall_seconds=5.0)


@dataclass
class Stored:
    """An instance in memory that notes which bytes were asked for."""

    data: bytes
    frames: Frames | None = None
    read_bytes: int = field(default=0, compare=False)

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        self.read_bytes += length
        return self.data[offset : offset + length]


def stored(name: str) -> Stored:
    """One of pydicom's files, with the frames that a deposit would find in it."""
    data = Path(str(pydicom.data.get_testdata_file(name))).read_bytes()
    _, facts = inspect_dicom(BytesSource(data))
    return Stored(data, facts.frames if isinstance(facts, DicomFacts) else None)


@pytest.fixture(scope="module")
def children() -> Iterator[PixelChildren]:
    with PixelChildren(children=2, limits=LIMITS, faults=True) as opened:
        yield opened


def picture(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=float)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def by_dcmtk(path: Path, target: Path, *options: str) -> np.ndarray:
    """The picture that dcmtk makes of the first frame: an independent decoder and pipeline."""
    subprocess.run(["dcmj2pnm", "+oj", "--write-png", *options, str(path), str(target)], check=True)
    return picture(target.read_bytes())


DCMTK_FILES = [
    "CT_small.dcm",
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm",
    "JPEG-lossy.dcm",
    "JPGExtended.dcm",
    "JPEG-LL.dcm",
    "JPGLosslessP14SV1_1s_1f_8b.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_rle.dcm",
    "SC_rgb_dcmtk_+eb+cr.dcm",
    "SC_rgb_dcmtk_+eb+cy+np.dcm",
    "examples_palette.dcm",
    "examples_ybr_color.dcm",
    "examples_rgb_color.dcm",
    "image_dfl.dcm",
]


@pytest.mark.parametrize("name", DCMTK_FILES)
def test_a_picture_is_the_one_that_dcmtk_makes(children: PixelChildren, tmp_path: Path, name: str) -> None:
    file = Path(str(pydicom.data.get_testdata_file(name)))
    # as here: the file's first window, or else everything from the darkest to the brightest value
    has_window = "WindowCenter" in pydicom.dcmread(file, stop_before_pixels=True)
    expected = by_dcmtk(file, tmp_path / "picture.png", *(["+Wi", "1"] if has_window else ["+Wm"]))
    made = children.rendered(stored(name), 1, Rendering(PNG))
    assert made.media_type == "image/png"
    assert correlation(picture(made.read()), expected) >= 0.97


def test_one_frame_of_many_is_read_without_the_others(children: PixelChildren) -> None:
    source = stored("examples_ybr_color.dcm")
    assert source.frames is not None
    assert len(source.frames) == 30
    children.rendered(source, 30, Rendering())
    assert source.read_bytes < 2 * 65_536  # a block with the header, and one with the frame
    assert source.read_bytes < source.size / 2


def test_an_overview_fits_and_a_strip_has_a_tile_for_each(children: PixelChildren) -> None:
    source = stored("examples_ybr_color.dcm")
    overview = children.overview(source, 15, 64 * 1024)
    strip = children.strip([(source, 1), (source, 15), (stored("CT_small.dcm"), 1)], 64 * 1024)
    assert len(overview) <= 64 * 1024
    assert max(Image.open(io.BytesIO(overview)).size) <= 512
    assert Image.open(io.BytesIO(strip)).size == (3 * 128, 128)
    assert picture(strip)[:, 256:].mean() > 10


@pytest.mark.parametrize(
    ("name", "frame", "code"),
    [
        ("test-SR.dcm", 1, "cannot_render"),
        ("waveform_ecg.dcm", 1, "cannot_render"),
        ("CT_small.dcm", 2, "no_such_frame"),
        ("CT_small.dcm", 0, "no_such_frame"),
        ("MR_truncated.dcm", 1, "pixels_not_decodable"),
    ],
)
def test_what_gives_no_picture_says_why(children: PixelChildren, name: str, frame: int, code: str) -> None:
    with pytest.raises(CoffreError) as refused:
        children.rendered(stored(name), frame, Rendering())
    assert refused.value.code == code
    assert isinstance(refused.value, NotFound) == (code == "no_such_frame")


@pytest.mark.parametrize("fault", ["crash", "spin", "memory", "say:{}", "say:[", "flood", "read:0,99999999"])
def test_a_child_that_goes_wrong_costs_one_picture(children: PixelChildren, fault: str) -> None:
    source = stored("CT_small.dcm")
    started = time.monotonic()
    with pytest.raises(CoffreError) as refused:
        list(children._made("rendered", [(source, 1)], {"fault": fault}))
    assert refused.value.code in {"pixels_not_decodable", "image_too_large"}
    assert time.monotonic() - started < 2 * LIMITS.wall_seconds
    assert children.rendered(source, 1, Rendering()).read()


def test_an_overview_of_a_large_image_shows_all_of_it(children: PixelChildren) -> None:
    """Of 2 600 pixels a side every second one is looked at; the bright corner and the ramp are there."""
    file = pydicom.dcmread(str(pydicom.data.get_testdata_file("CT_small.dcm")))
    side = file.Rows = file.Columns = 2600
    ramp = np.add.outer(np.arange(side), np.arange(side)).astype("<u2") // 2
    ramp[:400, :400] = 4000
    file.PixelRepresentation, file.PixelData = 0, ramp.tobytes()
    for keyword in ("WindowCenter", "WindowWidth", "PixelPaddingValue"):
        file.pop(keyword, None)
    written = io.BytesIO()
    file.save_as(written)
    source = Stored(written.getvalue())
    whole = picture(children.rendered(source, 1, Rendering(PNG, Viewport(512, 512))).read())
    assert correlation(picture(children.overview(source, 1, 64 * 1024)), whole) >= 0.99
    tile = picture(children.strip([(source, 1)], 64 * 1024))
    assert correlation(tile, whole[2::4, 2::4]) >= 0.97


def test_more_callers_than_may_wait_are_refused() -> None:
    with PixelChildren(children=1, waiting=0, limits=LIMITS) as few, ThreadPoolExecutor(1) as others:
        source = stored("CT_small.dcm")
        slow = replace(source)
        slow.read = lambda offset, length: (time.sleep(1), source.read(offset, length))[1]  # type: ignore[method-assign]
        first = others.submit(few.rendered, slow, 1, Rendering())
        time.sleep(0.5)
        with pytest.raises(RenderingBusy):
            few.rendered(source, 1, Rendering())
        assert first.result().read()


class TestAsAskedFor:
    """Viewport and window (PS3.18 §8.3.5.1)."""

    def test_a_viewport_is_filled_as_far_as_the_aspect_lets(self, children: PixelChildren) -> None:
        made = children.rendered(stored("examples_rgb_color.dcm"), 1, Rendering(PNG, Viewport(100, 100)))
        assert Image.open(io.BytesIO(made.read())).size == (100, 75)

    def test_a_negative_width_flips_from_left_to_right(self, children: PixelChildren) -> None:
        whole = picture(children.rendered(stored("CT_small.dcm"), 1, Rendering(PNG)).read())
        flipped = Rendering(PNG, Viewport(128, 128, None, None, -128, 128))
        turned = picture(children.rendered(stored("CT_small.dcm"), 1, flipped).read())
        assert (turned == whole[:, ::-1]).all()

    def test_a_region_is_cut_out_and_enlarged(self, children: PixelChildren) -> None:
        whole = picture(children.rendered(stored("CT_small.dcm"), 1, Rendering(PNG)).read())
        part = Rendering(PNG, Viewport(32, 32, 64, 32, 32, 32))
        cut = picture(children.rendered(stored("CT_small.dcm"), 1, part).read())
        assert (cut == whole[32:64, 64:96]).all()

    def test_a_region_outside_is_refused(self, children: PixelChildren) -> None:
        outside = Rendering(PNG, Viewport(32, 32, 500, 0, 32, 32))
        with pytest.raises(CoffreError) as refused:
            children.rendered(stored("CT_small.dcm"), 1, outside)
        assert refused.value.code == "region_outside_image"

    @pytest.mark.parametrize("shape", ["linear", "linear-exact", "sigmoid"])
    def test_a_window_maps_as_the_standard_says(self, children: PixelChildren, shape: str) -> None:
        """PS3.3 §C.11.2.1.2.1, §C.11.2.1.3.1 and §C.11.2.1.3.2, on Hounsfield units."""
        file = pydicom.dcmread(str(pydicom.data.get_testdata_file("CT_small.dcm")))
        units = file.pixel_array * float(file.RescaleSlope) + float(file.RescaleIntercept)
        center, width = 40.0, 400.0
        expected = {
            "linear": ((units - (center - 0.5)) / (width - 1) + 0.5) * 255,
            "linear-exact": ((units - center) / width + 0.5) * 255,
            "sigmoid": 255 / (1 + np.exp(-4 * (units - center) / width)),
        }[shape]
        wanted = Rendering(PNG, window=Window(center, width, shape))  # type: ignore[arg-type]
        made = picture(children.rendered(stored("CT_small.dcm"), 1, wanted).read())[..., 0]
        assert np.abs(made - np.clip(expected, 0, 255)).max() <= 0.51


class TestOtherCodecs:
    """The same samples by a codec that is not the one at work here."""

    @pytest.mark.parametrize(
        "name",
        [
            *("MR_small_jp2klossless.dcm", "JPEG2000.dcm", "693_J2KI.dcm", "693_J2KR.dcm"),
            *("MR_small_jpeg_ls_lossless.dcm", "emri_small_jpeg_ls_lossless.dcm"),
            *("SC_rgb_jls_lossy_line.dcm", "SC_rgb_jls_lossy_sample.dcm", "emri_small_jpeg_2k_lossless.dcm"),
        ],
    )
    def test_jpeg_2000_and_jpeg_ls_as_gdcm_decodes_them(self, children: PixelChildren, name: str) -> None:
        file = pydicom.dcmread(str(pydicom.data.get_testdata_file(name)))
        decoder = get_decoder(file.file_meta.TransferSyntaxUID)
        expected, _ = decoder.as_array(file, index=0, decoding_plugin="gdcm")
        made = np.frombuffer(b"".join(children.native_frame(stored(name), 1)), expected.dtype)
        assert correlation(made.astype(float), expected.astype(float)) >= 0.9999
        assert np.abs(made.astype(float) - expected.ravel().astype(float)).max() <= 1

    def test_every_real_file_that_pydicom_decodes_has_a_picture(
        self, children: PixelChildren, caplog: pytest.LogCaptureFixture
    ) -> None:
        """By its own samples: gray levels rise with them, but for padding and a window's ends."""
        caplog.set_level(logging.CRITICAL, "pydicom")
        seen, poor = 0, []
        for path in map(Path, pydicom.data.get_testdata_files("*.dcm")):
            try:
                file = pydicom.dcmread(path)
                samples = file.pixel_array
            except Exception:  # noqa: S112 - pydicom's own tests of what it refuses
                continue
            first = samples[0] if int(file.get("NumberOfFrames") or 1) > 1 else samples
            if file.PhotometricInterpretation == "PALETTE COLOR" or "ModalityLUTSequence" in file:
                continue
            if "PerFrameFunctionalGroupsSequence" in file:  # windows of their own
                continue
            made = picture(children.rendered(Stored(path.read_bytes()), 1, Rendering(PNG)).read())
            expected = np.asarray(first, float)
            if "WindowCenter" in file and expected.ndim == 2:
                expected = apply_windowing(apply_modality_lut(first, file), file)
            expected = expected if expected.ndim == 3 else np.repeat(expected[..., None], 3, axis=2)
            sign = -1 if file.PhotometricInterpretation == "MONOCHROME1" else 1
            seen += 1
            if expected.std() and sign * correlation(made, expected) < 0.97:
                poor.append(path.name)
        assert poor == []
        assert seen > 90


@dataclass
class Owned(Stored):
    owner: str = ""


def test_a_child_sees_images_of_one_document_alone() -> None:
    """What took it over with one image could else show another record's in its place."""
    data = stored("CT_small.dcm").data

    def child_after(source: Stored) -> int:
        few.rendered(source, 1, Rendering())
        (idle,) = few._pool._idle
        return idle.pid

    with PixelChildren(children=1, limits=LIMITS) as few:
        first = child_after(Owned(data, owner="one"))
        assert child_after(Owned(data, owner="one")) == first
        other = child_after(Owned(data, owner="other"))
        nobody = child_after(Stored(data))
        assert len({first, other, nobody, child_after(Stored(data))}) == 4
