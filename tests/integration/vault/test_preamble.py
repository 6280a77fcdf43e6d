"""Every verb that somebody asks for begins alike: verified, counted, decided, on the log; and refuses alike.

The verbs are those of the doors: a new one fails here until it says how it is asked, or why nobody asks.
"""

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from keyvault.credentials.refusing import CredentialError
from keyvault.grants.grant import new_recipient
from keyvault.process.guard import Guard
from keyvault.process.wire import verbs_of
from keyvault.quotas import Quota, Quotas
from keyvault.restore.frozen import freeze
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.operator.issuers import NewIssuer
from keyvault.verbs.reader.holder.changing import CardChange
from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.worker.adoption.adopt_request import Adopted
from records.documents.label_changes import LabelChange
from records.errors import Conflict, NotFound
from records.fhir.search.fhir_search import DOCUMENT, FhirSearch
from records.imaging.attributes import Level
from records.imaging.search import ImagingSearch
from records.people.contacts import ContactKind
from records.vocabulary.codes import Action, PurposeOfUse, ReasonCode, RecordState, Role
from tests.integration.vault.bench import (
    DOCTOR,
    HOUR,
    LABORATORY,
    STRANGER,
    TRAITS,
    Person,
    VaultBench,
    new_ins,
)
from tests.integration.vault.verb_rows.row import is_the_readers

WHY = "Contrôle de la procédure"
ROLE, NOBODY = ReasonCode.ROLE_NOT_ENTITLED, ReasonCode.NO_SUCH_RECORD
OTHER, PURPOSE = PurposeOfUse.MAINTENANCE, ReasonCode.PURPOSE_NOT_ENTITLED
OVER = Denied(ReasonCode.QUOTA_EXCEEDED)
CHANGE = CardChange(action=Action.AUTHORISE, professional=DOCTOR)
DOORS = ("reader", "gateway", "worker", "housekeeper", "operator", "inspector", "signin", "public")
CONTENT = b"%PDF-1.7 compte rendu"
Ask = Callable[[Guard, Call, Call], object]  # the second is another person's

