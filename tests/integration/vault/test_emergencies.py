"""Emergency modes: windows, notices, and the branch of the key that an opposition deletes."""

from collections.abc import Callable

import pytest

from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants.reading import Disclosed, ResolvedRecord
from keyvault.verbs.reader.grants.releasing import Released
from records.vocabulary.codes import Action, PurposeOfUse, ReasonCode
from tests.integration.vault.bench import (
    ATTENDING,
    DOCTOR,
    HOUR,
    REASON,
    STRANGER,
    Person,
    VaultBench,
    rows_of,
)

OTHER_REASON = "Accident de la route, sans papiers"


@pytest.fixture
def modes(vault: VaultBench) -> dict[str, Callable[[], Call]]:
    return {"bris_de_glace": vault.emergency, "centre_15": vault.regulation}


def listed(vault: VaultBench, call: Call, person: Person) -> object:
    return vault.reader.documents(call, person.record_id, [])


@pytest.mark.requirement("R26")
def test_breaking_the_glass_is_logged_with_its_reason_and_banner(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    call = vault.emergency()
    with vault.logging() as seen:
        listing = vault.reader.documents(call, person.record_id, rows_of(deposited))
    assert isinstance(listing, Disclosed)
    assert {each.value for each in listing.obligations} == {
        "notify_patient",
        "notify_attending",
        "show_emergency_banner",
    }
    (event,) = seen
    assert event.told == ("search", "permit", "emergency")
    assert event.entry.purpose is PurposeOfUse.BRIS_DE_GLACE and event.line["reason"] == REASON


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ({"reason": None}, ReasonCode.REASON_MISSING),
        ({"reason": " urgence  "}, ReasonCode.REASON_MISSING),
        ({"reason": REASON, "profession": "93"}, ReasonCode.PROFESSION_NOT_ENTITLED),
    ],
)
def test_the_glass_is_broken_by_a_health_professional_with_a_reason(
    vault: VaultBench, person: Person, call: dict[str, str], reason: ReasonCode
) -> None:
    asked = vault.doctor(STRANGER, purpose=PurposeOfUse.BRIS_DE_GLACE, **call)  # type: ignore[arg-type]
    with vault.logging() as seen:
        assert listed(vault, asked, person) == Denied(reason)
    assert [event.told for event in seen] == [("search", "deny", reason.value)]
    assert vault.sql("SELECT count(*) FROM notice") == [(0,)]


@pytest.mark.requirement("R27")
def test_the_regulation_centre_alone_uses_its_mode(vault: VaultBench, person: Person) -> None:
    with vault.logging() as seen:
        assert isinstance(listed(vault, vault.regulation(), person), Disclosed)
        outside = vault.doctor(STRANGER, purpose=PurposeOfUse.CENTRE_15)
        assert listed(vault, outside, person) == Denied(ReasonCode.NOT_REGULATION_CENTRE)
    assert [event.told for event in seen] == [
        ("search", "permit", "regulation_centre"),
        ("search", "deny", "not_regulation_centre"),
    ]


def test_a_patient_s_emergency_gives_no_permit(vault: VaultBench, person: Person) -> None:
    call = Call(token=person.call.token, purpose=PurposeOfUse.BRIS_DE_GLACE, reason=REASON)
    assert listed(vault, call, person) == Denied(ReasonCode.ROLE_NOT_ENTITLED)


def test_the_same_reason_serves_four_hours_and_then_expires(vault: VaultBench, person: Person) -> None:
    assert isinstance(listed(vault, vault.emergency(), person), Disclosed)
    vault.clock.advance(4 * HOUR - 1)
    assert isinstance(listed(vault, vault.emergency(), person), Disclosed)
    assert vault.sql("SELECT count(*) FROM emergency_window") == [(1,)]
    vault.clock.advance(1)
    with vault.logging() as seen:
        assert listed(vault, vault.emergency(), person) == Denied(ReasonCode.EMERGENCY_EXPIRED)
    (event,) = seen
    assert event.told == ("search", "deny", "emergency_expired") and event.line["reason"] == REASON
    vault.clock.advance(6 * HOUR)
    assert listed(vault, vault.emergency(), person) == Denied(ReasonCode.EMERGENCY_EXPIRED)


