"""Files of settings: what is written is what systemd reads. Its own parser is asked, by way of os-release."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffre.deploying.environment_file import read, text
from tests.services.processes import debian

VALUES = [
    "d'hôpital",
    "'",
    '"',
    "\\",
    "$HOME ${HOME} $$",
    "`id`",
    'a\\"b\\$c\\`d\\\\',
    "  blank around  ",
    "# no comment",
    "a=b;c",
    "'12'",
    '"12"',
    "\\'",
    "https://sms.example/v1?sender=%2B33&token_file=/etc/a",
]
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" \"'\\$`#;="))


def as_systemd_reads(written: str, folder: Path) -> str:
    """BUILD_ID of os-release, which systemd-tmpfiles writes where its configuration says %B."""
    (folder / "etc").mkdir(exist_ok=True)
    (folder / "etc/os-release").write_text(written, "utf-8")
    (folder / "told").unlink(missing_ok=True)
    (folder / "a.conf").write_text("f /told 0644 - - - %B\n")
    program = debian("systemd-tmpfiles", "systemd")
    subprocess.run(
        [program, f"--root={folder}", "--create", folder / "a.conf"], check=True, capture_output=True
    )
    return (folder / "told").read_text("utf-8")


@pytest.mark.parametrize("value", VALUES)
def test_systemd_reads_what_was_meant(value: str, tmp_path: Path) -> None:
    assert as_systemd_reads(text({"BUILD_ID": value}), tmp_path) == value


@pytest.mark.parametrize("value", VALUES)
def test_the_owners_shell_reads_it_too(value: str, tmp_path: Path) -> None:
    (tmp_path / "owner.env").write_text(text({"BUILD_ID": value}), "utf-8")
    words = ["/bin/sh", "-c", '. ./owner.env; printf %s "$BUILD_ID"']
    assert subprocess.run(words, cwd=tmp_path, check=True, capture_output=True).stdout.decode() == value


def test_it_would_see_what_is_not(tmp_path: Path) -> None:
    """As a shell quotes: systemd reads another value."""
    assert as_systemd_reads("BUILD_ID='d'\\''hôpital'\n", tmp_path) != "d'hôpital"


@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,9}", fullmatch=True), PRINTABLE))
def test_it_is_read_here_as_it_was_written(told: dict[str, str]) -> None:
    assert read(text(told)) == told


def test_what_earlier_versions_and_people_wrote_is_read() -> None:
    assert read("A='a b'\nB=c\n# C=d\n\n; D=e\nE=\n") == {"A": "a b", "B": "c", "E": ""}
