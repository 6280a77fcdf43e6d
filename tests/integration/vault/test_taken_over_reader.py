"""A taken-over reader (docs/formats.md section 6.9): it has the index and makes every call it likes."""

from dataclasses import replace
from uuid import UUID

import pytest

from audit.canonical import canonical, parse
from keyvault.credentials.authority import Authority
from keyvault.credentials.refusing import CredentialError
from keyvault.crypto.search_tokens import TokenField
from keyvault.grants.grant import GrantError, new_recipient
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants.reading import Disclosed
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.reader.holder.changing import CardChange
from records.card.card import Emergency
from records.people.identity import INS, INS_NIR_TEST
from records.text.base64url import b64, unb64
from records.vocabulary.codes import Action, Environment, ReasonCode, Role
from tests.integration.vault.bench import (
    AUDIENCE,
    DOCTOR,
    NOON,
    PRACTICE,
    STRANGER,
    Deposited,
    Person,
    VaultBench,
    rows_of,
)


@pytest.fixture
def deposited(vault: VaultBench, person: Person) -> Deposited:
    return vault.deposit(person)


def invented(vault: VaultBench, person: Person) -> list[Call]:
    """Actors that the reader makes up, from nothing or from a live caller's token."""
    own = Authority(bytes(range(32)), environment=Environment.TEST)
    signed = own.issue(
        role=Role.PATIENT, subject="x", audience=AUDIENCE, now=NOON, ins=INS(person.ins, INS_NIR_TEST)
    )
    header, claims, signature = vault.doctor(STRANGER).token.split(".")
    promoted = {**parse(unb64(claims)), "rpps": DOCTOR}
    stretched = {**parse(unb64(claims)), "exp": NOON + 13 * 3600}
    none = b64(canonical({"alg": "none", "typ": "coffre+jwt"}))
    return [
        Call(token=token)
        for token in (
            "",
            "x",
            signed,
            f"{header}.{b64(canonical(promoted))}.{signature}",
            f"{header}.{b64(canonical(stretched))}.{signature}",
            f"{none}.{b64(canonical(promoted))}.",
            f"{none}.{b64(canonical(promoted))}.{signature}",
        )
    ]


