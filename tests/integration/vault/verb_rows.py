"""Every verb of the vault's doors: how it is called in a test, and what it writes into the log.

A row arranges what its verb needs and answers the call. `events` are the lines of one call, "action outcome",
in their order. A verb is in `ROWS` or in `NO_ROW`; one that never logs says in `NO_EVENT` why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest

from keyvault.credentials.issuers import DEMO_ISSUER
from keyvault.credentials.tokens import number_of
from keyvault.crypto.boxes import new_box_key
from keyvault.crypto.search_tokens import TokenField
from keyvault.grants.grant import new_recipient
from keyvault.process.guard import ReaderDoor
from keyvault.verbs.attempt import Call
from keyvault.verbs.operator.issuers import NewIssuer
from keyvault.verbs.operator.officer import Credentialed
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.reader.holder.changing import CardChange, Changed
from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.rows import SealedRow
from keyvault.verbs.worker.adoption.adopt_request import Adopted, AdoptRequest
from keyvault.verbs.worker.deposits.ingest_request import IngestRequest
from records.consent import CardAuthorisation, Emergency
from records.documents.label_changes import LabelChange
from records.door_notes import DoorNote
from records.errors import NotFound
from records.fhir.search.fhir_search import DOCUMENT, SET, FhirSearch
from records.imaging.attributes import Level
from records.imaging.search import ImagingSearch
from records.people.contacts import ContactKind
from records.vocabulary.codes import Action, Label, PurposeOfUse, RecordState, Role
from records.vocabulary.door_events import DoorEvent
from tests.integration.vault.bench import (
    ATTENDING,
    DAY,
    DOCTOR,
    HOUR,
    LABORATORY,
    PRACTICE,
    STRANGER,
    TRAITS,
    Deposited,
    Person,
    VaultBench,
    new_ins,
    rows_of,
)
from tests.integration.vault.test_jobs import STUDY, WHY, imaged, leaving, taken
from tests.integration.vault.test_law import reseal_as_first_format

Act = Callable[[], object]
Arrange = Callable[[VaultBench], Act]
PDF = b"%PDF-1.7 compte rendu"
OF_STUDY = ImagingSearch(Level.STUDY, study=STUDY)


@dataclass(frozen=True)
class Row:
    """A call of `verb`. `whole`: it changes everything in one transaction, or nothing."""

    verb: str
    case: str
    events: tuple[str, ...]
    whole: bool
    arrange: Arrange

    def __str__(self) -> str:
        return f"{self.verb}, {self.case}" if self.case else self.verb


ROWS: list[Row] = []


def is_the_readers(door: str, verb: str) -> bool:
    """A verb that the gateway shares with the reader, and that does the same at both doors."""
    return door == "gateway" and verb != "release" and hasattr(ReaderDoor, verb)


def row(verb: str, *events: str, case: str = "", whole: bool = True) -> Callable[[Arrange], Arrange]:
    def noted(arrange: Arrange) -> Arrange:
        ROWS.append(Row(verb, case, events, whole, arrange))
        return arrange

    return noted


_READS = "it reads, and answers nothing of a person"
_LEASED = "what it answers is read under the lease of a submission, whose opening is on the log"
NO_EVENT: Mapping[str, str] = {
    "worker.release_ingest": "a deposit has its event where it is adopted or refused",
    "worker.release_ingest_many": "a deposit has its event where it is adopted or refused",
    "worker.settle_many": "what was received goes, after the event of its deposit",
    "housekeeper.settle_many": "what was received goes, after the event of its deposit",
    "worker.job": "it names a job; opening it is logged",
    "worker.hold_job": "a lease alone; opening the job is logged",
    "worker.give_back": "a lease alone",
    "worker.settle": "what was received goes, after the event of its deposit",
    "worker.tokens": _LEASED,
    "worker.part_tokens": _LEASED,
    "worker.identifier_token": _LEASED,
    "worker.differing_traits": _LEASED,
    "housekeeper.settle": "what was received goes, after the event of its deposit",
    "housekeeper.waiting_jobs": _READS,
    "housekeeper.never_adopted": _READS,
    "housekeeper.changed_states": _READS,
    "housekeeper.sequence": "it places the log's own entries",
    "housekeeper.checkpoint": "it signs the log",
    "housekeeper.ship": "it copies the log",
    "housekeeper.forget_shipped": "it ends copies of the log, after a term that is fixed",
    "housekeeper.day_keys": "its keys are published, each signed",
    "housekeeper.issuers_document": "it signs what two operators decided, each time with its events",
    "housekeeper.destroy_day_keys": "it ends keys after a term that is fixed, when no deposit needs them",
    "housekeeper.end_leases": "a lease alone",
    "housekeeper.take_notices": "a notice has the event of what it tells of",
    "housekeeper.ack_notice": "a notice has the event of what it tells of",
    "operator.move_records": "two operators began the rotation, which is on the log",
    **{
        f"inspector.{verb}": _READS
        for verb in (
            "adopted_blobs",
            "adopted_rows",
            "blobs_named",
            "documents_in_hand",
            "documents_named",
            "parts_of",
            "rows_named",
            "notices",
            "status",
            "verify_log",
        )
    },
    **{
        f"public.{verb}": "anybody may read it"
        for verb in (
            "consistency",
            "delivery",
            "known_issuers",
            "last_checkpoint",
            "proof",
            "proofs",
            "public_keys",
            "tile",
            "watched_doors",
        )
    },
}

NO_ROW: Mapping[str, str] = {
    **{verb: why for verb, why in NO_EVENT.items() if verb.partition(".")[0] in ("inspector", "public")},
    "housekeeper.ship": "it writes to a second place: test_second_place.py",
    "housekeeper.forget_shipped": "it writes to a second place: test_second_place.py",
    "housekeeper.day_keys": "it writes to a database of its own: test_day_keys.py",
    "housekeeper.destroy_day_keys": "it writes to a database of its own: test_day_keys.py",
}


# what rows need


def deposited(vault: VaultBench) -> tuple[Person, Deposited]:
    """A record whose doctor is authorised, with a document."""
    person = vault.person()
    vault.authorise(person)
    return person, vault.deposit(person)


def two_rows(vault: VaultBench) -> tuple[Person, list[Deposited]]:
    """A study that came in two submissions."""
    person = vault.person()
    return person, [imaged(vault, person, sop) for sop in ("1.1", "1.2")]


def set_aside(vault: VaultBench) -> tuple[Person, UUID]:
    """A record, and a document under quarantine that may be its own."""
    received = vault.receive(PDF)
    vault.take(received)
    adopted = vault.worker.adopt(vault.request(received, None, PDF))
    assert isinstance(adopted, Adopted)
    return vault.person(), adopted.documents[0].document_id


def operator(vault: VaultBench, who: str) -> Call:
    return Call(token=vault.token(Role.OPERATOR, who))


def two_operators(vault: VaultBench) -> list[Call]:
    return [replace(operator(vault, who), purpose=PurposeOfUse.MAINTENANCE) for who in ("anne", "bruno")]


def raising(kind: type[Exception], act: Act) -> Act:
    def acted() -> None:
        with pytest.raises(kind):
            act()

    return acted


# the reader's


@row("reader.resolve")
def resolve(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    return lambda: vault.reader.resolve(vault.doctor(), person.ins)


@row("reader.resolve", "search deny", case="refused")
def resolve_refused(vault: VaultBench) -> Act:
    person = vault.person()
    return lambda: vault.reader.resolve(vault.doctor(STRANGER), person.ins)


@row("reader.resolve", "identify permit", case="in an emergency")
def resolve_in_emergency(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    return lambda: vault.reader.resolve(vault.emergency(), person.ins)


@row("reader.find", "identify permit")
def find(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    return lambda: vault.reader.find(vault.doctor(), person.ins)


@row("reader.list", "search permit")
def list_(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    return lambda: vault.reader.list(vault.doctor(), person.record_id, ListPage())


@row("reader.list", "search deny", case="refused")
def list_refused(vault: VaultBench) -> Act:
    person = vault.person()
    return lambda: vault.reader.list(vault.doctor(STRANGER), person.record_id, ListPage())


@row("reader.list", "search permit", case="in an emergency")
def list_in_emergency(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    return lambda: vault.reader.list(vault.emergency(), person.record_id, ListPage())


@row("reader.search", "search permit")
def search(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    return lambda: vault.reader.search(vault.doctor(), person.record_id, ImagingSearch(Level.STUDY))


@row("reader.search", "search deny", case="refused")
def search_refused(vault: VaultBench) -> Act:
    person = vault.person()
    return lambda: vault.reader.search(vault.doctor(STRANGER), person.record_id, ImagingSearch(Level.STUDY))


@row("reader.search", "search permit", case="in an emergency")
def search_in_emergency(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    return lambda: vault.reader.search(vault.emergency(), person.record_id, ImagingSearch(Level.STUDY))


@row("reader.search_documents", "search permit")
def search_documents(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    return lambda: vault.reader.search_documents(vault.doctor(), person.record_id, FhirSearch(DOCUMENT))


@row("reader.search_documents", "search permit", case="of submission sets")
def search_sets(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    return lambda: vault.reader.search_documents(vault.doctor(), person.record_id, FhirSearch(SET))


@row("reader.search_documents", "search deny", case="refused")
def search_documents_refused(vault: VaultBench) -> Act:
    person = vault.person()
    call = vault.doctor(STRANGER)
    return lambda: vault.reader.search_documents(call, person.record_id, FhirSearch(DOCUMENT))


@row("reader.search_documents", "search permit", case="in an emergency")
def search_documents_in_emergency(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    return lambda: vault.reader.search_documents(vault.emergency(), person.record_id, FhirSearch(DOCUMENT))


def own_deposit(vault: VaultBench) -> tuple[Call, list[SealedRow]]:
    """A laboratory's study in somebody's record, and the laboratory's own credential."""
    deposited_study = vault.deposit_study(vault.person(), STUDY)
    return Call(token=vault.depositor()), rows_of(deposited_study)


