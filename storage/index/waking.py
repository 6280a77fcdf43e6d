"""Processes wake one another through Postgres (LISTEN, NOTIFY): workers when something was received, intake
when a verdict is there. A notice travels with its transaction, is lost with a connection, and decides
nothing: the rows do. On SQLite all of this does nothing: there
`coffre/processes/bells.py` wakes.
"""

import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from records.errors import CoffreError
from storage.engines.transactions import Database

RECEIVED, FINISHED = "coffre_received", "coffre_finished"
CONNECT_AGAIN_S = 1.0

_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


def notify(connection: Connection, channel: str, submission_id: UUID) -> None:
    """Tells every `Waker` of `channel`, once this transaction commits and only then."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY, {"channel": channel, "payload": str(submission_id)})


class Waker:
    """Listens on a connection of its own, in a thread of its own, and connects again for ever.

    `callback` is called in that thread with each submission id, quickly please; `looked_away` after every
    connection, because what was said before it was missed: look at the rows once.
    """

    def __init__(
        self,
        database: Database,
        channel: str,
        callback: Callable[[UUID], None],
        *,
        looked_away: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = database.engine
        self._listens = database.engine.dialect.name == "postgresql"
        self._channel, self._callback, self._looked_away = channel, callback, looked_away
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name=channel, daemon=True)

    @property
    def wakes(self) -> bool:
        """Whether anything will ever be heard: False on SQLite, where bells ring."""
        return self._listens

    def start(self) -> Self:
        if self._listens:
            self._thread.start()
        return self

    def stop(self) -> None:
        """Returns once no callback runs any more. May be repeated."""
        self._stop.close()
        if self._thread.is_alive():
            self._thread.join()
        self._stopped.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._listen_once() and not self._told_to_stop(CONNECT_AGAIN_S):
            continue

    def _listen_once(self) -> bool:
        """Listens until told to stop (True) or until there is no connection any more (False)."""
        try:
            with closing(self._connection()) as connection:
                connection.execute(f"LISTEN {self._channel}")
                self._looked_away()
                return self._hear(connection)
        except (self._engine.dialect.loaded_dbapi.Error, SQLAlchemyError, CoffreError):
            return False

    def _connection(self) -> Any:
        """A connection set up like the pool's, which does not belong to the pool."""
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        connection.autocommit = True
        return connection

    def _hear(self, connection: Any) -> bool:
        while True:
            for notice in connection.notifies(timeout=0):
                self._callback(UUID(notice.payload))
            if self._told_to_stop(None, connection):
                return True

    def _told_to_stop(self, seconds: float | None, *others: Any) -> bool:
        """Waits until there is something to read, from `stop` or from others."""
        with selectors.DefaultSelector() as selector:
            for each in (self._stopped, *others):
                selector.register(each, selectors.EVENT_READ)
            return any(key.fileobj is self._stopped for key, _ in selector.select(seconds))
