"""The viewer page is built with the Node.js that is there or with that of PyPI; Coffre works without it."""

import os
import shutil
import subprocess
import venv
from pathlib import Path

import pytest

from deploy.viewer import nodejs

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "deploy" / "viewer" / "build.py"
FRONTEND = ROOT / "viewer_api" / "viewer" / "frontend"


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A machine's commands: a shell, and no Node.js."""
    found = tmp_path / "commands"
    found.mkdir()
    (found / "sh").symlink_to("/bin/sh")
    return found


def built(folder: Path, commands: Path, *, with_pip: bool) -> subprocess.CompletedProcess[str]:
    """By a Python of its own, into which nobody installed Node.js."""
    venv.create(folder / "python", with_pip=with_pip, symlinks=True)
    shutil.copytree(FRONTEND, folder / "frontend", ignore=shutil.ignore_patterns("node_modules"))
    command = [folder / "python" / "bin" / "python", BUILD, folder / "frontend"]
    environment = {**os.environ, "PATH": str(commands)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("version", [None, "v18.20.4"], ids=["none", "too old"])
def test_a_machine_without_node_is_told_what_is_missing(
    tmp_path: Path, commands: Path, version: str | None
) -> None:
    for name in ("node", "npm") if version else ():
        (commands / name).write_text(f"#!/bin/sh\necho {version}\n")
        (commands / name).chmod(0o755)
    ended = built(tmp_path, commands, with_pip=False)
    assert ended.returncode == 1
    assert "Coffre is installed without its viewer page; everything else works." in ended.stdout
    assert "Node.js 20.19 or newer with npm is missing" in ended.stdout
    assert f"pip install --no-deps --require-hashes -r {nodejs.LOCK}" in ended.stdout
    assert "Then `make viewer`." in ended.stdout
    assert "Traceback" not in ended.stderr


@pytest.mark.long
def test_pypis_node_builds_the_page(tmp_path: Path, commands: Path) -> None:
    ended = built(tmp_path, commands, with_pip=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (tmp_path / "built" / "manifest.json").exists()
