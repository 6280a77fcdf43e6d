"""A page opens what a running Coffre holds: documents, series, frames and small pictures, byte for byte."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pydicom
import pytest

from coffre.demonstration import data as demo_data
from tests.integration.support import Coffre, Patient
from tests.opener import node

SLICES, SIZE = 6, 256


@pytest.fixture(scope="module")
def files(coffre: Coffre, person: Patient) -> list[bytes]:
    files = person.ct(SLICES, SIZE)
    assert coffre.stow(coffre.depositor(), files, person.ins).status_code == 200
    assert coffre.publish_pdf(coffre.depositor(), person.ins, demo_data.report_pdf()).status_code == 201
    return files


@pytest.fixture(scope="module")
def person(coffre: Coffre) -> Patient:
    return coffre.open_record()


def test_node_opens_all_of_a_record(coffre: Coffre, person: Patient, files: Sequence[bytes]) -> None:
    told = {"base": coffre.url, "record": str(person.public_id), "token": person.token}
    check_everything(node.run("read_served.js", told), files)


def check_everything(found: dict[str, Any], files: Sequence[bytes]) -> None:
    assert found["documents"] == [demo_data.report_pdf().hex()]
    (series,) = found["series"]
    read = {each["sop"]: each for each in series["instances"]}
    for content in files:
        dataset = pydicom.dcmread(BytesIO(content))
        one = read.pop(dataset.SOPInstanceUID)
        assert one["whole"] == one["streamed"] == content.hex()
        assert one["frames"] == [dataset.PixelData.hex()]
        assert one["transferSyntax"] == dataset.file_meta.TransferSyntaxUID
    assert not read
    assert series["overview"] == "ffd8ff"
    assert (found["closed"], found["signedOut"]) == ("grant_closed", "key_forgotten")
    # the series' metadata, then all frames as one range: they adjoin and were asked for at once
    assert sum(each["what"] == "series metadata" for each in found["fetched"]) == 1
    assert sum(each["what"] == "frames" for each in found["fetched"]) == 1
    assert not any("?" in each["url"] for each in found["fetched"])


def test_modules_are_kept_by_version_and_asked_for_anew_without(coffre: Coffre) -> None:
    newest = coffre.http.get("/opener/index.js")
    assert newest.headers["content-type"].startswith("text/javascript")
    assert newest.headers["cache-control"] == "no-cache"
    tag = {"If-None-Match": newest.headers["etag"]}
    assert coffre.http.get("/opener/index.js", headers=tag).status_code == 304
    assert coffre.http.get("/opener/0123456789abcdef/index.js").status_code == 404
    assert coffre.http.get("/opener/routes.py").status_code == 404
