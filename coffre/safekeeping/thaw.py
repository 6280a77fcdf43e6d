"""`coffre vault replay` and `coffre vault accept-gap`: how a restored vault's freeze ends."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from coffre.commands.common import AsJson, Data, refusals, settings_of, show
from coffre.identities import Identities
from coffre.safekeeping.restore import vault_copy
from coffre.wiring import System
from keyvault.forward import Brought
from keyvault.guard import Guard
from keyvault.verbs.attempt import Denied
from records.errors import CoffreError
from storage.engines import engine_for
from storage.migrate import check
from storage.vault_store.store import SqlVaultStore

INCOMPLETE = 1


def replay_command(
    source: Annotated[
        Path | None, typer.Option("--from", help="The vault's folder of a newer backup.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="Address of a database that holds the newer vault.")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Bring a restored vault forward, deletions included; end the freeze when nothing known is missing."""
    with refusals(), System(settings_of(data), vault_here=True) as system:
        guard = system.local_guard()
        brought = _brought(guard, system.settings.vault_dir, source, at)
        missing = guard.restoring.end(brought)
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
        raise typer.Exit(INCOMPLETE)


def _brought(guard: Guard, scratch: Path, source: Path | None, at: str | None) -> Brought | None:
    if at is not None:
        return _from(guard, at)
    if source is None:
        return None
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        _, url = vault_copy(source, Path(folder))
        return _from(guard, url)


def _from(guard: Guard, url: str) -> Brought:
    database = engine_for(url)
    try:
        check(database, "vault")
        return guard.restoring.replay(SqlVaultStore(database))
    finally:
        database.close()


def accept_gap_command(
    reason: Annotated[str, typer.Option("--reason", help="Why nothing newer can be had; goes on the log.")],
    data: Data = None,
) -> None:
    """End the freeze although choices made since the backup are lost. The log says so, with the reason."""
    with refusals(), System(settings_of(data), vault_here=True) as system:
        guard = system.local_guard()
        answer = guard.restoring.accept_gap(Identities(system).operator(), reason)
        if isinstance(answer, Denied):
            raise CoffreError("The vault refuses this operator.", code=answer.reason.value)
    print("The vault is no longer frozen. What was decided after the backup is lost: tell those concerned.")
