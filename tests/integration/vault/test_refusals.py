"""Refusals that repeat (R54, ADR 13): the first of an hour has its line at once, the others share one with
their number.
"""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest

from keyvault.credentials.refusing import CredentialError
from keyvault.log.refusals import Together
from keyvault.quotas import DEFAULT_QUOTAS
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants.reading import Disclosed, EventPage
from records.vocabulary.codes import PurposeOfUse, ReasonCode, Role
from tests.integration.vault.bench import DOCTOR, HOUR, STRANGER, Person, VaultBench, new_ins

RUBBISH = Call(token="rubbish")


def refuse(vault: VaultBench, person: Person, times: int, rpps: str = STRANGER) -> None:
    for _ in range(times):
        answer = vault.reader.documents(vault.doctor(rpps), person.record_id, [])
        assert isinstance(answer, Denied) and answer.reason is ReasonCode.NOT_AUTHORISED


def lines(vault: VaultBench, person: Person) -> list[dict[str, Any]]:
    """The record's log as its holder reads it, oldest first."""
    page = vault.reader.events(person.call, person.record_id, limit=500)
    assert isinstance(page, EventPage)
    return [line for line in reversed(page.events) if line["action"] != "read_log"]


def of(vault: VaultBench, person: Person, outcome: str) -> list[dict[str, Any]]:
    return [line for line in lines(vault, person) if line["outcome"] == outcome]


def rubbish(vault: VaultBench, times: int) -> None:
    for _ in range(times):
        with pytest.raises(CredentialError):
            vault.reader.resolve(RUBBISH, new_ins())


def test_of_250_refusals_the_patient_sees_one_at_once_and_one_line_with_the_number(
    vault: VaultBench, person: Person
) -> None:
    vault.authorise(person, DOCTOR)
    refuse(vault, person, 125)
    assert isinstance(vault.reader.documents(vault.doctor(DOCTOR), person.record_id, []), Disclosed)
    refuse(vault, person, 125)
    (first,) = of(vault, person, "deny")
    assert "repeated" not in first
    vault.clock.advance(HOUR)
    vault.guard.housekeeper.expire()
    first, closing = of(vault, person, "deny")
    assert closing["repeated"] == 249
    same = ("actor", "action", "decision", "purpose")
    assert [closing[name] for name in same] == [first[name] for name in same]
    assert closing["first"] <= closing["last"] < closing["time"]
    assert len([line for line in lines(vault, person) if line["action"] == "search"]) == 3  # the permit's own


def test_the_next_refusal_writes_the_line_of_an_hour_that_is_over(vault: VaultBench, person: Person) -> None:
    refuse(vault, person, 3)
    vault.clock.advance(HOUR)
    refuse(vault, person, 1)
    assert [line.get("repeated") for line in of(vault, person, "deny")] == [None, 2, None]
    vault.clock.advance(2 * HOUR)
    vault.guard.housekeeper.expire()
    assert [line.get("repeated") for line in of(vault, person, "deny")] == [
        None,
        2,
        None,
    ]
    assert vault.sql("SELECT count(*) FROM refusal") == [(0,)]


def test_other_people_actions_and_reasons_are_told_apart(vault: VaultBench, person: Person) -> None:
    another = vault.person()
    refuse(vault, person, 2)
    refuse(vault, person, 2, rpps=DOCTOR)
    refuse(vault, another, 2)
    for _ in range(2):
        vault.reader.label(vault.doctor(STRANGER), person.record_id, uuid4(), [])
    found = {(line["actor"]["rpps"], line["action"]) for line in of(vault, person, "deny")}
    assert len(of(vault, person, "deny")) == 3 and len(found) == 3
    assert len(of(vault, another, "deny")) == 1


def test_permits_and_emergencies_have_each_their_own_line(vault: VaultBench, person: Person) -> None:
    vault.authorise(person, DOCTOR)
    vault.allow(person)
    for _ in range(5):
        assert isinstance(vault.reader.documents(vault.doctor(DOCTOR), person.record_id, []), Disclosed)
        assert isinstance(vault.reader.documents(vault.emergency(), person.record_id, []), Disclosed)
    told = [line["purpose"] for line in of(vault, person, "permit") if line["action"] == "search"]
    assert told == ["normal", "bris_de_glace"] * 5


def test_each_emergency_that_the_policy_refuses_has_its_own_line(vault: VaultBench, person: Person) -> None:
    vault.allow(person, bris_de_glace=False)
    reasons = [f"Found unconscious, call {number}" for number in range(60)]
    for reason in reasons:
        assert isinstance(
            vault.reader.documents(vault.emergency(reason=reason), person.record_id, []), Denied
        )
    vault.clock.advance(HOUR)
    vault.guard.housekeeper.expire()
    refused = of(vault, person, "deny")
    assert [line["reason"] for line in refused] == reasons
    assert not any("repeated" in line for line in refused)


def test_emergencies_beyond_the_limit_of_one_person_on_one_record_are_counted(
    vault: VaultBench, person: Person
) -> None:
    vault.allow(person, bris_de_glace=False)
    most = DEFAULT_QUOTAS.emergency_refused_record[Role.PROFESSIONAL].per_hour
    answers = [vault.reader.documents(vault.emergency(), person.record_id, []) for _ in range(most + 30)]
    assert answers[most - 1] == Denied(ReasonCode.OPTED_OUT)
    assert answers[most:] == [Denied(ReasonCode.QUOTA_EXCEEDED)] * 30
    assert len(of(vault, person, "deny")) == most + 1  # the quota's own first line
    vault.clock.advance(HOUR)
    with vault.logging() as seen:
        vault.guard.housekeeper.expire()
    (closing,) = seen
    assert closing.told == ("search", "deny", "quota_exceeded") and closing.chain == 0


