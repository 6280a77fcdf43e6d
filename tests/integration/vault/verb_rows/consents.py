"""The reader's verbs of teams and consents."""

from uuid import uuid4

from records.errors import NotFound
from records.vocabulary.codes import Action
from tests.integration.vault.bench import (
    ATTENDING,
    DOCTOR,
    STRANGER,
    VaultBench,
)
from tests.integration.vault.verb_rows.arranged import deposited, formed, raising
from tests.integration.vault.verb_rows.row import Act, row


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