def test_letters_and_spaces_make_no_new_reason(vault: VaultBench, person: Person) -> None:
    assert isinstance(listed(vault, vault.emergency(), person), Disclosed)
    assert isinstance(listed(vault, vault.emergency(f"  {REASON.upper()} "), person), Disclosed)
    assert vault.sql("SELECT count(*) FROM emergency_window") == [(1,)]


def test_a_new_reason_begins_a_new_window_at_most_three_a_day(vault: VaultBench, person: Person) -> None:
    for number in range(3):
        assert isinstance(listed(vault, vault.emergency(f"{OTHER_REASON} {number}"), person), Disclosed)
        vault.clock.advance(HOUR)
    with vault.logging() as seen:
        assert listed(vault, vault.emergency("une raison de plus"), person) == Denied(
            ReasonCode.EMERGENCY_TOO_OFTEN
        )
    assert [event.told for event in seen] == [("search", "deny", "emergency_too_often")]
    assert isinstance(listed(vault, vault.emergency(f"{OTHER_REASON} 2"), person), Disclosed)  # still open
    assert isinstance(listed(vault, vault.emergency(rpps=DOCTOR), person), Disclosed)  # another doctor
    assert isinstance(listed(vault, vault.emergency(), vault.person()), Disclosed)  # another record
    vault.clock.advance(22 * HOUR)  # the first window is a day old
    assert isinstance(listed(vault, vault.emergency("une raison de plus"), person), Disclosed)


def test_notices_go_once_to_the_patient_and_each_attending_doctor(vault: VaultBench, person: Person) -> None:
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    vault.change(person, Action.NAME_ATTENDING, DOCTOR)
    for _ in range(3):
        listed(vault, vault.emergency(), person)
    once = ["patient", f"professional:{DOCTOR}", f"professional:{ATTENDING}"]
    assert sorted(who for _, who in vault.told("bris_de_glace")) == once
    listed(vault, vault.emergency(OTHER_REASON), person)
    assert sorted(who for _, who in vault.told("bris_de_glace")) == sorted(2 * once)


def test_a_notice_is_leased_sent_again_if_not_acknowledged_and_then_never(
    vault: VaultBench, person: Person
) -> None:
    listed(vault, vault.emergency(), person)
    take = vault.guard.housekeeper.take_notices
    (first,) = take("one")
    assert take("two") == []
    vault.clock.advance(61)
    (again,) = take("two")
    assert again == first
    vault.guard.housekeeper.ack_notice(first.notice_id, "two")
    vault.clock.advance(61)
    assert take("one") == []
    assert vault.guard.inspector.status()["notices"] == {"sent": 1}


def shown(vault: VaultBench, person: Person) -> list[tuple[str, int]]:
    listing = vault.reader.documents(vault.patient(person.ins), person.record_id, [])
    assert isinstance(listing, Disclosed)
    kinds = ("bris_de_glace", "centre_15")
    return [(notice.kind, notice.at) for notice in listing.notices if notice.kind in kinds]


@pytest.mark.requirement("R57")
def test_the_holder_alone_is_shown_what_waits_until_she_has_read_it(
    vault: VaultBench, person: Person
) -> None:
    """Part of the list, newest first, once acknowledged never again."""
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    began = int(vault.clock())
    listed(vault, vault.emergency(), person)
    vault.clock.advance(HOUR)
    listed(vault, vault.regulation(), person)
    assert shown(vault, person) == [("centre_15", began + HOUR), ("bris_de_glace", began)]
    for call in (vault.doctor(ATTENDING), vault.emergency()):
        listing = vault.reader.documents(call, person.record_id, [])
        assert isinstance(listing, Disclosed) and listing.notices == ()

    mine = vault.reader.documents(vault.patient(person.ins), person.record_id, [])
    assert isinstance(mine, Disclosed)
    by_kind = {notice.kind: notice.notice_id for notice in mine.notices}
    newest, oldest = by_kind["centre_15"], by_kind["bris_de_glace"]
    call = vault.patient(person.ins)
    with vault.logging() as seen:
        assert vault.reader.acknowledge(call, person.record_id, [oldest, oldest]) == 1
        assert vault.reader.acknowledge(call, person.record_id, [oldest]) == 0
    assert [event.told for event in seen] == [("acknowledge", "permit", "own_record")] * 2
    assert shown(vault, person) == [("centre_15", began + HOUR)]
    left = vault.guard.housekeeper.take_notices("messenger")
    assert sorted(notice.recipient for notice in left) == ["patient"] * 3 + ["professional"] * 2
    vault.guard.housekeeper.ack_notice(newest, "messenger")
    assert shown(vault, person) == [("centre_15", began + HOUR)], "a message may have been read by nobody"


