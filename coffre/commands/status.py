"""`coffre status`: count what the installation holds and what waits."""

from coffre.command_line.options import AsJson, Data, settings_of
from coffre.command_line.output import listed, show
from coffre.command_line.refusals import refusals


def status(data: Data = None, as_json: AsJson = False) -> None:
    """What this Coffre holds and what waits."""
    from coffre.wiring import System

    with refusals(), System(settings_of(data)) as system:
        today = system.cpu_today()
        found = {
            "environment": system.identity.environment.value,
            "origin": system.identity.origin,
            "submissions": system.index.counts(),
            "validation_today": {
                "cpu_s": round(today.cpu_ms / 1000),
                "structures": today.structures,
                "past_allowance": today.past_allowance,
            },
            "parts_sharing_identifiers": system.index.sharing_identifiers(),
            **system.guard.inspector.status(),
        }
    show(found, as_json, listed(found))
