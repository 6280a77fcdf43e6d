"""The optional check that compressed frames decode, on real files and on frames damaged inside."""

import logging
import zlib
from dataclasses import replace
from pathlib import Path

import pydicom.data
import pytest

from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.limits import DEFAULT_LIMITS
from tests.unit.content.dicom_bytes import JPEG, RLE, element, fragments, identifiers, part10, pixel_module

DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
REAL = {
    "rle": "SC_rgb_rle.dcm",
    "rle_frames": "SC_rgb_rle_2frame.dcm",
    "jpeg": "SC_rgb_jpeg_dcmtk.dcm",
    "jpeg_2000": "693_J2KI.dcm",
    "native": "CT_small.dcm",
}


@pytest.fixture(autouse=True)
def _quiet_decoders(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL + 1, "pydicom")  # it logs tracebacks; in the sandbox nobody hears them


def real(name: str) -> bytes:
    return (Path(str(pydicom.data.__file__)).parent / "test_files" / name).read_bytes()


def codes(data: bytes, frames: int = 3) -> list[str]:
    findings, _ = inspect_dicom(BytesSource(data), replace(DEFAULT_LIMITS, decoded_frames=frames))
    return [finding.code for finding in findings]


def described(*frames: bytes, syntax: str) -> bytes:
    head = identifiers() + pixel_module(bits=8, frames=len(frames))
    head += element(0x00280101, "US", b"\x08\0") + element(0x00280102, "US", b"\x07\0")
    head += element(0x00280103, "US", b"\0\0")
    photometric = element(0x00280004, "CS", b"MONOCHROME2")
    return part10(photometric + head + fragments(*frames), syntax)


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize("name", REAL.values(), ids=REAL)
def test_real_frames_decode(name: str) -> None:
    assert not {"frames_not_decodable", "frames_not_decoded"} & set(codes(real(name)))


@pytest.mark.parametrize(
    ("frames", "syntax"),
    [
        ((deflated(bytes(16)), deflated(bytes(15))), DEFLATED_FRAMES),
        ((b"not deflated at all",), DEFLATED_FRAMES),
        ((b"\xff\xd8\xff\xe0 and nothing more ",), JPEG),
        ((bytes(64),), RLE),
    ],
    ids=["short", "no_deflate", "cut_jpeg", "empty_rle"],
)
def test_frames_that_do_not_are_refused(frames: tuple[bytes, ...], syntax: str) -> None:
    assert codes(described(*frames, syntax=syntax))[-1] == "frames_not_decodable"
    assert "frames_not_decodable" not in codes(described(*frames, syntax=syntax), frames=0)


def test_no_more_frames_are_decoded_than_set() -> None:
    data = described(deflated(bytes(16)), b"damaged!", syntax=DEFLATED_FRAMES)
    assert codes(data, frames=1)[-1] == "frames_not_decoded"
    assert codes(data, frames=2)[-1] == "frames_not_decodable"


def test_what_no_decoder_reads_is_told_not_refused() -> None:
    assert codes(described(b"JXL or other", syntax="1.2.840.10008.1.2.4.110"))[-1] == "frames_not_decoded"
