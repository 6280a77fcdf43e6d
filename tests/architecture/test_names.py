"""Modules say by name and first sentence what they are: one word for each thing, subject first."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["root_packages"]
MODULES = [
    path
    for room in [*ROOMS, "benchmarks"]
    for path in sorted((ROOT / room).rglob("*.py"))
    if path.read_text("utf-8") and "node_modules" not in path.parts
]
INVERTED = re.compile(r"(What|Who|Whose|Where|When|Which|How|Why|Whether|That)\b")

# the word that the house uses in their place
GIVEN_UP = {
    "asked": "signed",
    "asking": "named_records",
    "believing": "verify",
    "calling": "call_headers",
    "carrying": "run_job",
    "happening": "event",
    "leaks": "plaintext_search",
    "promised": "rollback_check",
    "shown": "presented",
    "still": "recheck",
    "surviving": "job_result",
    "thawing": "unfreeze",
    "tick": "expire",
    "upkeep": "housekeeping",
}
NO_SUBJECT = {"common", "core", "helper", "helpers", "manager", "misc", "util", "utils"}


@cache  # parsed where the tests run, not by every worker that collects them
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in MODULES}


def test_a_module_begins_with_what_it_is_or_does() -> None:
    said = {path: ast.get_docstring(tree) or "" for path, tree in trees().items()}
    assert not [path for path, text in said.items() if not text]
    assert not {str(path): text.partition("\n")[0] for path, text in said.items() if INVERTED.match(text)}


def test_no_module_is_called_by_a_word_that_was_given_up_or_says_nothing() -> None:
    names = {path.stem: path for path in MODULES} | {path.parent.name: path for path in MODULES}
    assert not names.keys() & (GIVEN_UP.keys() | NO_SUBJECT)


def test_one_class_at_most_is_a_part() -> None:
    """A part of an answer, of a body, of a grant: each says of what."""
    named = [path for path, tree in trees().items() for each in _classes(tree) if each.name == "Part"]
    assert len(named) <= 1, named


def test_no_class_is_named_for_having_been_asked() -> None:
    assert not [
        f"{path}: {each.name}"
        for path, tree in trees().items()
        for each in _classes(tree)
        if each.name.strip("_") == "Asked"
    ]


def test_a_client_is_not_called_a_server() -> None:
    """Neither a parameter that is given one nor a function that makes one."""
    assert not [
        f"{path}:{each.lineno}"
        for path, tree in trees().items()
        for each in ast.walk(tree)
        if (isinstance(each, ast.arg) and each.arg == "server" and _is_client(each.annotation))
        or (isinstance(each, ast.FunctionDef) and each.name == "server" and _is_client(each.returns))
    ]


def _classes(tree: ast.Module) -> list[ast.ClassDef]:
    return [each for each in ast.walk(tree) if isinstance(each, ast.ClassDef)]


def _is_client(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id == "CoffreClient"
