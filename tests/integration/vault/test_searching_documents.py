"""`search_documents`: pages of documents, studies and submission sets; what is hidden does not count."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.lists import filling
from keyvault.verbs.reader.lists.rows_needed import RowsNeeded
from keyvault.verbs.reader.lists.searching_documents import FoundDocuments
from records.errors import Invalid
from records.fhir.resources.submission_sets import set_id
from records.fhir.search.fhir_search import DOCUMENT, IMAGING_STUDY, SET, FhirSearch, set_search
from records.vocabulary.codes import ReasonCode
from tests.integration.vault.bench import STRANGER, Deposited, Person, VaultBench, rows_of

REPORTS = (("contenttype", "application/pdf"),)


def found(vault: VaultBench, call: Call, person: Person, asked: FhirSearch) -> FoundDocuments:
    answer = vault.reader.search_documents(call, person.record_id, asked)
    assert isinstance(answer, FoundDocuments), answer
    return answer


def pages(vault: VaultBench, call: Call, person: Person, asked: FhirSearch) -> Iterator[FoundDocuments]:
    while True:
        page = found(vault, call, person, asked)
        yield page
        if page.following is None:
            return
        asked = replace(asked, after=page.following)


def documents(page: FoundDocuments) -> list[UUID]:
    return [each.document_id for each in page.documents]


def submissions(page: FoundDocuments) -> list[UUID]:
    return [each.submission_id for each in page.sets]


@pytest.fixture
def deposited(vault: VaultBench, person: Person) -> list[Deposited]:
    """Newest first: a report, a study, two reports; the doctor may see them."""
    vault.authorise(person)
    made = []
    for number in range(4):
        vault.clock.advance(1)
        if number == 2:
            made.append(vault.deposit_study(person, "1.2.3"))
        else:
            made.append(vault.deposit(person, b"%%PDF-1.7 %d" % number))
    return made[::-1]


@pytest.mark.parametrize("asked", [(), REPORTS, (("status", "current"),)], ids=str)
@pytest.mark.parametrize("limit", [1, 2, 3, 9])
def test_pages_join_to_the_whole_with_one_line_each(
    vault: VaultBench,
    person: Person,
    deposited: list[Deposited],
    asked: tuple[tuple[str, str], ...],
    limit: int,
) -> None:
    expected = [each.document_id for each in deposited if asked != REPORTS or each is not deposited[1]]
    with vault.logging() as seen:
        walked = [*pages(vault, vault.doctor(), person, FhirSearch(DOCUMENT, asked, limit=limit))]
    assert [each for page in walked for each in documents(page)] == expected
    assert [event.told[:2] for event in seen] == [("search", "permit")] * len(walked)
    assert [event.line["documents"] for event in seen] == [str(len(page.documents)) for page in walked]
    assert walked[0].total == (len(expected) if len(walked) == 1 else None)
    assert {page.total for page in walked[1:]} <= {None}
    counted = found(vault, vault.doctor(), person, FhirSearch(DOCUMENT, asked, limit=0, counted=True))
    assert (documents(counted), counted.total) == ([], len(expected))


def test_what_matches_nothing_is_one_line_however_long_the_record(
    vault: VaultBench, person: Person, deposited: list[Deposited]
) -> None:
    with vault.logging() as seen:
        page = found(vault, vault.doctor(), person, FhirSearch(DOCUMENT, (("type", "none"),)))
    assert (documents(page), page.total, len(seen)) == ([], 0, 1)


def test_what_is_hidden_is_neither_matched_nor_counted_nor_linked(
    vault: VaultBench, person: Person, deposited: list[Deposited]
) -> None:
    doctor, report, study = vault.doctor(), deposited[0], deposited[1]
    for hidden in (report, study):
        vault.label(person, hidden.document_id, "MASQUE_PS")
    left = [each.document_id for each in deposited[2:]]
    counted = FhirSearch(DOCUMENT, counted=True)
    page = found(vault, doctor, person, counted)
    assert (documents(page), page.total) == (left, 2)
    assert found(vault, person.call, person, counted).total == 4
    for named in (report.document_id, uuid4()):
        page = found(vault, doctor, person, FhirSearch(DOCUMENT, (("_id", str(named)),), counted=True))
        assert (page.documents, page.total, page.following) == ((), 0, None)
    for named in (study.document_id, uuid4()):
        asked = FhirSearch(DOCUMENT, (("related", f"ImagingStudy/{named}"),))
        page = found(vault, doctor, person, asked)
        assert (page.documents, page.beside) == ((), ())
    assert found(vault, doctor, person, FhirSearch(IMAGING_STUDY)).documents == ()


def test_the_studies_of_a_page_are_looked_up_however_long_the_record(
    vault: VaultBench, person: Person, deposited: list[Deposited], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the token of their UID: of the reports none is read."""
    monkeypatch.setattr(filling, "PORTION", 1)  # a statement for each document that is walked past
    study = deposited[1].document_id
    asked = FhirSearch(DOCUMENT, (("_id", str(study)),), beside=True)

    def statements() -> int:
        vault.store.forget()
        page = found(vault, person.call, person, asked)
        assert [each.document_id for each in page.beside] == [study]
        return sum(each.verb == "find" and each.table == "document" for each in vault.store.statements)

    before = statements()
    for number in range(5):
        vault.deposit(person, b"%%PDF-1.7 more %d" % number)
    assert statements() == before


