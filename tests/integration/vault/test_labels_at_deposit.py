"""Labels that come with a deposit: kept with it, refused with it, never dropped (R24)."""

from dataclasses import replace
from typing import Any

import pytest

from keyvault.verbs.call import Denied
from keyvault.verbs.operator.quarantine import JobSeen
from keyvault.verbs.reader.grants.reading import Disclosed
from keyvault.verbs.rows import SealedRow
from keyvault.verbs.worker.adoption.adopt_request import Adopted, AdoptRequest, NewDocument
from keyvault.verbs.worker.deposits.ingest_request import ForIngest
from records.vocabulary.codes import Label, ReasonCode, Role
from tests.integration.vault.bench import DOCTOR, LABORATORY, Deposited, Person, VaultBench, rows_of
from tests.integration.vault.test_jobs import a_blob, adopted_row, taken

STUDY = "1.2.250.1.213.1.4.1"
HIDDEN, MASKED = ["INVISIBLE_PATIENT"], ["MASQUE_PS"]
DAY = 86_400


def seen(vault: VaultBench, call: Any, person: Person, *deposited: Deposited) -> dict[Any, frozenset[Label]]:
    found = vault.reader.documents(call, person.record_id, rows_of(*deposited))
    assert isinstance(found, Disclosed), found
    return {each.document_id: each.facts.labels for each in found.documents}


@pytest.mark.requirement("R20")
def test_r20_a_document_deposited_as_masked_is_seen_by_its_structure_and_its_holder_alone(
    vault: VaultBench, person: Person
) -> None:
    vault.authorise(person)
    with vault.logging() as log:
        report = vault.deposit(person, labels=MASKED)
    assert [event.line["labels"] for event in log if event.told[0] == "deposit"] == ["MASQUE_PS"]
    assert seen(vault, vault.doctor(), person, report) == {}
    own = seen(vault, vault.doctor(structure=LABORATORY), person, report)
    assert own == seen(vault, person.call, person, report) == {report.document_id: {Label.MASQUE_PS}}


@pytest.mark.requirement("R22")
def test_r22_a_document_deposited_as_hidden_is_seen_by_its_patient_after_a_month(
    vault: VaultBench, person: Person
) -> None:
    vault.authorise(person)
    report = vault.deposit(person, labels=HIDDEN)
    assert seen(vault, vault.doctor(), person, report).keys() == {report.document_id}
    assert seen(vault, person.call, person, report) == {}
    vault.clock.advance(27 * DAY)
    assert seen(vault, vault.patient(person.ins), person, report) == {}
    vault.clock.advance(4 * DAY)
    assert seen(vault, vault.patient(person.ins), person, report).keys() == {report.document_id}


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (["MASQUE_PS", "INVISIBLE_PATIENT"], ReasonCode.LABELS_CONFLICT),
        (["SECRET"], ReasonCode.UNKNOWN_LABEL),
        (["MASQUE_PS", "N"], ReasonCode.UNKNOWN_LABEL),
    ],
)
def test_r24_what_intake_should_have_refused_the_vault_refuses(
    vault: VaultBench, person: Person, labels: list[str], reason: ReasonCode
) -> None:
    received = vault.receive(ins=person.ins, labels=labels)
    assert isinstance(vault.take(received), ForIngest)
    answer = vault.worker.adopt(vault.request(received, person.ins, b"%PDF-1.7 compte rendu"))
    assert answer == Denied(reason)
    assert vault.sql("SELECT count(*) FROM document") == [(0,)]


def test_a_deposit_that_was_set_aside_is_in_the_record_with_its_labels(
    vault: VaultBench, person: Person
) -> None:
    content = b"%PDF-1.7 whose"
    received = vault.receive(content, labels=HIDDEN)
    assert isinstance(vault.take(received), ForIngest)
    adopted = vault.worker.adopt(vault.request(received, None, content))
    assert isinstance(adopted, Adopted)
    (aside,) = adopted.documents
    for who in ("anne", "bruno"):
        call = replace(vault.operator(), token=vault.token(Role.OPERATOR, who))
        job = vault.guard.operator.release_quarantined(
            call, aside.document_id, person.ins, "not yet announced"
        )
    assert isinstance(job, JobSeen)
    row = SealedRow(aside.document_id, aside.row_version, received.submission_id, aside.sealed)
    opened = taken(vault, job.job_id, [row])
    blob = a_blob(job.job_id, opened.day_public, content)
    (details,) = opened.details
    assert details.content is not None
    place = replace(details.content.place, blob_id=blob.blob_id)
    document = NewDocument(
        kind="document",
        type_code="11502-2",
        study_uid=None,
        details=replace(details, content=replace(details.content, place=place)),
        blobs=((blob.blob_id, 1),),
    )
    request = AdoptRequest(
        submission_id=job.job_id,
        worker="worker",
        sealed_envelope=b"",
        record=person.ins,
        documents=(document,),
        blobs=(blob,),
    )
    row = adopted_row(job.job_id, vault.worker.adopt_job(request))
    found = vault.reader.documents(person.call, person.record_id, [row])
    assert isinstance(found, Disclosed) and found.documents == ()
    vault.authorise(person)
    found = vault.reader.documents(vault.doctor(), person.record_id, [row])
    assert isinstance(found, Disclosed)
    assert [each.facts.labels for each in found.documents] == [{Label.INVISIBLE_PATIENT}]


def test_images_that_join_a_study_bring_their_labels_with_them(vault: VaultBench, person: Person) -> None:
    vault.authorise(person, DOCTOR)
    first = vault.deposit_study(person, STUDY)
    assert seen(vault, person.call, person, first) == {first.document_id: frozenset()}
    second = vault.deposit_study(person, STUDY, "1.2.3.5", labels=HIDDEN)
    assert second.document_id == first.document_id
    assert seen(vault, person.call, person, first, second) == {}
    assert seen(vault, vault.doctor(), person, first, second) == {
        first.document_id: {Label.INVISIBLE_PATIENT}
    }
    vault.guard.inspector.verify_log()  # the newest facts are those that the log names


@pytest.mark.requirement("R24")
def test_r24_images_are_not_hidden_from_the_patient_who_has_masked_their_study(
    vault: VaultBench, person: Person
) -> None:
    first = vault.deposit_study(person, STUDY)
    vault.label(person, first.document_id, "MASQUE_PS")
    received = vault.receive(b"more images", ins=person.ins, labels=HIDDEN)
    taken = vault.take(received)
    assert isinstance(taken, ForIngest)
    request = vault.study_request(received, taken, person.ins, STUDY, "1.2.3.6")
    assert vault.worker.adopt(request) == Denied(ReasonCode.LABELS_CONFLICT)
