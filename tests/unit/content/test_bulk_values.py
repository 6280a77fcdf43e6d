"""Values that a child finds in a stored instance, as Explicit VR Little Endian has them."""

import zlib
from io import BytesIO

import pydicom
import pytest

from content.byte_source import BytesSource
from content.dicom.metadata.bulk_values import value_at
from content.limits import DEFAULT_LIMITS
from tests.unit.content.dicom_bytes import BIG, IMPLICIT, element, identifiers, item, part10
from tests.unit.content.real_files import packaged

SAMPLES = bytes(range(256)) * 8
SWAPPED = b"".join(SAMPLES[at : at + 2][::-1] for at in range(0, len(SAMPLES), 2))
DEFLATED = "1.2.840.10008.1.2.1.99"


def value(data: bytes, *path: str | int) -> bytes:
    return b"".join(value_at(BytesSource(data), path, DEFAULT_LIMITS))


def deflated(data_set: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return part10(packer.compress(data_set) + packer.flush(), DEFLATED)


@pytest.mark.parametrize(
    "data",
    [
        part10(identifiers() + element(0x7FE00010, "OW", SAMPLES)),
        part10(identifiers(IMPLICIT) + element(0x7FE00010, "OW", SAMPLES, syntax=IMPLICIT), IMPLICIT),
        part10(identifiers(BIG) + element(0x7FE00010, "OW", SWAPPED, syntax=BIG), BIG),
        part10(identifiers(BIG) + element(0x7FE00010, "OB", SAMPLES, syntax=BIG), BIG),
        deflated(identifiers() + element(0x7FE00010, "OW", SAMPLES)),
    ],
    ids=["explicit", "implicit", "big endian words", "big endian bytes", "deflated"],
)
def test_it_is_found_and_given_little_endian(data: bytes) -> None:
    assert value(data, "7FE00010") == SAMPLES


def test_it_is_found_in_items() -> None:
    sequence = element(0x54000100, "SQ", item(b"") + item(element(0x54001010, "OW", SAMPLES)))
    for data in (part10(identifiers() + sequence), deflated(identifiers() + sequence)):
        assert value(data, "54000100", 1, "54001010") == SAMPLES


def test_short_values_that_stand_in_metadata_are_found_too() -> None:
    assert value(part10(identifiers() + element(0x00281201, "OW", b"\1\2")), "00281201") == b"\1\2"


@pytest.mark.parametrize(
    "path", [("7FE00010",), ("54000100",), ("54000100", 1, "54001010"), ("00080018", 0, "00080018")]
)
def test_where_there_is_none(path: tuple[str | int, ...]) -> None:
    data = part10(identifiers() + element(0x54000100, "SQ", item(b"")) + element(0x7FE00008, "OF", b""))
    for asked in (path, ("7FE00008",)):
        with pytest.raises(LookupError):
            value(data, *asked)


def test_fragments_are_no_value() -> None:
    (file,) = (real for real in packaged() if real.name == "test_files/MR_small_RLE.dcm")
    with pytest.raises(LookupError):
        value(file.path.read_bytes(), "7FE00010")


def test_a_real_waveform() -> None:
    (file,) = (real for real in packaged() if real.name == "test_files/waveform_ecg.dcm")
    content = file.path.read_bytes()
    expected = pydicom.dcmread(BytesIO(content)).WaveformSequence[0].WaveformData
    assert value(content, "54000100", 0, "54001010") == expected
