"""Brings a database's tables to what this version expects, in one transaction, with the files shipped in
the package.

Each of the three databases has its own line of migrations; there is no way back but a backup.
"""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData

from records.errors import CoffreError
from storage.index.tables import INDEX
from storage.transactions import Database
from storage.vault_store.tables import DAY_KEYS, VAULT

Branch = Literal["index", "vault", "day_keys"]
TABLES: Mapping[Branch, MetaData] = {"index": INDEX, "vault": VAULT, "day_keys": DAY_KEYS}

_ONE_AT_A_TIME = threading.Lock()  # Alembic's `op` is one per process
_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database, branch: Branch) -> None:
    """Applies the missing migrations, all or none; two processes at once take turns. CoffreError
    `schema_ahead`.
    """
    scripts = _scripts(branch)
    with _ONE_AT_A_TIME, database.migrating() as connection:
        _refuse_newer(MigrationContext.configure(connection).get_current_revision(), scripts)

        def missing(revision: Any, _context: MigrationContext) -> Any:
            return scripts._upgrade_revs("head", revision)

        with EnvironmentContext(Config(), scripts, fn=missing) as environment:
            environment.configure(connection=connection, target_metadata=TABLES[branch])
            environment.run_migrations()


def check(database: Database, branch: Branch) -> None:
    """Passes if the tables are this version's. CoffreError `schema_behind` or `schema_ahead`, with the
    remedy.
    """
    scripts = _scripts(branch)
    with database.reading() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    _refuse_newer(current, scripts)
    if current != scripts.get_current_head():
        raise CoffreError(
            "The database is older than this program; run coffre migrate.", code="schema_behind"
        )


def _refuse_newer(current: str | None, scripts: ScriptDirectory) -> None:
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        sentence = "The database was written by a newer version; install that version."
        raise CoffreError(sentence, code="schema_ahead")


def _scripts(branch: Branch) -> ScriptDirectory:
    return ScriptDirectory(str(_MIGRATIONS), version_locations=[str(_MIGRATIONS / branch)])
