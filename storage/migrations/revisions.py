"""Revisions of tables: those this version knows, and what is refused. Loads no engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from records.errors import CoffreError

Branch = Literal["index", "vault", "day_keys", "accounts"]
MIGRATIONS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Noted:
    """What a database says of its tables: their revision, and the oldest one whose programs run on them;
    None where it says nothing.
    """

    revision: str | None
    runs_from: str | None = None


def refuse_other(noted: Noted, known: Sequence[str]) -> None:
    """Raises CoffreError `schema_behind` or `schema_ahead`, with the remedy, unless this program runs on the
    tables: they are of its last revision, or of a newer one that takes nothing away from it.
    """
    if noted.revision not in known and noted.runs_from in known:
        return
    refuse_newer(noted.revision, known)
    if noted.revision != known[-1]:
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
