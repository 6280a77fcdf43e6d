"""Postgres as this room sets it up: durable, patient for a known time, and readable when it fails."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import run
from sys import executable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from uuid_utils.compat import uuid7

from records.errors import CoffreError
from storage.engines.opening import Database, engine_for
from storage.engines.transactions import UndoneError
from storage.index.store import SqlIndex
from tests.contract.storage_examples import RECORD, a_document, claim_next, claimed, publication_of, published
from tests.services.fixtures_postgres import Databases, NewDatabase


@pytest.fixture
def address(postgres_database: NewDatabase) -> str:
    return postgres_database()


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    database = engine_for(address)
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE t (a BIGINT PRIMARY KEY, b BIGINT NOT NULL)"))
        connection.execute(text("INSERT INTO t VALUES (1, 0), (2, 0)"))
    yield database
    database.close()


def set_on_connect(database: Database, setting: str) -> None:
    database.engine.dispose()

    def prepare(connection: Any, _record: object) -> None:
        connection.execute(f"SET {setting}")
        connection.commit()

    event.listen(database.engine, "connect", prepare)


def value(database: Database, expression: str) -> Any:
    with database.reading() as connection:
        return connection.execute(text(f"SELECT {expression}")).scalar_one()


def error_of(database: Database, statement: str) -> CoffreError:
    with pytest.raises(CoffreError) as caught, database.writing() as connection:
        connection.execute(text(statement))
    return caught.value


class TestConnections:
    @pytest.mark.parametrize(
        ("setting", "expected"),
        [
            ("statement_timeout", "30s"),
            ("lock_timeout", "15s"),
            ("idle_in_transaction_session_timeout", "1min"),
            ("synchronous_commit", "on"),
        ],
    )
    def test_every_one_waits_for_a_known_time_and_answers_after_the_disk(
        self, database: Database, setting: str, expected: str
    ) -> None:
        assert value(database, f"current_setting('{setting}')") == expected

    def test_a_database_that_answers_before_the_disk_is_overruled(
        self, address: str, postgres: Databases
    ) -> None:
        name = address.rpartition("/")[2]
        postgres.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        assert value(engine_for(address), "current_setting('synchronous_commit')") == "on"

    def test_one_that_is_not_in_utf8_is_refused(self, postgres: Databases) -> None:
        postgres.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'")
        with pytest.raises(CoffreError, match="UTF8") as refused:
            value(engine_for(postgres.service.url("latin")), "1")
        assert refused.value.code == "store_unsafe"
        postgres.drop("latin")

    def test_writers_see_the_present_and_readers_a_snapshot_they_cannot_write_to(
        self, database: Database
    ) -> None:
        with database.writing() as connection:
            level = connection.execute(text("SHOW transaction_isolation")).scalar_one()
        assert level == "read committed"
        assert value(database, "current_setting('transaction_isolation')") == "repeatable read"
        with pytest.raises(CoffreError) as refused, database.reading() as connection:
            connection.execute(text("DELETE FROM t"))
        assert refused.value.code == "store_read_only"

    def test_a_connection_that_broke_meanwhile_costs_no_call_an_error(self, database: Database) -> None:
        mine = value(database, "pg_backend_pid()")
        with engine_for(str(database.engine.url.render_as_string(False))).writing() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        time.sleep(0.1)
        assert value(database, "count(*) FROM t") == 2

    def test_every_address_of_postgres_means_psycopg_3(self, address: str) -> None:
        assert value(engine_for(address.replace("+psycopg", "")), "1") == 1


class TestErrors:
    def test_no_server(self) -> None:
        with pytest.raises(CoffreError, match="Postgres runs") as down:
            value(engine_for("postgresql+psycopg://nobody@127.0.0.1:1/none"), "1")
        assert down.value.code == "store_down"

    def test_no_such_database(self, postgres: Databases) -> None:
        with pytest.raises(CoffreError) as missing:
            value(engine_for(postgres.service.url("nowhere")), "1")
        assert missing.value.code == "store_missing"

    def test_a_wrong_password_is_told_without_it(self, postgres: Databases) -> None:
        with pytest.raises(CoffreError) as refused:
            value(engine_for(postgres.service.url(password="not the password")), "1")
        assert "not the password" not in str(refused.value)
        assert refused.value.code == "store_refused"

    def test_a_row_held_too_long(self, database: Database) -> None:
        set_on_connect(database, "lock_timeout = '50ms'")
        with database.writing() as holder, ThreadPoolExecutor(1) as other:
            holder.execute(text("UPDATE t SET b = 1 WHERE a = 1"))
            error = other.submit(error_of, database, "UPDATE t SET b = 2 WHERE a = 1").result()
        assert error.code == "store_busy"
        assert value(database, "b FROM t WHERE a = 1") == 1

    def test_a_statement_that_takes_too_long(self, database: Database) -> None:
        set_on_connect(database, "statement_timeout = '50ms'")
        assert error_of(database, "SELECT pg_sleep(5)").code == "store_busy"

    def test_a_process_stopped_inside_a_transaction_loses_it(self, database: Database) -> None:
        set_on_connect(database, "idle_in_transaction_session_timeout = '100ms'")
        with pytest.raises(CoffreError), database.writing() as sleeper:
            sleeper.execute(text("UPDATE t SET b = 1 WHERE a = 1"))
            time.sleep(0.3)
            sleeper.execute(text("UPDATE t SET b = 1 WHERE a = 2"))
        assert value(database, "sum(b) FROM t") == 0

    def test_of_a_deadlock_one_is_undone_and_may_be_repeated(self, database: Database) -> None:
        both_inside = threading.Barrier(2)

        def lock(first: int, second: int) -> str:
            try:
                with database.writing() as connection:
                    connection.execute(text("UPDATE t SET b = b + 1 WHERE a = :a"), {"a": first})
                    both_inside.wait()
                    connection.execute(text("UPDATE t SET b = b + 1 WHERE a = :a"), {"a": second})
            except UndoneError as error:
                return error.code
            return "done"

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(lock, (1, 2), (2, 1))) == ["done", "store_busy"]
        assert value(database, "sum(b) FROM t") == 2

    def test_a_commit_that_was_cut_off_is_told_as_such(self, database: Database) -> None:
        dialect: Any = database.engine.dialect
        commit = dialect.do_commit

        def cut_off(connection: Any) -> None:
            connection.driver_connection.close()
            commit(connection)

        dialect.do_commit = cut_off
        with pytest.raises(CoffreError) as unsure, database.writing() as connection:
            connection.execute(text("UPDATE t SET b = 1"))
        assert unsure.value.code == "store_unsure"

    def test_no_connection_left(self, database: Database) -> None:
        database.engine.pool._timeout = 0.05  # type: ignore[attr-defined]
        held = [database.engine.connect() for _ in range(16)]
        with pytest.raises(CoffreError) as busy:
            value(database, "1")
        assert busy.value.code == "store_busy"
        for connection in held:
            connection.close()


class TestIndexUnderConcurrency:
    """Rows are locked, not the database: what SQLite's single writer rules out must be ruled out here."""

    @pytest.fixture
    def index(self, postgres_database: NewDatabase) -> Iterator[SqlIndex]:
        database = engine_for(postgres_database("index"))
        yield SqlIndex(database)
        database.close()

    def test_workers_do_not_wait_for_one_another_nor_take_the_same(self, index: SqlIndex) -> None:
        wanted = {claimed(index, worker=f"dead {n}") for n in range(40)}

        def work(worker: str) -> list[UUID]:
            found = []
            while one := claim_next(index, worker, now=20_000, until=30_000):
                found.append(one.submission_id)
            return found

        with ThreadPoolExecutor(8) as pool:
            taken = [one for found in pool.map(work, map(str, range(8))) for one in found]
        assert sorted(taken) == sorted(wanted)

    @pytest.mark.parametrize("round_number", range(3))
    def test_of_submissions_with_common_parts_one_claims_all_of_its_own(
        self, index: SqlIndex, round_number: int
    ) -> None:
        common = [number.to_bytes(32) for number in range(300)]
        submissions = [claimed(index) for _ in range(6)]

        def claim(number: int) -> bool:
            tokens = common if number % 2 else common[::-1]
            return index.claim_parts(submissions[number], dict(enumerate(tokens, 1))).busy

        with ThreadPoolExecutor(6) as pool:
            busy = list(pool.map(claim, range(6)))
        assert busy.count(False) == 1

    def test_publications_that_touch_the_same_studies_all_arrive(self, index: SqlIndex) -> None:
        studies = [published(index, a_document(document_id=uuid7())) for _ in range(6)]

        def publish(number: int) -> bool:
            submission_id = claimed(index)
            found = studies if number % 2 else studies[::-1]
            rows = publication_of(submission_id, row_version=number + 2)
            of_each = tuple(
                rows.details[0].__class__(
                    document_id=study.document_id,
                    row_version=number + 2,
                    submission_id=submission_id,
                    sealed=b"row",
                    created_at=1,
                )
                for study in found
            )
            return index.publish(
                submission_id,
                "worker",
                publication_of(submission_id, documents=tuple(found), details=of_each),
            )

        with ThreadPoolExecutor(6) as pool:
            assert all(pool.map(publish, range(12)))
        assert {len(details) for _, details in index.documents(RECORD, limit=100)} == {13}