def test_an_invented_actor_is_accepted_by_no_verb(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    vault.authorise(person)
    calls = invented(vault, person)
    with vault.logging() as seen:
        for call in calls:
            for verb in (
                lambda call: vault.reader.documents(call, person.record_id, rows_of(deposited)),
                lambda call: vault.release(call, person, [deposited]),
                lambda call: vault.reader.events(call, person.record_id),
            ):
                with pytest.raises(CredentialError):
                    verb(call)
    assert {event.told for event in seen} == {("authenticate", "deny", "bad_credential")}
    assert len(seen) == 1
    assert vault.sql("SELECT alone + counted FROM refusal") == [(3 * len(calls),)]


def test_its_own_recipient_key_gets_nothing_where_nobody_is_entitled(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    """It knows the internal id and the rows from the index; what it lacks is a person with a right."""
    for call in (
        vault.doctor(STRANGER),
        vault.person().call,
        vault.operator(),
        Call(token=vault.depositor()),
    ):
        with vault.logging() as seen:
            answer, _ = vault.release(call, person, [deposited], documents=[[deposited.document_id]])
        assert isinstance(answer, Denied)
        assert [event.told[:2] for event in seen] == [("retrieve", "deny")]
        assert vault.actor_of(seen[0], call.token)


def test_a_grant_for_one_recipient_does_not_become_another_s(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    vault.authorise(person)
    released, _ = vault.release(vault.doctor(), person, [deposited])
    assert isinstance(released, Released)
    private, public = new_recipient()
    with pytest.raises(GrantError) as refusal:
        vault.open(replace(released, grant={**released.grant, "recipient": b64(public)}), private)
    assert refusal.value.code == "grant_unsigned"


def test_rows_of_a_record_without_entitlement_open_in_no_other_record(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    """A patient's own call, fed with another person's rows, ids and labels."""
    mine = vault.person()
    relabelled = [replace(deposited.row, document_id=vault.deposit(mine).document_id)]
    for rows in (rows_of(deposited), relabelled):
        listing = vault.reader.documents(mine.call, mine.record_id, rows)
        assert isinstance(listing, Disclosed) and listing.documents == ()


def test_an_opposition_holds_against_the_reader_s_own_story(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    vault.allow(person, bris_de_glace=False, centre_15=False)
    for call in (vault.emergency(), vault.emergency("Tout autre motif écrit"), vault.regulation()):
        with vault.logging() as seen:
            assert vault.release(call, person, [deposited])[0] == Denied(ReasonCode.OPTED_OUT)
            assert vault.reader.documents(call, person.record_id, [deposited.row]) == Denied(
                ReasonCode.OPTED_OUT
            )
        assert [event.told[1:] for event in seen] == [("deny", "opted_out")] * 2


def test_it_cannot_flip_the_opposition_without_the_patient(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    vault.allow(person, bris_de_glace=False)
    wanted = CardChange(action=Action.SET_EMERGENCY, emergency=Emergency(True, True))
    for call in (vault.emergency(), vault.doctor(), vault.person().call, vault.operator()):
        assert isinstance(vault.reader.change_card(call, person.record_id, wanted), Denied)
    assert vault.release(vault.emergency(), person, [deposited])[0] == Denied(ReasonCode.OPTED_OUT)


@pytest.mark.requirement("R33")
def test_a_burst_over_many_records_stops_at_the_quota(vault: VaultBench) -> None:
    """Even a doctor whom every one of these patients has authorised."""
    people = [vault.person() for _ in range(2)]
    for each in people:
        vault.authorise(each, STRANGER)
    call = vault.doctor(STRANGER)
    assert isinstance(vault.release(call, people[0], [])[0], Released)
    for number in range(199):
        vault.reader.documents(call, UUID(int=number + 1), [])
    assert vault.release(call, people[1], [])[0] == Denied(ReasonCode.QUOTA_EXCEEDED)
    assert vault.release(call, people[0], [])[0] == Denied(ReasonCode.QUOTA_EXCEEDED)


def test_no_disclosure_skips_the_log(vault: VaultBench, person: Person, deposited: Deposited) -> None:
    """Straight to the verb that discloses, without resolving first: the event comes with the answer."""
    vault.authorise(person)
    call = vault.doctor()
    verbs = [
        lambda: vault.reader.documents(call, person.record_id, [deposited.row]),
        lambda: vault.release(call, person, [deposited])[0],
        lambda: vault.reader.events(person.call, person.record_id),
    ]
    for verb in verbs:
        with vault.logging() as seen:
            assert not isinstance(verb(), Denied)
        assert len(seen) == 1 and seen[0].chain_id == person.record_id
    told = vault.reader.events(person.call, person.record_id)
    assert not isinstance(told, Denied)
    assert [line["action"] for line in told.events[:3]] == ["read_log", "retrieve", "search"]


def test_what_has_no_event_discloses_nothing(vault: VaultBench, person: Person, deposited: Deposited) -> None:
    """Resolving gives ids and a state; tokens are keyed digests of what the caller named."""
    vault.authorise(person)
    with vault.logging() as seen:
        resolved = vault.reader.resolve(vault.doctor(), person.ins)
        tokens = vault.reader.tokens(vault.doctor(), person.record_id, [(TokenField.STUDY, "1.2.3")])
    assert seen == []
    assert set(type(resolved).__slots__) == {"record_id", "public_id", "state"}
    assert isinstance(tokens, tuple) and all(len(token) == 32 for token in tokens)


def test_a_live_caller_s_token_is_all_it_needs_and_its_structure_is_not_its_choice(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    """The documented limit of bearer tokens: the reader acts as the caller, within the caller's rights."""
    vault.authorise(person)
    vault.label(person, deposited.document_id, "MASQUE_PS")
    listing = vault.reader.documents(vault.doctor(structure=PRACTICE), person.record_id, rows_of(deposited))
    assert isinstance(listing, Disclosed) and listing.documents == ()
