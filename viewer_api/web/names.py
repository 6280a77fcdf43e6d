"""Names of professionals and structures on pages, from the public directory, each with its number.

The number is what the vault decides on. The name is a help to those who read: a directory that is wrong, or
was changed, gives no right to anybody.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from records.people.directory import Exercise, Person, Structure
from storage.ports.index_parts import Named


@dataclass(frozen=True, slots=True)
class Names:
    """What the directory says of the numbers of one page."""

    people: Mapping[str, Person] = field(default_factory=dict)
    structures: Mapping[str, Structure] = field(default_factory=dict)

    def person(self, number: str) -> str | None:
        found = self.people.get(number)
        return found.name if found else None

    def place(self, number: str) -> str | None:
        found = self.structures.get(number)
        return found.name or None if found else None


async def names_of(
    directory: Named | None, people: Iterable[str] = (), structures: Iterable[str] = ()
) -> Names:
    """The names of these numbers; empty where nobody has a directory."""
    if directory is None:
        return Names()
    wanted, places = {*people}, {*structures}
    return Names(
        await asyncio.to_thread(directory.people, wanted) if wanted else {},
        await asyncio.to_thread(directory.structures, places) if places else {},
    )


async def exercises_of(directory: Named | None, person: str) -> Sequence[Exercise]:
    """Where the directory says that a professional exercises."""
    return () if directory is None else await asyncio.to_thread(directory.exercises, person)