ASKED: Mapping[str, tuple[Ask, ReasonCode]] = {
    "reader.resolve": (lambda at, call, _: at.reader.resolve(call, new_ins()), NOBODY),
    "reader.find": (lambda at, call, _: at.reader.find(call, new_ins()), NOBODY),
    "reader.list": (lambda at, call, _: at.reader.list(call, uuid4(), ListPage()), NOBODY),
    "reader.search": (
        lambda at, call, _: at.reader.search(call, uuid4(), ImagingSearch(Level.STUDY)),
        NOBODY,
    ),
    "reader.search_documents": (
        lambda at, call, _: at.reader.search_documents(call, uuid4(), FhirSearch(DOCUMENT)),
        NOBODY,
    ),
    "reader.search_deposits": (
        lambda at, call, _: at.reader.search_deposits(call, ImagingSearch(Level.STUDY, study="1.2")),
        ROLE,
    ),
    "reader.documents": (lambda at, call, _: at.reader.documents(call, uuid4(), []), NOBODY),
    "reader.document": (
        lambda at, call, _: at.reader.document(call, uuid4(), []),
        ReasonCode.NO_SUCH_DOCUMENT,
    ),
    "reader.choices": (lambda at, call, _: at.reader.choices(call, uuid4()), NOBODY),
    "reader.events": (lambda at, call, _: at.reader.events(call, uuid4()), NOBODY),
    "reader.own_actions": (lambda at, call, _: at.reader.own_actions(replace(call, purpose=OTHER)), PURPOSE),
    "reader.tokens": (lambda at, call, _: at.reader.tokens(call, uuid4(), []), NOBODY),
    "reader.release": (
        lambda at, call, _: at.reader.release(
            call, uuid4(), [], documents=None, recipient=new_recipient()[1]
        ),
        NOBODY,
    ),
    "gateway.release": (
        lambda at, call, _: at.gateway.release(
            call, uuid4(), [], documents=None, recipient=new_recipient()[1]
        ),
        NOBODY,
    ),
    "reader.change_card": (lambda at, call, _: at.reader.change_card(call, uuid4(), CHANGE), ROLE),
    "reader.choose": (lambda at, call, _: at.reader.choose(call, uuid4(), DOCTOR, [], []), ROLE),
    "reader.form_team": (
        lambda at, call, _: at.reader.form_team(call, uuid4(), uuid4(), "Équipe", [DOCTOR]),
        ROLE,
    ),
    "reader.record_consent": (
        lambda at, call, _: at.reader.record_consent(call, new_ins(), uuid4(), "spoken", "Visite"),
        NOBODY,
    ),
    "reader.change_team": (
        lambda at, call, _: at.reader.change_team(call, uuid4(), uuid4(), Action.END_TEAM),
        NOBODY,
    ),
    "reader.label": (lambda at, call, _: at.reader.label(call, uuid4(), uuid4(), []), NOBODY),
    "reader.change_labels": (
        lambda at, call, _: at.reader.change_labels(call, uuid4(), LabelChange()),
        ReasonCode.NO_SUCH_DOCUMENT,
    ),
    "reader.announce": (lambda at, call, _: at.reader.announce(call, uuid4(), uuid4()), NOBODY),
    "reader.refuse_document": (
        lambda at, call, _: at.reader.refuse_document(call, uuid4(), uuid4(), WHY),
        ROLE,
    ),
    "reader.change_document": (
        lambda at, call, _: at.reader.change_document(call, uuid4(), Action.DELETE),
        ReasonCode.NO_SUCH_DOCUMENT,
    ),
    "reader.follow_deposits": (
        lambda at, call, _: at.reader.follow_deposits(replace(call, purpose=OTHER), [uuid4()]),
        PURPOSE,
    ),
    "reader.acknowledge": (lambda at, call, _: at.reader.acknowledge(call, uuid4(), []), ROLE),
    "reader.notices": (lambda at, call, _: at.reader.notices(call, uuid4()), ROLE),
    "reader.contacts": (lambda at, call, _: at.reader.contacts(call, uuid4()), ROLE),
    "reader.put_contact": (
        lambda at, call, _: at.reader.put_contact(call, uuid4(), ContactKind.EMAIL, "a@example.fr"),
        ROLE,
    ),
    "reader.confirm_contact": (
        lambda at, call, _: at.reader.confirm_contact(call, uuid4(), ContactKind.EMAIL, "000000"),
        ROLE,
    ),
    "reader.delete_contact": (
        lambda at, call, _: at.reader.delete_contact(call, uuid4(), ContactKind.EMAIL),
        ROLE,
    ),
    "operator.open_record": (
        lambda at, call, _: at.operator.open_record(
            call, new_ins(), TRAITS, consent_by="x", consent_how="spoken"
        ),
        ROLE,
    ),
    "operator.issue_identity": (lambda at, call, _: at.operator.issue_identity(call, "patient"), ROLE),
    "operator.announce_root": (
        lambda at, call, other: at.operator.announce_root([call, other], "one", "two"),
        ROLE,
    ),
    "operator.issuers": (lambda at, call, _: at.operator.issuers(call), ROLE),
    "operator.add_issuer": (
        lambda at, call, other: at.operator.add_issuer(
            [call, other], NewIssuer(name="new", public=bytes(32), roles=["patient"])
        ),
        ROLE,
    ),
    "operator.end_issuer": (
        lambda at, call, other: at.operator.end_issuer([call, other], "coffre-demo-authority"),
        ROLE,
    ),
    "operator.begin_shards": (lambda at, call, other: at.operator.begin_shards([call, other]), ROLE),
    "operator.rotate_secrets": (lambda at, call, other: at.operator.rotate_secrets([call, other]), ROLE),
    "operator.rotate_record": (
        lambda at, call, other: at.operator.rotate_record([call, other], new_ins()),
        ROLE,
    ),
    "operator.quarantined": (lambda at, call, _: at.operator.quarantined(call, [uuid4()]), ROLE),
    "operator.release_quarantined": (
        lambda at, call, _: at.operator.release_quarantined(call, uuid4(), new_ins(), WHY),
        ROLE,
    ),
    "operator.destroy_quarantined": (
        lambda at, call, _: at.operator.destroy_quarantined(call, uuid4(), WHY),
        ROLE,
    ),
    "operator.find_study": (
        lambda at, call, _: at.operator.find_study(call, new_ins(), Action.COMPACT),
        ROLE,
    ),
    "operator.compact": (lambda at, call, _: at.operator.compact(call, uuid4(), uuid4()), ROLE),
    "operator.render": (lambda at, call, _: at.operator.render(call, uuid4(), uuid4()), ROLE),
    "operator.withdraw": (
        lambda at, call, _: at.operator.withdraw(call, uuid4(), uuid4(), [], [], "113001"),
        NOBODY,
    ),
    "operator.certify_backup": (lambda at, call, _: at.operator.certify_backup(call, uuid4(), {}), ROLE),
    "operator.officer_lines": (lambda at, call, _: at.operator.officer_lines(call), ROLE),
    "operator.officer_traces": (lambda at, call, _: at.operator.officer_traces(call, []), ROLE),
    "operator.withdraw_credential": (
        lambda at, call, _: at.operator.withdraw_credential(call, subject="somebody"),
        ROLE,
    ),
    "restoring.accept_gap": (lambda at, call, _: at.restoring.accept_gap(call, WHY), ROLE),
}
"""Each verb with a credential, and why it refuses a doctor without any right."""

