"""`coffre worker`: a process of its own that validates and publishes, until SIGTERM."""

from coffre.command_line.options import Data, Pulse
from coffre.command_line.process import run_process


def worker(data: Data = None, pulse: Pulse = None) -> None:
    """Validate and publish what was received, in a process of its own, until SIGTERM."""
    run_process("run_worker", data, pulse)
