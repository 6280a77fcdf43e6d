"""`coffre deploy secrets`: files of secrets from what a secrets manager keeps, never by an argument."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.options import AsJson
from coffre.command_line.output import show
from coffre.command_line.refusals import refusals


def secrets(
    to: Annotated[Path, typer.Option("--to", help="Folder for PROCESS.env, each 0600.")],
    as_json: AsJson = False,
) -> None:
    """Read a JSON object from standard input, process by process, and write a file of secrets for each."""
    from coffre.deploying.secret_files import write

    with refusals():
        written = write(_read(), to)
    show({"files": [str(path) for path in written]}, as_json, "\n".join(map(str, written)))


def _read() -> object:
    from coffre.deploying.site_forms import read_json

    try:
        return read_json(sys.stdin.read())
    except (ValueError, RecursionError):
        return None
