"""`search`: studies and series of a record (PS3.18 section 10.6); what is hidden does not count."""

from dataclasses import replace

import pytest

from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.lists.rows_needed import RowsNeeded
from keyvault.verbs.reader.lists.searching import FoundImaging
from records.imaging.attributes import Level
from records.imaging.items import below
from records.imaging.search import ImagingSearch
from records.vocabulary.codes import ReasonCode
from tests.integration.vault.bench import STRANGER, Deposited, Person, VaultBench, rows_of

STUDIES = ("1.2.1", "1.2.2", "1.2.3")


def found(vault: VaultBench, call: Call, person: Person, asked: ImagingSearch) -> FoundImaging:
    answer = vault.reader.search(call, person.record_id, asked)
    assert isinstance(answer, FoundImaging), answer
    return answer


def uids(page: FoundImaging) -> list[str]:
    return [each.key[0] for each in page.studies]


@pytest.fixture
def deposited(vault: VaultBench, person: Person) -> list[Deposited]:
    """Three studies, the newest last; the doctor may see them."""
    vault.authorise(person)
    made = []
    for uid in STUDIES:
        vault.clock.advance(1)
        made.append(vault.deposit_study(person, uid, f"{uid}.9", images=2))
    return made


@pytest.mark.parametrize("limit", [1, 2, 3, 9])
def test_pages_of_studies_join_to_the_whole(
    vault: VaultBench, person: Person, deposited: list[Deposited], limit: int
) -> None:
    walked: list[str] = []
    while True:
        asked = ImagingSearch(Level.STUDY, limit=limit, offset=len(walked))
        page = found(vault, vault.doctor(), person, asked)
        walked += uids(page)
        if not page.left:
            break
    assert walked == [*reversed(STUDIES)]


def test_a_uid_finds_its_study_and_no_other(
    vault: VaultBench, person: Person, deposited: list[Deposited]
) -> None:
    named = ImagingSearch(Level.STUDY, {"0020000D": ("1.2.2", "1.2.3")})
    assert uids(found(vault, vault.doctor(), person, named)) == ["1.2.3", "1.2.2"]
    absent = found(vault, vault.doctor(), person, ImagingSearch(Level.SERIES, study="1.2.9"))
    assert (absent.studies, absent.named) == ((), False)


def test_series_ask_for_the_details_that_they_stand_in(
    vault: VaultBench, person: Person, deposited: list[Deposited]
) -> None:
    asked, doctor = ImagingSearch(Level.SERIES, study="1.2.2"), vault.doctor()
    with vault.logging() as seen:
        needed = vault.reader.search(doctor, person.record_id, asked)
    assert needed == RowsNeeded((deposited[1].document_id,))
    assert seen == []  # nothing is disclosed yet
    with vault.logging() as seen:
        page = vault.reader.search(doctor, person.record_id, asked, rows_of(deposited[1]))
    assert isinstance(page, FoundImaging)
    assert [event.told[:2] for event in seen] == [("search", "permit")]
    (study,) = page.studies
    assert [each.whole["0020000E"]["Value"] for each in below(study, Level.SERIES, asked.conditions)] == [
        ["1.2.2.9"]
    ]


def test_series_of_several_studies_are_counted_beyond_the_page(
    vault: VaultBench, person: Person, deposited: list[Deposited]
) -> None:
    asked = ImagingSearch(Level.SERIES, limit=1, beyond=5)
    page = vault.reader.search(vault.doctor(), person.record_id, asked, rows_of(*deposited))
    assert isinstance(page, FoundImaging)
    assert (uids(page), page.skipped, page.left, page.cut) == (["1.2.3"], 0, 2, False)
    page = vault.reader.search(
        vault.doctor(), person.record_id, replace(asked, offset=1), rows_of(*deposited)
    )
    assert isinstance(page, FoundImaging)
    assert (uids(page), page.left) == (["1.2.2"], 1)


def test_what_is_hidden_is_neither_found_nor_counted(
    vault: VaultBench, person: Person, deposited: list[Deposited]
) -> None:
    vault.label(person, deposited[1].document_id, "MASQUE_PS")
    page = found(vault, vault.doctor(), person, ImagingSearch(Level.STUDY))
    assert (uids(page), page.left) == (["1.2.3", "1.2.1"], 0)
    hidden = found(vault, vault.doctor(), person, ImagingSearch(Level.SERIES, study="1.2.2"))
    assert (hidden.studies, hidden.named) == ((), False)
    assert uids(found(vault, person.call, person, ImagingSearch(Level.STUDY))) == [*reversed(STUDIES)]
    refused = vault.reader.search(vault.doctor(STRANGER), person.record_id, ImagingSearch(Level.STUDY))
    assert refused == Denied(ReasonCode.NOT_AUTHORISED)
