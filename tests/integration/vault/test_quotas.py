"""Quotas (R33): a stolen card stops after its limit, whatever it asks for."""

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

import pytest

from keyvault.quotas import DEFAULT_QUOTAS, Quota, Quotas
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants.reading import Disclosed, ResolvedRecord
from keyvault.verbs.worker.deposits.ingest_request import ForIngest
from records.errors import NotFound
from records.people.identity import INS_NIR_TEST
from records.vocabulary.codes import Action, ReasonCode, Role
from tests.integration.vault.bench import (
    DAY,
    DOCTOR,
    HOSPITAL,
    HOUR,
    LABORATORY,
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
    with vault.logging() as seen:
        assert vault.reader.resolve(vault.doctor(STRANGER), person.ins) == OVER  # though authorised
        assert ask(vault, 30) == [OVER] * 30
    (event,) = seen
    assert event.told == ("search", "deny", "quota_exceeded") and event.chain_id == person.record_id
    vault.clock.advance(HOUR)
    with vault.logging() as seen:
        vault.guard.housekeeper.expire()
    (event,) = seen  # of many names and of no record
    assert event.told == ("search", "deny", "quota_exceeded") and event.chain == 0
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
        assert not isinstance(vault.reader.documents(call, person.record_id, []), Denied)
    unknown = new_ins()
    assert {vault.reader.resolve(call, unknown) for _ in range(5)} == {Denied(ReasonCode.NO_SUCH_RECORD)}
    assert ask(vault, 2) == [Denied(ReasonCode.NO_SUCH_RECORD), OVER]


def test_denied_records_and_guessed_internal_ids_count_too(vault: VaultBench, person: Person) -> None:
    vault = limited(vault)
    call = vault.doctor(STRANGER)
    assert vault.reader.resolve(call, person.ins) == Denied(ReasonCode.NOT_AUTHORISED)
    answers = [vault.reader.documents(call, uuid4(), []) for _ in range(3)]
    assert answers == [Denied(ReasonCode.NO_SUCH_RECORD)] * 2 + [OVER]


def test_every_verb_of_the_reader_counts(vault: VaultBench, person: Person) -> None:
    vault = limited(vault)
    verbs: list[Callable[[object], object]] = [
        lambda call: vault.reader.documents(call, uuid4(), []),  # type: ignore[arg-type]
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


def colleagues(vault: VaultBench, people: list[Person], count: int) -> list[Call]:
    """So many doctors of one practice, whom each of the people has authorised."""
    numbers = [f"8997000000{number:02d}" for number in range(count)]
    for person in people:
        for number in numbers:
            vault.authorise(person, number)
    return [vault.doctor(number, structure=PRACTICE) for number in numbers]


@pytest.mark.requirement("R33")
def test_a_structure_has_a_quota_over_all_its_people(vault: VaultBench) -> None:
    people = [vault.person() for _ in range(3)]
    first, second = colleagues(vault, people, 2)
    vault = limited(vault, person=PLENTY, structure=Quota(2, 100))
    assert vault.reader.resolve(first, people[0].ins) != OVER
    assert vault.reader.resolve(second, people[0].ins) != OVER  # the same record
    assert vault.reader.resolve(second, people[1].ins) != OVER
    assert vault.reader.resolve(first, people[2].ins) == OVER
    assert vault.reader.resolve(second, people[2].ins) == OVER  # what is refused is not counted, and stays so
    assert vault.reader.resolve(second, people[0].ins) != OVER  # permitted in this hour already
    vault.authorise(people[2], DOCTOR)
    assert vault.reader.resolve(vault.doctor(DOCTOR, structure=OTHER_PRACTICE), people[2].ins) != OVER


def test_who_is_over_or_refused_or_asks_for_nobody_uses_up_nothing_of_colleagues(vault: VaultBench) -> None:
    people = [vault.person() for _ in range(4)]
    colleague, other = colleagues(vault, people, 2)
    vault = limited(vault, person=Quota(2, 100), structure=Quota(4, 100))
    thief = vault.doctor(STRANGER, structure=PRACTICE)
    for name in (*(person.ins for person in people), *(new_ins() for _ in range(20))):
        assert isinstance(vault.reader.resolve(thief, name), Denied)
    assert vault.reader.resolve(other, people[0].ins) != OVER
    assert vault.reader.resolve(other, people[1].ins) != OVER
    for _ in range(10):  # an authorised one beyond the own limit
        assert vault.reader.resolve(other, people[2].ins) == OVER
        assert vault.reader.resolve(other, people[3].ins) == OVER
    assert vault.reader.resolve(colleague, people[2].ins) != OVER
    assert vault.reader.resolve(colleague, people[3].ins) != OVER


def test_emergencies_have_an_allowance_of_their_own(vault: VaultBench) -> None:
    people = [vault.person() for _ in range(3)]
    for person in people:
        vault.allow(person)
    few, two = dict.fromkeys(Role, Quota(1, 100)), dict.fromkeys(Role, Quota(2, 100))
    quotas = Quotas(few, few, PLENTY, emergency_credential=two, emergency_structure=two)
    reader = vault.another_process(quotas=quotas).reader
    for _ in range(3):
        reader.resolve(vault.doctor(STRANGER), new_ins())
    assert reader.resolve(vault.doctor(STRANGER), people[0].ins) == OVER
    assert isinstance(reader.resolve(vault.emergency(), people[0].ins), ResolvedRecord)
    assert isinstance(reader.resolve(vault.emergency(), people[1].ins), ResolvedRecord)
    assert reader.resolve(vault.emergency(), people[2].ins) == OVER
    assert reader.resolve(vault.emergency(rpps="899700000011"), people[2].ins) == OVER  # the structure's
    assert DEFAULT_QUOTAS.of_person(Role.PROFESSIONAL, True) == Quota(100, 400)
    assert DEFAULT_QUOTAS.of_structure(Role.PROFESSIONAL, True) == Quota(2_000, 15_000)


def refusing(vault: VaultBench, *, person: Quota = PLENTY, record: Quota = PLENTY) -> VaultBench:
    """The same vault with few refused calls for one person, or for one person on one record."""
    every, few, of_record = (
        dict.fromkeys(Role, PLENTY),
        dict.fromkeys(Role, person),
        dict.fromkeys(Role, record),
    )
    quotas = Quotas(every, every, PLENTY, refused=few, refused_record=of_record)
    vault.guard = vault.another_process(quotas=quotas)
    vault.reader, vault.worker = vault.guard.reader, vault.guard.worker
    return vault


def test_who_asks_again_and_again_for_a_record_that_is_refused_is_told_to_stop(
    vault: VaultBench, person: Person
) -> None:
    vault = refusing(vault, record=FEW)
    call, refused = vault.doctor(STRANGER), Denied(ReasonCode.NOT_AUTHORISED)
    named = (person.ins, str(person.public_id), f" {person.ins}|{INS_NIR_TEST}")
    assert [vault.reader.resolve(call, name) for name in named] == [refused] * 3
    assert vault.reader.documents(call, person.record_id, []) == OVER  # whatever the verb
    vault = refusing(vault, record=FEW)  # counts are kept over a restart
    assert vault.reader.resolve(call, person.ins) == OVER
    assert vault.reader.resolve(call, vault.person().ins) == refused  # of another record
    assert vault.reader.resolve(vault.doctor(DOCTOR), person.ins) == refused  # by another person
    vault.clock.advance(2 * HOUR)
    assert vault.reader.resolve(call, person.ins) == refused


def test_a_limit_of_refusals_does_not_tell_which_records_there_are(vault: VaultBench, person: Person) -> None:
    vault = refusing(vault, record=FEW)
    call = vault.doctor(STRANGER)
    for ins in (person.ins, new_ins()):
        assert [vault.reader.resolve(call, ins) == OVER for _ in range(5)] == [False] * 3 + [True] * 2


def test_refused_calls_of_one_person_have_a_limit_over_all_records(vault: VaultBench, person: Person) -> None:
    vault = refusing(vault, person=FEW)
    assert [answer == OVER for answer in ask(vault, 5)] == [False] * 3 + [True] * 2
    vault.authorise(person, STRANGER)
    assert vault.reader.resolve(vault.doctor(STRANGER), person.ins) != OVER  # what is permitted goes on
    assert vault.reader.resolve(vault.doctor(DOCTOR), new_ins()) != OVER


def test_documents_that_are_not_there_are_refused_calls_too(vault: VaultBench, person: Person) -> None:
    vault = refusing(vault, record=FEW)
    vault.authorise(person, STRANGER)
    call = vault.doctor(STRANGER)
    for _ in range(6):
        with suppress(NotFound):
            vault.reader.label(call, person.record_id, uuid4(), [])
    ((lines,),) = vault.sql("SELECT count(*) FROM refusal")
    assert lines == 2  # not there, and beyond the quota
    assert isinstance(vault.reader.documents(call, person.record_id, []), Disclosed)


@pytest.mark.parametrize("hidden", [True, False])
def test_whoever_goes_on_asking_for_documents_that_are_not_theirs_to_see_is_told_to_stop(
    vault: VaultBench, person: Person, hidden: bool
) -> None:
    """The answer is what the log says; hidden and absent stop alike."""
    deposited = vault.deposit(person)
    vault.authorise(person)
    if hidden:
        vault.label(person, deposited.document_id, "MASQUE_PS")
    vault = refusing(vault, record=FEW)
    named = deposited.document_id if hidden else uuid4()

    def ask(verb: Callable[[], object]) -> object:
        try:
            return verb()
        except NotFound as error:
            return error.code

    def release() -> object:
        return vault.release(vault.doctor(), person, [deposited], documents=[[named]])[0]

    def label() -> object:
        return vault.reader.label(person.call, person.record_id, uuid4(), [])

    for verb in (release, label):
        assert [ask(verb) for _ in range(4)] == ["no_such_document"] * 3 + [OVER]


def test_refused_emergencies_have_limits_of_their_own(vault: VaultBench, person: Person) -> None:
    vault.allow(person, bris_de_glace=False)
    every, one = dict.fromkeys(Role, PLENTY), dict.fromkeys(Role, Quota(1, 100))
    quotas = Quotas(
        every, every, PLENTY, refused_record=one, emergency_refused_record=dict.fromkeys(Role, FEW)
    )
    reader = vault.another_process(quotas=quotas).reader
    assert [reader.resolve(vault.doctor(STRANGER), person.ins) == OVER for _ in range(2)] == [False, True]
    asked = [reader.resolve(vault.emergency(), person.ins) == OVER for _ in range(4)]
    assert asked == [False] * 3 + [True]


def corsican_ins() -> str:
    """A matricule of Corse-du-Sud, whose department is written 2A and counts as 19 in the key."""
    tail = f"{secrets.randbelow(10**6):06d}"
    return f"184072A{tail}{97 - int(f'1840719{tail}') % 97:02d}"


def spellings(ins: str) -> list[str]:
    spaced = [f" {ins}", f"{ins} ", " ".join(ins), f"{ins[:1]} {ins[1:13]} {ins[13:]}", f"{ins}\t"]
    return [ins, ins.lower(), *spaced, *(f"{each}|{INS_NIR_TEST}" for each in (ins, *spaced)), f"{ins}|"]


def test_the_spelling_of_an_ins_neither_multiplies_counts_nor_tells_whether_there_is_a_record(
    vault: VaultBench,
) -> None:
    """What may still be asked after every spelling is the same, whether or not the person has a record."""
    known, absent = vault.person(corsican_ins()), corsican_ins()
    vault = limited(vault)
    for number, ins in enumerate((known.ins, absent)):
        call = vault.doctor(f"8997000001{number:02d}")
        asked = [vault.reader.resolve(call, spelled) for spelled in spellings(ins)]
        if ins == known.ins:
            asked += [vault.reader.resolve(call, str(known.public_id).upper())]
            asked += [vault.reader.resolve(call, f"{{{known.public_id}}}")]
        assert len(asked) >= 14 and OVER not in asked
        left = [vault.reader.resolve(call, new_ins()) for _ in range(3)]
        assert [answer == OVER for answer in left] == [False, False, True]


def test_a_patient_has_a_quota_and_no_structure(vault: VaultBench, person: Person) -> None:
    vault = limited(vault)
    answers = [vault.reader.resolve(person.call, new_ins()) for _ in range(4)]
    assert answers[:3] == [Denied(ReasonCode.NO_SUCH_RECORD)] * 3 and answers[3] == OVER


def test_submissions_and_bytes_of_a_structure_are_limited(vault: VaultBench, person: Person) -> None:
    vault = limited(vault, person=PLENTY, structure=Quota(2, 100), deposited_mib=Quota(3, 100))
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
    assert isinstance(vault.take(vault.receive(ins=person.ins)), ForIngest)  # what didn't fit took no room


def test_a_depositor_who_is_over_uses_up_nothing_of_the_structure(vault: VaultBench, person: Person) -> None:
    vault = limited(vault, person=Quota(1, 100), structure=Quota(2, 100), deposited_mib=Quota(4, 100))
    mib = bytes(2**20)
    takes = [vault.take(vault.receive(mib, ins=person.ins)) for _ in range(5)]
    assert isinstance(takes[0], ForIngest) and takes[1:] == [OVER] * 4
    colleague = vault.token(Role.DEPOSITOR, "another machine", structure=LABORATORY)
    assert isinstance(vault.take(vault.receive(mib, token=colleague, ins=person.ins)), ForIngest)


def test_old_counters_are_forgotten_and_present_ones_are_not(vault: VaultBench) -> None:
    ask(vault, 2)
    vault.clock.advance(HOUR)
    vault.guard.housekeeper.expire()
    assert vault.sql("SELECT count(*) FROM quota") == [(2,)]  # one person, two records
    vault.clock.advance(3 * DAY)
    vault.guard.housekeeper.expire()
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
    assert [event.told for event in seen[3:]] == [("open_record", "deny", "quota_exceeded")]  # and a count


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
