"""`coffre notices`: what waits to be told, and what reached nobody, without saying of whom."""

from coffre.command_line.opening import settings_of_installation
from coffre.command_line.options import AsJson, Data
from coffre.command_line.output import listed, show
from coffre.command_line.refusals import refusals


def notices(data: Data = None, as_json: AsJson = False) -> None:
    """Notices by what became of them, and the newest that reached nobody, without identity."""
    with refusals():
        settings = settings_of_installation(data)
        from coffre.installation.status import installation_notices

        found = installation_notices(settings)
    lines = [listed(found["counts"]) or "no notices", *map(_line, found["undelivered"])]
    show(found, as_json, "\n".join(lines))


def _line(one: dict[str, object]) -> str:
    return f"{one['queued']}  to a {one['recipient']}: {one['reason']}, after {one['attempts']} attempts"
