"""`coffre vault replay`: bring a restored vault forward, then end its freeze."""

from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.exits import Exit
from coffre.command_line.options import AsJson, Data, settings_of
from coffre.command_line.output import show
from coffre.command_line.refusals import refusals


def replay(
    source: Annotated[
        Path | None, typer.Option("--from", help="The vault's folder of a newer backup.")
    ] = None,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="From the second place, COFFRE_SECOND_PLACE_URL.")
    ] = False,
    at: Annotated[
        str | None, typer.Option("--at", help="Address of a database that holds the newer vault.")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Bring a restored vault forward, deletions included; end the freeze when nothing known is missing.

    Run it where the vault runs; on Postgres with the addresses of the databases' owner.
    """
    from coffre.safekeeping.unfreeze import bring_forward

    with refusals():
        brought, missing = bring_forward(settings_of(data), source, at, shipped=shipped)
    told = {
        "before": brought.before if brought else None,
        "after": brought.after if brought else None,
        "replayed": brought.replayed if brought else 0,
        "missing": missing,
    }
    text = f"{told['replayed']} changes were replayed. " + (
        f"The vault stays frozen: {missing} entries are still missing."
        if missing
        else "The vault is no longer frozen."
    )
    show(told, as_json, text)
    if missing:
        raise typer.Exit(Exit.REFUSED)
