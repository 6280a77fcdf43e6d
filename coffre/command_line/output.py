"""Print for a command: JSON or lines, a question, a progress bar."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console


@cache
def err() -> "Console":
    """Standard error; what prints is loaded when there is something to print."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def show(data: dict[str, Any], as_json: bool, text: str) -> None:
    print(json.dumps(data, ensure_ascii=False) if as_json else text)


def listed(found: Mapping[str, object]) -> str:
    """Facts for a person, one a line; JSON has the same names and the values as they are."""
    return "\n".join(f"{name}: {_worded(value)}" for name, value in found.items())


def _worded(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_worded(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_worded, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def confirm(yes: bool, question: str) -> None:
    """Ask on standard error unless `yes`; exit 1 without an agreement."""
    if not yes:
        typer.confirm(question, abort=True, err=True)


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal; what is called tells how many of how many are done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err(), disable=not err().is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)