def test_ids_made_later_come_later(postgres_database: NewDatabase) -> None:
    """UUIDv7: the order of Postgres's own uuid type is the order of time, as it is of bytes."""
    ids = [uuid7() for _ in range(200)]
    database = engine_for(postgres_database())
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE t (a uuid)"))
        for one in sorted(ids, key=str, reverse=True):
            connection.execute(text("INSERT INTO t VALUES (:a)"), {"a": one})
        found = list(connection.execute(text("SELECT a FROM t ORDER BY a")).scalars())
    database.close()
    assert found == ids == sorted(ids, key=lambda one: one.bytes)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(CoffreError, match=r"coffre\[engines\]") as missing:
        engine_for("postgresql+psycopg://localhost/x")
    assert missing.value.code == "engine_missing"


def test_no_password_is_shown(postgres: Databases) -> None:
    database = engine_for(postgres.service.url())
    assert postgres.service.password not in repr(database.engine) + str(database.engine.url)


def test_the_package_needs_no_psycopg_for_sqlite(tmp_path: Path) -> None:
    code = "import sys; sys.modules['psycopg'] = None; import storage.index.store; "
    code += f"import storage.engines.opening as e; e.engine_for('sqlite:///{tmp_path}/some.db').close()"
    run([executable, "-c", code], cwd=Path(__file__).parents[2], check=True)
