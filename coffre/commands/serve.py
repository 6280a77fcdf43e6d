"""`coffre serve`: everything in one process, or one served part alone, until SIGTERM."""

from enum import StrEnum
from typing import Annotated

import typer

from coffre.command_line.opening import settings_of_installation
from coffre.command_line.options import Data
from coffre.command_line.refusals import refusals


class OnlyPart(StrEnum):
    """What `serve --only` takes; coffre.serving.app has its meaning and loads too slowly for --help."""

    INTAKE = "intake"
    READER = "reader"
    GATEWAY = "gateway"
    OPERATOR = "operator"


def serve(
    data: Data = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8080,
    only: Annotated[OnlyPart | None, typer.Option(help="Serve one part alone.")] = None,
) -> None:
    """Run everything in one process on the loopback, until SIGTERM or Ctrl-C."""
    with refusals():
        settings = settings_of_installation(data)
        from coffre.serving.app import ServedPart
        from coffre.serving.serve import run

        run(settings, port, only=ServedPart(only.value) if only else None)
