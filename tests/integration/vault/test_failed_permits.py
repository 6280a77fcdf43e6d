"""What a verb was permitted and could not do has its line, and in an emergency its window and notices."""

import pytest

from keyvault.verbs.reader.grants import granted
from records.errors import CoffreError
from tests.integration.vault.bench import Person, VaultBench


def test_a_grant_that_is_too_large_has_its_line(
    vault: VaultBench, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(granted, "MOST_BLOBS", 0)
    deposited = vault.deposit(person)
    vault.authorise(person)
    with vault.logging() as seen, pytest.raises(CoffreError) as refused:
        vault.release(vault.doctor(), person, [deposited])
    assert refused.value.code == "grant_too_large"
    assert [event.told for event in seen] == [("retrieve", "permit", "authorised")]
    assert seen[0].line["failed"] == "grant_too_large"


def test_in_an_emergency_it_has_its_window_and_notices_too(
    vault: VaultBench, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(granted, "MOST_BLOBS", 0)
    deposited = vault.deposit(person)
    with vault.logging() as seen, pytest.raises(CoffreError):
        vault.release(vault.emergency(), person, [deposited])
    assert [event.told[:2] for event in seen] == [("retrieve", "permit")]
    assert vault.sql("SELECT count(*) FROM emergency_window") == [(1,)]
    assert [notice.recipient for notice in vault.guard.housekeeper.take_notices("x")] == [
        "patient",
        "patient",
    ]  # of the deposit, and of the emergency


def test_bad_labels_of_the_holder_have_their_line(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    with vault.logging() as seen, pytest.raises(CoffreError):
        vault.label(person, deposited.document_id, "NO_SUCH_LABEL")
    assert [event.told[:2] for event in seen] == [("label", "permit")]
    vault.sequence()
    vault.guard.inspector.verify_log()


def test_so_has_what_nobody_foresaw(
    vault: VaultBench, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a details key that is not there")

    monkeypatch.setattr(granted, "open_rows", broken)
    deposited = vault.deposit(person)
    with vault.logging() as seen, pytest.raises(KeyError):
        vault.release(vault.emergency(), person, [deposited])
    assert [event.told[:2] for event in seen] == [("retrieve", "permit")]
    assert seen[0].line["failed"] == "internal"
    assert vault.sql("SELECT count(*) FROM emergency_window") == [(1,)]
