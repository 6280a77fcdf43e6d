"""`coffre housekeeper`: a process of its own for the chores, until SIGTERM."""

from coffre.command_line.options import Data, Pulse
from coffre.command_line.process import run_process


def housekeeper(data: Data = None, pulse: Pulse = None) -> None:
    """Sequence the log, sweep, keep day keys, in a process of its own, until SIGTERM."""
    run_process("run_housekeeper", data, pulse)
