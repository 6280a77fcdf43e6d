"""Grey values that follow a table are drawn as the table says, as pydicom reads it; otherwise refused."""

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import XRayAngiographicImageStorage

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


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda d: d.update({"RescaleSlope": 2}), id="a table and a slope"),
        pytest.param(lambda d: d.update({"RescaleIntercept": -5}), id="a table and an intercept"),
        pytest.param(lambda d: d.update({"Modality": "CT"}), id="windows that mean Hounsfield numbers"),
        pytest.param(lambda d: d.update({"SOPClassUID": XRayAngiographicImageStorage}), id="to intensity"),
        pytest.param(lambda d: d.update({"ModalityLUTSequence": table(count=7)}), id="too few entries"),
        pytest.param(lambda d: d.update({"ModalityLUTSequence": table(bits=0)}), id="no depth"),
        pytest.param(lambda d: d.update({"ModalityLUTSequence": [Dataset()]}), id="an empty table"),
        pytest.param(
            lambda d: d.update({"ModalityLUTSequence": table(65530), "PixelRepresentation": 1}),
            id="a start that lost its sign",
        ),
        pytest.param(
            lambda d: d.update({"ModalityLUTSequence": table(entries=bytes(4))}), id="half of the entries"
        ),
    ],
)
def test_what_is_not_surely_understood_is_refused(changed: Callable[[Dataset], None]) -> None:
    dataset = grey(ModalityLUTSequence=table())
    changed(dataset)
    assert shown(image(dataset, [0])) == [{"code": "lookup_table_unknown"}]