def test_nobody_reads_a_notice_in_the_holder_s_place(vault: VaultBench, person: Person) -> None:
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    listed(vault, vault.emergency(), person)
    mine = vault.reader.documents(person.call, person.record_id, [])
    assert isinstance(mine, Disclosed)
    ids = [notice.notice_id for notice in mine.notices]
    other = vault.person()
    for call in (vault.doctor(ATTENDING), other.call, vault.operator()):
        with vault.logging() as seen:
            assert isinstance(vault.reader.acknowledge(call, person.record_id, ids), Denied)
        assert [event.told[:2] for event in seen] == [("acknowledge", "deny")]
    # nor is another person's notice ended through a record of one's own
    assert vault.reader.acknowledge(other.call, other.record_id, ids) == 0
    every = [row for (row,) in vault.sql("SELECT state FROM notice")]
    assert {*every} == {"queued"} and len(shown(vault, person)) == 1


def test_rows_of_notices_and_windows_name_nobody(vault: VaultBench, person: Person) -> None:
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    listed(vault, vault.emergency(), person)
    kept = repr(vault.sql("SELECT * FROM notice") + vault.sql("SELECT * FROM emergency_window"))
    assert not any(word in kept for word in (ATTENDING, STRANGER, person.ins, "inconscient"))


def test_looking_for_the_record_begins_the_emergency_once(vault: VaultBench, person: Person) -> None:
    """That there is such a record is news to whoever breaks the glass: it has its line, and its notice."""
    with vault.logging() as seen:
        assert isinstance(vault.reader.resolve(vault.emergency(), person.ins), ResolvedRecord)
        assert vault.reader.tokens(vault.emergency(), person.record_id, []) == ()
    assert [event.told for event in seen] == [("identify", "permit", "emergency")]
    assert seen[0].chain_id == person.record_id and seen[0].line["reason"] == REASON
    assert vault.sql("SELECT count(*) FROM emergency_window") == [(1,)]
    assert vault.sql("SELECT count(*) FROM notice") == [(1,)]


@pytest.mark.parametrize(("mode", "branch"), [("bris_de_glace", 2), ("centre_15", 3)])
def test_each_mode_opens_through_its_own_branch(
    vault: VaultBench, person: Person, modes: dict[str, Callable[[], Call]], mode: str, branch: int
) -> None:
    """Without the branch's wrap nothing opens, whatever the card says."""
    deposited = vault.deposit(person)
    call = modes[mode]()
    body = vault.granted(call, person, deposited)
    assert body.blobs[0].sealed.commitment == deposited.request.blobs[0].commitment
    vault.sql("DELETE FROM record_key WHERE branch=?", branch)
    with vault.logging() as seen:
        answer, _ = vault.release(call, person, [deposited])
    assert answer == Denied(ReasonCode.OPTED_OUT)
    assert [event.told for event in seen] == [("retrieve", "deny", "opted_out")]
    other = next(modes[name] for name in modes if name != mode)
    assert isinstance(vault.release(other(), person, [deposited])[0], Released)
    assert isinstance(vault.release(person.call, person, [deposited])[0], Released)


