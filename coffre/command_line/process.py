"""Run a process apart until SIGTERM, as a command."""

from pathlib import Path

from coffre.command_line.opening import settings_of_installation
from coffre.command_line.refusals import refusals


def run_process(process: str, data: Path | None) -> None:
    with refusals():
        settings = settings_of_installation(data)
        from coffre.processes import run as processes
        from coffre.processes.lifetime import UntilSignal

        getattr(processes, process)(settings, UntilSignal())
