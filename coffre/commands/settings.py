"""`coffre settings`: whether the settings of a site hold together, before anything starts."""

from pathlib import Path

import typer

from coffre.command_line.options import AsJson
from coffre.command_line.output import show
from coffre.command_line.refusals import refusals
from coffre.command_line.site_files import SiteFile, read_site

settings_app = typer.Typer(help="The settings of a site's processes.", no_args_is_help=True)


@settings_app.command("check")
def check_settings(site: SiteFile = Path("-"), as_json: AsJson = False) -> None:
    """Say what contradicts itself, lies outside the EEA, is missing, or is told to whom it isn't for.

    Exit 0 where all holds. terraform output -json | coffre settings check
    """
    from coffre.deploying.site_check import faults

    with refusals():
        found = faults(read_site(site))
    show({"faults": found}, as_json, "\n".join(found) if found else "These settings hold.")
    if found:
        raise typer.Exit(1)
