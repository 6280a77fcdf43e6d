"""Run a process apart until SIGTERM, as a command."""

from pathlib import Path

from coffre.command_line.options import settings_of
from coffre.command_line.refusals import refusals


def run_process(process: str, data: Path | None) -> None:
    from coffre.processes import run as processes

    with refusals():
        getattr(processes, process)(settings_of(data), lambda what: print(f"ready {what}", flush=True))
