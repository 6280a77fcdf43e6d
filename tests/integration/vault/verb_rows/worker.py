"""The worker's verbs."""

from uuid import UUID

from keyvault.crypto.boxes import new_box_key
from keyvault.crypto.search_tokens import TokenField
from keyvault.verbs.worker.adoption.adopt_request import AdoptRequest
from keyvault.verbs.worker.deposits.ingest_request import IngestRequest
from records.vocabulary.codes import Action, RecordState
from tests.integration.vault.bench import (
    VaultBench,
)
from tests.integration.vault.test_jobs import STUDY
from tests.integration.vault.verb_rows.arranged import (
    compacting,
    deposited,
    planned,
)
from tests.integration.vault.verb_rows.row import PDF, Act, row


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


@row("worker.adopt_job", "compact permit")
def adopt_job(vault: VaultBench) -> Act:
    _, adopt = compacting(vault)
    return adopt
