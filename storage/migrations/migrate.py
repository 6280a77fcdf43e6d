"""Brings a database's tables to what this version expects, with the files shipped in the package.

Each of the four databases has its own line of migrations; there is no way back but a backup. A migration
states in `runs_from` the oldest revision whose programs run on its tables, too, as during a rolling restart;
one that takes away what they use states none, and nobody but its own programs runs on them.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, MetaData, text, update

from storage.accounts.tables import ACCOUNTS
from storage.engines.postgres.beside_others import beside_others
from storage.engines.postgres.roles import POSTGRES
from storage.engines.transactions import Database
from storage.index.tables import INDEX
from storage.migrations.online import Step
from storage.migrations.revisions import MIGRATIONS, Branch, refuse_newer, revisions
from storage.migrations.schema_version import NOTE, has_floor
from storage.vault_store.tables import DAY_KEYS, VAULT

TABLES: Mapping[Branch, MetaData] = {
    "index": INDEX,
    "vault": VAULT,
    "day_keys": DAY_KEYS,
    "accounts": ACCOUNTS,
}

_ONE_AT_A_TIME = threading.Lock()  # Alembic's `op` is one per process


def upgrade(database: Database, branch: Branch) -> None:
    """Applies the missing migrations: all or none of those in one transaction, and steps that are `ONLINE`
    one by one before theirs, on Postgres. Two processes at once take turns. CoffreError `schema_ahead`.
    """
    with _ONE_AT_A_TIME:
        for script in _missing(database, branch):
            steps = _online(database, script)
            if steps:
                _apply(database, branch, str(script.down_revision))
                with beside_others(database.engine) as connection:
                    for step in steps:
                        step.beside_others(connection)
        _apply(database, branch, "head")


@dataclass(frozen=True, slots=True)
class Planned:
    """A migration that is missing: what it does, and whether steps of it run beside the processes."""

    revision: str
    what: str
    online: bool


def planned(database: Database | None, branch: Branch) -> list[Planned]:
    """What `upgrade` would apply, in order; nothing is changed. None: one that is not there yet. CoffreError
    `schema_ahead`.
    """
    missing = _missing(database, branch) if database else _walked(branch)
    return [
        Planned(
            script.revision,
            " ".join(script.doc.split()),
            database is not None and bool(_online(database, script)),
        )
        for script in missing
    ]


def _apply(database: Database, branch: Branch, target: str) -> None:
    scripts = _scripts(branch)
    with database.migrating() as connection:
        refuse_newer(MigrationContext.configure(connection).get_current_revision(), revisions(branch))

        def missing(revision: Any, _context: MigrationContext) -> Any:
            return scripts._upgrade_revs(target, revision)

        with EnvironmentContext(Config(), scripts, fn=missing) as environment:
            environment.configure(connection=connection, target_metadata=TABLES[branch])
            environment.run_migrations()
        _note_floor(connection, branch)


def _missing(database: Database, branch: Branch) -> list[Script]:
    """Migrations that are not applied, oldest first."""
    with database.reading() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    refuse_newer(current, revisions(branch))
    return [script for script in _walked(branch) if current is None or script.revision > current]


def _walked(branch: Branch) -> list[Script]:
    return [*_scripts(branch).walk_revisions()][::-1]


def _online(database: Database, script: Script) -> Sequence[Step]:
    """In a new database nobody waits for anything, and SQLite has one writer at any time."""
    if database.engine.dialect.name != POSTGRES or is_empty(database):
        return ()
    steps: Sequence[Step] = getattr(script.module, "ONLINE", ())
    return steps


def is_empty(database: Database) -> bool:
    """Whether no migration was ever applied."""
    with database.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision() is None


def runs_from(branch: Branch) -> str:
    """The oldest revision whose programs run on the tables of the last one."""
    return _floor(_scripts(branch).walk_revisions())


def _floor(applied: Iterable[Script]) -> str:
    return max(getattr(script.module, "runs_from", script.revision) for script in applied)


def _note_floor(connection: Connection, branch: Branch) -> None:
    applied = MigrationContext.configure(connection).get_current_revision()
    scripts = _scripts(branch).walk_revisions()
    floor = _floor(script for script in scripts if script.revision <= str(applied))
    if not has_floor(connection):
        connection.execute(text("ALTER TABLE alembic_version ADD COLUMN runs_from VARCHAR(32)"))
    connection.execute(update(NOTE).values(runs_from=floor))


def _scripts(branch: Branch) -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS), version_locations=[str(MIGRATIONS / branch)])
