"""`coffre serve`, `worker` and `housekeeper`: what runs until SIGTERM."""

from enum import StrEnum
from typing import Annotated

import typer

from coffre.command_line.options import Data, refusals, run_process, settings_of


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
    from coffre.serving.app import ServedPart
    from coffre.serving.serve import run

    with refusals():
        run(settings_of(data), port, only=ServedPart(only.value) if only else None)


def worker(data: Data = None) -> None:
    """Validate and publish what was received, in a process of its own, until SIGTERM."""
    run_process("run_worker", data)


def housekeeper(data: Data = None) -> None:
    """Sequence the log, sweep, keep day keys, in a process of its own, until SIGTERM."""
    run_process("run_housekeeper", data)
