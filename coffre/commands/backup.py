"""`coffre backup`: index and vault in two archives, while the servers run."""

from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.opening import settings_of_installation
from coffre.command_line.options import AsJson, Data, Operator
from coffre.command_line.output import show
from coffre.command_line.refusals import refusals


def backup_command(
    to: Annotated[Path, typer.Option("--to", help="A folder that does not exist yet.")],
    vault_to: Annotated[
        Path | None, typer.Option("--vault-to", help=r"Another folder for the vault.  \[default: TO/vault]")
    ] = None,
    objects: Annotated[bool, typer.Option("--objects", help="Copy the objects, too.")] = False,
    operator: Operator = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Back up index and vault while the servers run; never the root, never day keys."""
    with refusals(judging=True):
        settings = settings_of_installation(data)
        from coffre.safekeeping.backup import take

        taken = take(settings, to, vault_to, with_objects=objects, operator=operator)
    told = {
        "backup": taken.backup,
        "index": str(taken.index),
        "vault": str(taken.vault),
        "objects": taken.objects,
        "log_size": taken.log_size,
    }
    text = (
        f"Backed up: index in {taken.index}, vault in {taken.vault}, {taken.objects} objects "
        f"{'copied' if objects else 'named, not copied'}, {taken.log_size} entries of the log.\n"
        "Neither holds the root: keep it apart, without it no backup opens."
    )
    show(told, as_json, text)
