"""Ask the server of a data directory what runs; loads nothing but sockets, for `coffre status`."""

import json
import socket
from pathlib import Path
from typing import Any

from coffre.processes import run_folder

_PATIENCE_S = 5.0


def what_runs(data: Path) -> dict[str, dict[str, Any]] | None:
    """The supervisor and its parts, by name, as `coffre.processes.status_socket` says them.

    None where no supervisor answers.
    """
    said = b""
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(_PATIENCE_S)
        try:
            asked.connect(str(run_folder.find(data) / run_folder.SUPERVISOR))
            while piece := asked.recv(65_536):
                said += piece
        except OSError:
            return None
    found: dict[str, dict[str, Any]] = json.loads(said) if said else {}
    return found or None
