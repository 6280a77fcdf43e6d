"""From a URL to a database with two kinds of transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from records.errors import CoffreError
from storage.sqlite import BEGIN_READ, BEGIN_WRITE, FairLock, readable_errors, sqlite_engine


class Database:
    """One database. Any number of threads, and of processes over the same file, may use it at once."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise CoffreError(
                "The database address is not a URL; write sqlite:///path.", code="bad_setting"
            ) from error
        if parsed.get_backend_name() != "sqlite":
            raise CoffreError(
                "This version keeps its tables in SQLite; write sqlite:///path.", code="bad_setting"
            )
        self.engine = sqlite_engine(parsed)
        self._turn = FairLock()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction: sees the present, excludes other writers, is durable once left, undone by an
        exception.

        CoffreError `store_busy` (another process held it for 15 s), `store_full`, `store_failing`…: nothing
        was written.
        """
        with readable_errors(), self._turn, self.engine.begin() as connection:
            connection.exec_driver_sql(BEGIN_WRITE)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent snapshot as of its first read; waits for nobody."""
        with readable_errors(), self.engine.begin() as connection:
            connection.exec_driver_sql(BEGIN_READ)
            yield connection

    def close(self) -> None:
        """Gives back the connections; the last process to close folds the write-ahead file into the
        database.
        """
        self.engine.dispose()


def engine_for(url: str) -> Database:
    """The database at `url` (`sqlite:///relative` or `sqlite:////absolute`). CoffreError `bad_setting`,
    `store_missing`.
    """
    return Database(url)
