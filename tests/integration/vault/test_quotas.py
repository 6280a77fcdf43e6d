"""Quotas (R33): a stolen card stops after its limit, whatever it asks for."""

import hashlib
from collections.abc import Callable
from uuid import uuid4

from keyvault.quotas import DEFAULT_QUOTAS, Quota, Quotas
from keyvault.verbs.attempt import Call, Denied
from keyvault.verbs.ingesting import ForIngest
from keyvault.verbs.reading import ResolvedRecord
from records.vocabulary.codes import Action, ReasonCode, Role
from tests.integration.vault.bench import (
    DAY,
    DOCTOR,
    HOSPITAL,
    HOUR,
    OTHER_PRACTICE,
    PRACTICE,
    STRANGER,
    TRAITS,
    Person,
    VaultBench,
    new_ins,
)

OVER = Denied(ReasonCode.QUOTA_EXCEEDED)
NOT_OVER = {ReasonCode.NO_SUCH_RECORD, ReasonCode.NOT_AUTHORISED}


FEW, PLENTY = Quota(3, 8), Quota(100, 1000)


def limited(
    vault: VaultBench, *, person: Quota = FEW, structure: Quota = PLENTY, deposited_mib: Quota = PLENTY
) -> VaultBench:
    """The same vault with limits that a test reaches."""
    quotas = Quotas(
        credential=dict.fromkeys(Role, person),
        structure=dict.fromkeys((Role.PROFESSIONAL, Role.DEPOSITOR), structure),
        deposited_mib=deposited_mib,
    )
    vault.guard = vault.another_process(quotas=quotas)
    vault.reader, vault.worker = vault.guard.reader, vault.guard.worker
    return vault


def ask(vault: VaultBench, times: int) -> list[Denied]:
    """Ask for that many records that nobody has."""
    call = vault.doctor(STRANGER)
    answers = [vault.reader.resolve(call, new_ins()) for _ in range(times)]
    assert all(isinstance(answer, Denied) for answer in answers)
    return answers  # type: ignore[return-value]


def test_the_defaults_are_200_records_an_hour_for_a_professional() -> None:
    assert DEFAULT_QUOTAS.credential[Role.PROFESSIONAL] == Quota(200, 1_000)
    assert DEFAULT_QUOTAS.structure[Role.PROFESSIONAL].per_hour == 5_000


def test_the_201st_record_of_an_hour_is_refused_whether_known_or_not(
    vault: VaultBench, person: Person
) -> None:
    vault.authorise(person, STRANGER)
    answers = ask(vault, 200)
    assert {answer.reason for answer in answers} == {ReasonCode.NO_SUCH_RECORD}
    assert ask(vault, 1) == [OVER]
    with vault.logging() as seen:
        assert vault.reader.resolve(vault.doctor(STRANGER), person.ins) == OVER  # though authorised
    (event,) = seen
    assert event.told == ("search", "deny", "quota_exceeded") and event.chain_id == person.record_id
    assert isinstance(vault.reader.resolve(vault.doctor(DOCTOR), person.ins), Denied)  # not their own quota


def test_a_record_counts_once_an_hour_however_often_and_however_it_is_named(
    vault: VaultBench, person: Person
) -> None:
    vault = limited(vault)
    vault.authorise(person, STRANGER)
    call = vault.doctor(STRANGER)
    for _ in range(3):
        assert isinstance(vault.reader.resolve(call, person.ins), ResolvedRecord)
        assert isinstance(vault.reader.resolve(call, str(person.public_id)), ResolvedRecord)
        assert not isinstance(vault.reader.list(call, person.record_id, []), Denied)
    unknown = new_ins()
    assert {vault.reader.resolve(call, unknown) for _ in range(5)} == {Denied(ReasonCode.NO_SUCH_RECORD)}
    assert ask(vault, 2) == [Denied(ReasonCode.NO_SUCH_RECORD), OVER]


