"""Revisions of tables: those this version knows, and what is refused. Loads no engine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from records.errors import CoffreError

Branch = Literal["index", "vault", "day_keys", "accounts"]
MIGRATIONS = Path(__file__).parent / "migrations"


def refuse_other(current: str | None, known: Sequence[str]) -> None:
    """Raises CoffreError `schema_behind` or `schema_ahead`, with the remedy, unless the tables are of the
    last revision.
    """
    refuse_newer(current, known)
    if current != known[-1]:
        raise CoffreError(
            "The database is older than this program; run coffre migrate.", code="schema_behind"
        )


def refuse_newer(current: str | None, known: Sequence[str]) -> None:
    """Raises CoffreError `schema_ahead` where the tables are of a revision that this version lacks."""
    if current is not None and current not in known:
        sentence = "The database was written by a newer version; install that version."
        raise CoffreError(sentence, code="schema_ahead")


def revisions(branch: Branch) -> list[str]:
    """Every revision of a branch, oldest first, as the names of its files begin: `v0003_…` is "0003"."""
    return sorted(file.name[1:5] for file in (MIGRATIONS / branch).glob("v????_*.py"))
