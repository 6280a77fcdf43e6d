"""What the audit officer is handed of one professional: checked where it is read, with the officer's key."""

from collections.abc import Iterator

import pytest

from audit.chains import check_line
from audit.view import AccountabilityLine, LogFault
from keyvault.verbs.operator import officer
from keyvault.verbs.operator.officer import Credentialed, SealedTrace, TracePage
from tests.integration.vault.bench import DOCTOR, HOSPITAL, PRACTICE, STRANGER, Person, VaultBench

HERE, ELSEWHERE = Credentialed(DOCTOR, PRACTICE), Credentialed(DOCTOR, HOSPITAL)


def every(vault: VaultBench, *of: Credentialed, **period: int) -> Iterator[SealedTrace]:
    after = None
    while True:
        page = vault.guard.operator.officer_traces(vault.operator(), of, after=after, **period)
        assert isinstance(page, TracePage)
        yield from page.traces
        if page.after is None:
            return
        after = page.after


@pytest.fixture
def looked(vault: VaultBench, person: Person) -> list[int]:
    """Five looks of one doctor, one elsewhere and a colleague's; answers when the doctor's were, in ms."""
    vault.authorise(person)
    vault.authorise(person, STRANGER)
    at = []
    for number in range(5):
        at.append(int(vault.clock() * 1000))
        vault.reader.documents(vault.doctor(), person.record_id, [])
        vault.clock.advance(number % 2)  # some at one instant
    vault.reader.documents(vault.doctor(structure=HOSPITAL), person.record_id, [])
    vault.reader.documents(vault.doctor(STRANGER), person.record_id, [])
    return at


@pytest.mark.parametrize("size", [1, 2, 5_000])
def test_all_of_one_person_and_nobody_else_s_page_by_page(
    vault: VaultBench, looked: list[int], size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(officer, "LARGEST_PAGE", size)
    found = list(every(vault, HERE))
    assert len(found) == len({each.leaf for each in found}) == 6, "wherever it was"
    assert len(list(every(vault, HERE, ELSEWHERE))) == 6
    assert len(list(every(vault, HERE, since=looked[2], until=looked[4]))) == len(
        [at for at in looked if looked[2] <= at < looked[4]]
    )


def test_each_is_checked_by_whoever_reads_it(vault: VaultBench, looked: list[int]) -> None:
    for each in every(vault, HERE):
        check_line(AccountabilityLine(each.leaf, each.entry, each.own, each.officer))
    vault.sql("UPDATE accountability SET own = zeroblob(80)")
    (changed, *_) = every(vault, HERE)
    with pytest.raises(LogFault) as refused:
        check_line(AccountabilityLine(changed.leaf, changed.entry, changed.own, changed.officer))
    assert refused.value.code == "line_changed"


def test_asking_is_on_the_log_with_whom_it_is_about(vault: VaultBench, looked: list[int]) -> None:
    with vault.logging() as seen:
        list(every(vault, HERE, ELSEWHERE))
    (event,) = seen
    assert event.told[:2] == ("root", "permit")
    assert (event.line["officer"], event.line["professional"]) == ("traces", DOCTOR)
