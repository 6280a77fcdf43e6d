"""Name who stands in a line of the log: codes of the credential, with the French words of their tables."""

from collections.abc import Mapping
from typing import Any

from audit.audit_event import PROFESSION, SECTOR
from records.vocabulary.professions import PROFESSIONS
from records.vocabulary.sectors import SECTORS

_SYSTEMS: Mapping[str, str] = {PROFESSION: "profession", SECTOR: "sector"}


def display_of(system: str, code: str) -> str | None:
    """The French words of a profession or sector, by the OID of its table; None for others."""
    return _display(_SYSTEMS.get(system, ""), code)


def named(actor: Mapping[str, str]) -> dict[str, str]:
    """An actor as JSON: `profession_display` and `sector_display` beside codes that the tables know."""
    shown = dict(actor)
    for member in _SYSTEMS.values():
        if (display := _display(member, actor.get(member, ""))) is not None:
            shown[f"{member}_display"] = display
    return shown


def named_line(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line of the log as JSON, its actor `named`."""
    return {**line, "actor": named(line["actor"])}


def _display(member: str, code: str) -> str | None:
    profession = PROFESSIONS.get(code) if member == "profession" else None
    sector = SECTORS.get(code) if member == "sector" else None
    known = profession or sector
    return known.display if known is not None else None
