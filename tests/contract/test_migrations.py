"""Migrations and tables say the same, arrive whole or not at all, and are in what is shipped.

The wheel is made once, here: what else it has to carry that is not Python is asked of it too.
"""

import re
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from subprocess import run

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from records.errors import CoffreError
from storage.engines.opening import Database, engine_for
from storage.migrations.migrate import TABLES, runs_from, upgrade
from storage.migrations.revisions import MIGRATIONS, Branch, Noted, revisions
from storage.migrations.schema_version import check, noted
from tests.contract.storage_adapters import Spawn
from tests.services.fixtures_postgres import NewDatabase
from viewer_api.opener.files import HERE as OPENER
from viewer_api.viewer.built_files import FOLDER as VIEWER
from viewer_api.viewer.built_files import BuiltViewer

ROOT = Path(__file__).parents[2]
BRANCHES = sorted(TABLES)
OF_MONTHS = r"(part|instance)_((until_)?[0-9]+|others)"


@pytest.fixture
def database(new_database: NewDatabase) -> Database:
    return engine_for(new_database())


DEFINITIONS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name != 'alembic_version'",
    "postgresql": """
        SELECT c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
               CASE WHEN a.attnotnull THEN 'not null' END, pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND NOT c.relispartition AND a.attnum > 0
          AND NOT a.attisdropped
          AND c.relname != 'alembic_version'
        UNION ALL SELECT indexname, indexdef FROM pg_indexes JOIN pg_class c ON c.relname = indexname
        WHERE schemaname = 'public' AND tablename != 'alembic_version' AND NOT c.relispartition
        UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conname NOT LIKE 'alembic_version%'
          AND conparentid = 0""",
}


def schema(connection: Connection) -> list[tuple[str, list[str]]]:
    """Every table (on Postgres column by column) and index with the words of its definition, in no order."""
    rows = connection.exec_driver_sql(DEFINITIONS[connection.dialect.name].replace("%", "%%")).all()
    return sorted((name, sorted(re.split(r"[\s,]+", definition))) for name, definition in rows)


@pytest.mark.parametrize("branch", BRANCHES)
def test_migrations_and_tables_agree(database: Database, branch: Branch, new_database: NewDatabase) -> None:
    upgrade(database, branch)
    direct = engine_for(new_database())
    TABLES[branch].create_all(direct.engine)
    with database.reading() as migrated, direct.reading() as made:
        beside_partitions = {"include_name": lambda name, *_: not re.match(OF_MONTHS, name or "")}
        assert (
            compare_metadata(MigrationContext.configure(migrated, opts=beside_partitions), TABLES[branch])
            == []
        )
        assert len(schema(made)) > 0
        assert schema(migrated) == schema(made)


@pytest.mark.parametrize("branch", BRANCHES)
def test_an_empty_database_is_behind_until_upgraded_and_upgrading_again_changes_nothing(
    database: Database, branch: Branch
) -> None:
    with pytest.raises(CoffreError, match="coffre migrate") as behind:
        check(database, branch)
    assert behind.value.code == "schema_behind"
    upgrade(database, branch)
    check(database, branch)
    with database.reading() as connection:
        before = schema(connection)
    upgrade(database, branch)
    with database.reading() as connection:
        assert schema(connection) == before


@pytest.mark.parametrize("branch", BRANCHES)
def test_a_newer_database_is_left_alone(database: Database, branch: Branch) -> None:
    upgrade(database, branch)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999', runs_from = '9998'"))
    for call in (check, upgrade):
        with pytest.raises(CoffreError) as ahead:
            call(database, branch)
        assert ahead.value.code == "schema_ahead"


@pytest.mark.parametrize("branch", BRANCHES)
def test_a_newer_database_that_takes_nothing_away_is_run_on_and_not_upgraded(
    database: Database, branch: Branch
) -> None:
    """As during a rolling restart, where a process of the earlier version starts once more."""
    upgrade(database, branch)
    with database.reading() as connection:
        assert noted(connection) == Noted(revisions(branch)[-1], runs_from(branch))
    for floor, runs in ((revisions(branch)[-1], True), ("9998", False), (None, False)):
        with database.writing() as connection:
            newer = text("UPDATE alembic_version SET version_num = '9999', runs_from = :floor")
            connection.execute(newer, {"floor": floor})
        with nullcontext() if runs else pytest.raises(CoffreError, match="newer version"):
            check(database, branch)
        with pytest.raises(CoffreError, match="newer version"):
            upgrade(database, branch)


def test_a_database_that_never_said_who_runs_on_it_is_read_and_brought_to_say_it(database: Database) -> None:
    upgrade(database, "vault")
    with database.writing() as connection:
        connection.execute(text("ALTER TABLE alembic_version DROP COLUMN runs_from"))
    check(database, "vault")
    upgrade(database, "vault")
    with database.reading() as connection:
        assert noted(connection).runs_from == runs_from("vault")


@pytest.mark.parametrize("branch", BRANCHES)
def test_the_files_of_a_branch_are_named_by_their_revisions(branch: Branch) -> None:
    scripts = ScriptDirectory(str(MIGRATIONS), version_locations=[str(MIGRATIONS / branch)])
    walked = [script.revision for script in scripts.walk_revisions()]
    assert revisions(branch) == walked[::-1]


def test_a_migration_that_fails_leaves_nothing(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE sign_in (in_the_way TEXT)"))
    with pytest.raises(Exception, match="sign_in"):
        upgrade(database, "index")
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == ["sign_in"]


def test_a_migration_does_not_have_others_wait_for_long(postgres_database: NewDatabase) -> None:
    """Who reads a table for long is not interrupted; the migration gives up, and nobody waits behind it."""
    address = postgres_database()
    upgrade(engine_for(address), "vault")
    reader, migrating = engine_for(address), engine_for(address)
    with reader.reading() as held:
        held.execute(text("SELECT count(*) FROM meta"))
        begun = time.monotonic()
        with pytest.raises(CoffreError) as refusal, migrating.migrating() as connection:
            connection.execute(text("ALTER TABLE meta ADD COLUMN more TEXT"))
    assert refusal.value.code == "store_busy"
    assert time.monotonic() - begun < 15


def test_processes_and_threads_upgrading_at_once_take_turns(new_database: NewDatabase, spawn: Spawn) -> None:
    shared = new_database()
    addresses = [shared, shared, new_database()]
    children = [spawn("upgrade_vault", address) for address in addresses[:2]]
    answers = [child.communicate("\n")[0] for child in children]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda address: upgrade(engine_for(address), "vault"), addresses))
    assert answers == ["inside\nupgraded\n"] * 2
    for address in addresses:
        check(engine_for(address), "vault")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of what is in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_holds_every_migration(shipped: set[str]) -> None:
    ours = {str(path.relative_to(ROOT)) for path in (ROOT / "storage" / "migrations").rglob("*.py")}
    assert len(ours) > len(BRANCHES)
    assert ours <= shipped


def test_the_wheel_holds_the_viewer_page_as_it_was_built_and_the_opener(shipped: set[str]) -> None:
    """Beside Git's rules, by which what is built is left out of the tree."""
    assert BuiltViewer.find() is not None, "The viewer page is not built: `make viewer`."
    built, opener = (
        {str(path.relative_to(ROOT)) for path in folder.rglob("*") if path.is_file()}
        for folder in (VIEWER, OPENER)
    )
    assert len(built) > len(opener) > 10
    assert built | opener <= shipped
    assert not any("/frontend/" in name for name in shipped)  # packages of npm that are not ours to ship