# another's grant is like none: refused with a line, and told as such
OF_A_GRANT: Mapping[str, Ask] = {
    "reader.renew": lambda at, call, _: at.reader.renew(call, uuid4()),
    "gateway.recheck_held": lambda at, call, _: at.gateway.recheck_held(call, new_ins(), uuid4()),
}
OF_A_DEPOSIT = {f"worker.{verb}" for verb in ("release_ingest", "release_ingest_many", "adopt", "adopt_many")}
UNASKED: Mapping[str, frozenset[str]] = {
    "its grant was decided and is on the log": frozenset({"reader.recheck"}),
    "the worker holds what was accepted": frozenset(
        f"worker.{name}"
        for name in (
            *(
                "settle_many",
                "give_back",
                "settle",
                "tokens",
                "part_tokens",
                "identifier_token",
                "differing_traits",
            ),
            *("job", "hold_job", "release_job", "adopt_job"),
        )
    ),
    "two operators began it": frozenset({"operator.move_records"}),
    "it tells counts, changes no right, and each row has its line": frozenset({"operator.move_choices"}),
    "it runs beside the vault's own store": frozenset(
        f"restoring.{name}" for name in ("frozen", "replay", "replay_shipped", "end")
    ),
}
NOBODYS_DOORS = {"housekeeper", "inspector", "public", "signin"}


def verbs_with_doors(guard: Guard) -> dict[str, Callable[..., object]]:
    doors = {name: getattr(guard, name) for name in (*DOORS, "restoring")}
    return {
        f"{name}.{verb}": getattr(door, verb)
        for name, door in doors.items()
        for verb in verbs_of(type(door))
        if not is_the_readers(name, verb)
    }


def test_every_verb_is_asked_with_a_credential_or_says_why_nobody_asks(vault: VaultBench) -> None:
    verbs = verbs_with_doors(vault.guard)
    asked = {
        name for name, verb in verbs.items() if {"call", "calls"} & {*inspect.signature(verb).parameters}
    }
    assert asked == {*ASKED, *OF_A_GRANT}
    rest = {name for name in verbs.keys() - asked if name.partition(".")[0] not in NOBODYS_DOORS}
    assert rest == OF_A_DEPOSIT.union(*UNASKED.values())


def refusals(vault: VaultBench) -> int:
    """How many refusals were counted in this hour, those with a line of their own among them."""
    with vault.store.inner.reading() as tx:
        return sum(row["alone"] + row["counted"] for row in tx.find("refusal"))


def let_be_frozen(vault: VaultBench, verb: str) -> None:
    if verb == "restoring.accept_gap":
        freeze(vault.store, 0, None)


@pytest.mark.parametrize("verb", [*ASKED, *OF_A_GRANT])
def test_a_refused_credential_is_counted_each_time_and_has_one_line(vault: VaultBench, verb: str) -> None:
    ask = ASKED[verb][0] if verb in ASKED else OF_A_GRANT[verb]
    rubbish = Call(token="rubbish")
    with vault.logging() as seen:
        for times in (1, 2):
            with pytest.raises(CredentialError):
                ask(vault.guard, rubbish, rubbish)
            assert refusals(vault) == times
    assert [event.told for event in seen] == [("authenticate", "deny", "bad_credential")]


def one_refusal(vault: VaultBench) -> Guard:
    """The same vault, where a person may be refused once an hour."""
    every, one = dict.fromkeys(Role, Quota(100, 1000)), dict.fromkeys(Role, Quota(1, 100))
    return vault.another_process(quotas=Quotas(every, every, Quota(100, 1000), refused=one))


@pytest.mark.parametrize("verb", ASKED)
def test_a_refusal_is_logged_and_counted_and_one_too_many_is_of_the_quota(
    vault: VaultBench, verb: str
) -> None:
    ask, reason = ASKED[verb]
    guard = one_refusal(vault)
    let_be_frozen(vault, verb)
    with vault.logging() as seen:
        answers = [ask(guard, vault.doctor(STRANGER), vault.doctor(DOCTOR)) for _ in range(3)]
    assert answers == [Denied(reason), OVER, OVER]
    assert [event.told[1:] for event in seen] == [("deny", reason), ("deny", "quota_exceeded")]
    assert refusals(vault) == 3


