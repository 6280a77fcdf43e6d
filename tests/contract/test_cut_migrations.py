"""A migration that ends before any of its statements leaves what was there, and the same command ends it."""

from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from storage.engines.opening import Database, engine_for
from storage.migrations import migrate
from storage.migrations.migrate import TABLES, upgrade
from storage.migrations.revisions import Branch, revisions
from storage.migrations.schema_version import check
from tests.contract.cut import CutError, cut_at
from tests.contract.test_migrations import schema
from tests.services.fixtures_postgres import NewDatabase

BRANCHES = sorted(TABLES)
STARTS = [
    *(pytest.param(branch, None, id=branch) for branch in BRANCHES),
    *(
        pytest.param(branch, revisions(branch)[0], id=f"{branch} of 0001", marks=pytest.mark.long)
        for branch in BRANCHES
        if len(revisions(branch)) > 1
    ),
]


def begun(address: str, branch: Branch, start: str | None) -> Database:
    database = engine_for(address)
    if start is not None:
        migrate._apply(database, branch, start)
    return database


def state(database: Database) -> tuple[object, ...]:
    """Every definition, and what the table of versions says where there is one."""
    with database.reading() as connection:
        said = inspect(connection).has_table("alembic_version")
        versions = connection.execute(text("SELECT * FROM alembic_version")).all() if said else None
        return schema(connection), versions


def ends_at(database: Database, branch: Branch, number: int) -> bool:
    """Whether it came to its end before the statement of this number."""
    try:
        with cut_at(database, number):
            upgrade(database, branch)
    except CutError:
        return False
    return True


@pytest.mark.parametrize(("branch", "start"), STARTS)
def test_cut_before_each_statement_it_leaves_what_was_and_goes_on(
    tmp_path: Path, branch: Branch, start: str | None
) -> None:
    """Each try is the same command after a cut one, and comes one statement further."""
    whole = begun(f"sqlite:///{tmp_path}/whole.db", branch, start)
    with cut_at(whole, 10**6) as statements:
        upgrade(whole, branch)
    database = begun(f"sqlite:///{tmp_path}/cut.db", branch, start)
    before, number = state(database), 0
    while not ends_at(database, branch, number):
        assert state(database) == before, statements[number]
        number += 1
    assert number == len(statements) > 10
    check(database, branch)
    assert state(database) == state(whole)


def test_on_postgres_it_does_so_at_each_tenth_of_its_way(postgres_database: NewDatabase) -> None:
    whole, database = engine_for(postgres_database()), engine_for(postgres_database())
    with cut_at(whole, 10**6) as statements:
        upgrade(whole, "index")
    before = state(database)
    for tenth in range(10):
        assert not ends_at(database, "index", len(statements) * tenth // 10)
        assert state(database) == before
    upgrade(database, "index")
    check(database, "index")
    assert state(database) == state(whole)
