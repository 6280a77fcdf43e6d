"""Threads of one process that write on one SQLite database: in order, and several with one commit."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from records.errors import CoffreError
from storage.engines.opening import engine_for
from storage.engines.sqlite.database import SqliteDatabase
from storage.engines.sqlite.turns import LARGEST, CommitGroups, FairLock

INSERT = text("INSERT INTO t VALUES (:a)")


class Writers:
    """A database that one thread holds while others arrive, each behind the one before."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.database = database
        self.commits: list[int] = []
        self.went_on = threading.Event()
        self._threads = ThreadPoolExecutor(2 * LARGEST)
        self._arrived = 0
        event.listen(database.engine, "commit", lambda _: self.commits.append(1))

    @property
    def lock(self) -> FairLock:
        return self.database._commits._turn

    def first(self) -> "Future[None]":
        """Inside its transaction until `went_on`."""
        inside = threading.Event()

        def write() -> None:
            with self.database.writing() as connection:
                connection.execute(INSERT, {"a": "first"})
                inside.set()
                self.went_on.wait()

        future = self._threads.submit(write)
        inside.wait()
        return future

    def next(self, name: str, then: Callable[[Any], None] = lambda _: None) -> "Future[None]":
        def write() -> None:
            with self.database.writing() as connection:
                connection.execute(INSERT, {"a": name})
                then(connection)

        future = self._threads.submit(write)
        self._arrived += 1
        while len(self.lock._waiting) < self._arrived:
            time.sleep(0.001)
        return future

    def rows(self) -> list[str]:
        with self.database.reading() as connection:
            return list(connection.execute(text("SELECT a FROM t ORDER BY rowid")).scalars())


@pytest.fixture
def writers(tmp_path: Path) -> Iterator[Writers]:
    database = engine_for(f"sqlite:///{tmp_path / 'some.db'}")
    assert isinstance(database, SqliteDatabase)
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE t (a TEXT PRIMARY KEY)"))
    found = Writers(database)
    yield found
    found.went_on.set()
    database.close()


def fail(_: object) -> None:
    raise KeyError


class TestOneCommit:
    def test_those_who_wait_share_it_in_order_of_arrival(self, writers: Writers) -> None:
        everyone = [writers.first(), *(writers.next(name) for name in "abc")]
        writers.went_on.set()
        for one in everyone:
            one.result()
        assert (len(writers.commits), writers.rows()) == (1, ["first", "a", "b", "c"])

    def test_nobody_is_told_before_it(self, writers: Writers) -> None:
        """`next` is inside its own transaction when it looks, so the first is neither visible nor told."""
        seen = []
        first = writers.first()
        second = writers.next("a", lambda _: seen.append((first.done(), writers.rows())))
        writers.went_on.set()
        first.result()
        second.result()
        assert seen == [(False, [])]

    def test_each_sees_what_those_before_it_wrote(self, writers: Writers) -> None:
        seen: list[str] = []
        first = writers.first()
        second = writers.next(
            "a", lambda connection: seen.extend(connection.execute(text("SELECT a FROM t")).scalars())
        )
        writers.went_on.set()
        first.result()
        second.result()
        assert sorted(seen) == ["a", "first"]

    def test_it_is_bounded(self, writers: Writers) -> None:
        everyone = [writers.first(), *(writers.next(str(number)) for number in range(LARGEST))]
        writers.went_on.set()
        for one in everyone:
            one.result()
        assert (len(writers.commits), len(writers.rows())) == (2, LARGEST + 1)

    def test_a_change_of_the_tables_shares_none(self, writers: Writers) -> None:
        def migrate() -> None:
            with writers.database.migrating() as connection:
                connection.execute(text("CREATE TABLE u (a TEXT)"))

        with ThreadPoolExecutor(1) as other:
            first = writers.first()
            migration = other.submit(migrate)
            while not writers.lock._waiting:
                time.sleep(0.001)
            writers.went_on.set()
            first.result()
            migration.result()
        assert len(writers.commits) == 2


class TestFailures:
    @pytest.mark.parametrize("last", [False, True])
    def test_what_fails_in_one_is_undone_for_that_one(self, writers: Writers, last: bool) -> None:
        first = writers.first()
        failing = writers.next("a", fail)
        others = [] if last else [writers.next("b")]
        writers.went_on.set()
        with pytest.raises(KeyError):
            failing.result()
        for one in (first, *others):
            one.result()
        assert writers.rows() == (["first"] if last else ["first", "b"])

    def test_a_commit_that_fails_is_told_to_all_and_nothing_is_written(
        self, writers: Writers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_: object) -> None:
            raise CoffreError("The disk is full.", code="store_full")

        with monkeypatch.context() as patched:
            patched.setattr(writers.database.engine.dialect, "do_commit", full)
            everyone = [writers.first(), writers.next("a")]
            writers.went_on.set()
            for one in everyone:
                with pytest.raises(CoffreError) as told:
                    one.result()
                assert told.value.code == "store_full"
        assert writers.rows() == []
        writers._arrived = 0
        writers.first().result()  # the database goes on
        assert writers.rows() == ["first"]

    def test_a_full_disk_in_one_never_has_another_told_of_what_is_not_there(self, writers: Writers) -> None:
        def fill(connection: Any) -> None:
            connection.execute(text("PRAGMA max_page_count=4"))
            connection.execute(text("INSERT INTO t VALUES (hex(zeroblob(100000)))"))

        everyone = {"first": writers.first(), "a": writers.next("a", fill), "b": writers.next("b")}
        writers.went_on.set()
        told = {name for name, one in everyone.items() if one.exception() is None}
        assert set(writers.rows()) == told
        error = everyone["a"].exception()
        assert isinstance(error, CoffreError)
        assert error.code == "store_full"

    @pytest.mark.parametrize("handed_over", [False, True])
    def test_an_interrupt_while_waiting_leaves_nobody_waiting(
        self, writers: Writers, handed_over: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = writers.first()

        class InterruptedTurn:
            """The wait is interrupted, before or after the lock was handed to the one who waits."""

            waits = 0

            def acquire(self) -> None:
                self.waits += 1
                if self.waits == 2:
                    if handed_over:
                        writers.went_on.set()
                        while writers.lock._waiting:
                            time.sleep(0.001)
                    raise KeyboardInterrupt

            def release(self) -> None: ...

        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr("storage.engines.sqlite.turns.threading.Lock", InterruptedTurn)
            with writers.database.writing():
                pass
        writers.went_on.set()
        first.result(timeout=10)
        assert writers.rows() == ["first"]

    def test_an_exception_of_a_change_of_the_tables_frees_everything(self, writers: Writers) -> None:
        with pytest.raises(KeyError), writers.database.migrating():
            raise KeyError
        with writers.database.writing() as connection:
            connection.execute(INSERT, {"a": "x"})
        assert writers.rows() == ["x"]

    def test_where_no_transaction_can_begin_the_turn_is_free_again(self, writers: Writers) -> None:
        def refuse(_: object) -> None:
            raise CoffreError("busy", code="store_busy")

        groups = CommitGroups(writers.database.engine, refuse)
        for _ in range(2):
            with pytest.raises(CoffreError), groups.writing():
                pass


def test_one_writes_at_a_time(writers: Writers) -> None:
    inside, most = 0, 0

    def enter(number: int) -> None:
        nonlocal inside, most
        for turn in range(50):
            with writers.database.writing() as connection:
                inside += 1
                most = max(most, inside)
                connection.execute(INSERT, {"a": f"{number}/{turn}"})
                inside -= 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(enter, range(8)))
    assert (most, len(writers.rows())) == (1, 400)