def test_denied_records_and_guessed_internal_ids_count_too(vault: VaultBench, person: Person) -> None:
    vault = limited(vault)
    call = vault.doctor(STRANGER)
    assert vault.reader.resolve(call, person.ins) == Denied(ReasonCode.NOT_AUTHORISED)
    answers = [vault.reader.list(call, uuid4(), []) for _ in range(3)]
    assert answers == [Denied(ReasonCode.NO_SUCH_RECORD)] * 2 + [OVER]


def test_every_verb_of_the_reader_counts(vault: VaultBench, person: Person) -> None:
    vault = limited(vault)
    verbs: list[Callable[[object], object]] = [
        lambda call: vault.reader.list(call, uuid4(), []),  # type: ignore[arg-type]
        lambda call: vault.reader.events(call, uuid4()),  # type: ignore[arg-type]
        lambda call: vault.reader.tokens(call, uuid4(), []),  # type: ignore[arg-type]
        lambda call: vault.release(call, Person("", uuid4(), uuid4(), person.call), [])[0],  # type: ignore[arg-type]
        lambda call: vault.reader.label(call, uuid4(), uuid4(), []),  # type: ignore[arg-type]
    ]
    for number, verb in enumerate(verbs):
        call = vault.doctor(f"8997000{number:05d}")
        answers = [verb(call) for _ in range(4)]
        assert OVER not in answers[:3] and answers[3] == OVER


def test_over_the_quota_stays_closed_and_a_new_token_of_the_same_person_opens_nothing(
    vault: VaultBench, person: Person
) -> None:
    vault = limited(vault)
    vault.authorise(person, STRANGER)
    assert isinstance(vault.reader.resolve(vault.doctor(STRANGER), person.ins), ResolvedRecord)
    assert ask(vault, 3)[-1] == OVER
    for _ in range(3):
        assert vault.reader.resolve(vault.doctor(STRANGER), person.ins) == OVER
        vault.clock.advance(60)


def test_the_hour_slides(vault: VaultBench) -> None:
    """What the last clock hour counted weighs by what is left of it in the window."""
    vault = limited(vault, person=Quota(4, 100))
    vault.clock.advance(HOUR - 60)  # a minute before the hour ends
    assert OVER not in ask(vault, 4)
    vault.clock.advance(120)  # a minute into the next: nearly all of them still count
    assert ask(vault, 1) == [OVER]
    vault.clock.advance(HOUR / 2)  # half of them, and the refused one
    assert ask(vault, 2) == [Denied(ReasonCode.NO_SUCH_RECORD), OVER]
    vault.clock.advance(2 * HOUR)
    assert OVER not in ask(vault, 4)


def test_the_day_has_a_limit_of_its_own_and_slides_too(vault: VaultBench) -> None:
    vault = limited(vault, person=Quota(3, 5))
    assert OVER not in ask(vault, 3)
    vault.clock.advance(3 * HOUR)
    assert OVER not in ask(vault, 2)
    vault.clock.advance(3 * HOUR)
    assert ask(vault, 1) == [OVER]
    vault.clock.advance(DAY)
    assert OVER not in ask(vault, 1)


def test_a_structure_has_a_quota_over_all_its_people(vault: VaultBench) -> None:
    vault = limited(vault, structure=Quota(4, 100))
    for number in range(4):
        call = vault.doctor(f"8997000000{number:02d}", structure=PRACTICE)
        assert vault.reader.resolve(call, new_ins()) != OVER
    assert vault.reader.resolve(vault.doctor(DOCTOR, structure=PRACTICE), new_ins()) == OVER
    assert vault.reader.resolve(vault.doctor(DOCTOR, structure=OTHER_PRACTICE), new_ins()) != OVER


def test_a_patient_has_a_quota_and_no_structure(vault: VaultBench, person: Person) -> None:
    vault = limited(vault)
    answers = [vault.reader.resolve(person.call, new_ins()) for _ in range(4)]
    assert answers[:3] == [Denied(ReasonCode.NO_SUCH_RECORD)] * 3 and answers[3] == OVER


