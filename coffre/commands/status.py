"""`coffre status`: what the installation holds and what waits."""

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data
from coffre.command_line.output import listed, show


def status(data: Data = None, as_json: AsJson = False) -> None:
    """What this Coffre holds and what waits."""
    with opened_installation(data) as installation:
        now_ms = int(installation.clock() * 1000)
        today = installation.index.cpu_of_day(now_ms, installation.settings.cpu_allowance_ms)
        found = {
            "environment": installation.identity.environment.value,
            "origin": installation.identity.origin,
            "submissions": installation.index.counts(),
            "validation_today": {
                "cpu_s": round(today.cpu_ms / 1000),
                "structures": today.structures,
                "past_allowance": today.past_allowance,
            },
            "parts_sharing_identifiers": installation.index.sharing_identifiers(),
            **installation.guard.inspector.status(),
        }
    show(found, as_json, listed(found))
