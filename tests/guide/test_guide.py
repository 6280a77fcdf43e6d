"""The patient's guide shows pages as they are, in pictures that this test can take again."""

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.guide.pictures import IMAGES, LARGEST, PICTURES, take
from tests.integration.support import Coffre
from tests.services import ohif

ROOT = Path(__file__).parents[2]


def test_the_guide_shows_every_picture_and_none_is_large() -> None:
    guide = (ROOT / "docs" / "guide-patient.md").read_text("utf-8")
    shown = re.findall(r"!\[([^\]]+)\]\(images/([\w-]+)\.jpg\)", guide)
    assert {name for _, name in shown} == set(PICTURES)
    assert all(len(text) > 20 for text, _ in shown)  # said for who does not see it
    assert all((IMAGES / f"{name}.jpg").stat().st_size <= LARGEST for name in PICTURES)


def test_every_picture_in_the_tree_is_one_that_can_be_taken_again() -> None:
    assert {each.name for each in IMAGES.iterdir()} == {f"{name}.jpg" for name in PICTURES}


@pytest.mark.long
def test_each_picture_can_be_taken_again(coffre: Coffre, tmp_path: Path) -> None:
    with ohif.chromium() as browser:
        taken = take(coffre, browser, tmp_path)
    for picture in taken:
        assert picture.stat().st_size <= LARGEST
        assert Image.open(picture).size == Image.open(IMAGES / picture.name).size
