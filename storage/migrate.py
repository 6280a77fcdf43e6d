"""Brings a database's tables to what this version expects, in one transaction, with the files shipped in
the package.

Each of the four databases has its own line of migrations; there is no way back but a backup. A migration
states in `runs_from` the oldest revision whose programs run on its tables, too, as during a rolling restart;
one that takes away what they use states none, and nobody but its own programs runs on them.
"""

import threading
from collections.abc import Mapping
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text, update

from storage.accounts.tables import ACCOUNTS
from storage.index.tables import INDEX
from storage.revisions import MIGRATIONS, Branch, refuse_newer, revisions
from storage.schema_version import NOTE, has_floor
from storage.transactions import Database
from storage.vault_store.tables import DAY_KEYS, VAULT

TABLES: Mapping[Branch, MetaData] = {
    "index": INDEX,
    "vault": VAULT,
    "day_keys": DAY_KEYS,
    "accounts": ACCOUNTS,
}

_ONE_AT_A_TIME = threading.Lock()  # Alembic's `op` is one per process


def upgrade(database: Database, branch: Branch) -> None:
    """Applies the missing migrations, all or none; two processes at once take turns. CoffreError
    `schema_ahead`.
    """
    scripts = _scripts(branch)
    with _ONE_AT_A_TIME, database.migrating() as connection:
        refuse_newer(MigrationContext.configure(connection).get_current_revision(), revisions(branch))

        def missing(revision: Any, _context: MigrationContext) -> Any:
            return scripts._upgrade_revs("head", revision)

        with EnvironmentContext(Config(), scripts, fn=missing) as environment:
            environment.configure(connection=connection, target_metadata=TABLES[branch])
            environment.run_migrations()
        _note_floor(connection, runs_from(branch))


def is_empty(database: Database) -> bool:
    """Whether no migration was ever applied."""
    with database.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision() is None


def runs_from(branch: Branch) -> str:
    """The oldest revision whose programs run on the tables of the last one."""
    return max(
        getattr(script.module, "runs_from", script.revision) for script in _scripts(branch).walk_revisions()
    )


def _note_floor(connection: Connection, floor: str) -> None:
    if not has_floor(connection):
        connection.execute(text("ALTER TABLE alembic_version ADD COLUMN runs_from VARCHAR(32)"))
    connection.execute(update(NOTE).values(runs_from=floor))


def _scripts(branch: Branch) -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS), version_locations=[str(MIGRATIONS / branch)])
