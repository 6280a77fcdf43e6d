"""The operators' verbs."""

from uuid import uuid4

from keyvault.credentials.issuers import DEMO_ISSUER
from keyvault.credentials.tokens import number_of
from keyvault.crypto.boxes import new_box_key
from keyvault.verbs.operator.issuers import NewIssuer
from keyvault.verbs.operator.officer import Credentialed
from records.card.card import CardAuthorisation
from records.vocabulary.codes import Action
from tests.integration.vault.bench import DOCTOR, PRACTICE, STRANGER, TRAITS, VaultBench, new_ins, rows_of
from tests.integration.vault.test_jobs import STUDY, WHY
from tests.integration.vault.test_law import reseal_as_first_format
from tests.integration.vault.verb_rows.arranged import deposited, operator, set_aside, two_operators, two_rows
from tests.integration.vault.verb_rows.row import Act, row


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