def test_submission_sets_are_newest_first_and_of_what_may_be_seen(
    vault: VaultBench, person: Person, deposited: list[Deposited]
) -> None:
    doctor = vault.doctor()
    every = sorted((each.row.submission_id for each in deposited), reverse=True)
    for limit in (1, 2, 9):
        walked = [*pages(vault, doctor, person, FhirSearch(SET, limit=limit))]
        assert [each for page in walked for each in submissions(page)] == every
    vault.label(person, deposited[0].document_id, "MASQUE_PS")
    hidden = deposited[0].row.submission_id
    walked = [*pages(vault, doctor, person, FhirSearch(SET, (("status", "current"),), limit=2))]
    assert [each for page in walked for each in submissions(page)] == [
        each for each in every if each != hidden
    ]
    assert found(vault, doctor, person, FhirSearch(SET, limit=0, counted=True)).total == 3
    record = walked[0].public_id
    for submission in (hidden, uuid4()):
        page = found(vault, doctor, person, set_search(set_id(record, submission)))
        assert (page.sets, page.disclosed) == ((), 0)
    seen = found(vault, doctor, person, set_search(set_id(record, deposited[2].row.submission_id)))
    assert [each.document_id for each in seen.sets[0].documents] == [deposited[2].document_id]


def test_a_study_that_grows_is_in_the_set_of_each_deposit(vault: VaultBench, person: Person) -> None:
    first = vault.deposit_study(person, "1.2.3", "1.2.3.4")
    vault.clock.advance(1)
    second = vault.deposit_study(person, "1.2.3", "1.2.3.5")
    assert first.document_id == second.document_id
    rows = rows_of(first, second)
    needed = vault.reader.search_documents(person.call, person.record_id, FhirSearch(SET))
    assert needed == RowsNeeded((first.document_id,))  # its summary is of what was there before
    page = vault.reader.search_documents(person.call, person.record_id, FhirSearch(SET), rows)
    assert isinstance(page, FoundDocuments)
    assert {*submissions(page)} == {first.row.submission_id, second.row.submission_id}
    assert {each.document_id for one in page.sets for each in one.documents} == {first.document_id}
    assert page.disclosed == 1


def test_nobody_else_s_record_and_a_malformed_condition(vault: VaultBench, person: Person) -> None:
    vault.deposit(person)
    refused = vault.reader.search_documents(vault.doctor(STRANGER), person.record_id, FhirSearch(SET))
    assert refused == Denied(ReasonCode.NOT_AUTHORISED)
    with pytest.raises(Invalid, match="date"):
        vault.reader.search_documents(
            person.call, person.record_id, FhirSearch(SET, (("date", "yesterday"),))
        )
