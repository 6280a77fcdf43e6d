"""The wheel is the same, byte for byte, whoever builds it from the same commit, whenever and wherever."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def built(folder: Path, umask: int, changed_at: int) -> str:
    """The digest of a wheel of the commit, checked out with these rights and times."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)
    for each in folder.rglob("*"):
        if each.is_file():
            each.chmod(0o666 & ~umask)
        os.utime(each, (changed_at, changed_at))
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", "out"]
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    (wheel,) = (folder / "out").glob("*.whl")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_two_builds_are_alike(tmp_path: Path) -> None:
    first = built(tmp_path / "first", 0o022, 1_700_000_000)
    assert built(tmp_path / "elsewhere", 0o077, 1_800_000_000) == first