def test_a_rubbish_token_is_no_emergency(vault: VaultBench) -> None:
    call = Call(token="rubbish", purpose=PurposeOfUse.BRIS_DE_GLACE, reason="Found unconscious")
    with vault.logging() as seen:
        for _ in range(10):
            with pytest.raises(CredentialError):
                vault.reader.resolve(call, new_ins())
    assert len(seen) == 1


def test_rubbish_tokens_have_one_line_and_then_one_an_hour(vault: VaultBench) -> None:
    with vault.logging() as seen:
        rubbish(vault, 50)
    assert [event.told for event in seen] == [("authenticate", "deny", "bad_credential")]
    vault.clock.advance(HOUR)
    with vault.logging() as seen:
        vault.guard.housekeeper.expire()
        vault.guard.housekeeper.expire()
    (event,) = seen
    assert event.told == ("authenticate", "deny", "bad_credential") and event.chain == 0


def test_a_name_that_nobody_has_is_told_apart_like_a_record(vault: VaultBench, person: Person) -> None:
    """Otherwise what a refusal costs would tell which names have a record (test_decoy)."""
    absent = [new_ins() for _ in range(3)]
    with vault.logging() as seen:
        for ins in (*absent, person.ins) * 5:
            vault.reader.resolve(vault.doctor(STRANGER), ins)
    assert [event.told[2] for event in seen] == ["no_such_record"] * 3 + ["not_authorised"]
    vault.clock.advance(HOUR)
    with vault.logging() as seen:
        vault.guard.housekeeper.expire()
    assert len(seen) == 4


def test_refusals_of_operators_verbs_are_counted_like_those_of_readers(vault: VaultBench) -> None:
    with vault.logging() as seen:
        for _ in range(10):
            vault.guard.operator.rotate_secrets([vault.doctor(DOCTOR), vault.doctor(STRANGER)])
    assert len(seen) == 1


@pytest.mark.parametrize("killed_after", [1, 40])
def test_what_was_counted_survives_a_kill(vault: VaultBench, person: Person, killed_after: int) -> None:
    child = os.fork()
    if child == 0:
        with suppress(Exception):
            other = VaultBench(vault.folder, vault.authority, vault.officer_public, vault.clock)
            refuse(other, person, killed_after)
            rubbish(other, killed_after)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    refuse(vault, person, 10)
    rubbish(vault, 10)
    vault.clock.advance(HOUR)
    with vault.logging() as seen:
        vault.guard.housekeeper.expire()
    assert of(vault, person, "deny")[-1]["repeated"] == killed_after + 9
    assert sorted(event.told[0] for event in seen) == ["authenticate", "search"]
    ((total,),) = vault.sql("SELECT count(*) FROM entry WHERE CAST(entry AS TEXT) LIKE '%bad_credential%'")
    assert total == 2


def test_counts_of_many_vaults_are_added_up(vault: VaultBench, person: Person) -> None:
    others = [vault.another_process() for _ in range(3)]

    def ask(number: int) -> None:
        others[number % 3].reader.documents(vault.doctor(STRANGER), person.record_id, [])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(ask, range(60)))
    vault.clock.advance(HOUR)
    for other in others:
        other.housekeeper.expire()
    assert [line.get("repeated") for line in of(vault, person, "deny")] == [None, 59]


def test_the_log_with_counted_refusals_verifies(vault: VaultBench, person: Person) -> None:
    refuse(vault, person, 5)
    rubbish(vault, 5)
    vault.clock.advance(HOUR)
    vault.guard.housekeeper.expire()
    vault.guard.housekeeper.sequence()
    assert vault.guard.housekeeper.checkpoint() is not None
    assert vault.guard.inspector.verify_log().size == len(vault.sql("SELECT 1 FROM entry"))


def test_the_row_of_a_count_names_nobody(vault: VaultBench, person: Person) -> None:
    refuse(vault, person, 2)
    ((name, sealed),) = vault.sql("SELECT refusal, sealed FROM refusal")
    kept = bytes(name) + bytes(sealed)
    assert STRANGER.encode() not in kept and person.ins.encode() not in kept


def test_calls_that_come_at_once_are_counted_by_few_writes_and_none_is_lost() -> None:
    written: list[int] = []
    release: list[Callable[[], None]] = []

    def write(times: int) -> None:
        written.append(times)
        if len(written) == 1:
            release[0]()

    together = Together(write)
    with ThreadPoolExecutor(20) as pool:
        waiting = []
        release.append(lambda: waiting.extend(pool.submit(together.count) for _ in range(19)))
        pool.submit(together.count).result()
        for each in waiting:
            each.result()
    assert sum(written) == 20


def test_a_write_that_fails_loses_no_count() -> None:
    written: list[int] = []

    def write(times: int) -> None:
        if not written:
            written.append(0)
            raise OSError
        written.append(times)

    together = Together(write)
    with pytest.raises(OSError):
        together.count()
    together.count()
    assert written == [0, 2]
