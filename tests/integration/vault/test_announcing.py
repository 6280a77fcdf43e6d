"""A result not yet announced: hidden, announced, told of on day 14, visible after a month (R22)."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants.reading import Disclosed, EventPage
from keyvault.verbs.reader.holder.changing import Changed
from records.errors import CoffreError, NotFound
from records.notices import NoticeKind
from records.vocabulary.codes import PurposeOfUse, ReasonCode
from tests.integration.vault.bench import (
    HOUR,
    LABORATORY,
    REASON,
    STRANGER,
    Deposited,
    Person,
    VaultBench,
    rows_of,
)

HIDDEN = ["INVISIBLE_PATIENT"]
DUE = NoticeKind.ANNOUNCEMENT_DUE


def holder_sees(vault: VaultBench, person: Person, report: Deposited) -> bool:
    found = vault.reader.documents(vault.patient(person.ins), person.record_id, rows_of(report))
    assert isinstance(found, Disclosed), found
    return bool(found.documents)


def announce(vault: VaultBench, call: Call, person: Person, report: Deposited) -> Changed | Denied:
    return vault.reader.announce(call, person.record_id, report.document_id)


def code(call: Callable[[], object]) -> str:
    with pytest.raises(CoffreError) as refusal:
        call()
    return refusal.value.code


def notices(vault: VaultBench, person: Person) -> list[NoticeKind]:
    """What the patient is told of, oldest first; that the doctor was authorised is another matter."""
    found = vault.reader.notices(vault.patient(person.ins), person.record_id)
    assert not isinstance(found, Denied)
    told = [each.kind for each in reversed(found.notices)]
    return [NoticeKind(each) for each in told if each != NoticeKind.AUTHORISATION_CHANGED]


def expire(vault: VaultBench) -> None:
    vault.another_process().housekeeper.expire()


@pytest.mark.requirement("R22")
def test_r22_an_authorised_professional_announces_and_the_patient_sees_it_at_once(
    vault: VaultBench, person: Person
) -> None:
    report = vault.deposit(person, labels=HIDDEN)
    vault.authorise(person)
    assert not holder_sees(vault, person, report)
    with vault.logging() as log:
        assert announce(vault, vault.doctor(), person, report) == Changed({"labels": []})
        assert announce(vault, vault.doctor(), person, report) == Changed({"labels": []})
    assert [event.told for event in log] == [("announce", "permit", "authorised")] * 2
    assert holder_sees(vault, person, report)
    assert vault.sql("SELECT count(*) FROM clock") == [(0,)]
    vault.clock.advance(40 * 24 * HOUR)
    expire(vault)
    assert notices(vault, person) == []
    vault.guard.inspector.verify_log()


@pytest.mark.requirement("R22")
def test_r22_nobody_announces_who_may_not_consult(vault: VaultBench, person: Person) -> None:
    report = vault.deposit(person, labels=HIDDEN)
    own = vault.doctor(STRANGER, structure=LABORATORY)
    assert announce(vault, own, person, report) == Denied(ReasonCode.NOT_AUTHORISED)
    assert announce(vault, person.call, person, report) == Denied(ReasonCode.ROLE_NOT_ENTITLED)
    glass = vault.doctor(STRANGER, purpose=PurposeOfUse.BRIS_DE_GLACE, reason=REASON)
    assert announce(vault, glass, person, report) == Denied(ReasonCode.READ_ONLY_PURPOSE)
    vault.authorise(person)
    psychiatric = vault.deposit(person, b"%PDF-1.7 synthesis", labels=HIDDEN, type_code="68599-0")
    with pytest.raises(NotFound):  # a nurse does not read it (R16), so she is told of none
        announce(vault, vault.doctor(profession="60"), person, psychiatric)
    seen = vault.deposit(person, b"%PDF-1.7 seen")
    assert code(lambda: announce(vault, vault.doctor(), person, seen)) == "not_hidden"
    assert not holder_sees(vault, person, report)


@pytest.mark.requirement("R22")
def test_r22_the_author_s_side_hides_a_document_later_and_once(vault: VaultBench, person: Person) -> None:
    report = vault.deposit(person)
    own = vault.doctor(STRANGER, structure=LABORATORY)
    label = vault.reader.label
    refused = label(own, person.record_id, report.document_id, HIDDEN)
    assert refused == Denied(ReasonCode.NOT_AUTHORISED)  # like everybody, they need a right to consult
    vault.authorise(person, STRANGER)
    assert label(own, person.record_id, report.document_id, HIDDEN) == Changed({"labels": HIDDEN})
    assert not holder_sees(vault, person, report)
    assert vault.sql("SELECT count(*) FROM clock") == [(1,)]
    assert label(own, person.record_id, report.document_id, HIDDEN) == Changed({"labels": HIDDEN})
    assert code(lambda: label(own, person.record_id, report.document_id, [])) == "label_not_entitled"
    vault.authorise(person)
    refused = label(vault.doctor(), person.record_id, report.document_id, HIDDEN)
    assert refused == Denied(
        ReasonCode.NOT_AUTHORISED
    )  # another structure's doctor reads it and is no author
    announce(vault, vault.doctor(), person, report)
    assert code(lambda: label(own, person.record_id, report.document_id, HIDDEN)) == "already_announced"
    vault.guard.inspector.verify_log()


@pytest.mark.requirement("R22")
def test_r22_told_on_day_14_and_visible_after_a_month_by_itself(vault: VaultBench, person: Person) -> None:
    report = vault.deposit(person, labels=HIDDEN)
    vault.clock.advance(14 * 24 * HOUR - 1)
    expire(vault)
    assert notices(vault, person) == []
    vault.clock.advance(1)
    for _ in range(2):  # a second housekeeper, or one that starts again
        expire(vault)
    assert notices(vault, person) == [DUE]
    assert not holder_sees(vault, person, report)
    vault.clock.advance(17 * 24 * HOUR)
    for _ in range(2):
        expire(vault)
    assert notices(vault, person) == [DUE, NoticeKind.DEPOSIT]
    assert holder_sees(vault, person, report)
    assert vault.sql("SELECT count(*) FROM clock") == [(0,)]
    vault.guard.inspector.verify_log()


@pytest.mark.requirement("R22")
@pytest.mark.parametrize("year", [2027, 2044, 2099])
def test_r22_terms_hold_for_decades(vault: VaultBench, person: Person, year: int) -> None:
    start = datetime(year, 1, 31, 12, tzinfo=UTC)
    vault.clock.now = start.timestamp()
    vault.publish_day_keys()
    report = vault.deposit(person, labels=HIDDEN)
    vault.clock.now = datetime(year, 2, 28, 11, 59, tzinfo=UTC).timestamp()
    expire(vault)
    assert not holder_sees(vault, person, report)
    vault.clock.now = datetime(year, 2, 29 if year == 2044 else 28, 12, tzinfo=UTC).timestamp()
    assert holder_sees(vault, person, report)


@pytest.mark.requirement("R22")
def test_r22_a_clock_set_back_shortens_no_term(vault: VaultBench, person: Person) -> None:
    expire(vault)
    right = vault.clock()
    vault.clock.advance(-10 * HOUR)  # wrong, and set right again later
    report = vault.deposit(person, labels=HIDDEN)
    vault.clock.now = right + 14 * 24 * HOUR - 1
    expire(vault)
    assert notices(vault, person) == []
    vault.clock.advance(1)
    expire(vault)
    assert notices(vault, person) == [DUE]
    vault.clock.advance(-3 * 24 * HOUR)
    expire(vault)
    assert vault.sql("SELECT at FROM clock_mark") == [(int((right + 14 * 24 * HOUR) * 1000),)]
    assert not holder_sees(vault, person, report)


def test_a_clock_moved_in_the_database_rings_for_nobody(vault: VaultBench, person: Person) -> None:
    report = vault.deposit(person, labels=HIDDEN)
    other = vault.person()
    vault.deposit(other, labels=HIDDEN)
    vault.sql("UPDATE clock SET due_at = 1 WHERE record_id = ?", person.record_id.bytes)
    assert code(lambda: expire(vault)) == "unseal_failed"
    assert not holder_sees(vault, person, report)
    vault.clock.advance(14 * 24 * HOUR)
    assert code(lambda: expire(vault)) == "unseal_failed"  # and the other one rings all the same
    assert (notices(vault, person), notices(vault, other)) == ([], [DUE])


@pytest.mark.requirement("R22")
def test_r22_the_patient_s_log_tells_of_it_once_it_is_announced(vault: VaultBench, person: Person) -> None:
    def told(call: Call) -> list[str]:
        page = vault.reader.events(call, person.record_id)
        assert isinstance(page, EventPage)
        return [
            line["action"] for line in page.events if line["action"] in ("deposit", "retrieve", "announce")
        ]

    vault.deposit(person, b"%PDF-1.7 visible")
    report = vault.deposit(person, labels=HIDDEN)
    vault.authorise(person)
    vault.granted(vault.doctor(), person, report, documents=[[report.document_id]])
    assert told(person.call) == ["deposit"]
    announce(vault, vault.doctor(), person, report)
    assert told(person.call) == ["announce", "retrieve", "deposit", "deposit"]
