"""`coffre directory`: names of professionals and structures, from the public directory."""

import time
from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.exits import Exit
from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data
from coffre.command_line.output import bar, err, show

directory_app = typer.Typer(
    help="Names of professionals and structures, from the public directory.", no_args_is_help=True
)


@directory_app.callback()
def directory() -> None:
    """Names of professionals and structures, from the public directory."""


@directory_app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="File of the public directory, UTF-8.", exists=True, dir_okay=False)
    ],
    partial: Annotated[
        bool, typer.Option("--partial", help="The file is a part: nothing that it lacks ends.")
    ] = False,
    accept_fewer: Annotated[
        bool, typer.Option("--accept-fewer", help="Accept a file with far fewer exercises than are known.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Import names and exercises from a file of the public directory. Lines that are bad are told, and left.

    The file is « PS_LibreAcces_Personne_activite » of the Annuaire Santé. Exit 1 where a line was bad.
    """
    with opened_installation(data) as installation, bar("lines") as progress:
        from coffre.operators.directory_import import import_directory

        done = import_directory(
            installation.index,
            file,
            int(time.time() * 1000),
            partial=partial,
            accept_fewer=accept_fewer,
            progress=lambda lines: progress(lines, 0),
        )
    for each in done.told:
        err().print(f"line {each.line}: {each.code}: {each.sentence}", soft_wrap=True)
    told = {"lines": done.lines, "bad": done.bad, "exercises": done.exercises, "ended": done.ended}
    show(
        told | {"bad_lines": [{"line": each.line, "code": each.code} for each in done.told]},
        as_json,
        f"{done.lines} lines, {done.bad} of them bad; {done.exercises} exercises known, {done.ended} ended.",
    )
    if done.bad:
        raise typer.Exit(Exit.REFUSED)
