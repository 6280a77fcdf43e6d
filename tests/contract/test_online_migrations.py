"""Steps of migrations that run beside the processes, on Postgres: nobody waits for them, and one that was cut
anywhere goes on.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.engines.opening import engine_for
from storage.engines.transactions import Database
from storage.migrations import migrate, revisions
from storage.migrations.migrate import upgrade
from storage.migrations.online import BATCH
from storage.migrations.schema_version import check, noted
from tests.contract.cut import CutError, cut_at
from tests.contract.test_migrations import schema
from tests.services.fixtures_postgres import NewDatabase

ROWS = 2 * BATCH + 500
FILL = "INSERT INTO thing SELECT n, 'abcd' FROM generate_series(1, :rows) n"
_HEAD = 'import sqlalchemy as sa\nfrom alembic import op\nrevision = "{}"\ndown_revision = {}\n'
MIGRATIONS = {
    "v0001_first.py": """
def upgrade():
    op.create_table("thing", sa.Column("id", sa.BigInteger(), primary_key=True), sa.Column("name", sa.Text()))
""",
    "v0002_size.py": """
runs_from = "0001"

def upgrade():
    op.add_column("thing", sa.Column("size", sa.BigInteger(), nullable=True))
""",
    "v0003_sizes.py": """
from storage.migrations.online import Backfill, NewIndex, at_once
runs_from = "0001"
ONLINE = (
    Backfill(
        "UPDATE thing SET size = length(name)"
        " WHERE id IN (SELECT id FROM thing WHERE size IS NULL LIMIT :most)"
    ),
    NewIndex("thing_by_size", "thing", ["size", "id"], where="size > 3"),
)

def upgrade():
    at_once(ONLINE)
""",
}


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes so many of the migrations those of this version."""
    folder = tmp_path / "migrations"
    (folder / "index").mkdir(parents=True)
    for module in (migrate, revisions):
        monkeypatch.setattr(module, "MIGRATIONS", folder)

    def ship(count: int) -> None:
        for path in (folder / "index").glob("v*.py"):
            path.unlink()
        for number, (name, body) in enumerate([*MIGRATIONS.items()][:count], 1):
            before = repr(f"{number - 1:04d}") if number > 1 else None
            path = folder / "index" / name
            path.write_text(f'"""{name}."""\n' + _HEAD.format(f"{number:04d}", before) + body)

    return ship


@pytest.fixture
def filled(postgres_database: NewDatabase, shipped: Callable[[int], None]) -> Iterator[Database]:
    """A database of the first version with rows; this version has all migrations."""
    shipped(1)
    database = engine_for(postgres_database())
    upgrade(database, "index")
    with database.writing() as connection:
        connection.execute(text(FILL), {"rows": ROWS})
    shipped(3)
    yield database
    database.close()


def sized(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute(text("SELECT count(size) FROM thing")).scalar_one())


def test_what_is_planned_says_what_runs_beside_the_processes(filled: Database) -> None:
    plan = [(each.revision, each.what, each.online) for each in migrate.planned(filled, "index")]
    assert plan == [("0002", "v0002_size.py.", False), ("0003", "v0003_sizes.py.", True)]
    upgrade(filled, "index")
    assert migrate.planned(filled, "index") == []
    with filled.reading() as connection:
        assert noted(connection) == revisions.Noted("0003", "0001")


def test_a_new_database_and_one_that_was_filled_are_alike(
    filled: Database, new_database: NewDatabase, postgres_database: NewDatabase
) -> None:
    upgrade(filled, "index")
    assert sized(filled) == ROWS
    fresh = engine_for(postgres_database())
    upgrade(fresh, "index")
    with filled.reading() as mine, fresh.reading() as theirs:
        assert schema(mine) == schema(theirs)
    upgrade(engine_for(new_database()), "index")


def test_a_migration_with_steps_of_its_own_that_is_cut_at_any_statement_goes_on(filled: Database) -> None:
    """Each time at the next statement, on the same database, until one run comes through."""
    cut = 0
    while True:
        try:
            with cut_at(filled, cut):
                upgrade(filled, "index")
        except CutError:
            cut += 1
        else:
            break
    assert cut > 20
    check(filled, "index")
    assert sized(filled) == ROWS


def test_rows_are_filled_in_batches_and_those_of_before_the_cut_stay(filled: Database) -> None:
    with cut_at(filled, 10**6) as statements:
        upgrade(filled, "index")
    updates = [each for each in statements if each.startswith("UPDATE thing")]
    assert len(updates) == ROWS // BATCH + 3  # the last, and the transaction's own, find none


def test_an_index_that_was_cut_off_while_it_was_made_is_made_anew(
    filled: Database, shipped: Callable[[int], None]
) -> None:
    """Its server process is ended; meanwhile rows are written, which nobody held up."""
    shipped(2)
    upgrade(filled, "index")
    shipped(3)
    writer = engine_for(str(filled.engine.url.render_as_string(hide_password=False)))
    with ThreadPoolExecutor(1) as pool, writer.engine.connect() as holds:
        held = "INSERT INTO thing (id, name, size) VALUES (-1, 'held', 4)"
        holds.execute(text(held))  # until it ends, the index waits
        running = pool.submit(upgrade, filled, "index")
        pid = _waiting(writer)
        with writer.writing() as connection:
            connection.execute(text("INSERT INTO thing (id, name) VALUES (0, 'written meanwhile')"))
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(Exception, match="database"):
            running.result(60)
        assert _is_valid(writer) is False
    upgrade(filled, "index")
    assert _is_valid(writer) is True
    assert sized(filled) == ROWS + 1  # what was written meanwhile, too; what was held is undone
    writer.close()


def _waiting(database: Database) -> int:
    """The server process that makes the index, once it waits for the transaction that is open."""
    found = text(
        "SELECT pid FROM pg_stat_activity"
        " WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'"
    )
    for _ in range(600):
        with database.reading() as connection:
            if pid := connection.execute(found).scalar():
                return int(pid)
    raise AssertionError("it never waited")


def _is_valid(database: Database) -> bool | None:
    asked = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('thing_by_size')"
    with database.reading() as connection:
        found: bool | None = connection.execute(text(asked)).scalar()
        return found