@row("reader.search_deposits", "search_deposits permit")
def search_deposits(vault: VaultBench) -> Act:
    call, rows = own_deposit(vault)
    return lambda: vault.reader.search_deposits(call, OF_STUDY, rows)


@row("reader.search_deposits", "search_deposits deny", case="refused")
def search_deposits_refused(vault: VaultBench) -> Act:
    return lambda: vault.reader.search_deposits(vault.doctor(), OF_STUDY, [])


@row("reader.search_deposits", case="before the index is asked")
def search_deposits_sought(vault: VaultBench) -> Act:
    call, _ = own_deposit(vault)
    return lambda: vault.reader.search_deposits(call, OF_STUDY)


@row("reader.documents", "search permit")
def documents(vault: VaultBench) -> Act:
    person, document = deposited(vault)
    return lambda: vault.reader.documents(vault.doctor(), person.record_id, rows_of(document))


@row("reader.documents", "search deny", case="refused")
def documents_refused(vault: VaultBench) -> Act:
    person = vault.person()
    return lambda: vault.reader.documents(vault.doctor(STRANGER), person.record_id, [])


@row("reader.documents", "search permit", case="in an emergency")
def documents_in_emergency(vault: VaultBench) -> Act:
    person, document = deposited(vault)
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    return lambda: vault.reader.documents(vault.emergency(), person.record_id, rows_of(document))


