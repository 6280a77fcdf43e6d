"""Grey values that follow a table are drawn as the table says, as pydicom reads it; otherwise refused.

The server's pictures and the viewer page have one rule (PS3.3 §C.11.1, PS3.4 §N.2.5).
"""

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import XRayAngiographicImageStorage, XRayRadiofluoroscopicImageStorage

from content.pixels.failures import TABLE_UNKNOWN as UNKNOWN
from content.pixels.failures import Unpictured
from content.pixels.grayscale import levels
from tests.opener import node
from tests.viewer.viewer_page import TABLES_OF_REAL_FILES

SCRIPT = Path(__file__).parent / "map_values.mjs"
ENTRIES = [0, 10, 40, 90, 160, 250]


def shown(*images: dict[str, Any]) -> list[Any]:
    """What the viewer makes of each image: `{values, window}`, `{code}`, or None where all is linear."""
    command = [node.program(), SCRIPT]
    done = subprocess.run(command, input=json.dumps(images), capture_output=True, text=True, check=True)
    found: list[Any] = json.loads(done.stdout)
    return found


def image(dataset: Dataset, values: list[int], **more: Any) -> dict[str, Any]:
    return {"attributes": dataset.to_json_dict(), "values": values, **more}


def grey(**attributes: Any) -> Dataset:
    made = Dataset()
    made.SOPClassUID, made.Modality = "1.2.840.10008.5.1.4.1.1.7", "OT"
    made.PhotometricInterpretation, made.PixelRepresentation = "MONOCHROME2", 0
    made.update({name: value for name, value in attributes.items() if value is not None})
    return made


def table(start: int = 0, *, entries: list[int] | bytes = ENTRIES, bits: int = 8, count: int = 6) -> Sequence:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [count, start, bits])
    item.add_new("LUTData", "OW" if isinstance(entries, bytes) else "US", entries)
    return Sequence([item])


@pytest.mark.parametrize("name", TABLES_OF_REAL_FILES.values(), ids=TABLES_OF_REAL_FILES)
def test_a_real_file_has_the_values_that_pydicom_gives_it(name: str) -> None:
    dataset = pydicom.dcmread(str(get_testdata_file(name)))
    stored = dataset.pixel_array
    attributes = {tag: value for tag, value in dataset.to_json_dict().items() if tag != "7FE00010"}
    (found,) = shown({"attributes": attributes, "values": stored.ravel().tolist()})
    expected = apply_voi_lut(apply_modality_lut(stored, dataset), dataset)
    assert not numpy.array_equal(expected, stored)
    assert numpy.array_equal(numpy.array(found["values"]), expected.ravel())


def test_what_lies_outside_a_table_is_given_its_ends() -> None:
    dataset = grey(ModalityLUTSequence=table(100))
    (found,) = shown(image(dataset, [0, 100, 101, 105, 106, 4000]))
    assert found == {"values": [0, 0, 10, 250, 250, 250], "window": None}


def test_values_of_interest_follow_those_of_the_modality_and_are_shown_whole() -> None:
    dataset = grey(ModalityLUTSequence=table(entries=[5, 4, 3, 2, 1, 0]), VOILUTSequence=table(bits=10))
    (found,) = shown(image(dataset, [0, 1, 5]))
    assert found == {"values": [250, 160, 0], "window": {"windowCenter": 512, "windowWidth": 1024}}


def test_a_window_of_the_file_comes_before_its_table_of_interest() -> None:
    dataset = grey(VOILUTSequence=table(), WindowCenter=40, WindowWidth=400)
    assert shown(image(dataset, [0])) == [None]


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(bytes(ENTRIES), id="two to a word"),
        pytest.param(numpy.array(ENTRIES, "<u2").tobytes(), id="a word each"),
    ],
)
def test_entries_may_be_a_part_of_the_file(packed: bytes) -> None:
    dataset = grey(VOILUTSequence=table(entries=packed))
    told = image(dataset, [0, 3, 9], bytes={"?offset=1&length=6": base64.b64encode(packed).decode()})
    item = told["attributes"]["00283010"]["Value"][0]
    item["00283006"] = {"vr": "OW", "BulkDataURI": "?offset=1&length=6"}
    assert shown(told)[0]["values"] == [0, 90, 250]


