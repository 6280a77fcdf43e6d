"""Records, deposits and operators as rows need them."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from keyvault.verbs.call import Call
from keyvault.verbs.reader.holder.changing import Changed
from keyvault.verbs.rows import SealedRow
from keyvault.verbs.worker.adoption.adopt_request import Adopted
from records.vocabulary.codes import PurposeOfUse, Role
from tests.integration.vault.bench import DOCTOR, STRANGER, Deposited, Person, VaultBench, rows_of
from tests.integration.vault.test_jobs import imaged, leaving, taken
from tests.integration.vault.verb_rows.row import PDF, Act


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


def formed(vault: VaultBench) -> tuple[Person, UUID]:
    """A record, and a team of two whose consent its holder gave."""
    person, _ = deposited(vault)
    call = vault.patient(person.ins)
    team = vault.reader.form_team(call, person.record_id, uuid4(), "Équipe", [DOCTOR, STRANGER])
    assert isinstance(team, Changed)
    return person, UUID(team.choices["team"])


def unannounced(vault: VaultBench) -> tuple[Person, Deposited]:
    """A document hidden from its patient, and a doctor who may announce it."""
    person = vault.person()
    vault.authorise(person)
    return person, vault.deposit(person, labels=["INVISIBLE_PATIENT"])


def planned(vault: VaultBench) -> tuple[UUID, list[SealedRow]]:
    person, parts = two_rows(vault)
    job = vault.guard.housekeeper.plan_compaction(person.record_id, parts[0].document_id)
    assert job is not None
    return job, rows_of(*parts)


def compacting(vault: VaultBench) -> tuple[UUID, Act]:
    """A job that is opened, and its adoption."""
    job, rows = planned(vault)
    opened = taken(vault, job, rows)
    one, two = (row.series[0].instances[0] for row in opened.details)
    request = leaving(job, opened, one, two)
    return job, lambda: vault.worker.adopt_job(request)


def noticed(vault: VaultBench) -> Person:
    person, document = deposited(vault)
    vault.reader.documents(vault.emergency(), person.record_id, rows_of(document))
    return person
