"""Name who stands in a line of the log: codes of the credential, with the French words of their tables."""

from collections.abc import Mapping
from typing import Any

from records.vocabulary.professions import PROFESSIONS
from records.vocabulary.sectors import SECTORS


def named(actor: Mapping[str, str]) -> dict[str, str]:
    """An actor as JSON: `profession_display` and `sector_display` beside codes that the tables know."""
    shown = dict(actor)
    for member, table in (("profession", PROFESSIONS), ("sector", SECTORS)):
        known = table.get(actor.get(member, ""))
        if known is not None:
            shown[f"{member}_display"] = known.display
    return shown


def named_line(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line of the log as JSON, its actor `named`."""
    return {**line, "actor": named(line["actor"])}
