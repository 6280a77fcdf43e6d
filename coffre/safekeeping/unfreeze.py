"""Ends a restored vault's freeze: newer knowledge brings it forward, or an operator accepts the gap."""

import tempfile
from pathlib import Path

from coffre.installation.installation import Installation
from coffre.operators.calls import acting, permitted
from coffre.safekeeping.restore import vault_copy
from coffre.settings import Settings
from keyvault.process.guard import Guard
from keyvault.restore.forward import Brought
from storage.engines.opening import engine_for
from storage.migrations.schema_version import check
from storage.vault_store.store import SqlVaultStore


def bring_forward(
    settings: Settings, source: Path | None, at: str | None, *, shipped: bool = False
) -> tuple[Brought | None, int]:
    """What was brought from the newer copy, and how many entries are still missing."""
    with Installation(settings, vault_here=True) as installation:
        guard = installation.local_guard()
        if shipped:
            brought: Brought | None = guard.restoring.replay_shipped()
        else:
            brought = _brought(guard, installation.settings.vault_dir, source, at)
        return brought, guard.restoring.end(brought)


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


def accept_the_gap(settings: Settings, reason: str, operator: Path | None) -> None:
    with Installation(settings, vault_here=True) as installation:
        guard = installation.local_guard()
        permitted(guard.restoring.accept_gap(acting(installation, operator), reason))
