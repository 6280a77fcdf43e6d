"""What every index keeps its word on: names of the public directory, and who exercises where."""

from records.people.directory import DirectoryEntry, Exercise, Person, Structure
from storage.ports.index import Index

CLAIRE, PAUL = Person("899700024450", "MARTIN", "Claire"), Person("899700024451", "DURAND", "Paul")
CABINET, CLINIC = Structure("1750000002", "CABINET", "ROUEN"), Structure("1750000003", "CLINIQUE", "")


def exercise(person: Person, structure: Structure, sector: str = "SA07") -> DirectoryEntry:
    return DirectoryEntry(person, Exercise(person.number, "10", "SM26", structure.number, sector), structure)


def test_names_are_found_by_number_and_nobody_elses(index: Index) -> None:
    index.put_directory([exercise(CLAIRE, CABINET), exercise(PAUL, CLINIC)], at=1)
    assert index.people([CLAIRE.number, "899700099999"]) == {CLAIRE.number: CLAIRE}
    assert index.structures([CABINET.number, CLINIC.number]) == {
        CABINET.number: CABINET,
        CLINIC.number: CLINIC,
    }
    assert index.people([]) == index.structures([]) == {}


def test_a_later_import_puts_names_in_place_of_earlier_ones(index: Index) -> None:
    index.put_directory([exercise(CLAIRE, CABINET)], at=1)
    married = Person(CLAIRE.number, "PETIT", "Claire")
    index.put_directory([exercise(married, CABINET, "SA08")], at=2)
    assert index.people([CLAIRE.number]) == {CLAIRE.number: married}
    assert [each.sector for each in index.exercises(CLAIRE.number)] == ["SA08"]


def test_the_same_lines_again_and_twice_in_one_batch_change_nothing(index: Index) -> None:
    for _ in range(2):
        index.put_directory([exercise(CLAIRE, CABINET), exercise(CLAIRE, CABINET)], at=1)
    assert index.count_exercises() == 1


def test_somebody_has_each_of_his_exercises(index: Index) -> None:
    index.put_directory([exercise(CLAIRE, CLINIC), exercise(CLAIRE, CABINET)], at=1)
    assert [each.structure for each in index.exercises(CLAIRE.number)] == [CABINET.number, CLINIC.number]
    assert index.exercises(PAUL.number) == []


def test_what_an_import_did_not_see_ends_and_names_stay(index: Index) -> None:
    index.put_directory([exercise(CLAIRE, CABINET), exercise(PAUL, CLINIC)], at=1)
    index.put_directory([exercise(CLAIRE, CABINET)], at=2)
    assert (index.count_exercises(), index.count_exercises(seen_at=2)) == (2, 1)
    assert index.end_exercises(2) == 1
    assert index.exercises(PAUL.number) == []
    assert index.people([PAUL.number]) == {PAUL.number: PAUL}


def test_entries_without_exercise_or_place_are_names_alone(index: Index) -> None:
    index.put_directory([DirectoryEntry(PAUL, None, None)], at=1)
    assert index.people([PAUL.number]) == {PAUL.number: PAUL}
    assert index.count_exercises() == 0
    index.put_directory([], at=1)
