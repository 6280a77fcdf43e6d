"""What every command shares: options, the form of a refusal, settings."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from coffre.command_line.exits import Exit
from coffre.processes import logs
from coffre.settings import Settings, load
from records.errors import CoffreError, Invalid
from records.plain_text import text_of

err = Console(stderr=True, highlight=False)
Data = Annotated[
    Path | None,
    # a process apart may enter the directory and open its own files there, but not list it
    typer.Option("--data", readable=False, help=r"Data directory.  \[default: COFFRE_DATA or .data]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask whether to go on.")]
Operator = Annotated[
    Path | None,
    typer.Option(
        "--operator", help=r"File with an operator's token.  \[default: in demo and test, made here]"
    ),
]


_OF_SETTINGS = frozenset({"bad_setting", "not_for_production", "other_environment", "root_url_invalid"})
"""Codes of settings that are wrong, whatever the command is about."""


@contextmanager
def refusals(*, judging: bool = False) -> Iterator[None]:
    """What can be explained is one sentence and an exit code, never a traceback.

    A value that is wrong is misuse; to a command that judges what is stored (`judging`) it is what was
    found, unless a setting is wrong.
    """
    try:
        yield
    except CoffreError as error:
        code, sentence = error.code, error.sentence
        misused = code in _OF_SETTINGS or (isinstance(error, Invalid) and not judging)
        status = Exit.MISUSED if misused else Exit.REFUSED
    except OSError as error:
        code, status, sentence = "no_access", Exit.REFUSED, _why(error)
    else:
        return
    # not as markup: a path may hold brackets
    err.print(Text.assemble((code, "red"), f": {sentence}"), soft_wrap=True)
    raise typer.Exit(status)


def _why(error: OSError) -> str:
    return f"{error.filename or 'A file'} cannot be used: {error.strerror or 'the system refuses'}."


def show(data: dict[str, Any], as_json: bool, text: str) -> None:
    print(json.dumps(data, ensure_ascii=False) if as_json else text)


def listed(found: Mapping[str, object]) -> str:
    """Facts for a person, one a line; JSON has the same names and the values as they are."""
    return "\n".join(f"{name}: {_worded(value)}" for name, value in found.items())


def _worded(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_worded(each)}" for name, each in value.items())
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
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def settings_of(data: Path | None, *, for_init: bool = False, **more: object) -> Settings:
    found = load(for_init=for_init, data=data, **more)
    logs.configure(found.log_format)
    return found


def read_note(path: Path) -> str:
    """A signed checkpoint that somebody kept. Raises `Invalid` "checkpoint_malformed"."""
    try:
        return "\n".join(text_of(path.read_bytes()).splitlines()) + "\n"
    except UnicodeDecodeError:
        raise Invalid(f"{path} is no signed checkpoint.", code="checkpoint_malformed") from None


def run_process(process: str, data: Path | None) -> None:
    from coffre.processes import run as processes

    with refusals():
        getattr(processes, process)(settings_of(data), lambda what: print(f"ready {what}", flush=True))
