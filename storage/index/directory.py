"""The directory's rows: names of professionals and structures, and who exercises where. All is public."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, func, select

from records.people.directory import DirectoryEntry, Exercise, Person, Structure
from storage.engines.transactions import Database, repeated
from storage.index import tables
from storage.sql.conflicts import upsert

_PERSON = tables.practitioner.c
_STRUCTURE = tables.structure.c
_EXERCISE = tables.exercise.c

_PUT_PERSON = upsert(tables.practitioner, ["family_name", "given_name"])
_PUT_STRUCTURE = upsert(tables.structure, ["title", "town"])
_PUT_EXERCISE = upsert(tables.exercise, ["sector", "seen_at"])
_NUMBERS: BindParameter[Any] = bindparam("numbers", expanding=True)
_PEOPLE = select(_PERSON.number, _PERSON.family_name, _PERSON.given_name).where(_PERSON.number.in_(_NUMBERS))
_STRUCTURES = select(_STRUCTURE.number, _STRUCTURE.title, _STRUCTURE.town).where(
    _STRUCTURE.number.in_(_NUMBERS)
)
_EXERCISES = (
    select(_EXERCISE.person, _EXERCISE.profession, _EXERCISE.specialty, _EXERCISE.structure, _EXERCISE.sector)
    .where(_EXERCISE.person == bindparam("person"))
    .order_by(_EXERCISE.profession, _EXERCISE.structure, _EXERCISE.specialty)
)
_COUNT = select(func.count()).select_from(tables.exercise)
_COUNT_SEEN = _COUNT.where(_EXERCISE.seen_at == bindparam("at"))
_END = delete(tables.exercise).where(_EXERCISE.seen_at < bindparam("b_before"))


class Directory:
    """The index's part about who is who (see `storage.ports.index_parts`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @repeated
    def put_directory(self, entries: Collection[DirectoryEntry], at: int) -> None:
        # each key once, in its order: two imports at a time wait for each other's rows, and never crosswise
        people = {each.person.number: each.person for each in entries}
        structures = {each.structure.number: each.structure for each in entries if each.structure}
        exercises = {
            (
                each.exercise.person,
                each.exercise.profession,
                each.exercise.specialty,
                each.exercise.structure,
            ): each.exercise
            for each in entries
            if each.exercise
        }
        with self._database.writing() as connection:
            for statement, rows in (
                (_PUT_PERSON, [_row(people[key]) for key in sorted(people)]),
                (_PUT_STRUCTURE, [_row(structures[key]) for key in sorted(structures)]),
                (_PUT_EXERCISE, [_row(exercises[key]) | {"seen_at": at} for key in sorted(exercises)]),
            ):
                if rows:
                    connection.execute(statement, rows)

    def people(self, numbers: Collection[str]) -> dict[str, Person]:
        with self._database.reading() as connection:
            rows = connection.execute(_PEOPLE, {"numbers": sorted(numbers)})
            return {row.number: Person(*row) for row in rows}

    def structures(self, numbers: Collection[str]) -> dict[str, Structure]:
        with self._database.reading() as connection:
            rows = connection.execute(_STRUCTURES, {"numbers": sorted(numbers)})
            return {row.number: Structure(*row) for row in rows}

    def exercises(self, person: str) -> list[Exercise]:
        with self._database.reading() as connection:
            return [Exercise(*row) for row in connection.execute(_EXERCISES, {"person": person})]

    def count_exercises(self, *, seen_at: int | None = None) -> int:
        with self._database.reading() as connection:
            if seen_at is None:
                return int(connection.execute(_COUNT).scalar_one())
            return int(connection.execute(_COUNT_SEEN, {"at": seen_at}).scalar_one())

    @repeated
    def end_exercises(self, before: int) -> int:
        with self._database.writing() as connection:
            return connection.execute(_END, {"b_before": before}).rowcount


def _row(found: Person | Structure | Exercise) -> dict[str, object]:
    return {name: getattr(found, name) for name in found.__slots__}
