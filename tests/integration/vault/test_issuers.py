"""The table of issuers: two operators set it, the log has each change, and nobody puts it back unseen."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from audit.view import LogFault
from keyvault.credentials.authority import Authority
from keyvault.credentials.issuers import DEMO_ISSUER, issuer_of
from keyvault.credentials.issuers_document import verify_issuers
from keyvault.crypto.signing import new_signing_key, public_key
from keyvault.restore.forward import bring_forward
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.operator.issuers import ListedIssuer, NewIssuer
from keyvault.verbs.reader.grants.reading import ResolvedRecord
from records.errors import CoffreError, Refused
from records.people.identity import INS, INS_NIR_TEST
from records.vocabulary.codes import Action, Environment, PurposeOfUse, Role
from storage.vault_store.store import SqlVaultStore
from tests.integration.vault.bench import (
    AUDIENCE,
    DAY,
    DOCTOR,
    HOSPITAL,
    PRACTICE,
    Person,
    VaultBench,
    new_ins,
)

PATIENTS = "https://patients.example"


class Door:
    """An identity service with a key of its own."""

    def __init__(self, vault: VaultBench, name: str = PATIENTS) -> None:
        self.private = new_signing_key()[0]
        self.vault, self.name = vault, name
        self.authority = Authority(self.private, environment=Environment.TEST, issuer=name)

    def new(self, *roles: Role, **more: Any) -> NewIssuer:
        chosen = [role.value for role in roles or (Role.PATIENT,)]
        told = {"beside": [DEMO_ISSUER]} | more
        return NewIssuer(name=self.name, public=public_key(self.private), roles=chosen, **told)

    def call(self, role: Role, subject: str, **claims: Any) -> Call:
        now = int(self.vault.clock())
        token = self.authority.issue(role=role, subject=subject, audience=AUDIENCE, now=now, **claims)
        return Call(token=token)

    def patient(self, person: Person) -> Call:
        return self.call(Role.PATIENT, "ins-hmac:1", ins=INS(person.ins, INS_NIR_TEST))

    def doctor(self, rpps: str = DOCTOR, *, subject: str = DOCTOR, **more: Any) -> Call:
        told = {"rpps": rpps, "profession": "10", "structure": PRACTICE, "sector": "SA07"} | more
        return self.call(Role.PROFESSIONAL, subject, **told)


def two(vault: VaultBench, *names: str) -> list[Call]:
    return [
        Call(token=vault.token(Role.OPERATOR, name), purpose=PurposeOfUse.MAINTENANCE)
        for name in names or ("alice", "bob")
    ]


def added(vault: VaultBench, wanted: NewIssuer) -> ListedIssuer:
    found = vault.guard.operator.add_issuer(two(vault), wanted)
    assert isinstance(found, ListedIssuer)
    return found


def ended(vault: VaultBench, name: str, key: str | None = None) -> ListedIssuer:
    found = vault.guard.operator.end_issuer(two(vault), name, key)
    assert isinstance(found, ListedIssuer)
    return found


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(CoffreError) as refused:
        work()
    return refused.value.code


def resolved(vault: VaultBench, call: Call, person: Person) -> bool:
    return isinstance(vault.guard.reader.resolve(call, person.ins), ResolvedRecord)


def test_the_pinned_key_is_the_first_issuer(vault: VaultBench) -> None:
    """Of a new vault as of one that is upgraded: what was accepted before is accepted, until it is ended."""
    (first,) = vault.guard.operator.issuers(vault.operator())  # type: ignore[misc]
    assert (first.name, first.key_id) == (DEMO_ISSUER, vault.issuer.key_id)
    assert (first.state, first.version, first.not_after) == ("active", 1, None)
    assert first.roles == sorted(Role) and first.first_seen
    assert vault.guard.inspector.status()["issuers_new"] == [], "it is no news"


def test_two_operators_add_one_and_its_credentials_are_accepted(vault: VaultBench, person: Person) -> None:
    door = Door(vault)
    assert code_of(lambda: resolved(vault, door.patient(person), person)) == "token_invalid"
    with vault.logging() as seen:
        made = added(vault, door.new())
    assert [event.told for event in seen] == [("root", "permit", "operator")] * 2
    assert all(event.line["issuer"] == PATIENTS and event.line["issuer_roles"] == "patient" for event in seen)
    assert (made.state, made.version, made.first_seen) == ("active", 1, None)
    assert resolved(vault, door.patient(person), person)


def test_one_that_ends_within_a_month_is_told_to_whoever_watches(vault: VaultBench) -> None:
    """The pinned one says the same for ever, until it is ended."""
    day = int(vault.clock()) + 20 * DAY
    added(vault, Door(vault).new(Role.PATIENT, Role.OPERATOR, not_after=day))
    assert vault.guard.inspector.status()["issuers_ending"] == []
    ended(vault, DEMO_ISSUER)
    named = f"{PATIENTS} on {datetime.fromtimestamp(day, UTC).date()}"
    assert vault.guard.inspector.status()["issuers_ending"] == [named]


def test_what_it_may_not_assert_it_does_not_prove(vault: VaultBench, person: Person) -> None:
    """Must fail: a taken-over identity service of patients mints a doctor."""
    vault.authorise(person)
    door = Door(vault)
    added(vault, door.new())
    assert code_of(lambda: resolved(vault, door.doctor(), person)) == "issuer_not_entitled"
    assert (
        code_of(lambda: vault.guard.operator.issuers(door.call(Role.OPERATOR, "x"))) == "issuer_not_entitled"
    )


def test_its_first_credential_is_told_once(vault: VaultBench, person: Person) -> None:
    door = Door(vault)
    added(vault, door.new())
    assert vault.guard.inspector.status()["issuers_new"] == [PATIENTS]
    vault.clock.advance(60)
    with vault.logging() as seen:
        assert resolved(vault, door.patient(person), person) and resolved(vault, door.patient(person), person)
    (first,) = seen
    assert first.told == ("authenticate", "permit", "operator")
    assert (first.line["issuer_change"], first.line["issuer_version"]) == ("first_seen", "2")
    vault.clock.advance(8 * DAY)
    assert vault.guard.inspector.status()["issuers_new"] == []


def test_a_first_credential_in_a_deposit_is_told_as_well(vault: VaultBench, person: Person) -> None:
    door = Door(vault)
    added(vault, door.new(Role.DEPOSITOR))
    token = door.call(Role.DEPOSITOR, "structure:1", structure="1750000001").token
    vault.known_doors = (issuer_of(PATIENTS, door.authority.public, [Role.DEPOSITOR], Environment.TEST),)
    received = vault.receive(ins=person.ins, token=token)
    with vault.logging() as seen:
        assert not isinstance(vault.take(received), Denied)
    assert [event.line["issuer_change"] for event in seen] == ["first_seen"]


def test_one_that_ended_is_refused_from_the_next_call_on_and_by_copies_within_a_second(
    vault: VaultBench, person: Person
) -> None:
    door = Door(vault)
    added(vault, door.new())
    call, other = door.patient(person), vault.another_process()
    assert resolved(vault, call, person)
    assert isinstance(other.reader.resolve(call, person.ins), ResolvedRecord)
    assert ended(vault, PATIENTS).state == "ended"
    assert code_of(lambda: resolved(vault, call, person)) == "issuer_ended"
    vault.clock.advance(1)
    assert code_of(lambda: other.reader.resolve(call, person.ins)) == "issuer_ended"
    vault.clock.advance(-3600)
    assert code_of(lambda: resolved(vault, door.patient(person), person)) == "issuer_ended"


def test_what_was_received_before_it_ended_counts(vault: VaultBench, person: Person) -> None:
    door = Door(vault)
    added(vault, door.new(Role.DEPOSITOR))
    vault.known_doors = (issuer_of(PATIENTS, door.authority.public, [Role.DEPOSITOR], Environment.TEST),)
    token = door.call(Role.DEPOSITOR, "structure:1", structure="1750000001").token
    before = vault.receive(b"%PDF-1.7 before", ins=person.ins, token=token)
    vault.clock.advance(5)
    ended(vault, PATIENTS)
    vault.clock.advance(5)
    after = vault.receive(b"%PDF-1.7 after", ins=person.ins, token=token)
    assert not isinstance(vault.take(before), Denied)
    assert isinstance(vault.take(after), Denied)


def test_it_ends_by_itself_on_its_day(vault: VaultBench, person: Person) -> None:
    door = Door(vault)
    added(vault, door.new(not_after=int(vault.clock()) + DAY))
    vault.clock.advance(DAY - 60)
    assert resolved(vault, door.patient(person), person)
    vault.clock.advance(60)
    assert code_of(lambda: resolved(vault, door.patient(person), person)) == "issuer_ended"
    found = vault.guard.operator.issuers(vault.operator())
    assert isinstance(found, list) and [each.state for each in found] == ["active", "expired"]


def test_asked_again_it_is_done_once(vault: VaultBench) -> None:
    door = Door(vault)
    made = added(vault, door.new())
    with vault.logging() as seen:
        assert added(vault, door.new()) == made
    assert seen == []
    assert ended(vault, PATIENTS) == ended(vault, PATIENTS)


def test_an_ended_key_never_comes_back(vault: VaultBench) -> None:
    door = Door(vault)
    added(vault, door.new())
    ended(vault, PATIENTS)
    assert code_of(lambda: added(vault, door.new())) == "issuer_key_used"


def test_a_name_takes_its_next_key_while_the_former_one_lasts(vault: VaultBench, person: Person) -> None:
    former, following = Door(vault), Door(vault)
    added(vault, former.new())
    added(vault, following.new())
    assert resolved(vault, former.patient(person), person) and resolved(
        vault, following.patient(person), person
    )
    assert code_of(lambda: ended(vault, PATIENTS)) == "issuer_has_keys"
    ended(vault, PATIENTS, former.authority.key_id)
    assert code_of(lambda: resolved(vault, former.patient(person), person)) == "issuer_ended"
    assert resolved(vault, following.patient(person), person)


class TestOnePersonBehindTwoDoors:
    """Card and Pro Santé Connect: who somebody is, is the national number, whoever signed it."""

    def doors(self, vault: VaultBench) -> tuple[Door, Door]:
        cards, connect = Door(vault, "https://cards.example"), Door(vault, "https://connect.example")
        added(vault, cards.new(Role.PROFESSIONAL))
        added(vault, connect.new(Role.PROFESSIONAL, beside=[DEMO_ISSUER, cards.name]))
        return cards, connect

    def test_has_one_quota(self, vault: VaultBench) -> None:
        cards, connect = self.doors(vault)
        most = vault.quotas.credential[Role.PROFESSIONAL].per_hour
        for number in range(most):
            door = (cards, connect)[number % 2]
            call = door.doctor(subject=door.name, structure=(PRACTICE, HOSPITAL)[number % 2])
            answer = vault.reader.resolve(call, new_ins())
            assert isinstance(answer, Denied) and not answer.is_of_quota
        for door in (cards, connect):
            answer = vault.reader.resolve(door.doctor(subject="another name"), new_ins())
            assert isinstance(answer, Denied) and answer.is_of_quota

    def test_is_withdrawn_and_blocked_at_both(self, vault: VaultBench, person: Person) -> None:
        vault.authorise(person)
        doors = self.doors(vault)
        calls = [door.doctor(subject=door.name) for door in doors]
        assert all(resolved(vault, call, person) for call in calls)
        vault.clock.advance(5)
        vault.guard.operator.withdraw_credential(vault.operator(), subject=DOCTOR)
        for call in calls:
            assert code_of(lambda call=call: resolved(vault, call, person)) == "credential_withdrawn"  # type: ignore[misc]
        vault.clock.advance(5)
        assert resolved(vault, doors[0].doctor(), person)
        vault.change(person, Action.BLOCK, DOCTOR)
        assert not any(resolved(vault, door.doctor(subject=door.name), person) for door in doors)

    def test_is_one_operator(self, vault: VaultBench) -> None:
        """Her own key calls her `operator:alice`, another issuer of operators `alice`."""
        own = Door(vault, "operator:alice")
        added(vault, own.new(Role.OPERATOR, subject="operator:alice"))
        calls = [own.call(Role.OPERATOR, "operator:alice"), Call(token=vault.token(Role.OPERATOR, "alice"))]
        with pytest.raises(Refused) as refused:
            vault.guard.operator.add_issuer(calls, Door(vault).new())
        assert refused.value.code == "two_operators"

    def test_is_withdrawn_as_an_operator_by_either_name(self, vault: VaultBench) -> None:
        own = Door(vault, "operator:alice")
        added(vault, own.new(Role.OPERATOR, subject="operator:alice"))
        for name in ("alice", "operator:alice"):
            vault.clock.advance(5)
            calls = [
                own.call(Role.OPERATOR, "operator:alice"),
                Call(token=vault.token(Role.OPERATOR, "alice")),
            ]
            vault.clock.advance(5)
            vault.guard.operator.withdraw_credential(vault.operator(), subject=name)
            for call in calls:
                assert code_of(lambda call=call: vault.guard.operator.issuers(call)) == "credential_withdrawn"  # type: ignore[misc]


class TestNobodyAlone:
    def test_adds_or_ends(self, vault: VaultBench) -> None:
        door = Door(vault)
        for calls in (two(vault, "alice"), two(vault, "alice", "alice"), []):
            with pytest.raises(Refused) as refused:
                vault.guard.operator.add_issuer(calls, door.new())
            assert refused.value.code == "two_operators"
            with pytest.raises(Refused):
                vault.guard.operator.end_issuer(calls, DEMO_ISSUER)
        found = vault.guard.operator.issuers(vault.operator())
        assert isinstance(found, list) and len(found) == 1

    def test_but_operators(self, vault: VaultBench) -> None:
        calls = [vault.doctor(DOCTOR), vault.operator()]
        assert isinstance(vault.guard.operator.add_issuer(calls, Door(vault).new()), Denied)
        assert isinstance(vault.guard.operator.issuers(vault.doctor()), Denied)

    def test_and_two_operators_are_always_left(self, vault: VaultBench) -> None:
        assert code_of(lambda: ended(vault, DEMO_ISSUER)) == "last_operators"
        own = Door(vault, "operator:alice")
        added(vault, own.new(Role.OPERATOR, subject="operator:alice"))
        assert code_of(lambda: ended(vault, DEMO_ISSUER)) == "last_operators"
        other = Door(vault, "operator:bob")
        added(vault, other.new(Role.OPERATOR, subject="operator:bob", beside=[DEMO_ISSUER, "operator:alice"]))
        assert ended(vault, DEMO_ISSUER).state == "ended"
        calls = [own.call(Role.OPERATOR, "operator:alice"), other.call(Role.OPERATOR, "operator:bob")]
        assert isinstance(vault.guard.operator.add_issuer(calls, Door(vault).new()), ListedIssuer)

    def test_a_name_that_is_not_there(self, vault: VaultBench) -> None:
        assert code_of(lambda: ended(vault, "nobody")) == "no_such_issuer"

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"beside": []}, "issuer_overlaps"),
            ({"environment": "production"}, "wrong_environment"),
            ({"environment": "moon"}, "bad_issuer"),
            ({"roles": ["admin"]}, "bad_issuer"),
            ({"claims": ["rpps"]}, "bad_issuer"),
        ],
    )
    def test_what_makes_no_sense(self, vault: VaultBench, more: dict[str, Any], code: str) -> None:
        wanted = replace(Door(vault).new(), **more)
        with vault.logging() as seen:
            assert code_of(lambda: added(vault, wanted)) == code
        assert seen == [] and len(vault.sql("SELECT 1 FROM issuer")) == 1


class TestPutBack:
    """Whoever writes the vault's file revives no issuer unseen."""

    def rows(self, vault: VaultBench) -> list[tuple[Any, ...]]:
        return vault.sql("SELECT * FROM issuer")

    def put(self, vault: VaultBench, rows: list[tuple[Any, ...]]) -> None:
        vault.sql("DELETE FROM issuer")
        for row in rows:
            vault.sql("INSERT INTO issuer VALUES (?, ?, ?, ?, ?, ?)", *row)

    def verified(self, vault: VaultBench) -> str | None:
        try:
            vault.guard.inspector.verify_log()
        except LogFault as fault:
            return fault.code
        return None

    def test_as_of_before_it_ended(self, vault: VaultBench, person: Person) -> None:
        door = Door(vault)
        added(vault, door.new())
        assert resolved(vault, door.patient(person), person)
        before = self.rows(vault)
        ended(vault, PATIENTS)
        assert code_of(lambda: resolved(vault, door.patient(person), person)) == "issuer_ended"
        assert self.verified(vault) is None
        self.put(vault, before)
        vault.clock.advance(1)
        assert code_of(lambda: resolved(vault, door.patient(person), person)) == "issuer_rolled_back"
        assert self.verified(vault) == "issuer_rolled_back"

    def test_as_of_the_beginning(self, vault: VaultBench) -> None:
        before = self.rows(vault)
        added(vault, Door(vault).new())
        self.put(vault, before)
        assert self.verified(vault) == "issuer_rolled_back"

    def test_one_s_own(self, vault: VaultBench, person: Person) -> None:
        """A row of another vault, whoever sealed it, and one of this under another name."""
        door = Door(vault)
        added(vault, door.new())
        first, (_, key, *rest) = sorted(self.rows(vault))
        posing = Authority(door.private, environment=Environment.TEST, issuer="https://evil.example")
        self.put(vault, [first, ("https://evil.example", key, *rest)])
        token = posing.issue(
            role=Role.PATIENT,
            subject="s",
            audience=AUDIENCE,
            now=int(vault.clock()),
            ins=INS(person.ins, INS_NIR_TEST),
        )
        assert code_of(lambda: resolved(vault, Call(token=token), person)) == "unseal_failed"
        assert self.verified(vault) == "issuer_rolled_back"

    def test_its_copies(self, vault: VaultBench, person: Person) -> None:
        door = Door(vault)
        added(vault, door.new())
        ended(vault, PATIENTS)
        vault.sql("UPDATE issuer SET state='active' WHERE name=?", PATIENTS)
        assert code_of(lambda: resolved(vault, door.patient(person), person)) == "issuer_altered"

    def test_a_change_reaches_a_vault_that_is_brought_forward(self, vault: VaultBench, tmp_path: Any) -> None:
        older = vault.copied(tmp_path / "older")
        door = Door(vault)
        added(vault, door.new())
        ended(vault, PATIENTS)
        with vault.store.inner.reading() as newer, older.store.inner.writing() as tx:
            bring_forward(tx, newer)
        assert sorted(self.rows(older)) == sorted(self.rows(vault))
        assert isinstance(older.store.inner, SqlVaultStore) and self.verified(older) is None
        older.close()


def test_the_list_for_intake_says_what_the_vault_accepts(vault: VaultBench) -> None:
    door = Door(vault)
    added(vault, door.new())
    pinned, now = vault.public_key("reception"), int(vault.clock())
    told = verify_issuers(vault.guard.housekeeper.issuers_document(), pinned, now)
    assert told.find(PATIENTS, None) == issuer_of(
        PATIENTS, door.authority.public, [Role.PATIENT], Environment.TEST
    )
    ended(vault, PATIENTS)
    told = verify_issuers(vault.guard.housekeeper.issuers_document(), pinned, now)
    found = told.find(PATIENTS, None)
    assert found is not None and not found.lasts_beyond(now)
