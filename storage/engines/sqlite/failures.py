"""Operational failures of SQLite as a code and a sentence that says what to do. Loads no engine."""

import sqlite3

from records.errors import CoffreError

_SENTENCES = {
    sqlite3.SQLITE_BUSY: (
        "store_busy",
        "The database is held by another process; repeat the call in a moment.",
    ),
    sqlite3.SQLITE_LOCKED: (
        "store_busy",
        "The database is held by another process; repeat the call in a moment.",
    ),
    sqlite3.SQLITE_FULL: ("store_full", "The disk is full; free some space, then repeat the call."),
    sqlite3.SQLITE_READONLY: (
        "store_read_only",
        "The database cannot be written; check the rights of its folder.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "store_missing",
        "The database cannot be opened; check its folder, or run coffre init.",
    ),
    sqlite3.SQLITE_CORRUPT: ("store_corrupt", "The database file is damaged; restore it from a backup."),
    sqlite3.SQLITE_NOTADB: ("store_corrupt", "The database file is damaged; restore it from a backup."),
    sqlite3.SQLITE_IOERR: ("store_failing", "The disk under the database fails; look at the system's log."),
}


def failure(error: BaseException | None) -> CoffreError | None:
    """What an error of the driver means to whoever called; None where nobody foresaw it."""
    # the low byte is the primary code, the rest details
    known = _SENTENCES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    return None if known is None else CoffreError(known[1], code=known[0])


def missing() -> CoffreError:
    code, sentence = _SENTENCES[sqlite3.SQLITE_CANTOPEN]
    return CoffreError(sentence, code=code)
