"""From stored values to what is seen (PS3.4 §N.2, PS3.3 §C.11, §C.7.6.16), without a sandbox."""

import numpy as np
import pytest
from pydicom.dataset import Dataset

from content.pixels.colour import from_palette, from_rgb
from content.pixels.decoding import Decoded
from content.pixels.grayscale import levels
from content.pixels.wanted import Window


def described(**values: object) -> Dataset:
    found = Dataset()
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def row(values: list[float], kind: str = "i2") -> np.ndarray:
    return np.array([values], kind)


def shown(
    values: list[float], found: Dataset, *, kind: str = "i2", number: int = 1, **more: object
) -> list[int]:
    photometric = str(more.get("photometric", "MONOCHROME2"))
    wanted = more.get("wanted")
    assert wanted is None or isinstance(wanted, Window)
    return [int(level) for level in levels(row(values, kind), found, number, photometric, wanted)[0]]


class TestDefault:
    def test_from_the_darkest_to_the_brightest_value(self) -> None:
        assert shown([-1000, 0, 1000], described()) == [0, 128, 255]

    def test_one_value_alone_is_black(self) -> None:
        assert shown([7, 7], described()) == [0, 0]

    def test_monochrome1_is_turned_round(self) -> None:
        assert shown([0, 255], described(), photometric="MONOCHROME1") == [255, 0]

    def test_padding_is_black_and_counts_for_nothing(self) -> None:
        found = described(PixelPaddingValue=-2000)
        assert shown([-2000, 0, 100], found) == [0, 0, 255]
        assert shown([-2000, 0, 100], found, photometric="MONOCHROME1") == [0, 255, 0]

    def test_a_range_of_padding(self) -> None:
        found = described(PixelPaddingValue=0, PixelPaddingRangeLimit=10)
        assert shown([0, 5, 11, 12], found, kind="u2") == [0, 0, 0, 255]

    @pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"])
    def test_every_kind_of_sample(self, kind: str) -> None:
        assert shown([0, 50, 100], described(), kind=kind) == [0, 128, 255]

    def test_the_whole_range_of_32_bits(self) -> None:
        assert shown([0, 2**32 - 1], described(), kind="u4") == [0, 255]
        assert shown([-(2**15), 2**15 - 1], described()) == [0, 255]

    def test_what_is_no_number_is_black(self) -> None:
        assert shown([float("nan"), 0, 1, float("inf")], described(), kind="f4")[:3] == [0, 0, 255]


class TestWindow:
    def test_the_first_of_the_file(self) -> None:
        found = described(WindowCenter=["50", "500"], WindowWidth=["101", "1000"])
        assert shown([-1, 50, 101], found) == [0, 129, 255]

    def test_of_the_request_before_that_of_the_file(self) -> None:
        found = described(WindowCenter="50", WindowWidth="100")
        assert shown([0, 1000], found, wanted=Window(500, 1000, "linear-exact")) == [0, 255]

    def test_in_the_unit_of_the_modality(self) -> None:
        found = described(RescaleSlope="2", RescaleIntercept="-1000", WindowCenter="0", WindowWidth="1000")
        assert shown([200, 500, 800], found) == [0, 128, 255]

    @pytest.mark.parametrize("width", ["0", "-5"])
    def test_one_that_is_none_is_left_alone(self, width: str) -> None:
        found = described(WindowCenter="50", WindowWidth=width)
        assert shown([0, 100], found) == [0, 255]

    def test_of_width_one_is_a_threshold(self) -> None:
        assert shown([9, 10, 11], described(WindowCenter="10", WindowWidth="1")) == [0, 255, 255]

    def test_of_its_frame_in_a_multi_frame_image(self) -> None:
        """Per frame, then shared, then the data set's own (PS3.3 §C.7.6.16)."""
        window = described(FrameVOILUTSequence=[described(WindowCenter="50", WindowWidth="100")])
        unit = described(RescaleSlope="10", RescaleIntercept="0", RescaleType="US")
        shared = described(PixelValueTransformationSequence=[unit])
        found = described(
            SharedFunctionalGroupsSequence=[shared],
            PerFrameFunctionalGroupsSequence=[Dataset(), window],
            WindowCenter="10000",
            WindowWidth="10",
        )
        assert shown([0, 10], found, number=1) == [0, 0]
        assert shown([0, 10], found, number=2) == [0, 255]


class TestTables:
    def test_of_the_modality(self) -> None:
        table = described(LUTDescriptor=[3, 10, 16], LUTData=[0, 100, 1000], ModalityLUTType="US")
        found = described(ModalityLUTSequence=[table])
        assert shown([5, 10, 11, 12, 50], found) == [0, 0, 26, 255, 255]

    def test_of_values_of_interest(self) -> None:
        table = described(LUTDescriptor=[2, 0, 8], LUTData=[0, 255])
        assert shown([0, 1, 2], described(VOILUTSequence=[table])) == [0, 255, 255]

    def test_as_bytes_of_words(self) -> None:
        table = described(LUTDescriptor=[2, 0, 16])
        table.add_new(0x00283006, "OW", b"\x00\x00\xff\xff")
        assert shown([0, 1], described(VOILUTSequence=[table])) == [0, 255]


class TestColour:
    def test_deep_samples_keep_their_high_bits(self) -> None:
        samples = np.array([[[0, 0x8000, 0xFFFF]]], "u2")
        assert from_rgb(Decoded(samples, "RGB", 16)).tolist() == [[[0, 0x80, 0xFF]]]
        assert from_rgb(Decoded(samples >> 4, "RGB", 12)).tolist() == [[[0, 0x80, 0xFF]]]

    @pytest.mark.parametrize(
        ("bits", "data", "little"),
        [
            (8, b"\x00\x7f\xff\x10", True),
            (16, b"\x00\x00\x00\x7f\x00\xff\x00\x10", True),
            (16, b"\x00\x00\x7f\x00\xff\x00\x10\x00", False),
            (16, b"\x00\x00\x7f\x00\xff\x00\x10\x00", True),  # eight bits in words of sixteen
            (8, b"\x7f\x00\x10\xff", False),  # bytes in big-endian words
        ],
    )
    def test_palettes_of_eight_and_sixteen_bits(self, bits: int, data: bytes, little: bool) -> None:
        found = Dataset()
        for colour in ("Red", "Green", "Blue"):
            setattr(found, f"{colour}PaletteColorLookupTableDescriptor", [4, 1, bits])
            setattr(found, f"{colour}PaletteColorLookupTableData", data)
        samples = np.array([[0, 1, 2, 3, 200]], "u1")
        mapped = from_palette(samples, found, little=little)[0, :, 0]
        assert mapped.tolist() == [0, 0, 0x7F, 0xFF, 0x10]

    def test_a_segmented_palette(self) -> None:
        """PS3.3 §C.7.9.2: a discrete segment, then a linear one."""
        found = Dataset()
        segments = np.array([0, 1, 0, 1, 4, 0x4000], "<u2").tobytes()
        for colour in ("Red", "Green", "Blue"):
            setattr(found, f"{colour}PaletteColorLookupTableDescriptor", [5, 0, 16])
            setattr(found, f"Segmented{colour}PaletteColorLookupTableData", segments)
        mapped = from_palette(np.array([[0, 2, 4]], "u1"), found, little=True)
        assert mapped[0, :, 0].tolist() == [0, 0x20, 0x40]
