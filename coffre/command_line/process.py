"""Run a process apart until SIGTERM, as a command."""

from pathlib import Path

from coffre.command_line.opening import settings_of_installation
from coffre.command_line.refusals import refusals


def run_process(process: str, data: Path | None, pulse: Path | None = None) -> None:
    """`pulse`: the folder in which its loops give signs of life, for who looks and for systemd."""
    with refusals():
        settings = settings_of_installation(data)
        from coffre.processes import run as processes
        from coffre.processes import service_manager
        from coffre.processes.lifetime import UntilSignal
        from coffre.processes.pulse import Pulses

        watched = {"pulses": Pulses(pulse)} if pulse else {}
        service_manager.watch(pulse)
        getattr(processes, process)(settings, UntilSignal(), **watched)
