"""Connections to Postgres on which nobody waits for ever.

A server that was stopped, or a way on which everything gets lost without a word, answers nothing while its
kernel, or a proxy's, still acknowledges: neither keep-alives nor the server's own time-outs tell.
"""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

T = TypeVar("T")

LONGEST_S = 35.0
"""More than a statement may take on the server."""


class BoundedConnection(psycopg.Connection[Any]):
    """OperationalError, and the connection is closed, where an answer takes longer than `longest_s`."""

    longest_s: float | None = LONGEST_S

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        try:
            return super().wait(gen, interval, self.longest_s if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:  # its answer may still come
                self.pgconn.finish()
            raise
