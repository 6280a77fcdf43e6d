"""`make clean` leaves a checkout as git has it, and says what lies elsewhere; it removes nothing there."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEPT = ("opened", "coffre-identities")  # documents and credentials of whoever fetched and issued


def as_typed(**more: str) -> dict[str, str]:
    """The environment of a person who types the command; `make test` hands its own flags down."""
    inherited = {name: value for name, value in os.environ.items() if not re.match("MAKE|MFLAGS", name)}
    return {**inherited, **more}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Every file that git ignores, made once."""
    folder = tmp_path / "checkout"
    (folder / "coffre").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    for line in (ROOT / ".gitignore").read_text("utf-8").split():
        name = line.rstrip("/").replace("*", "made")
        (folder / name).mkdir(parents=True) if line.endswith("/") else (folder / name).write_text("x")
    (folder / "coffre" / "__pycache__").mkdir()
    return folder


def clean(checkout: Path) -> list[str]:
    temporary = checkout.parent / "tmp"
    (temporary / "coffre-demo-x").mkdir(parents=True)
    environment = as_typed(TMPDIR=str(temporary), MEMORY=str(temporary / "none"), HOME=str(checkout.parent))
    done = subprocess.run(
        ["make", "clean"], cwd=checkout, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_all_that_git_ignores_is_removed_but_what_people_put_there(checkout: Path) -> None:
    clean(checkout)
    assert {path.name for path in checkout.iterdir()} == {"Makefile", "coffre", "viewer_api", *KEPT}
    assert [path for path in (checkout / "viewer_api").rglob("*") if path.name != "viewer"] == []
    assert not (checkout / "coffre" / "__pycache__").exists()


def test_what_is_left_is_listed_with_its_command(checkout: Path) -> None:
    said = clean(checkout)
    temporary = checkout.parent / "tmp" / "coffre-demo-x"
    assert temporary.exists()
    assert {line.strip() for line in said[1:]} == {f"rm -r {place}" for place in (*KEPT, temporary)}


def test_where_nothing_is_left_nothing_is_said(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    environment = as_typed(TMPDIR=str(tmp_path / "none"), MEMORY=str(tmp_path / "none"), HOME=str(tmp_path))
    done = subprocess.run(["make", "clean"], cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert done.stdout == b""


def test_every_place_outside_that_the_code_makes_is_listed() -> None:
    """A folder in the temporary directory has a name that `make clean` looks for."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    paths = [path for room in ("coffre", "tests") for path in (ROOT / room).rglob("*.py")]
    made = {
        prefix
        for path in paths
        for prefix in re.findall(r"mkdtemp\(prefix=\"([\w-]+)\"", path.read_text("utf-8"))
    }
    assert made
    assert all(f"/{prefix.partition('-')[0]}-" in makefile for prefix in made)
