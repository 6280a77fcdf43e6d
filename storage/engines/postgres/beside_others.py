"""Statements beside the processes that work on, in the turn of migrations."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, text

from records.errors import CoffreError
from storage.engines.postgres.failures import readable_errors

_BESIDE_OTHERS = (text("SET statement_timeout = 0"), text("SET lock_timeout = 0"))
_TURN = 7163384699736027250
_TURN_WAIT_S, _TURN_PAUSE_S = 60, 0.2


@contextmanager
def beside_others(engine: Engine) -> Iterator[Connection]:
    """Statements that commit one by one, take as long as they take and have nobody wait, in the turn of
    migrations.
    """
    each_by_itself = engine.execution_options(isolation_level="AUTOCOMMIT")
    with readable_errors(), each_by_itself.connect() as connection:
        bounded: Any = connection.connection.driver_connection
        bounded.longest_s = None
        connection.detach()  # its settings and its turn end with it
        for statement in _BESIDE_OTHERS:
            connection.execute(statement)
        take_turn(connection, "pg_try_advisory_lock")
        yield connection


def take_turn(connection: Connection, function: str) -> None:
    """Asks again and again: who waits within a statement holds a snapshot, for which an index that is made
    beside others would wait in turn.
    """
    limit = time.monotonic() + _TURN_WAIT_S
    while not connection.execute(text(f"SELECT {function}({_TURN})")).scalar():
        if time.monotonic() > limit:
            raise CoffreError("Another migration is running; repeat the call after it.", code="store_busy")
        time.sleep(_TURN_PAUSE_S)
