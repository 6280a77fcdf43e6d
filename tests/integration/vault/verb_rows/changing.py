"""The reader's verbs that change what is kept for a holder."""

from uuid import uuid4

from keyvault.verbs.call import Call
from keyvault.verbs.reader.holder.changing import CardChange
from records.card.card import Emergency
from records.documents.label_changes import LabelChange
from records.errors import NotFound
from records.people.contacts import ContactKind
from records.vocabulary.codes import Action, Label
from tests.integration.vault.bench import DOCTOR, LABORATORY, PRACTICE, STRANGER, Person, VaultBench
from tests.integration.vault.verb_rows.arranged import deposited, noticed, raising, unannounced
from tests.integration.vault.verb_rows.row import Act, row

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
