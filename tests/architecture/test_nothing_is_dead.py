"""What nothing calls is deleted: `make check` finds it, and its list of exceptions is short and reasoned."""

import tomllib
from pathlib import Path
from typing import Any

from vulture import Vulture

ROOT = Path(__file__).resolve().parents[2]
LIST = Path("tests/architecture/called_by_others.py")
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["vulture"]
ENTRIES = [line for line in (ROOT / LIST).read_text("utf-8").splitlines() if line.startswith("_.")]


def uncalled() -> set[str]:
    """The names that nothing calls, the list set aside."""
    reader = Vulture(ignore_decorators=SETTINGS["ignore_decorators"])
    paths = [str(ROOT / path) for path in SETTINGS["paths"] if Path(path) != LIST]
    reader.scavenge(paths, exclude=SETTINGS["exclude"])
    return {item.name for item in reader.get_unused_code()}


def test_the_list_holds_each_name_that_nothing_calls_and_no_other() -> None:
    listed = [entry.split()[0].removeprefix("_.") for entry in ENTRIES]
    assert len(listed) == len(set(listed))
    assert set(listed) == uncalled()


def test_each_entry_says_who_calls_it() -> None:
    assert [entry for entry in ENTRIES if not entry.partition("  # ")[2]] == []


def test_a_function_that_nothing_calls_is_found(tmp_path: Path) -> None:
    (tmp_path / "room.py").write_text("def answer():\n    return 42\n")
    reader = Vulture(ignore_decorators=SETTINGS["ignore_decorators"])
    reader.scavenge([str(tmp_path)], exclude=SETTINGS["exclude"])
    assert [item.name for item in reader.get_unused_code()] == ["answer"]
