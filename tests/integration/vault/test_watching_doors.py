"""What the doors tell the vault: each arrival once, failures together, and more than is ordinary (ADR 40)."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from keyvault.process.wire import read_call, verbs_of
from keyvault.status import doors_told
from keyvault.verbs.door import MOST_NOTES, DoorVerbs
from records.door_notes import DoorNote
from records.errors import Invalid
from records.people.identity import INS_NIR_TEST
from records.vocabulary.codes import Role
from records.vocabulary.door_events import THRESHOLDS, DoorEvent
from tests.integration.vault.bench import DOCTOR, HOUR, PRACTICE, Person, VaultBench, new_ins
from tests.integration.vault.test_own_actions import own
from tests.integration.vault.test_refusals import lines

LIMIT = THRESHOLDS.per_hour[DoorEvent.FIRST_STEP_WRONG]


def whole(ins: str) -> str:
    return f"{ins.partition('|')[0]}|{INS_NIR_TEST}"


def arrived(vault: VaultBench, ins: str, **more: Any) -> DoorNote:
    told = {"note_id": uuid4(), "event": DoorEvent.SIGNED_IN, "role": Role.PATIENT, "means": "password+code"}
    at = int(vault.clock() * 1000)
    return DoorNote(**(told | {"at": at, "subject": "ins-hmac:x", "claims": {"ins": whole(ins)}} | more))


def failed(vault: VaultBench, counted: int, ins: str | None = None, **more: Any) -> DoorNote:
    told = {"note_id": uuid4(), "event": DoorEvent.FIRST_STEP_WRONG, "at": int(vault.clock() * 1000)}
    return DoorNote(**(told | {"counted": counted, "ins": ins and whole(ins)} | more))


@pytest.mark.requirement("R4", "R54")
def test_a_patient_reads_the_own_sign_in_in_the_own_log(vault: VaultBench, person: Person) -> None:
    vault.guard.signin.note(
        [arrived(vault, person.ins), arrived(vault, person.ins, event=DoorEvent.NEW_DEVICE)]
    )
    signed_in, device = lines(vault, person)[-2:]
    assert (signed_in["action"], signed_in["outcome"], signed_in["decision"]) == (
        "sign_in",
        "permit",
        "proven",
    )
    assert (signed_in["door_event"], signed_in["means"]) == ("signed_in", "password+code")
    assert signed_in["actor"] == {"role": "patient"} and device["door_event"] == "new_device"


@pytest.mark.requirement("R56")
def test_a_professional_finds_it_among_the_own_actions(vault: VaultBench, person: Person) -> None:
    claims = {"rpps": DOCTOR, "profession": "10", "structure": PRACTICE, "sector": "SA07"}
    note = arrived(vault, person.ins, role=Role.PROFESSIONAL, claims=claims, means="card")
    with vault.logging() as seen:
        vault.guard.signin.note([note])
    (event,) = seen
    vault.clock.advance(1)
    assert event.chain == 0 and event.line["actor"]["rpps"] == DOCTOR and event.line["means"] == "card"
    assert [each.action for each in own(vault, vault.doctor()).actions] == ["read_own_log", "sign_in"]


def test_a_note_that_is_told_again_changes_nothing(vault: VaultBench, person: Person) -> None:
    """The sign-in process was killed, or did not hear the answer; another vault process may take it then."""
    notes = [arrived(vault, person.ins), failed(vault, 7), failed(vault, 3, person.ins)]
    vault.guard.signin.note(notes)
    before = vault.dump()
    assert vault.another_process().signin.note(notes) == []
    after = vault.dump()
    same = ("entry", "event", "refusal", "quota_count")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


@pytest.mark.requirement("R4", "R54")
def test_failures_at_an_account_are_its_holder_s_to_read_one_line_at_once_and_one_an_hour(
    vault: VaultBench, person: Person
) -> None:
    for _ in range(50):
        vault.guard.signin.note([failed(vault, 4, person.ins)])
    (first,) = [line for line in lines(vault, person) if line["outcome"] == "deny"]
    assert (first["action"], first["decision"]) == ("sign_in", "wrong_password")
    assert first["actor"] == {"role": "unknown"}, "nobody knows who tried"
    vault.clock.advance(HOUR)
    vault.guard.housekeeper.expire()
    _, closing = [line for line in lines(vault, person) if line["outcome"] == "deny"]
    assert closing["repeated"] == 199


def test_a_flood_of_strangers_has_two_lines_an_hour(vault: VaultBench) -> None:
    with vault.logging() as seen:
        for _ in range(100):
            vault.guard.signin.note([failed(vault, 10)])
        vault.clock.advance(HOUR)
        vault.guard.housekeeper.expire()
    assert [event.told for event in seen] == [("sign_in", "deny", "wrong_password")] * 2
    assert (seen[1].line["repeated"], seen[1].chain) == (999, 0)


def test_who_has_no_record_stands_on_chain_0(vault: VaultBench) -> None:
    with vault.logging() as seen:
        vault.guard.signin.note([arrived(vault, new_ins()), failed(vault, 1, new_ins())])
    assert [(event.chain, event.told[1]) for event in seen] == [(0, "permit"), (0, "deny")]


def test_several_processes_together_pass_a_threshold_once(vault: VaultBench) -> None:
    other = vault.another_process()
    with vault.logging() as seen:
        assert vault.guard.signin.note([failed(vault, LIMIT - 1)]) == []
        assert other.signin.note([failed(vault, 1)]) == [], "up to it is ordinary"
        assert vault.guard.signin.note([failed(vault, 1)]) == [DoorEvent.FIRST_STEP_WRONG]
        assert other.signin.note([failed(vault, 500)]) == [], "once an hour"
    (told,) = [event.line for event in seen if event.line.get("door_event") == "threshold"]
    assert (told["of"], told["limit"], told["version"]) == ("password_wrong", str(LIMIT), THRESHOLDS.version)
    assert vault.guard.public.watched_doors() == ({"password_wrong": LIMIT + 501}, ["password_wrong"])
    vault.clock.advance(HOUR)
    assert vault.guard.public.watched_doors() == ({}, ["password_wrong"]), "told for an hour more"
    vault.clock.advance(HOUR)
    assert vault.guard.public.watched_doors() == ({}, [])


def test_accounts_asked_for_online_are_counted_at_the_door_and_have_a_line_with_their_letter(
    vault: VaultBench, person: Person
) -> None:
    limit, told = THRESHOLDS.per_hour[DoorEvent.ACCOUNT_ASKED], {"event": DoorEvent.ACCOUNT_ASKED}
    printed = [arrived(vault, person.ins, role=None, subject="", means="", **told) for _ in range(2)]
    with vault.logging() as seen:
        assert vault.guard.signin.note([failed(vault, limit, **told), *printed]) == []
        assert vault.guard.signin.note([failed(vault, 1, **told)]) == [DoorEvent.ACCOUNT_ASKED]
    assert [event.line["door_event"] for event in seen] == ["account_asked"] * 2 + ["threshold"]
    assert vault.guard.public.watched_doors() == ({"account_asked": limit + 1}, ["account_asked"])


def test_what_waited_for_the_vault_is_counted_in_the_hour_when_it_happened(vault: VaultBench) -> None:
    """A vault that was away for a night does not take the night for an attack."""
    then = int(vault.clock() * 1000)
    vault.clock.advance(9 * HOUR)
    late = [failed(vault, LIMIT // 2, at=then + hour * 3_600_000) for hour in range(9)]
    assert vault.guard.signin.note(late) == []
    with vault.store.inner.reading() as tx:
        assert doors_told(tx, int(vault.clock() * 1000))["doors_past_threshold"] == []


def test_too_many_notes_at_once_are_refused_whole(vault: VaultBench) -> None:
    with pytest.raises(Invalid, match="at most") as refused, vault.logging() as seen:
        vault.guard.signin.note([failed(vault, 1)] * (MOST_NOTES + 1))
    assert refused.value.code == "too_many_notes" and seen == []


def test_notes_cross_the_wire_as_they_are(vault: VaultBench) -> None:
    verb = verbs_of(DoorVerbs)["note"]
    notes = [arrived(vault, new_ins()), failed(vault, 3, new_ins(), note_id=UUID(int=5))]
    sent = verb.write_call({"notes": notes})
    assert verb.read_arguments(read_call(sent)[1]) == {"notes": notes}
