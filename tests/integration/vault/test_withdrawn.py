"""A withdrawn credential is refused by every verb from the next call on, and only that one."""

from collections.abc import Callable

import pytest

from keyvault.credentials.refusing import CredentialError
from keyvault.credentials.tokens import number_of
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants.reading import ResolvedRecord
from keyvault.verbs.reader.grants.releasing import Released
from records.errors import CoffreError
from tests.integration.vault.bench import DOCTOR, PRACTICE, Person, VaultBench


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(CoffreError) as refused:
        work()
    return refused.value.code


def resolved(vault: VaultBench, call: Call, person: Person) -> bool:
    return isinstance(vault.guard.reader.resolve(call, person.ins), ResolvedRecord)


def test_one_credential_is_withdrawn_by_its_number(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    stolen, other = vault.doctor(), vault.doctor()
    assert resolved(vault, stolen, person)
    assert vault.guard.operator.withdraw_credential(vault.operator(), jti=number_of(stolen.token)) is None
    assert code_of(lambda: resolved(vault, stolen, person)) == "credential_withdrawn"
    assert resolved(vault, other, person)


def test_all_of_a_person_are_withdrawn_and_a_new_one_is_accepted(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    before = vault.doctor()
    vault.clock.advance(5)
    vault.guard.operator.withdraw_credential(vault.operator(), subject=DOCTOR, structure=PRACTICE)
    assert code_of(lambda: resolved(vault, before, person)) == "credential_withdrawn"
    vault.clock.advance(5)
    assert resolved(vault, vault.doctor(), person)


def test_a_grant_of_before_opens_no_further_range(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    vault.authorise(person)
    call = vault.doctor()
    released, _ = vault.release(call, person, [deposited])
    assert isinstance(released, Released)
    (blob, version), *_ = released.objects
    grant = vault.guard.reader
    from uuid import UUID

    assert grant.recheck(UUID(released.grant["id"]), blob, version)
    vault.guard.operator.withdraw_credential(vault.operator(), jti=number_of(call.token))
    assert not grant.recheck(UUID(released.grant["id"]), blob, version)


def test_a_deposit_of_before_stays_and_one_after_is_not_adopted(vault: VaultBench, person: Person) -> None:
    token = vault.depositor()
    before = vault.receive(b"%PDF-1.7 before", ins=person.ins, token=token)
    vault.clock.advance(5)
    vault.guard.operator.withdraw_credential(vault.operator(), jti=number_of(token))
    assert not isinstance(vault.take(before), Denied)
    vault.clock.advance(5)
    after = vault.receive(b"%PDF-1.7 after", ins=person.ins, token=token)
    assert isinstance(vault.take(after), Denied)


def test_it_is_logged_replayed_and_forgotten_once_no_such_token_could_live(
    vault: VaultBench, person: Person
) -> None:
    with vault.logging() as seen:
        vault.guard.operator.withdraw_credential(vault.operator(), jti="a number")
    assert [event.told for event in seen] == [("root", "permit", "operator")]
    assert vault.sql("SELECT kind FROM replay ORDER BY replay_id DESC LIMIT 1") == [("withdrawn",)]
    vault.guard.housekeeper.expire()
    assert vault.sql("SELECT count(*) FROM withdrawn") == [(1,)]
    vault.clock.advance(4 * 86_400)
    vault.guard.housekeeper.expire()
    assert vault.sql("SELECT count(*) FROM withdrawn") == [(0,)]


def test_nobody_but_an_operator_withdraws(vault: VaultBench, person: Person) -> None:
    mine = number_of(person.call.token)
    assert isinstance(vault.guard.operator.withdraw_credential(vault.doctor(), jti=mine), Denied)
    assert resolved(vault, person.call, person)
    assert code_of(lambda: vault.guard.operator.withdraw_credential(vault.operator())) == "bad_member"


def test_a_text_that_is_no_token_has_no_number() -> None:
    assert code_of(lambda: number_of("rubbish")) == "bad_member"
    assert issubclass(CredentialError, CoffreError)
