"""Write transactions of the threads of one process on one SQLite database: one after another, in order of
arrival, and several with one commit.

Who waits while another writes goes on in the same transaction of the database when that one is done, inside a
savepoint of its own; the last of them commits, and only then is any of them told that it is durable. One
fsync is then enough for all, which Postgres does by itself (its group commit). Each sees what those before it
wrote, and what fails in one is undone for that one.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine

LARGEST = 8
"""Transactions in one commit: the first waits for seven others at most."""


class CommitGroups:
    """Write transactions on one database. `begin_write` begins one on a connection, and waits for other
    processes.
    """

    def __init__(self, engine: Engine, begin_write: Callable[[Connection], None]) -> None:
        self._engine = engine
        self._begin_write = begin_write
        self._turn = FairLock()
        self._group: _Group | None = None

    @contextmanager
    def writing(self, *, alone: bool = False) -> Iterator[Connection]:
        """A transaction that is durable once left and undone by an exception; `alone` shares no commit."""
        self._take()
        try:
            group = self._joined(alone=alone)
        except BaseException:
            self._turn.leave()
            raise
        try:
            with group.part():
                yield group.connection
        finally:
            self._leave(group)
        group.wait()

    def _take(self) -> None:
        if self._turn.is_mine():  # a programming error must not be a deadlock
            raise RuntimeError("a write transaction is already open in this thread")
        try:
            self._turn.take()
        except BaseException:  # an interrupt: those whose changes wait for a commit must not wait for ever
            if self._turn.is_mine():
                self._leave(self._group)
            raise

    def _joined(self, *, alone: bool) -> "_Group":
        if alone and self._group is not None:
            self._end(self._group)
        if self._group is None:
            self._group = _Group(self._engine, self._begin_write, LARGEST if alone else 1)
        else:
            self._group.parts += 1
        return self._group

    def _leave(self, group: "_Group | None") -> None:
        """Hands the open transaction to who waits, or commits it."""
        if group is not None and not group.has_ended():
            if group.parts < LARGEST and self._turn.hand_over():
                return
            group.commit()
        self._group = None
        self._turn.leave()

    def _end(self, group: "_Group") -> None:
        group.commit()
        self._group = None


class _Group:
    """One transaction of the database and its parts, of which each but the first is inside a savepoint."""

    def __init__(self, engine: Engine, begin_write: Callable[[Connection], None], parts: int) -> None:
        self.parts = parts
        self._alone = True
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self.connection = engine.connect()
        try:
            self._transaction = self.connection.begin()
            begin_write(self.connection)
        except BaseException:
            self.connection.close()
            raise

    @contextmanager
    def part(self) -> Iterator[None]:
        """One thread's statements; undone by an exception, with all others' only where the engine did that
        already (a full disk).
        """
        savepoint = None if self._alone else self.connection.begin_nested()
        self._alone = False
        try:
            yield
            if savepoint is not None:
                savepoint.commit()
        except BaseException as error:
            driver: Any = self.connection.connection.driver_connection
            if savepoint is not None and driver.in_transaction:
                savepoint.rollback()
            else:
                self._fail(error)
            raise

    def commit(self) -> None:
        """Raises nothing: `wait` tells each part how it went."""
        try:
            self._transaction.commit()
        except BaseException as error:
            self._fail(error)
            return
        self.connection.close()
        self._ended.set()

    def _fail(self, error: BaseException) -> None:
        self._error = error
        try:
            self._transaction.rollback()
        finally:
            self.connection.close()
            self._ended.set()

    def has_ended(self) -> bool:
        return self._ended.is_set()

    def wait(self) -> None:
        """Until the commit is on the disk; raises what prevented that."""
        self._ended.wait()
        if self._error is not None:
            raise self._error


class FairLock:
    """Mutual exclusion in order of arrival."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._owner: int | None = None

    def take(self) -> None:
        """An interrupt while it waits may leave the lock with this thread (`is_mine`)."""
        me = threading.get_ident()
        with self._guard:
            if self._owner is None:
                self._owner = me
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:
            self._give_up(turn)
            raise
        self._owner = me

    def _give_up(self, turn: threading.Lock) -> None:
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
            else:
                self._owner = threading.get_ident()

    def is_mine(self) -> bool:
        return self._owner == threading.get_ident()

    def hand_over(self) -> bool:
        """Gives the lock to who has waited longest; False, and it is kept, where nobody waits."""
        with self._guard:
            if not self._waiting:
                return False
            self._owner = -1  # reserved for the next in line, which writes its own name
            self._waiting.popleft().release()
            return True

    def leave(self) -> None:
        with self._guard:
            if self._waiting:
                self._owner = -1
                self._waiting.popleft().release()
            else:
                self._owner = None