@pytest.mark.parametrize("verb", OF_A_GRANT)
def test_a_grant_that_is_not_there_is_logged_and_counted_like_any_refusal(
    vault: VaultBench, verb: str
) -> None:
    guard, call = one_refusal(vault), vault.doctor(STRANGER)
    with vault.logging() as seen:
        for _ in range(2):
            with suppress(NotFound):
                assert OF_A_GRANT[verb](guard, call, call) == OVER
    assert [event.told for event in seen] == [
        ("still", "deny", "not_authorised"),
        ("still", "deny", "quota_exceeded"),
    ]
    assert refusals(vault) == 2


def test_a_deposit_whose_credential_is_withdrawn_has_its_line_whichever_verb_comes(
    vault: VaultBench, person: Person
) -> None:
    received, taken = vault.receive(ins=person.ins), vault.receive(ins=person.ins)
    vault.take(taken)
    vault.guard.operator.withdraw_credential(vault.operator(), subject=LABORATORY, structure=LABORATORY)
    bad = Denied(ReasonCode.BAD_CREDENTIAL)
    with vault.logging() as seen:
        assert vault.take(received) == bad
        assert vault.worker.adopt(vault.request(taken, person.ins, CONTENT)) == bad
    assert [event.told for event in seen] == [("deposit", "deny", "bad_credential")] * 2
    assert refusals(vault) == 2


def test_refused_deposits_of_a_professional_count_like_any_refused_call(
    vault: VaultBench, person: Person
) -> None:
    requests = []
    for _ in range(2):
        received = vault.receive(token=vault.doctor().token, ins=person.ins)
        vault.take(received)
        requests.append(vault.request(received, person.ins, CONTENT))
    vault.put_in_state(person, RecordState.CLOSED)
    guard = one_refusal(vault)
    answers = [guard.worker.adopt(request) for request in requests]
    assert answers == [Denied(ReasonCode.RECORD_CLOSED), OVER]


class TestOperators:
    @pytest.fixture
    def aside(self, vault: VaultBench) -> list[UUID]:
        """Documents under quarantine."""
        found = []
        for number in range(4):
            content = b"%PDF-1.7 whose " + bytes([48 + number])
            received = vault.receive(content, token=vault.depositor())
            vault.take(received)
            adopted = vault.worker.adopt(vault.request(received, None, content))
            assert isinstance(adopted, Adopted)
            found.append(adopted.documents[0].document_id)
        return found

    def test_what_lies_under_quarantine_counts_like_records_once_an_hour(
        self, vault: VaultBench, aside: list[UUID]
    ) -> None:
        every = dict.fromkeys(Role, Quota(3, 100))
        operator = vault.another_process(quotas=Quotas(every, every, Quota(100, 100))).operator
        for documents in (aside[:2], aside[1:3], aside[:3], aside[:1] * 3, []):
            seen = operator.quarantined(vault.operator(), documents)
            assert isinstance(seen, tuple) and len(seen) == len({*documents})
        assert operator.quarantined(vault.operator(), aside) == OVER
        assert operator.quarantined(vault.operator(), aside[:1]) == OVER
        vault.clock.advance(2 * HOUR)
        assert operator.quarantined(vault.operator(), aside[:1]) != OVER

    def test_a_decision_that_comes_to_nothing_is_a_refused_call(
        self, vault: VaultBench, person: Person, aside: list[UUID]
    ) -> None:
        operator, call = one_refusal(vault).operator, vault.operator()
        with pytest.raises(NotFound):
            operator.destroy_quarantined(call, uuid4(), WHY)
        assert operator.destroy_quarantined(call, uuid4(), WHY) == OVER
        assert operator.release_quarantined(call, uuid4(), person.ins, WHY) == OVER
        assert operator.release_quarantined(call, aside[0], person.ins, WHY) != OVER  # what is permitted

    def test_a_record_that_is_not_there_or_is_there_already_is_a_refused_call(
        self, vault: VaultBench, person: Person
    ) -> None:
        operator = one_refusal(vault).operator
        first, second, third = (
            Call(token=vault.token(Role.OPERATOR, name)) for name in ("first", "second", "third")
        )
        with pytest.raises(NotFound):
            operator.rotate_record([first, second], new_ins())
        assert operator.rotate_record([first, second], new_ins()) == OVER

        def open_again() -> object:
            return operator.open_record(third, person.ins, TRAITS, consent_by="x", consent_how="spoken")

        with pytest.raises(Conflict):
            open_again()
        assert open_again() == OVER
