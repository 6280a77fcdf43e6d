"""`coffre status`: what the installation holds, what waits, and which processes run."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coffre.command_line.opening import settings_of_installation
from coffre.command_line.options import AsJson, Data
from coffre.command_line.output import listed, show
from coffre.command_line.refusals import refusals


def status(data: Data = None, as_json: AsJson = False) -> None:
    """What this Coffre holds, what waits, and which processes run."""
    with refusals():
        settings = settings_of_installation(data)
        from coffre.installation.status import installation_status

        found = installation_status(settings)
        processes = _processes(settings.data)
    show(found | {"processes": processes}, as_json, f"{listed(found)}\n{_lines(processes)}")


def _processes(data: Path) -> dict[str, dict[str, Any]] | None:
    """By name, those that the supervisor of this directory says, or the one of `--single`; None where
    nobody serves it here.
    """
    from coffre.processes.presence import server_of
    from coffre.processes.status_request import what_runs

    pid = server_of(data)
    if pid is None:
        return None
    found = what_runs(data)
    if found is None:
        return {"single": {"pid": pid}}
    return {name: _shown(each) for name, each in found.items()}


def _shown(said: Mapping[str, Any]) -> dict[str, Any]:
    since = datetime.fromtimestamp(said["since"], UTC)
    return {
        "pid": said["pid"],
        "since": since.isoformat(timespec="seconds"),
        "restarts": said["restarts"],
        "cpu_s": round(said["cpu_s"], 1),
        "memory_mib": round(said["memory_mib"]),
    }


def _lines(processes: Mapping[str, Mapping[str, Any]] | None) -> str:
    if processes is None:
        return "processes: none, nobody serves this directory"
    return "\n".join(["processes:", *(f"  {line}" for line in listed(processes).splitlines())])
