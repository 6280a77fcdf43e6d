"""The books name commands that there are, with options that they take, and have a page for each alert."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from coffre.alerting.alerts import pages
from tests.architecture.named_commands import unknown_options

ROOT = Path(__file__).resolve().parents[2]
BOOKS = sorted(
    path
    for path in [*(ROOT / "docs").glob("*.md"), ROOT / "terraform/README.md"]
    if re.search(r"^ {4,}(\S+=\S+ |\S*/bin/)*coffre |^coffre |\| coffre ", path.read_text("utf-8"), re.M)
)


def commands(page: Path) -> Iterator[str]:
    """Lines of code blocks that are commands of ours, from `coffre` on."""
    for line in page.read_text("utf-8").splitlines():
        if found := re.match(r" {4,}(?:[^|`]*\| |(?:\w+=\S* )*)(?:\S*/bin/)?(coffre [^|#`]*)", line):
            yield found[1].strip()


@pytest.mark.parametrize("page", BOOKS, ids=lambda page: page.name)
def test_commands_are_there_with_their_options(page: Path) -> None:
    for line in commands(page):
        assert not unknown_options(line.replace("…", "x")), line


def test_some_are_looked_at() -> None:
    assert sum(len(list(commands(page))) for page in BOOKS) > 20


def test_every_alert_and_every_finding_has_its_page() -> None:
    text = (ROOT / "docs/operate.md").read_text("utf-8")
    headings = re.findall(r"^## (.*)$", text, re.M)
    assert not set(pages()) - set(headings)
