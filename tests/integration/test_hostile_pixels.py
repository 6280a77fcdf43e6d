"""Files that want more than a picture costs: bombs, lies about sizes, damage at random."""

import io
import random
import resource
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pydicom
import pydicom.data
import pytest
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate, generate_frames

from content.pixels.children import PIXEL_LIMITS, PixelChildren
from content.pixels.failures import FAILURES
from content.pixels.wanted import Rendering, Viewport
from records.errors import CoffreError
from tests.integration.test_pixel_children import Stored

LIMITS = replace(PIXEL_LIMITS, cpu_seconds=2, wall_seconds=20.0)
COMPRESSED = [
    *("JPEG2000.dcm", "MR_small_RLE.dcm", "MR_small_jpeg_ls_lossless.dcm", "JPEG-LL.dcm", "JPGExtended.dcm"),
    "SC_rgb_jpeg_dcmtk.dcm",
]


@pytest.fixture(scope="module")
def children() -> Iterator[PixelChildren]:
    with PixelChildren(children=1, limits=LIMITS) as opened:
        yield opened


def read(name: str) -> FileDataset:
    return pydicom.dcmread(str(pydicom.data.get_testdata_file(name)))


def stored(file: FileDataset) -> Stored:
    written = io.BytesIO()
    file.save_as(written)
    return Stored(written.getvalue())


def refused(children: PixelChildren, source: Stored, wanted: Rendering | None = None) -> str:
    with pytest.raises(CoffreError) as error:
        children.rendered(source, 1, wanted or Rendering())
    return error.value.code


@pytest.fixture(autouse=True)
def the_next_picture_comes(children: PixelChildren) -> Iterator[None]:
    yield
    assert children.rendered(stored(read("CT_small.dcm")), 1, Rendering()).read()


def test_a_frame_declared_larger_than_is_decoded_is_refused_unread(children: PixelChildren) -> None:
    file = read("JPEG2000.dcm")
    file.Rows = file.Columns = 65_535
    started = time.monotonic()
    assert refused(children, stored(file)) == "image_too_large"
    assert time.monotonic() - started < LIMITS.wall_seconds


@pytest.mark.parametrize("marker", [b"\xff\x51", b"\xff\xc0", b"\xff\xc1", b"\xff\xc3"])
def test_a_code_stream_that_is_larger_than_its_image_says_ends_in_its_child(
    children: PixelChildren, marker: bytes
) -> None:
    """SIZ of JPEG 2000 and SOF of JPEG, set to as many pixels as they can say."""
    name = {b"\xff\x51": "JPEG2000.dcm", b"\xff\xc0": "SC_rgb_jpeg_dcmtk.dcm", b"\xff\xc1": "JPGExtended.dcm"}
    file = read(name.get(marker, "JPEG-LL.dcm"))
    (frame, *_) = generate_frames(file.PixelData, number_of_frames=1)
    at = frame.index(marker)
    sizes = struct.pack(">II", 2**31, 2**31) if marker == b"\xff\x51" else struct.pack(">HH", 65_535, 65_535)
    begin = at + 6 if marker == b"\xff\x51" else at + 5
    file.PixelData = encapsulate([frame[:begin] + sizes + frame[begin + len(sizes) :]])
    assert refused(children, stored(file)) in FAILURES
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2 * 2**20


def test_a_deflate_bomb(children: PixelChildren) -> None:
    source = Path(str(pydicom.data.get_testdata_file("image_dfl.dcm"))).read_bytes()
    start = 132 + 12 + pydicom.dcmread(io.BytesIO(source)).file_meta.FileMetaInformationGroupLength
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros = b"\x08\x00\x05\x00CS\x00\x00" + bytes(2**20)
    packed = b"".join(packer.compress(zeros) for _ in range(600)) + packer.flush()
    assert refused(children, Stored(source[:start] + packed)) == "pixels_not_decodable"


def test_sequences_without_end(children: PixelChildren) -> None:
    """Beyond what pydicom's recursion takes; a deposit of it is refused before (`nested_too_deep`)."""
    data = stored(read("CT_small.dcm")).data
    at, depth = data.index(b"\xe0\x7f\x10\x00OW"), 5_000
    begin = b"\x00\x52\x29\x92SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    nested = data[:at] + begin * depth + end * depth + data[at:]
    assert refused(children, Stored(nested)) == "pixels_not_decodable"


@pytest.mark.parametrize("values", [("NaN", "1"), ("1e999", "1e999"), ("0", "1e-300"), ("-1e308", "1e308")])
def test_windows_beyond_numbers(children: PixelChildren, values: tuple[str, str]) -> None:
    file = read("CT_small.dcm")
    for keyword, value in zip(("WindowCenter", "WindowWidth"), values, strict=True):
        file.add_new(keyword, "LO", value)
    data = stored(file).data
    for tag in (b"\x28\x00\x50\x10", b"\x28\x00\x51\x10"):
        data = data.replace(tag + b"LO", tag + b"DS")
    try:
        assert children.rendered(Stored(data), 1, Rendering()).read()
    except CoffreError as error:
        assert error.code == "pixels_not_decodable"


def test_a_thin_image_into_a_large_viewport_is_bounded(children: PixelChildren) -> None:
    file = read("CT_small.dcm")
    file.Rows, file.Columns = 1, 16_384
    made = children.rendered(stored(file), 1, Rendering(viewport=Viewport(65_000, 250)))
    assert len(made.read()) < 2**20


@pytest.mark.parametrize("name", COMPRESSED)
def test_damage_at_random_costs_a_code_and_no_more(children: PixelChildren, name: str) -> None:
    file = read(name)
    frames = list(generate_frames(file.PixelData, number_of_frames=1))
    chance = random.Random(name)
    for _ in range(12):
        broken = bytearray(frames[0])
        for _ in range(chance.randrange(1, 30)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        file.PixelData = encapsulate([bytes(broken)])
        try:
            assert children.rendered(stored(file), 1, Rendering()).read().startswith(b"\xff\xd8\xff")
        except CoffreError as error:
            assert error.code in FAILURES