@pytest.mark.parametrize(("mode", "branch"), [("bris_de_glace", 2), ("centre_15", 3)])
@pytest.mark.requirement("R28")
def test_an_opposition_deletes_the_branch_and_consent_restores_it(
    vault: VaultBench, person: Person, modes: dict[str, Callable[[], Call]], mode: str, branch: int
) -> None:
    deposited = vault.deposit(person)
    record = person.record_id.bytes
    vault.allow(person, **{mode: False})
    branches = [b for (b,) in vault.sql("SELECT branch FROM record_key WHERE record_id=?", record)]
    assert branches == [b for b in (1, 2, 3) if b != branch]
    with vault.logging() as seen:
        assert vault.release(modes[mode](), person, [deposited])[0] == Denied(ReasonCode.OPTED_OUT)
        assert vault.reader.resolve(modes[mode](), person.ins) == Denied(ReasonCode.OPTED_OUT)
    assert [event.told[1:] for event in seen] == [("deny", "opted_out")] * 2
    vault.allow(person)
    assert vault.sql("SELECT count(*) FROM record_key WHERE record_id=?", record) == [(3,)]
    body = vault.granted(modes[mode](), person, deposited)
    assert body.blobs[0].dek == vault.granted(person.call, person, deposited).blobs[0].dek


@pytest.mark.parametrize(("mode", "branch"), [("bris_de_glace", 2), ("centre_15", 3)])
@pytest.mark.parametrize("with_digest", [False, True])
def test_a_card_and_an_index_from_before_the_opposition_open_nothing(
    vault: VaultBench,
    person: Person,
    modes: dict[str, Callable[[], Call]],
    mode: str,
    branch: int,
    with_digest: bool,
) -> None:
    deposited = vault.deposit(person)  # its row is the index from before
    ((card, version, digest),) = vault.sql(
        "SELECT card, card_version, card_digest FROM record WHERE record_id=?", person.record_id.bytes
    )
    vault.allow(person, **{mode: False})
    vault.sql(
        "UPDATE record SET card=?, card_version=? WHERE record_id=?",
        card,
        version,
        person.record_id.bytes,
    )
    if with_digest:
        vault.sql("UPDATE record SET card_digest=? WHERE record_id=?", digest, person.record_id.bytes)
        with vault.logging() as seen:
            assert vault.release(modes[mode](), person, [deposited])[0] == Denied(ReasonCode.OPTED_OUT)
        assert [event.told for event in seen] == [("retrieve", "deny", "opted_out")]
    else:
        with pytest.raises(Exception, match="differs from its digest"):
            vault.release(modes[mode](), person, [deposited])


def test_another_branch_s_wrap_does_not_pass_for_the_deleted_one(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    vault.allow(person, bris_de_glace=False)
    vault.sql("INSERT INTO record_key SELECT record_id, 2, key_version, shard_version, wrap FROM record_key "
              "WHERE branch=3 AND record_id=?", person.record_id.bytes)  # fmt: skip
    vault.sql("UPDATE record SET card_version=card_version")
    assert vault.release(vault.emergency(), person, [deposited])[0] == Denied(ReasonCode.OPTED_OUT)
    vault.allow(person)  # finds a wrap in place and leaves it: it is the wrong one, and stays shut
    with pytest.raises(Exception, match="key") as refusal:
        vault.release(vault.emergency(), person, [deposited])
    assert getattr(refusal.value, "code", "") == "key_unwrap_failed"


@pytest.mark.requirement("R19")
def test_masked_documents_and_blocked_doctors_stay_shut_in_an_emergency(
    vault: VaultBench, person: Person
) -> None:
    seen, masked = vault.deposit(person), vault.deposit(person, b"masked")
    vault.label(person, masked.document_id, "MASQUE_PS")
    listing = vault.reader.documents(vault.emergency(), person.record_id, rows_of(seen, masked))
    assert isinstance(listing, Disclosed)
    assert [each.document_id for each in listing.documents] == [seen.document_id]
    body = vault.granted(vault.emergency(), person, seen, masked)
    assert [each.document_id for each in body.documents] == [seen.document_id]
    vault.change(person, Action.BLOCK, STRANGER)
    assert listed(vault, vault.emergency(), person) == Denied(ReasonCode.BLOCKED)


def test_an_emergency_reads_and_does_nothing_else(vault: VaultBench, person: Person) -> None:
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    call = vault.emergency(rpps=ATTENDING)
    assert vault.reader.events(call, person.record_id) == Denied(ReasonCode.PURPOSE_NOT_ENTITLED)
    assert vault.sql("SELECT count(*) FROM emergency_window") == [(0,)]