def drawn_by_the_server(dataset: Dataset, values: list[int]) -> list[int] | str:
    """Its gray levels of these values, or the code it refuses them with."""
    try:
        found = levels(numpy.array([values]), dataset, 1, "MONOCHROME2", None)
    except Unpictured as error:
        return error.code
    return [int(level) for level in found[0]]


def drawn_by_the_page(dataset: Dataset, values: list[int]) -> list[int] | str:
    """Its values on the stage, which shows them from the least to the greatest, or by their window."""
    (found,) = shown(image(dataset, values))
    if found is not None and "code" in found:
        return str(found["code"])
    values, window = (found["values"], found["window"]) if found else (values, None)
    low, high = min(values), max(values)
    if window is not None:
        low, high = 0, int(window["windowWidth"]) - 1
    return [round(255 * (value - low) / (high - low)) for value in values]


ANGIOGRAPHY = {"SOPClassUID": XRayAngiographicImageStorage}
CASES: dict[str, tuple[dict[str, Any], list[int] | str]] = {
    "a table alone": ({}, [0, 92, 255]),
    "of CT": ({"Modality": "CT"}, [0, 92, 255]),
    "and one of interest": ({"VOILUTSequence": table(entries=[0, 0, 0, 5, 5, 255])}, [0, 255, 255]),
    "beside a slope that changes nothing": ({"RescaleSlope": 1, "RescaleIntercept": 0}, [0, 92, 255]),
    "beside a slope": ({"RescaleSlope": 2}, UNKNOWN),
    "beside an intercept": ({"RescaleIntercept": -5}, UNKNOWN),
    "to intensity": (ANGIOGRAPHY, [0, 153, 255]),
    "of fluoroscopy": ({"SOPClassUID": XRayRadiofluoroscopicImageStorage}, [0, 153, 255]),
    "too few entries": ({"ModalityLUTSequence": table(count=7)}, UNKNOWN),
    "too few entries of interest": ({"VOILUTSequence": table(count=7)}, UNKNOWN),
    "more entries than it says": ({"ModalityLUTSequence": table(count=5)}, [0, 143, 255]),
    "no depth": ({"ModalityLUTSequence": table(bits=0)}, UNKNOWN),
    "deeper than tables are": ({"ModalityLUTSequence": table(bits=17)}, UNKNOWN),
    "an empty table": ({"ModalityLUTSequence": [Dataset()]}, UNKNOWN),
    "half of the entries": ({"ModalityLUTSequence": table(entries=bytes(4))}, UNKNOWN),
    "a start that lost its sign": (
        {"ModalityLUTSequence": table(65530), "PixelRepresentation": 1},
        UNKNOWN,
    ),
    "a start of interest that lost its sign": (
        {"ModalityLUTSequence": None, "RescaleIntercept": -9, "VOILUTSequence": table(65530)},
        UNKNOWN,
    ),
    "a window that is none": (
        {"ModalityLUTSequence": None, "WindowCenter": 5, "WindowWidth": 0, "VOILUTSequence": table()},
        [0, 90, 250],
    ),
}


@pytest.mark.parametrize(("changes", "drawn"), CASES.values(), ids=CASES)
def test_the_server_and_the_page_have_one_rule(changes: dict[str, Any], drawn: list[int] | str) -> None:
    dataset = grey(**{"ModalityLUTSequence": table(), **changes})
    assert drawn_by_the_server(dataset, [0, 3, 5]) == drawn
    assert drawn_by_the_page(dataset, [0, 3, 5]) == drawn
