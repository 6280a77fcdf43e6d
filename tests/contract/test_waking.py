"""Processes wake one another through Postgres; on SQLite nobody is woken and nothing breaks."""

import queue
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from storage.engines.opening import Database, engine_for
from storage.index.store import SqlIndex
from storage.index.waking import FINISHED, RECEIVED, Waker, notify
from tests.contract.storage_adapters import Spawn
from tests.contract.storage_examples import claimed, publication_of, received
from tests.services.fixtures_postgres import NewDatabase

SOON_S = 5.0


class Ear:
    """What a waker said, and how often it had looked away."""

    def __init__(self) -> None:
        self.heard: queue.Queue[UUID] = queue.Queue()
        self.connected: queue.Queue[None] = queue.Queue()

    def waker(self, database: Database, channel: str) -> Waker:
        return Waker(database, channel, self.heard.put, looked_away=lambda: self.connected.put(None))

    def next(self) -> UUID:
        return self.heard.get(timeout=SOON_S)


@pytest.fixture
def database(postgres_database: NewDatabase) -> Iterator[Database]:
    database = engine_for(postgres_database("index"))
    yield database
    database.close()


@pytest.fixture
def ear(database: Database) -> Iterator[Ear]:
    """Listens to verdicts."""
    ear = Ear()
    with ear.waker(database, FINISHED):
        ear.connected.get(timeout=SOON_S)
        yield ear


def test_intake_hears_of_a_verdict_once_it_can_be_read(database: Database) -> None:
    index, seen = SqlIndex(database), queue.Queue[str]()

    def look(submission_id: UUID) -> None:
        row = index.submission(submission_id)
        seen.put(row.state if row else "nothing")

    connected = threading.Event()
    with Waker(database, FINISHED, look, looked_away=connected.set):
        assert connected.wait(SOON_S)
        submission_id = claimed(index)
        index.publish(submission_id, "worker", publication_of(submission_id))
        assert seen.get(timeout=SOON_S) == "published"


def test_workers_hear_of_a_reception_and_of_nothing_else(database: Database) -> None:
    ear, index = Ear(), SqlIndex(database)
    with ear.waker(database, RECEIVED):
        ear.connected.get(timeout=SOON_S)
        first = claimed(index)
        index.publish(first, "worker", publication_of(first))
        second = received(index)
        assert [ear.next(), ear.next()] == [first, second]


def test_another_process_is_heard_too(database: Database, ear: Ear, spawn: Spawn) -> None:
    submission_id = claimed(SqlIndex(database))
    address = database.engine.url.render_as_string(hide_password=False)
    assert spawn("publish_finished", address, submission_id).wait() == 0
    assert ear.next() == submission_id


def test_what_was_undone_wakes_nobody(database: Database, ear: Ear) -> None:
    with pytest.raises(KeyError), database.writing() as connection:
        notify(connection, FINISHED, uuid4())
        raise KeyError
    kept = uuid4()
    with database.writing() as connection:
        notify(connection, FINISHED, kept)
    assert ear.next() == kept


def test_a_broken_connection_is_made_again_and_told_of(database: Database, ear: Ear) -> None:
    with database.writing() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
        )
    ear.connected.get(timeout=SOON_S)
    submission_id = uuid4()
    with database.writing() as connection:
        notify(connection, FINISHED, submission_id)
    assert ear.next() == submission_id


def test_many_at_once_are_all_heard(database: Database, ear: Ear) -> None:
    ids = [uuid4() for _ in range(200)]

    def say(submission_id: UUID) -> None:
        with database.writing() as connection:
            notify(connection, FINISHED, submission_id)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(say, ids))
    assert sorted(ear.next() for _ in ids) == sorted(ids)


def test_it_stops_at_once_while_it_waits(database: Database) -> None:
    ear = Ear()
    waker = ear.waker(database, FINISHED).start()
    ear.connected.get(timeout=SOON_S)
    before = time.monotonic()
    waker.stop()
    waker.stop()
    assert time.monotonic() - before < 1


def test_it_stops_while_the_server_is_away() -> None:
    waker = Waker(
        engine_for("postgresql+psycopg://nobody@127.0.0.1:1/none"), FINISHED, lambda _: None
    ).start()
    time.sleep(0.1)
    before = time.monotonic()
    waker.stop()
    assert time.monotonic() - before < 1


def test_on_sqlite_it_is_silent(tmp_path: Path) -> None:
    database = engine_for(f"sqlite:///{tmp_path}/some.db")
    with Waker(database, RECEIVED, lambda _: None) as waker, database.writing() as connection:
        notify(connection, RECEIVED, uuid4())
        assert not waker.wakes
    database.close()