@row("reader.document", "search permit")
def document(vault: VaultBench) -> Act:
    _, document = deposited(vault)
    return lambda: vault.reader.document(vault.doctor(), document.document_id, rows_of(document))


@row("reader.choices", "search permit")
def choices(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    return lambda: vault.reader.choices(person.call, person.record_id)


@row("reader.choices", "search deny", case="refused")
def choices_refused(vault: VaultBench) -> Act:
    person = vault.person()
    return lambda: vault.reader.choices(vault.doctor(STRANGER), person.record_id)


def formed(vault: VaultBench) -> tuple[Person, UUID]:
    """A record, and a team of two whose consent its holder gave."""
    person, _ = deposited(vault)
    call = vault.patient(person.ins)
    team = vault.reader.form_team(call, person.record_id, uuid4(), "Équipe", [DOCTOR, STRANGER])
    assert isinstance(team, Changed)
    return person, UUID(team.choices["team"])


@row("reader.form_team", "form_team permit")
def form_team(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    named = (person.record_id, uuid4(), "Équipe", [DOCTOR, STRANGER])
    return lambda: vault.reader.form_team(vault.patient(person.ins), *named)


@row("reader.record_consent", "record_consent permit")
def record_consent(vault: VaultBench) -> Act:
    person = vault.person()
    named = (person.ins, uuid4(), "spoken", "Consultation")
    return lambda: vault.reader.record_consent(vault.doctor(), *named)


@row("reader.record_consent", "record_consent deny", case="refused")
def record_consent_refused(vault: VaultBench) -> Act:
    person = vault.person()
    vault.change(person, Action.BLOCK, DOCTOR)
    named = (person.ins, uuid4(), "spoken", "Consultation")
    return lambda: vault.reader.record_consent(vault.doctor(), *named)


@row("reader.change_team", "join_team permit")
def join_team(vault: VaultBench) -> Act:
    person, team = formed(vault)
    call, named = vault.patient(person.ins), (Action.JOIN_TEAM, [ATTENDING])
    return lambda: vault.reader.change_team(call, person.record_id, team, *named)


@row("reader.change_team", "leave_team permit", case="left")
def leave_team(vault: VaultBench) -> Act:
    person, team = formed(vault)
    call, named = vault.doctor(STRANGER), (Action.LEAVE_TEAM, [STRANGER])
    return lambda: vault.reader.change_team(call, person.record_id, team, *named)


@row("reader.change_team", "end_team permit", case="ended")
def end_team(vault: VaultBench) -> Act:
    person, team = formed(vault)
    call = vault.patient(person.ins)
    return lambda: vault.reader.change_team(call, person.record_id, team, Action.END_TEAM)


@row("reader.change_team", "end_team deny", case="absent")
def end_no_team(vault: VaultBench) -> Act:
    person, _ = formed(vault)
    call = vault.patient(person.ins)
    return raising(
        NotFound, lambda: vault.reader.change_team(call, person.record_id, uuid4(), Action.END_TEAM)
    )


@row(
    "reader.change_card",
    "withdraw_consent permit",
    case="all consent is withdrawn",
)
def withdraw_consent(vault: VaultBench) -> Act:
    """The team, whoever is authorised, and the card."""
    person, _ = formed(vault)
    return lambda: vault.change(person, Action.WITHDRAW_CONSENT)


@row("reader.events", "read_log permit")
def events(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    return lambda: vault.reader.events(person.call, person.record_id)


@row("signin.note", "sign_in permit")
def note(vault: VaultBench) -> Act:
    told = {"role": Role.PROFESSIONAL, "claims": {"rpps": DOCTOR}, "means": "card"}
    one = DoorNote(note_id=uuid4(), event=DoorEvent.SIGNED_IN, at=int(vault.clock() * 1000), **told)
    return lambda: vault.guard.signin.note([one])


@row("reader.own_actions", "read_own_log permit")
def own_actions(vault: VaultBench) -> Act:
    deposited(vault)
    return lambda: vault.reader.own_actions(vault.doctor())


@row("reader.own_actions", "read_own_log deny", case="refused")
def own_actions_refused(vault: VaultBench) -> Act:
    person = vault.person()
    return lambda: vault.reader.own_actions(person.call)


@row("reader.tokens", "identify permit", case="in an emergency")
def tokens_in_emergency(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    return lambda: vault.reader.tokens(vault.emergency(), person.record_id, [(TokenField.STUDY, STUDY)])


@row("reader.tokens")
def tokens(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    return lambda: vault.reader.tokens(vault.doctor(), person.record_id, [(TokenField.STUDY, STUDY)])


def releasing(vault: VaultBench, call: Call, named: list[list[UUID]] | None = None) -> Act:
    person, document = deposited(vault)
    recipient = new_recipient()[1]
    return lambda: vault.reader.release(
        call, person.record_id, rows_of(document), documents=named, recipient=recipient
    )


@row("reader.release", "retrieve permit")
def release(vault: VaultBench) -> Act:
    return releasing(vault, vault.doctor())


@row("reader.release", "retrieve deny", case="refused")
def release_refused(vault: VaultBench) -> Act:
    return releasing(vault, vault.doctor(STRANGER))


@row("reader.release", "retrieve deny", case="absent")
def release_absent(vault: VaultBench) -> Act:
    return raising(NotFound, releasing(vault, vault.doctor(), [[UUID(int=1)]]))


def granted(vault: VaultBench) -> tuple[Person, Call, UUID, UUID]:
    """A record, a doctor, their grant, and its object."""
    person, document = deposited(vault)
    call = vault.doctor()
    released, _ = vault.release(call, person, [document])
    assert isinstance(released, Released)
    return person, call, UUID(released.grant["id"]), released.objects[0][0]


@row("reader.recheck")
def recheck(vault: VaultBench) -> Act:
    _, _, grant, blob = granted(vault)
    return lambda: vault.reader.recheck(grant, blob, 1)


@row("reader.recheck", "still deny", case="refused")
def recheck_refused(vault: VaultBench) -> Act:
    person, _, grant, blob = granted(vault)
    vault.change(person, Action.REVOKE, "899700024450")
    return lambda: vault.reader.recheck(grant, blob, 1)


@row("reader.renew")
def renew(vault: VaultBench) -> Act:
    _, call, grant, _ = granted(vault)
    return lambda: vault.reader.renew(call, grant)


@row("reader.renew", "still deny", case="refused")
def renew_refused(vault: VaultBench) -> Act:
    person, call, grant, _ = granted(vault)
    vault.change(person, Action.REVOKE, "899700024450")
    return lambda: vault.reader.renew(call, grant)


@row("reader.renew", "still deny", case="unknown")
def renew_unknown(vault: VaultBench) -> Act:
    return raising(NotFound, lambda: vault.reader.renew(vault.doctor(), UUID(int=7)))


@row("gateway.release", "retrieve permit")
def release_to_the_gateway(vault: VaultBench) -> Act:
    person, document = deposited(vault)
    recipient = new_recipient()[1]
    return lambda: vault.guard.gateway.release(
        vault.doctor(), person.record_id, rows_of(document), documents=None, recipient=recipient
    )


def held(vault: VaultBench) -> tuple[Person, Call, UUID]:
    """A record, a doctor, and their grant, which the gateway took."""
    person, document = deposited(vault)
    call, recipient = vault.doctor(), new_recipient()[1]
    released = vault.guard.gateway.release(
        call, person.record_id, rows_of(document), documents=None, recipient=recipient
    )
    assert isinstance(released, Released)
    return person, call, UUID(released.grant["id"])


@row("gateway.recheck_held")
def recheck_held(vault: VaultBench) -> Act:
    person, call, grant = held(vault)
    return lambda: vault.guard.gateway.recheck_held(call, person.ins, grant)


@row("gateway.recheck_held", "still deny", case="refused")
def recheck_held_refused(vault: VaultBench) -> Act:
    person, call, grant = held(vault)
    vault.change(person, Action.REVOKE, "899700024450")
    return lambda: vault.guard.gateway.recheck_held(call, person.ins, grant)


@row("gateway.recheck_held", "still deny", case="unknown")
def recheck_held_unknown(vault: VaultBench) -> Act:
    person = vault.person()
    act = lambda: vault.guard.gateway.recheck_held(vault.doctor(), person.ins, UUID(int=7))  # noqa: E731
    return raising(NotFound, act)


OPPOSED = CardChange(action=Action.SET_EMERGENCY, emergency=Emergency(False, False))


@row("reader.change_card", "set_emergency permit")
def change_card(vault: VaultBench) -> Act:
    person = vault.person()
    return lambda: vault.reader.change_card(person.call, person.record_id, OPPOSED)


@row("reader.change_card", "set_emergency deny", case="refused")
def change_card_refused(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    return lambda: vault.reader.change_card(vault.doctor(), person.record_id, OPPOSED)


@row("reader.label", "label permit")
def label(vault: VaultBench) -> Act:
    person, document = deposited(vault)
    return lambda: vault.reader.label(person.call, person.record_id, document.document_id, ["MASQUE_PS"])


MASKED = LabelChange(added=frozenset({Label.MASQUE_PS}))


@row("reader.change_labels", "label permit")
def change_labels(vault: VaultBench) -> Act:
    person, document = deposited(vault)
    return lambda: vault.reader.change_labels(person.call, document.document_id, MASKED)


@row("reader.change_labels", "label deny", case="another's")
def change_labels_refused(vault: VaultBench) -> Act:
    _, document = deposited(vault)
    other = vault.person()
    return lambda: vault.reader.change_labels(other.call, document.document_id, MASKED)


@row("reader.choose", "choose permit", "choose permit")
def choose(vault: VaultBench) -> Act:
    person, document = deposited(vault)
    vault.authorise(person)
    return lambda: vault.reader.choose(person.call, person.record_id, DOCTOR, [document.document_id], [])


def unannounced(vault: VaultBench) -> tuple[Person, Deposited]:
    """A document hidden from its patient, and a doctor who may announce it."""
    person = vault.person()
    vault.authorise(person)
    return person, vault.deposit(person, labels=["INVISIBLE_PATIENT"])


@row("reader.label", "label permit", case="hides")
def label_hides(vault: VaultBench) -> Act:
    person, document = deposited(vault)
    own, hidden = vault.doctor(structure=LABORATORY), ["INVISIBLE_PATIENT"]
    return lambda: vault.reader.label(own, person.record_id, document.document_id, hidden)


@row("reader.announce", "announce permit")
def announce(vault: VaultBench) -> Act:
    person, document = unannounced(vault)
    return lambda: vault.reader.announce(vault.doctor(), person.record_id, document.document_id)


@row("reader.announce", "announce deny", case="refused")
def announce_refused(vault: VaultBench) -> Act:
    person, document = unannounced(vault)
    return lambda: vault.reader.announce(vault.doctor(STRANGER), person.record_id, document.document_id)


@row("reader.announce", "announce deny", case="absent")
def announce_absent(vault: VaultBench) -> Act:
    person, _ = unannounced(vault)
    return raising(NotFound, lambda: vault.reader.announce(vault.doctor(), person.record_id, uuid4()))


@row("reader.refuse_document", "refuse permit")
def refuse_document(vault: VaultBench) -> Act:
    person, sent = deposited(vault)
    return lambda: vault.reader.refuse_document(person.call, person.record_id, sent.document_id, "Erreur")


@row("reader.refuse_document", "admit permit", case="taken after all")
def admit_document(vault: VaultBench) -> Act:
    person, sent = deposited(vault)
    vault.reader.refuse_document(person.call, person.record_id, sent.document_id, "Erreur")
    return lambda: vault.reader.refuse_document(person.call, person.record_id, sent.document_id, None)


@row("reader.refuse_document", "refuse deny", case="refused")
def refuse_document_refused(vault: VaultBench) -> Act:
    person, sent = deposited(vault)
    return lambda: vault.reader.refuse_document(vault.doctor(), person.record_id, sent.document_id, "Erreur")


@row("reader.refuse_document", "refuse deny", case="absent")
def refuse_document_absent(vault: VaultBench) -> Act:
    person = vault.person()
    return raising(
        NotFound, lambda: vault.reader.refuse_document(person.call, person.record_id, uuid4(), "Erreur")
    )


@row("reader.change_document", "delete permit")
def delete_document(vault: VaultBench) -> Act:
    _, sent = deposited(vault)
    own = Call(token=vault.depositor())
    return lambda: vault.reader.change_document(own, sent.document_id, Action.DELETE)


@row("reader.change_document", "archive permit", case="archived by the holder")
def archive_document(vault: VaultBench) -> Act:
    person, sent = deposited(vault)
    return lambda: vault.reader.change_document(person.call, sent.document_id, Action.ARCHIVE)


@row("reader.change_document", "delete deny", case="another's")
def delete_document_refused(vault: VaultBench) -> Act:
    _, sent = deposited(vault)
    other = Call(token=vault.depositor(PRACTICE))
    return lambda: vault.reader.change_document(other, sent.document_id, Action.DELETE)


@row("reader.follow_deposits", "follow_deposits permit")
def follow_deposits(vault: VaultBench) -> Act:
    person, sent = deposited(vault)
    vault.reader.refuse_document(person.call, person.record_id, sent.document_id, "Erreur")
    own = Call(token=vault.depositor())
    return lambda: vault.reader.follow_deposits(own, [sent.document_id])


@row("reader.follow_deposits", case="no news")
def follow_deposits_unchanged(vault: VaultBench) -> Act:
    _, sent = deposited(vault)
    own = Call(token=vault.depositor())
    return lambda: vault.reader.follow_deposits(own, [sent.document_id])


@row("reader.acknowledge", "acknowledge permit")
def acknowledge(vault: VaultBench) -> Act:
    person = vault.person()
    return lambda: vault.reader.acknowledge(person.call, person.record_id, [uuid4()])


@row("reader.notices", "read_notices permit")
def notices(vault: VaultBench) -> Act:
    person = noticed(vault)
    return lambda: vault.reader.notices(person.call, person.record_id)


@row("reader.contacts", "read_contacts permit")
def contacts(vault: VaultBench) -> Act:
    person = vault.person()
    return lambda: vault.reader.contacts(person.call, person.record_id)


@row("reader.put_contact", "set_contact permit")
def put_contact(vault: VaultBench) -> Act:
    person = vault.person()
    return lambda: vault.reader.put_contact(
        person.call, person.record_id, ContactKind.EMAIL, "jeanne@example.fr"
    )


@row("reader.put_contact", "set_contact deny", case="refused")
def put_contact_refused(vault: VaultBench) -> Act:
    person = vault.person()
    return lambda: vault.reader.put_contact(
        vault.doctor(), person.record_id, ContactKind.EMAIL, "jeanne@example.fr"
    )


@row("reader.confirm_contact", "confirm_contact permit")
def confirm_contact(vault: VaultBench) -> Act:
    person = vault.person()
    put_contact_of(vault, person)
    (notice,) = vault.guard.housekeeper.take_notices("worker")
    return lambda: vault.reader.confirm_contact(
        person.call, person.record_id, ContactKind.EMAIL, notice.code or ""
    )


@row("reader.confirm_contact", "confirm_contact permit", case="another code")
def confirm_contact_wrongly(vault: VaultBench) -> Act:
    person = vault.person()
    put_contact_of(vault, person)
    vault.guard.housekeeper.take_notices("worker")
    return lambda: vault.reader.confirm_contact(person.call, person.record_id, ContactKind.EMAIL, "none")


@row("reader.delete_contact", "delete_contact permit")
def delete_contact(vault: VaultBench) -> Act:
    person = vault.person()
    put_contact_of(vault, person)
    return lambda: vault.reader.delete_contact(person.call, person.record_id, ContactKind.EMAIL)


def put_contact_of(vault: VaultBench, person: Person) -> None:
    vault.reader.put_contact(person.call, person.record_id, ContactKind.EMAIL, "jeanne@example.fr")


# the worker's


@row("worker.release_ingest")
def release_ingest(vault: VaultBench) -> Act:
    received = vault.receive(ins=vault.person().ins)
    return lambda: vault.take(received)


@row("worker.release_ingest_many")
def release_ingest_many(vault: VaultBench) -> Act:
    received = [vault.receive(ins=vault.person().ins) for _ in range(2)]
    requests = [IngestRequest(each.submission_id, each.envelope, tuple(each.keys)) for each in received]
    return lambda: vault.worker.release_ingest_many("worker", new_box_key()[1], requests)


def two_of_one_record(vault: VaultBench) -> list[AdoptRequest]:
    person, requests = vault.person(), []
    for content in (PDF, PDF + b"2"):
        received = vault.receive(content, ins=person.ins)
        vault.take(received)
        requests.append(vault.request(received, person.ins, content))
    return requests


@row("worker.adopt_many", "deposit permit", "deposit permit")
def adopt_many(vault: VaultBench) -> Act:
    requests = two_of_one_record(vault)
    return lambda: vault.worker.adopt_many(requests)


@row("worker.adopt", "deposit permit")
def adopt(vault: VaultBench) -> Act:
    person = vault.person()
    received = vault.receive(PDF, ins=person.ins)
    vault.take(received)
    request = vault.request(received, person.ins, PDF)
    return lambda: vault.worker.adopt(request)


@row("worker.adopt", "deposit deny", case="refused")
def adopt_refused(vault: VaultBench) -> Act:
    person = vault.person()
    received = vault.receive(PDF, ins=person.ins)
    vault.take(received)
    request = vault.request(received, person.ins, PDF)
    vault.put_in_state(person, RecordState.CLOSED)
    return lambda: vault.worker.adopt(request)


@row("worker.adopt", "quarantine permit", case="set aside")
def adopt_set_aside(vault: VaultBench) -> Act:
    received = vault.receive(PDF)
    vault.take(received)
    request = vault.request(received, None, PDF)
    return lambda: vault.worker.adopt(request)


@row("worker.tokens")
def worker_tokens(vault: VaultBench) -> Act:
    return lambda: vault.worker.tokens([(TokenField.STUDY, STUDY)])


@row("worker.part_tokens")
def part_tokens(vault: VaultBench) -> Act:
    person = vault.person()
    return lambda: vault.worker.part_tokens(person.ins, "1750000001", [bytes(32)])


@row("worker.identifier_token")
def identifier_token(vault: VaultBench) -> Act:
    person = vault.person()
    return lambda: vault.worker.identifier_token(person.ins, "1750000001", bytes(32))


@row("worker.differing_traits")
def differing_traits(vault: VaultBench) -> Act:
    person = vault.person()
    received = vault.receive(PDF, ins=person.ins)
    vault.take(received)
    return lambda: vault.worker.differing_traits(received.submission_id, "worker", person.ins, [])


@row("worker.give_back")
def give_back(vault: VaultBench) -> Act:
    received = vault.receive(PDF, ins=vault.person().ins)
    vault.take(received)
    return lambda: vault.worker.give_back(received.submission_id, "worker")


def settling(vault: VaultBench) -> UUID:
    _, document = deposited(vault)
    return document.received.submission_id


@row("worker.settle")
def settle(vault: VaultBench) -> Act:
    submission = settling(vault)
    return lambda: vault.worker.settle(submission)


@row("worker.settle_many")
def settle_many(vault: VaultBench) -> Act:
    submissions = [settling(vault), settling(vault)]
    return lambda: vault.worker.settle_many(submissions)


@row("housekeeper.changed_states")
def changed_states(vault: VaultBench) -> Act:
    person, sent = deposited(vault)
    assert vault.reader.change_document(person.call, sent.document_id, Action.ARCHIVE)
    return lambda: vault.guard.housekeeper.changed_states(0)


@row("housekeeper.settle_many")
def settle_many_left(vault: VaultBench) -> Act:
    submissions = [settling(vault), settling(vault)]
    return lambda: vault.guard.housekeeper.settle_many(submissions)


@row("housekeeper.settle")
def settle_left(vault: VaultBench) -> Act:
    submission = settling(vault)
    return lambda: vault.guard.housekeeper.settle(submission)


def planned(vault: VaultBench) -> tuple[UUID, list[SealedRow]]:
    person, parts = two_rows(vault)
    job = vault.guard.housekeeper.plan_compaction(person.record_id, parts[0].document_id)
    assert job is not None
    return job, rows_of(*parts)


@row("worker.job")
def job(vault: VaultBench) -> Act:
    job, _ = planned(vault)
    return lambda: vault.worker.job(job)


@row("worker.hold_job")
def hold_job(vault: VaultBench) -> Act:
    job, _ = planned(vault)
    return lambda: vault.worker.hold_job(job, "worker")


@row("worker.release_job", "compact permit")
def release_job(vault: VaultBench) -> Act:
    job, rows = planned(vault)
    public = new_box_key()[1]
    return lambda: vault.worker.release_job(job, "worker", public, rows)


def compacting(vault: VaultBench) -> tuple[UUID, Act]:
    """A job that is opened, and its adoption."""
    job, rows = planned(vault)
    opened = taken(vault, job, rows)
    one, two = (row.series[0].instances[0] for row in opened.details)
    request = leaving(job, opened, one, two)
    return job, lambda: vault.worker.adopt_job(request)


@row("worker.adopt_job", "compact permit")
def adopt_job(vault: VaultBench) -> Act:
    _, adopt = compacting(vault)
    return adopt


# the housekeeper's


@row("housekeeper.sequence")
def sequence(vault: VaultBench) -> Act:
    vault.person()
    return vault.guard.housekeeper.sequence


@row("housekeeper.checkpoint")
def checkpoint(vault: VaultBench) -> Act:
    vault.person()
    vault.guard.housekeeper.sequence()
    return vault.guard.housekeeper.checkpoint


@row("housekeeper.plan_compaction", "compact permit")
def plan_compaction(vault: VaultBench) -> Act:
    person, parts = two_rows(vault)
    return lambda: vault.guard.housekeeper.plan_compaction(person.record_id, parts[0].document_id)


@row("housekeeper.waiting_jobs")
def waiting_jobs(vault: VaultBench) -> Act:
    planned(vault)
    return vault.guard.housekeeper.waiting_jobs


@row("housekeeper.issuers_document")
def issuers_document(vault: VaultBench) -> Act:
    return vault.guard.housekeeper.issuers_document


@row("housekeeper.never_adopted")
def never_adopted(vault: VaultBench) -> Act:
    return lambda: vault.guard.housekeeper.never_adopted([(uuid4(), 1)])


@row("housekeeper.end_leases")
def end_leases(vault: VaultBench) -> Act:
    vault.take(vault.receive(ins=vault.person().ins))
    return vault.guard.housekeeper.end_leases


@row("housekeeper.expire", "search deny", whole=False)
def expire(vault: VaultBench) -> Act:
    """Refusals of an hour that is over get the line that counts them."""
    person = vault.person()
    for _ in range(3):
        vault.reader.resolve(vault.doctor(STRANGER), person.ins)
    vault.clock.advance(2 * HOUR)
    return vault.guard.housekeeper.expire


@row("housekeeper.expire", "announce permit", "announce permit", case="legal clocks", whole=False)
def expire_clocks(vault: VaultBench) -> Act:
    """Two patients are told that something waits."""
    for _ in range(2):
        unannounced(vault)
    vault.clock.advance(14 * DAY)
    return vault.guard.housekeeper.expire


@row("housekeeper.expire", "archive_choices permit", case="choices that ended", whole=False)
def expire_choices(vault: VaultBench) -> Act:
    """A team and whoever was authorised beside it."""
    formed(vault)
    vault.clock.advance(367 * DAY)
    return vault.guard.housekeeper.expire


def noticed(vault: VaultBench) -> Person:
    person, document = deposited(vault)
    vault.reader.documents(vault.emergency(), person.record_id, rows_of(document))
    return person


@row("housekeeper.take_notices")
def take_notices(vault: VaultBench) -> Act:
    noticed(vault)
    return lambda: vault.guard.housekeeper.take_notices("worker")


@row("housekeeper.ack_notice")
def ack_notice(vault: VaultBench) -> Act:
    noticed(vault)
    (notice, *_) = vault.guard.housekeeper.take_notices("worker")
    return lambda: vault.guard.housekeeper.ack_notice(notice.notice_id, "worker")


@row("housekeeper.erase_retired", "erase permit")
def erase_retired(vault: VaultBench) -> Act:
    job, adopt = compacting(vault)
    adopt()
    vault.worker.settle(job)
    blobs = [(UUID(bytes=blob), version) for blob, version in vault.sql("SELECT blob_id, version FROM blob")]
    vault.clock.advance(2 * DAY)
    return lambda: vault.guard.housekeeper.erase_retired(blobs)


# the operator's


@row("operator.open_record", "open_record permit")
def open_record(vault: VaultBench) -> Act:
    ins = new_ins()
    return lambda: vault.guard.operator.open_record(
        vault.operator(), ins, TRAITS, consent_by="x", consent_how="spoken"
    )


@row("operator.move_choices", *("move_choices permit",) * 3, whole=False)
def move_choices(vault: VaultBench) -> Act:
    """A card of the first format, with two authorisations."""
    person = vault.person()
    reseal_as_first_format(vault, person, tuple(CardAuthorisation(n, 0, None) for n in (DOCTOR, STRANGER)))
    return vault.guard.operator.move_choices


@row("operator.issue_identity", "issue_identity permit")
def issue_identity(vault: VaultBench) -> Act:
    return lambda: vault.guard.operator.issue_identity(vault.operator(), "patient")


@row("operator.withdraw_credential", "root permit")
def withdraw_credential(vault: VaultBench) -> Act:
    number = number_of(vault.doctor().token)
    return lambda: vault.guard.operator.withdraw_credential(vault.operator(), jti=number)


@row("operator.certify_backup", "root permit")
def certify_backup(vault: VaultBench) -> Act:
    return lambda: vault.guard.operator.certify_backup(vault.operator(), uuid4(), {"vault": bytes(32)})


@row("operator.officer_lines", "root permit")
def officer_lines(vault: VaultBench) -> Act:
    vault.person()
    return lambda: vault.guard.operator.officer_lines(vault.operator())


@row("operator.officer_traces", "root permit")
def officer_traces(vault: VaultBench) -> Act:
    vault.person()
    of = [Credentialed(DOCTOR, PRACTICE)]
    return lambda: vault.guard.operator.officer_traces(vault.operator(), of)


@row("operator.find_study", "withdraw permit")
def find_study(vault: VaultBench) -> Act:
    person, _ = two_rows(vault)
    return lambda: vault.guard.operator.find_study(vault.operator(), person.ins, Action.WITHDRAW, STUDY)


@row("operator.compact", "compact permit")
def compact(vault: VaultBench) -> Act:
    person, parts = two_rows(vault)
    return lambda: vault.guard.operator.compact(vault.operator(), person.record_id, parts[0].document_id)


@row("operator.render", "render permit")
def render(vault: VaultBench) -> Act:
    person, parts = two_rows(vault)
    return lambda: vault.guard.operator.render(vault.operator(), person.record_id, parts[0].document_id)


@row("operator.withdraw", "withdraw permit")
def withdraw(vault: VaultBench) -> Act:
    person, parts = two_rows(vault)
    named = (person.record_id, parts[0].document_id, rows_of(*parts), ["1.2"], "113037")
    return lambda: vault.guard.operator.withdraw(vault.operator(), *named)


@row("operator.quarantined", "review_quarantine permit")
def quarantined(vault: VaultBench) -> Act:
    _, aside = set_aside(vault)
    return lambda: vault.guard.operator.quarantined(vault.operator(), [aside])


@row("operator.release_quarantined", "release permit", case="proposed")
def discharge_proposed(vault: VaultBench) -> Act:
    person, aside = set_aside(vault)
    return lambda: vault.guard.operator.release_quarantined(operator(vault, "anne"), aside, person.ins, WHY)


@row("operator.release_quarantined", "release permit", "release permit", case="agreed")
def discharge_agreed(vault: VaultBench) -> Act:
    person, aside = set_aside(vault)
    vault.guard.operator.release_quarantined(operator(vault, "anne"), aside, person.ins, WHY)
    return lambda: vault.guard.operator.release_quarantined(operator(vault, "bruno"), aside, person.ins, WHY)


@row("operator.destroy_quarantined", "destroy permit", case="proposed")
def destruction_proposed(vault: VaultBench) -> Act:
    _, aside = set_aside(vault)
    return lambda: vault.guard.operator.destroy_quarantined(operator(vault, "anne"), aside, WHY)


@row("operator.destroy_quarantined", "destroy permit", "destroy permit", case="agreed")
def destruction_agreed(vault: VaultBench) -> Act:
    _, aside = set_aside(vault)
    vault.guard.operator.destroy_quarantined(operator(vault, "anne"), aside, WHY)
    return lambda: vault.guard.operator.destroy_quarantined(operator(vault, "bruno"), aside, WHY)


@row("operator.announce_root", "root permit", "root permit")
def announce_root(vault: VaultBench) -> Act:
    return lambda: vault.guard.operator.announce_root(two_operators(vault), "file", "transit")


NEW = NewIssuer(name="https://new.example", public=new_box_key()[1], roles=["patient"], beside=[DEMO_ISSUER])


@row("operator.issuers", "root permit")
def issuers(vault: VaultBench) -> Act:
    return lambda: vault.guard.operator.issuers(vault.operator())


@row("operator.add_issuer", "root permit", "root permit")
def add_issuer(vault: VaultBench) -> Act:
    return lambda: vault.guard.operator.add_issuer(two_operators(vault), NEW)


@row("operator.end_issuer", "root permit", "root permit")
def end_issuer(vault: VaultBench) -> Act:
    vault.guard.operator.add_issuer(two_operators(vault), NEW)
    return lambda: vault.guard.operator.end_issuer(two_operators(vault), NEW.name)


@row("operator.begin_shards", "root permit", "root permit")
def begin_shards(vault: VaultBench) -> Act:
    deposited(vault)
    return lambda: vault.guard.operator.begin_shards(two_operators(vault))


@row("operator.move_records", whole=False)
def move_records(vault: VaultBench) -> Act:
    deposited(vault)
    vault.guard.operator.begin_shards(two_operators(vault))

    def moved() -> None:
        while vault.guard.operator.move_records().shards_left:
            pass

    return moved


@row("operator.rotate_secrets", "root permit", "root permit")
def rotate_secrets(vault: VaultBench) -> Act:
    return lambda: vault.guard.operator.rotate_secrets(two_operators(vault))


@row("operator.rotate_record", "root permit", "root permit")
def rotate_record(vault: VaultBench) -> Act:
    person, _ = deposited(vault)
    return lambda: vault.guard.operator.rotate_record(two_operators(vault), person.ins)
