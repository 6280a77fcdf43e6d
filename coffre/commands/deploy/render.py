"""`coffre deploy render`: systemd units, users, folders and settings of a site."""

from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.options import AsJson, DryRun
from coffre.command_line.output import show
from coffre.command_line.refusals import refusals
from coffre.command_line.site_files import SiteFile, read_site


def render(
    site: SiteFile,
    out: Annotated[Path, typer.Option("--out", help="Folder for the files; nothing else may be in it.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write what machines of a site need: units, users, folders, settings without secrets.

    Again with the same description it changes nothing. docs/deploy.md says where each file goes.
    """
    from coffre.deploying import rendering

    with refusals():
        files = rendering.rendered(read_site(site))
        changed = None if dry_run else rendering.write(files, out)
    said = (
        "Nothing was written." if changed is None else f"{changed} of {len(files)} files are new or changed."
    )
    show({"files": sorted(files), "changed": changed}, as_json, "\n".join([*sorted(files), said]))
