"""The reader's verbs that find, list and release."""

from uuid import UUID, uuid4

from keyvault.crypto.search_tokens import TokenField
from keyvault.grants.grant import new_recipient
from keyvault.verbs.call import Call
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.rows import SealedRow
from records.door_notes import DoorNote
from records.errors import NotFound
from records.fhir.search.fhir_search import DOCUMENT, SET, FhirSearch
from records.imaging.attributes import Level
from records.imaging.search import ImagingSearch
from records.vocabulary.codes import Action, Role
from records.vocabulary.door_events import DoorEvent
from tests.integration.vault.bench import ATTENDING, DOCTOR, STRANGER, Person, VaultBench, rows_of
from tests.integration.vault.test_jobs import STUDY
from tests.integration.vault.verb_rows.arranged import deposited, raising
from tests.integration.vault.verb_rows.row import OF_STUDY, Act, row


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
