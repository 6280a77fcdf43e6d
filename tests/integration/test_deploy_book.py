"""The description of docs/deploy.md, checked and rendered as the page says."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from coffre.cli import app

PAGE = Path(__file__).resolve().parents[2] / "docs/deploy.md"


def coffre(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "coffre.cli", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def blocks() -> list[dict[str, Any]]:
    """The descriptions of the page: of a site, what differs at a store of S3 elsewhere, and in containers."""
    found = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    return [tomllib.loads(text) for text in found]


def with_more(number: int) -> dict[str, dict[str, Any]]:
    """The first of them with another one."""
    site, more = blocks()[0], blocks()[number]
    for part, told in more["settings"].items():
        site["settings"][part] = site["settings"].get(part, {}) | told
    return {**site, "secrets": site["secrets"] | more["secrets"]}


ELSEWHERE, IN_CONTAINERS = 1, 2


@pytest.mark.parametrize("number", [0, ELSEWHERE, IN_CONTAINERS])
def test_a_site_of_the_page_holds_and_is_rendered(tmp_path: Path, number: int) -> None:
    (tmp_path / "site.json").write_text(json.dumps(with_more(number) if number else blocks()[0]))
    checked = coffre(tmp_path, "settings", "check", "site.json")
    assert (checked.returncode, checked.stdout) == (0, "These settings hold.\n"), checked.stderr
    first = coffre(tmp_path, "deploy", "render", "site.json", "--out", "site")
    assert first.returncode == 0, first.stderr
    folders = {path.name for path in (tmp_path / "site").iterdir()}
    assert folders == {"container", "nginx", "settings", "systemd", "sysusers.d", "tmpfiles.d", "watching"}
    assert all(f"`{each}/`" in PAGE.read_text("utf-8") for each in folders)


def test_a_file_that_is_no_text_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_bytes(b"\xff\xfe")
    for command in (["settings", "check"], ["deploy", "render", "--out", "site"]):
        done = coffre(tmp_path, *command, "site.toml")
        assert done.returncode == 2 and done.stderr.startswith("bad_site: It is no text"), done.stderr


@pytest.mark.parametrize(
    "given",
    [
        '{"a":' * 100_000,
        '{"vault": {"COFFRE_VAULT_PIN": "12", "COFFRE_VAULT_PIN": "34"}}',
        '{"vault": {"COFFRE_VAULT_PIN": "12\\n34"}}',
        "\ud800",
        "",
    ],
)
def test_secrets_that_are_none_are_a_sentence(tmp_path: Path, given: str) -> None:
    done = CliRunner().invoke(
        app, ["deploy", "secrets", "--to", str(tmp_path / "to")], input=given.encode("utf-8", "surrogatepass")
    )
    assert done.exit_code == 2
    assert done.output.startswith("bad_secrets: ") and "34" not in done.output
    assert not (tmp_path / "to").exists()


def test_what_does_not_hold_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('[settings.vault]\nCOFFRE_VAULT_PIN = "1234"\n')
    checked = coffre(tmp_path, "settings", "check", "site.toml")
    assert checked.returncode == 1
    assert "COFFRE_VAULT_PIN is secret" in checked.stdout
    refused = coffre(tmp_path, "deploy", "render", "site.toml", "--out", "site")
    assert refused.returncode == 2
    assert refused.stderr.startswith("bad_site: ")
    assert "1234" not in checked.stdout + refused.stderr
    assert not (tmp_path / "site").exists()
