"""What a list reads: named documents and no others, and nothing older than what is asked for."""

from uuid import UUID, uuid4

import pytest

from keyvault.verbs.call import Call
from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.reader.lists.listing import Listing
from records.filters import DocumentFilter
from tests.integration.vault.bench import Person, VaultBench


@pytest.fixture
def person(vault: VaultBench) -> Person:
    person = vault.person()
    vault.authorise(person)
    return person


def listed(vault: VaultBench, call: Call, person: Person, page: ListPage) -> list[UUID]:
    answer = vault.reader.list(call, person.record_id, page)
    assert isinstance(answer, Listing)
    assert (answer.following, answer.preceding) == (None, None)
    return [each.document_id for each in answer.documents]


def several(vault: VaultBench, person: Person, count: int) -> list[UUID]:
    found = []
    for number in range(count):
        vault.clock.advance(1)
        found.append(vault.deposit(person, b"%%PDF-1.7 %d" % number).document_id)
    return found


def test_named_documents_are_listed_as_far_as_they_may_be_seen(vault: VaultBench, person: Person) -> None:
    first, second, masked, _ = several(vault, person, 4)
    other = vault.person()
    foreign = vault.deposit(other).document_id
    vault.reader.label(person.call, person.record_id, masked, ["MASQUE_PS"])
    page = ListPage(named=(first, masked, foreign, second, first, uuid4()), limit=100)
    assert listed(vault, person.call, person, page) == [masked, second, first]
    assert listed(vault, vault.doctor(), person, page) == [second, first]
    assert listed(vault, vault.doctor(), person, ListPage(named=(masked, foreign, uuid4()))) == []


def test_nothing_older_than_what_is_asked_for_is_read(
    vault: VaultBench, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyvault.verbs.reader.lists.filling.PORTION", 2)
    long, short = person, vault.person()
    several(vault, long, 9)
    since = int(vault.clock()) + 1
    page = ListPage(wanted=DocumentFilter(since=since), limit=5)
    read = []
    for record in (long, short):
        newest = several(vault, record, 1)
        vault.store.forget()
        assert listed(vault, record.call, record, page) == newest
        read.append(len(vault.store.statements))
    assert read[0] == read[1]
