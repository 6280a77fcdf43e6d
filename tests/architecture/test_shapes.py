"""A sealed shape's readers ship one version before its writers."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from records.vocabulary.shapes import FIRST_ROLLING, SHAPES, Since

ROOT = Path(__file__).parents[2]
_LATER = re.compile(r"\bcoffre(?:-[a-z]+)+-v(?:[2-9]|[1-9]\d+)\b")
_ROOMS = (
    "records",
    "keyvault",
    "audit",
    "storage",
    "sign_in",
    "coffre",
    "ingestion",
    "viewer_api",
    "content",
)


def order(version: str) -> tuple[int, ...]:
    """A version as numbers that sort; what is developed counts as the release that it becomes."""
    return tuple(int(number) for number in version.split(".dev", 1)[0].split("."))


def written_too_early(shapes: Mapping[str, Since]) -> list[str]:
    """Labels that a version writes which the version before it cannot read."""
    return sorted(
        label
        for label, since in shapes.items()
        if since.written is not None
        and order(since.written) > order(FIRST_ROLLING)
        and order(since.read) >= order(since.written)
    )


def labels() -> set[str]:
    """Of shapes that followed another, in strings of the code."""
    texts = (
        file.read_text("utf-8")
        for room in _ROOMS
        for file in (ROOT / room).rglob("*.py")
        if file.name != "shapes.py"
    )
    return {found for text in texts for found in _LATER.findall(text)}


def test_each_shape_that_followed_another_says_since_when_it_is_read_and_written() -> None:
    assert labels() == set(SHAPES)


def test_no_version_writes_what_the_one_before_cannot_read() -> None:
    assert written_too_early(SHAPES) == []


def test_a_shape_whose_readers_come_with_its_writers_is_found() -> None:
    told = {
        "coffre-a-v2": Since("0.3.0", "0.3.0"),
        "coffre-b-v2": Since("0.3.0", "0.4.0"),
        "coffre-c-v2": Since("0.3.0", None),
        "coffre-d-v2": Since("0.10.0", "0.9.0"),
        "coffre-e-v2": Since("0.2.0", "0.2.0"),
    }
    assert written_too_early(told) == ["coffre-a-v2", "coffre-d-v2"]


def test_nothing_is_said_to_be_read_since_a_version_to_come() -> None:
    version = order(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
    assert [label for label, since in SHAPES.items() if order(since.read) > version] == []
