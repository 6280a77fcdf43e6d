"""Absent and forbidden records cost the same work, statement for statement, and answer alike."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from keyvault.crypto.search_tokens import TokenField
from keyvault.opened_records import DECOY_ID
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.holder.changing import CardChange
from records.people.contacts import ContactKind
from records.vocabulary.codes import Action, ReasonCode, RecordState
from tests.integration.vault.bench import DOCTOR, Person, VaultBench, new_ins
from tests.integration.vault.watched_store import Statement

Verb = Callable[[VaultBench, Call, Person], object]

VERBS: dict[str, Verb] = {
    "resolve by INS": lambda vault, call, person: vault.reader.resolve(call, person.ins),
    "resolve by public id": lambda vault, call, person: vault.reader.resolve(call, str(person.public_id)),
    "list": lambda vault, call, person: vault.reader.documents(call, person.record_id, []),
    "events": lambda vault, call, person: vault.reader.events(call, person.record_id),
    "tokens": lambda vault, call, person: vault.reader.tokens(
        call, person.record_id, [(TokenField.STUDY, "1.2.3")]
    ),
    "release": lambda vault, call, person: vault.release(call, person, [])[0],
    "label": lambda vault, call, person: vault.reader.label(call, person.record_id, uuid4(), []),
    "choose": lambda vault, call, person: vault.reader.choose(call, person.record_id, DOCTOR, [], []),
    "acknowledge": lambda vault, call, person: vault.reader.acknowledge(call, person.record_id, [uuid4()]),
    "notices": lambda vault, call, person: vault.reader.notices(call, person.record_id),
    "contacts": lambda vault, call, person: vault.reader.contacts(call, person.record_id),
    "put_contact": lambda vault, call, person: vault.reader.put_contact(
        call, person.record_id, ContactKind.EMAIL, "a@example.fr"
    ),
    "confirm_contact": lambda vault, call, person: vault.reader.confirm_contact(
        call, person.record_id, ContactKind.EMAIL, "000000"
    ),
    "change_card": lambda vault, call, person: vault.reader.change_card(
        call, person.record_id, CardChange(action=Action.BLOCK, professional=DOCTOR)
    ),
}


def statements(vault: VaultBench, verb: Verb, call: Call, person: Person) -> list[Statement]:
    vault.store.forget()
    assert isinstance(verb(vault, call, person), Denied)
    return vault.store.statements


@pytest.mark.parametrize("name", VERBS)
@pytest.mark.parametrize("emergency", [False, True])
def test_absent_and_forbidden_take_the_same_statements(
    vault: VaultBench, person: Person, name: str, emergency: bool
) -> None:
    vault.allow(person, bris_de_glace=False)
    vault.deposit(person)
    nobody = Person(new_ins(), uuid4(), uuid4(), person.call)
    call = vault.emergency() if emergency else vault.doctor()
    vault.reader.resolve(call, new_ins())  # the chain of this process has its row from now on
    forbidden = statements(vault, VERBS[name], call, person)
    absent = statements(vault, VERBS[name], call, nobody)
    assert len(forbidden) == len(absent)
    assert forbidden == absent


@pytest.mark.parametrize("name", VERBS)
@pytest.mark.requirement("R10")
def test_a_closed_and_a_blocking_record_take_them_too(vault: VaultBench, person: Person, name: str) -> None:
    blocking = vault.person()
    vault.change(blocking, Action.BLOCK, DOCTOR)
    vault.put_in_state(person, RecordState.CLOSED)
    call = vault.doctor()
    vault.reader.resolve(call, new_ins())
    taken = {tuple(statements(vault, VERBS[name], call, each)) for each in (person, blocking)}
    nobody = Person(new_ins(), uuid4(), uuid4(), person.call)
    taken.add(tuple(statements(vault, VERBS[name], call, nobody)))
    assert len(taken) == 1


def test_the_decoy_is_nobody_s_record(vault: VaultBench, person: Person) -> None:
    ((record_id,),) = vault.sql("SELECT record_id FROM record WHERE kind='decoy'")
    for call in (vault.doctor(), person.call, vault.emergency(), vault.operator()):
        assert isinstance(vault.reader.resolve(call, str(DECOY_ID)), Denied)
        answer = vault.reader.documents(call, UUID(bytes=record_id), [])
        assert answer in (Denied(ReasonCode.NO_SUCH_RECORD), Denied(ReasonCode.ROLE_NOT_ENTITLED))
    assert vault.sql("SELECT count(*) FROM chain WHERE chain_id=?", record_id) == [(0,)]


def test_there_is_one_decoy_however_many_processes(vault: VaultBench) -> None:
    for _ in range(3):
        vault.another_process()
    assert vault.sql("SELECT count(*) FROM record WHERE kind='decoy'") == [(1,)]
