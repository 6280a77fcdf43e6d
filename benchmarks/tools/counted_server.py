"""`coffre serve` that counts what its processes ask of their databases:
`python -m benchmarks.tools.counted_server FOLDER …`, the rest as for `coffre`.

Each process counts into a file of its own in FOLDER, which `benchmarks.statements` reads meanwhile. A count
is of a database and, inside the vault, of the verb that was asked.
"""

import mmap
import os
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, event

from coffre.cli import main
from keyvault.process.service import Door
from keyvault.process.wire import read_call
from storage.engines.sqlite.database import BEGIN_READ, BEGIN_WRITE, SqliteDatabase

COUNT = struct.Struct("88sQ")
"""What is counted, three words with zero bytes behind; and how often."""
MOST = 512
READING, WRITING, STATEMENTS, CALLED = "reading", "writing", "statements", "called"


Opened = Callable[[SqliteDatabase], AbstractContextManager[Connection]]


class Counts:
    """The counts of one process, by verb, database and kind."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._pid, self._lock = folder, 0, threading.Lock()
        self._asked = threading.local()

    def statement(self, connection: Connection, _cursor: object, sql: str, *_: object) -> None:
        """Listens to SQLAlchemy's before_cursor_execute."""
        if sql not in (BEGIN_READ, BEGIN_WRITE):
            self.count(connection.engine, STATEMENTS)

    def transactions(self, kind: str, opened: Opened) -> Opened:
        """`SqliteDatabase.reading` or `writing`, counted."""

        @contextmanager
        def counted(database: SqliteDatabase) -> Iterator[Connection]:
            with opened(database) as connection:
                self.count(database.engine, kind)
                yield connection

        return counted

    def answer(self, door: Door, data: bytes) -> bytes:
        """`Door.answer`, remembering the verb meanwhile."""
        self._asked.verb = f"{door.name}.{read_call(data)[0]}"
        self._count(f"{self._asked.verb} vault {CALLED}")
        try:
            return _ANSWER(door, data)
        finally:
            del self._asked.verb

    def count(self, engine: Engine, kind: str) -> None:
        database = Path(engine.url.database or "").stem
        self._count(f"{getattr(self._asked, 'verb', '-')} {database} {kind}")

    def _count(self, name: str) -> None:
        with self._lock:
            if self._pid != os.getpid():
                self._begin()
            place = self._places.get(name)
            if place is None:
                place = self._places[name] = COUNT.size * len(self._places)
            _, number = COUNT.unpack_from(self._map, place)
            COUNT.pack_into(self._map, place, name.encode(), number + 1)

    def _begin(self) -> None:
        """A file for this process: what was forked must not count for its parent."""
        self._pid = os.getpid()
        self._places: dict[str, int] = {}
        with (self._folder / str(self._pid)).open("w+b") as file:
            file.truncate(COUNT.size * MOST)
            self._map = mmap.mmap(file.fileno(), 0)


_ANSWER = Door.answer


def run() -> None:
    counts = Counts(Path(sys.argv.pop(1)))
    event.listen(Engine, "before_cursor_execute", counts.statement)
    SqliteDatabase.reading = counts.transactions(READING, SqliteDatabase.reading)  # type: ignore[method-assign, assignment]
    SqliteDatabase.writing = counts.transactions(WRITING, SqliteDatabase.writing)  # type: ignore[method-assign, assignment]

    def answer(door: Door, data: bytes) -> bytes:
        return counts.answer(door, data)

    Door.answer = answer  # type: ignore[method-assign, assignment]
    main()


if __name__ == "__main__":
    run()
