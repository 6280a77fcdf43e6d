"""Transactions of every engine, for this room: two kinds, and their repetition."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from secrets import SystemRandom
from typing import ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine

from records.errors import CoffreError

ATTEMPTS = 4
LONGEST_FIRST_PAUSE_S = 0.02

P = ParamSpec("P")
T = TypeVar("T")


class Database(Protocol):
    """One database. Any number of threads and of processes may use it at once.

    Errors of any of these: CoffreError `store_busy` (another transaction held on for 15 s, or too many at
    once: repeat), `store_full`, `store_down`, `store_failing`, `store_missing`, `store_corrupt`,
    `store_read_only`, `store_refused`: nothing was written. `store_unsure`: the connection broke during the
    commit, ask before repeating.
    """

    @property
    def engine(self) -> Engine: ...

    def writing(self) -> AbstractContextManager[Connection]:
        """A write transaction: sees the present, is durable once left, undone by an exception.

        Whole databases are held (SQLite) or rows alone (Postgres): a verb that decides on a row locks it
        first (`with_for_update`), and rows that several verbs touch in one order of their keys.
        """

    def reading(self) -> AbstractContextManager[Connection]:
        """A consistent snapshot as of its first read; waits for nobody, cannot write."""

    def migrating(self) -> AbstractContextManager[Connection]:
        """A write transaction for changes of the tables: one at a time, however long it takes."""

    def close(self) -> None:
        """Gives back the connections."""


class UndoneError(CoffreError):
    """The engine undid this transaction to let another one through; the whole verb may be repeated."""

    code = "store_busy"


def repeated(verb: Callable[P, T]) -> Callable[P, T]:
    """Repeats a verb that is one transaction, where the engine undid it (a deadlock between two of them)."""

    @wraps(verb)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(1, ATTEMPTS):
            try:
                return verb(*args, **kwargs)
            except UndoneError:
                time.sleep(SystemRandom().uniform(0, LONGEST_FIRST_PAUSE_S * 2**attempt))
        return verb(*args, **kwargs)

    return call
