"""Operational failures of Postgres as a code and a sentence that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from records.errors import CoffreError
from storage.engines.transactions import UndoneError

_BUSY = ("store_busy", "The database is busy; repeat the call in a moment.")
_DOWN = ("store_down", "The database does not answer; check that Postgres runs, then repeat the call.")
_REFUSED = (
    "store_refused",
    "The database refuses this role; check the name and password in the address, or run coffre roles "
    "as owner of the tables.",
)
_MISSING = ("store_missing", "There is no such database; create it, or check its name in the address.")
_CORRUPT = ("store_corrupt", "The database is damaged; restore it from a backup.")
_FAILING = ("store_failing", "The disk under the database fails; look at the server's log.")
_SENTENCES = {
    "55P03": _BUSY,  # lock_timeout
    "57014": _BUSY,  # statement_timeout
    "25P03": _BUSY,  # idle_in_transaction_session_timeout
    "53300": _BUSY,  # too many connections
    "53200": _BUSY,  # out of memory
    "53100": ("store_full", "The database's disk is full; free some space, then repeat the call."),
    "25006": ("store_read_only", "This Postgres only reads; give the address of the primary."),
    "3D000": _MISSING,
    "28": _REFUSED,
    "42501": _REFUSED,
    "08": _DOWN,
    "57P": _DOWN,  # shut down, crashed, not yet started
    "58": _FAILING,
    "XX001": _CORRUPT,
    "XX002": _CORRUPT,
}
_OF_CONNECTIONS = (OperationalError, InterfaceError)  # without a code: no connection, or one that broke
# a refused connection has no code either, only the server's words
_REFUSALS = {
    "authentication failed": _REFUSED,
    "permission denied": _REFUSED,
    "no pg_hba.conf entry": _REFUSED,
    "does not exist": _MISSING,
    "too many clients": _BUSY,
    "remaining connection slots": _BUSY,
}
_UNDONE = frozenset({"40001", "40P01"})  # serialization failure, deadlock


@contextmanager
def readable_errors() -> Iterator[None]:
    """Turns operational failures into CoffreError with a code and what to do.

    Others pass as they are, but for the detail line with which Postgres repeats a row's values.
    """
    try:
        yield
    except NoConnectionLeft as error:
        raise CoffreError(_BUSY[1], code=_BUSY[0]) from error
    except IntegrityError as error:
        raise _without_values(error) from None
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state in _UNDONE:
            raise UndoneError(_BUSY[1]) from None
        known = _known(state) if state else _of_connection(error)
        if known is None:
            raise _without_values(error) from None
        raise CoffreError(known[1], code=known[0]) from error


def _known(state: str) -> tuple[str, str] | None:
    return next((_SENTENCES[state[:n]] for n in (5, 3, 2) if state[:n] in _SENTENCES), None)


def _of_connection(error: DBAPIError) -> tuple[str, str] | None:
    if not isinstance(error, _OF_CONNECTIONS):
        return None
    return next((found for words, found in _REFUSALS.items() if words in str(error.orig)), _DOWN)


def _without_values(error: DBAPIError) -> DBAPIError:
    assert error.orig is not None
    first_line = getattr(getattr(error.orig, "diag", None), "message_primary", None)
    said = type(error.orig)(first_line or "the statement failed")
    return type(error)(error.statement, None, said, hide_parameters=True)


@contextmanager
def commit_errors() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        sentence = "The database was cut off while it committed; ask whether it is there before repeating."
        raise CoffreError(sentence, code="store_unsure") from error