def test_submissions_and_bytes_of_a_structure_are_limited(vault: VaultBench, person: Person) -> None:
    vault = limited(vault, structure=Quota(2, 100), deposited_mib=Quota(3, 100))
    small = [vault.receive(ins=person.ins) for _ in range(3)]
    assert isinstance(vault.take(small[0]), ForIngest)
    for _ in range(3):  # the heartbeat of a long validation counts nothing again
        assert isinstance(vault.take(small[0]), ForIngest)
    assert isinstance(vault.take(small[1]), ForIngest)
    with vault.logging() as seen:
        assert vault.take(small[2]) == OVER
    (event,) = seen
    assert event.told == ("deposit", "deny", "quota_exceeded") and event.chain == 0
    assert event.entry.object == str(small[2].submission_id)
    vault.clock.advance(3 * HOUR)
    large = vault.receive(bytes(4 * 2**20), token=vault.depositor(HOSPITAL), ins=person.ins)
    assert vault.take(large) == OVER


def test_old_counters_are_forgotten_and_present_ones_are_not(vault: VaultBench) -> None:
    ask(vault, 2)
    vault.clock.advance(HOUR)
    vault.guard.housekeeper.tick()
    assert vault.sql("SELECT count(*) FROM quota") == [(4,)]  # two subjects, two records
    vault.clock.advance(3 * DAY)
    vault.guard.housekeeper.tick()
    assert vault.sql("SELECT count(*) FROM quota") == vault.sql("SELECT count(*) FROM quota_count") == [(0,)]


def test_counters_are_unreadable_without_the_vault_s_key(vault: VaultBench) -> None:
    """A stolen database doesn't tell whom a doctor looked for: numbers can't be tried out."""
    ins = new_ins()
    vault.reader.resolve(vault.doctor(STRANGER), ins)
    tried = {
        hashlib.sha256(label + value.encode()).digest()
        for label in (b"", b"coffre-touched-v1\x00", b"coffre-quota-v1\x00")
        for value in (ins, STRANGER, f"person\x00coffre-demo-authority\x00{STRANGER}")
    }
    kept = {value for row in vault.sql("SELECT subject, record FROM quota") for value in row}
    assert kept and not kept & tried


def test_the_action_doesn_t_matter_to_the_count(vault: VaultBench, person: Person) -> None:
    vault = limited(vault)
    call = vault.doctor(STRANGER)
    vault.sql("DELETE FROM quota")  # the operator's, who opened the record
    for action in (Action.SEARCH, Action.RETRIEVE, Action.READ_LOG, Action.LABEL, Action.ACKNOWLEDGE):
        vault.reader.resolve(call, person.ins, action)
    ((count,),) = vault.sql("SELECT count(DISTINCT record) FROM quota")
    assert count == 1


def opened(vault: VaultBench, ins: str) -> object:
    return vault.guard.operator.open_record(
        vault.operator(), ins, TRAITS, consent_by="operator", consent_how="spoken"
    )


def test_an_operator_opens_so_many_records_an_hour(vault: VaultBench) -> None:
    limited(vault)
    with vault.logging() as seen:
        answers = [opened(vault, new_ins()) for _ in range(5)]
    assert answers[3:] == [OVER, OVER] and OVER not in answers[:3]
    assert [event.told for event in seen[3:]] == [("open_record", "deny", "quota_exceeded")] * 2


def test_an_operator_issues_so_many_identities_an_hour(vault: VaultBench) -> None:
    limited(vault)
    answers = [vault.guard.operator.issue_identity(vault.operator(), "patient") for _ in range(4)]
    assert answers == [None, None, None, OVER]


def test_an_operator_rotates_so_many_records_an_hour(vault: VaultBench) -> None:
    people = [vault.person() for _ in range(4)]
    limited(vault)
    calls = [Call(token=vault.token(Role.OPERATOR, name)) for name in ("first", "second")]
    answers = [vault.guard.operator.rotate_record(calls, person.ins) for person in people]
    assert answers[3] == OVER and OVER not in answers[:3]
