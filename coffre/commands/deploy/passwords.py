"""`coffre deploy passwords`: passwords of the engines that run beside the processes in containers."""

from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.options import AsJson
from coffre.command_line.output import show
from coffre.command_line.refusals import refusals


def passwords(
    to: Annotated[Path, typer.Option("--to", help="Folder of compose.yaml.")],
    bucket: Annotated[str, typer.Option(help="Bucket of the objects.")] = "coffre-objects",
    as_json: AsJson = False,
) -> None:
    """Draw passwords for the engines of engines.yaml, once, and write each to those who need it."""
    from coffre.deploying.passwords import write

    with refusals():
        written = write(to, bucket)
    show({"files": [str(path) for path in written]}, as_json, "\n".join(map(str, written)))
