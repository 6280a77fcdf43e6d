"""A database that says nothing any more, neither an answer nor a refusal, holds nobody for ever."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from records.errors import CoffreError
from storage.engines.opening import Database, engine_for
from storage.engines.postgres.connection import BoundedConnection
from tests.services.fixtures_postgres import NewDatabase
from tests.services.wires import Wires

BETWEEN = ("us", "postgres")
LONGEST_S = 1.0


@pytest.fixture
def wires() -> Iterator[Wires]:
    with Wires() as made:
        yield made


@pytest.fixture
def database(
    wires: Wires, postgres_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    monkeypatch.setattr(BoundedConnection, "longest_s", LONGEST_S)
    url = make_url(postgres_database())
    port = wires.between(*BETWEEN, url.port or 0)
    found = engine_for(url.set(port=port).render_as_string(hide_password=False))
    yield found
    wires.cut(BETWEEN)
    found.close()


def ask(database: Database, statement: str = "SELECT 1") -> None:
    with database.writing() as connection:
        connection.execute(text(statement))


def test_a_silent_database_is_down_after_a_time_and_used_again_once_it_answers(
    wires: Wires, database: Database
) -> None:
    ask(database)
    wires.stall(BETWEEN)
    begun = time.monotonic()
    with pytest.raises(CoffreError) as told:
        ask(database)
    assert told.value.code == "store_down"
    assert LONGEST_S <= time.monotonic() - begun < 15  # the dead connection, and one attempt at a new one
    wires.mend(BETWEEN)
    ask(database)


def test_a_commit_into_silence_is_not_taken_for_undone(wires: Wires, database: Database) -> None:
    ask(database, "CREATE TABLE t (a int)")
    with pytest.raises(CoffreError) as told, database.writing() as connection:
        connection.execute(text("INSERT INTO t VALUES (1)"))
        wires.stall(BETWEEN)
    assert told.value.code == "store_unsure"


def test_a_migration_may_take_longer(database: Database) -> None:
    with database.migrating() as connection:
        connection.execute(text(f"SELECT pg_sleep({2 * LONGEST_S})"))
    with pytest.raises(CoffreError):
        ask(database, f"SELECT pg_sleep({2 * LONGEST_S})")
