"""`coffre restore`: put a backup into an empty place."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coffre.command_line.options import AsJson, Data, settings_of
from coffre.command_line.output import show
from coffre.command_line.refusals import refusals

if TYPE_CHECKING:
    from keyvault.restore.frozen import Frozen


def restore_command(
    source: Annotated[Path, typer.Option("--from", help="The folder of the backup.")],
    vault_source: Annotated[
        Path | None, typer.Option("--vault-from", help=r"The vault's folder.  \[default: FROM/vault]")
    ] = None,
    known: Annotated[
        list[Path] | None,
        typer.Option("--known-checkpoint", help="A signed checkpoint kept elsewhere; may be repeated."),
    ] = None,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="Take a backup without the vault's signature: of version 0.1.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into an empty place. The vault stays frozen."""
    from coffre.safekeeping.backup import VAULT
    from coffre.safekeeping.restore import put_all_back

    with refusals(judging=True):
        settings = settings_of(data)
        vault_source = vault_source or source / VAULT
        restored = put_all_back(settings, source, vault_source, known or [], unsigned=unsigned)
    frozen = restored.frozen
    told = {
        "log_size": frozen.size,
        "known_size": frozen.known_size,
        "objects": restored.objects,
        "missing": list(restored.missing),
    }
    text = "\n".join(
        [
            f"Restored into {settings.data}: {frozen.size} entries of the log, {restored.objects} objects.",
            *(f"Missing: {each}" for each in restored.missing),
            f"The vault is frozen{_until(frozen)}. Go on with coffre vault replay or coffre vault "
            "accept-gap.",
        ]
    )
    show(told, as_json, text)


def _until(frozen: "Frozen") -> str:
    return "" if frozen.known_size is None else f" until its log has {frozen.known_size} entries"
