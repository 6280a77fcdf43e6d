"""No query reads a whole table: every statement of the index, and the vault's lookups, are shown to its
planner.
"""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from storage.index.store import SqlIndex
from storage.ports.index import Index
from storage.rows.publications import Publication, Removal, Rendered
from storage.rows.sign_ins import SignedIn
from storage.rows.submissions import CpuUse, NewPlan, PartVerdict, Sharing
from storage.vault_store.store import SqlVaultStore
from tests.contract.storage_adapters import open_database
from tests.contract.storage_examples import (
    RECORD,
    a_blob,
    a_submission,
    claim_next,
    claimed,
    publication_of,
    published,
    received,
)
from tests.contract.storage_filling import fill_index
from tests.contract.storage_plans import plans, watch

OF_A_WHOLE_DIRECTORY = {"count_exercises", "end_exercises"}
"""An import of the public directory, which an operator asks for now and then, goes over all of its lines."""


def tour(index: Index) -> None:
    """Calls every verb of the index, each way that makes a different statement."""
    blob, own, document_id = a_blob(), a_blob(role="repacked"), uuid4()
    for one in (blob, own):
        index.begin_upload(one.blob_id, 1, at=1)
    submission = a_submission()
    index.receive(submission, [blob])
    claim_next(index, "worker", now=10, until=20)
    for depositor in (b"2" * 32, b"3" * 32):
        index.receive(a_submission(depositor_token=depositor), [])
    claim_next(index, "worker", now=10, until=20)
    index.claim(submission.submission_id, "worker", now=20, until=30)
    index.end_leases()
    index.claim(submission.submission_id, "worker", now=20, until=30)
    index.renew(submission.submission_id, "worker", until=40)
    index.begin_uploads([(uuid4(), 1)], at=1)
    index.blobs_of([submission.submission_id])
    together = [received(index, a_blob(), depositor_token=b"4" * 32) for _ in range(2)]
    index.end_leases()
    for _ in range(4):  # whoever's turn it is
        index.claim_some("worker", 20, 30, Sharing(most=8, largest=2**20))
    for each in together:
        index.claim(each, "worker", now=20, until=30)
    plans = [NewPlan(each, {1: each.bytes}, (), b"plan") for each in together]
    assert index.add_plans("worker", plans) == set(together)
    index.publish_many("worker", {each: publication_of(each) for each in together})
    index.forget_blobs(index.settle_many(together, at=1))
    index.claim(submission.submission_id, "worker", now=30, until=40)
    index.add_blobs(submission.submission_id, "worker", [own], b"plan")
    index.claim_parts(submission.submission_id, {1: b"a"})
    for field in ("study", "sop", "accession"):
        index.deposited(b"2" * 32, field, [b"t" * 32], limit=10)
    publication = publication_of(submission.submission_id, adopted=frozenset({(own.blob_id, 1)}))
    index.publish(submission.submission_id, "worker", publication)
    part = PartVerdict(number=1, outcome="published", code="published", reason="", document_id=None)
    for whole in (True, False):
        removal = Removal(
            document_id=document_id,
            submissions=frozenset({uuid4()}),
            blobs=frozenset({(uuid4(), 1)}),
            whole=whole,
            state="deleted",
            freed=(b"t" * 32,),
            verdict=(submission.submission_id, part),
        )
        job = claimed(index)
        index.publish(job, "worker", Publication(state="published", finished_at=1, parts=(), removal=removal))
    pictured = published(index)
    job = claimed(index)
    renewed = publication_of(job, pictured, row_version=2, sop_tokens=(), blob=own)
    rendered = Rendered(
        document_id=pictured.document_id, row_version=1, replaced=1, blobs=frozenset({(uuid4(), 1)})
    )
    index.publish(job, "worker", replace(renewed, rendered=rendered))
    index.postpone(claimed(index), "worker", not_before=5)
    index.forget_blobs(index.settle(submission.submission_id, at=1))
    index.end_upload(uuid4(), 1)
    for after in (None, (1, uuid4())):
        index.documents(RECORD, after=after, limit=5)
    index.published(RECORD, [document_id])
    for ask in (index.submission, index.parts, index.blobs):
        ask(submission.submission_id)
    for now in (
        index.stale_uploads,
        index.waiting,
        index.unsettled,
        index.forget_sign_ins,
        index.forget_answers,
    ):
        now(10)
    index.abandoned_blobs()
    index.retired_blobs()
    index.queue_job(uuid4(), "compact", at=1)
    for key in (None, (uuid4(), 1)):
        index.quarantined(after=key, limit=5)
    index.quarantined_document(document_id)
    for record in (None, RECORD):
        index.grown_studies(least=2, quiet_since=10, record_id=record, limit=5)
        index.unrendered_studies(after=uuid4(), record_id=record, limit=5)
    index.rendition_counts()
    index.oldest_unsettled()
    index.document(document_id)
    index.depositors(document_id)
    index.documents_by_id(RECORD, [publication.documents[0].document_id, document_id])
    index.documents_by_study(RECORD, b"s" * 32)
    index.set_state(document_id, "deleted", at=1)
    index.put_reception_key("2026-01-01", "{}")
    index.reception_key("2026-01-01")
    index.put_issuers("{}")
    index.put_directory([], at=1)
    index.people(["899700024450"])
    index.structures(["1750000002"])
    index.exercises("899700024450")
    index.verdicts(submission.submission_id, b"2" * 32)
    index.issuers()
    signed_in = SignedIn(digest=b"d", sealed=b"s", expires=1, session_id=uuid4())
    index.put_sign_in(signed_in)
    index.sign_in(b"d", now=1, idle_since=0)
    index.use_sign_in(b"d", at=1)
    index.renew_sign_in(b"d", signed_in, until=1)
    index.live_sessions([uuid4()], now=1, idle_since=0)
    index.end_sessions([uuid4()])
    index.end_sign_in(b"d")
    index.introduce(b"d" * 32, b"s" * 32, 1)
    index.count_cpu(CpuUse(depositor_token=b"d", structure_token=b"s", cpu_ms=1), at=1)
    index.cpu_of_day(1, allowance_ms=1)
    index.forget_cpu(1)
    index.counts()
    index.sharing_identifiers()
    index.make_months(1)
    index.months_missing(1)
    index.oldest_received()


def test_the_tour_calls_every_verb_of_the_port(index: Index) -> None:
    ports = [port for port in Index.__mro__ if port.__module__.startswith("storage.")]
    verbs = {name for port in ports for name in vars(port) if not name.startswith("_")}
    called: set[str] = set()

    class Recorder:
        def __getattr__(self, name: str) -> Any:
            called.add(name)
            return getattr(index, name)

    tour(Recorder())  # type: ignore[arg-type]
    assert verbs - called == OF_A_WHOLE_DIRECTORY


def test_no_statement_of_the_index_reads_a_whole_table(index_address: str) -> None:
    database = open_database(index_address)
    fill_index(database, 0, 3000)
    seen = watch(database)
    tour(SqlIndex(database))
    assert len(seen) > 50
    assert [(each, step) for each, plan in plans(database, seen) for step in plan.whole_tables()] == []


def test_lists_come_in_the_order_of_their_index(index_address: str) -> None:
    database = open_database(index_address)
    seen = watch(database)
    index = SqlIndex(database)
    index.documents(RECORD, after=(1, uuid4()), limit=5)
    received(index)
    claim_next(index, "worker", now=10, until=20)
    index.unsettled(1)
    assert len(seen) >= 4
    assert [each for each, plan in plans(database, seen) if plan.sorts()] == []


VAULT_LOOKUPS: list[tuple[str, dict[str, Any]]] = [
    ("record", {"record_id": uuid4()}),
    ("record", {"public_id": uuid4()}),
    ("record", {"ins_token": b"t"}),
    ("record", {"shard_id": 1, "record_id__gt": uuid4()}),
    ("record_key", {"record_id": uuid4(), "branch": 1}),
    ("wrapped_key", {"record_id": uuid4()}),
    ("wrapped_key", {"record_id": uuid4(), "use": 1, "object_id": uuid4(), "version": 1}),
    ("document", {"record_id": uuid4()}),
    ("document", {"record_id": uuid4(), "study_token": b"s"}),
    ("document", {"record_id": uuid4(), "kind": "study", "study_token__in": [b"s", b"t"]}),
    ("document", {"record_id": uuid4(), "kind": "document", "content_token__in": [b"c", b"d"]}),
    ("document", {"document_id__in": [uuid4(), uuid4()]}),
    ("document_row", {"document_id__in": [uuid4(), uuid4()]}),
    ("document_row", {"submission_id": uuid4()}),
    ("blob", {"blob_id__in": [uuid4(), uuid4()], "state": "adopted"}),
    ("blob", {"commitment": b"c"}),
    ("blob", {"submission_id": uuid4()}),
    ("blob", {"record_id": uuid4()}),
    ("blob", {"state": "retired", "retired_at__lt": 1}),
    ("blob_document", {"blob_id": uuid4(), "version": 1}),
    ("blob_document", {"document_id__in": [uuid4()]}),
    ("ingest", {"state": "open", "opened_at__lt": 1}),
    ("ingest_answer", {"submission_id": uuid4()}),
    ("grant", {"expires__lt": 1}),
    ("grant", {"record_id": uuid4()}),
    ("quota", {"subject": b"s", "at__gt": 1}),
    ("quota", {"at__lt": 1}),
    ("quota_count", {"subject": b"s", "hour__gt": 1}),
    ("quota_count", {"hour__lt": 1}),
    ("proof", {"digest": b"d"}),
    ("proof", {"expires__lt": 1}),
    ("emergency_window", {"record_id": uuid4(), "actor": b"a", "purpose": "centre_15", "opened_at__gt": 1}),
    ("emergency_window", {"opened_at__le": 1}),
    ("clock", {"due_at__le": 1}),
    ("clock", {"record_id": uuid4()}),
    ("clock_mark", {"name": "latest"}),
    ("job", {"state": "queued", "created_at__lt": 1}),
    ("notice", {"state": "queued", "lease_until__le": 1}),
    ("notice", {"record_id": uuid4()}),
    ("entry", {"leaf_hash__in": [b"1", b"2"]}),
    ("pending", {"ordinal__gt": 1}),
    ("leaf", {"position__gt": 1}),
    ("leaf", {"leaf_hash": b"1"}),
    ("tile", {"level": 0, "number": 1}),
    ("checkpoint", {"size__gt": 1}),
    ("event", {"chain_id": uuid4(), "chain": 1, "seq__gt": 1}),
    ("event", {"leaf_hash": b"1"}),
    ("accountability", {"actor": b"a", "at__gt": 1}),
    ("replay", {"replay_id__gt": 1}),
]


@pytest.mark.parametrize(
    ("table", "where"), VAULT_LOOKUPS, ids=lambda value: "-".join(value) if value else "all"
)
def test_the_vaults_lookups_use_an_index(vault_address: str, table: str, where: dict[str, Any]) -> None:
    database = open_database(vault_address)
    seen = watch(database)
    with SqlVaultStore(database).writing() as tx:
        tx.find(table, **where)
        tx.delete(table, **where)
    assert len(seen) == 2
    assert [(each, step) for each, plan in plans(database, seen) for step in plan.whole_tables()] == []


@pytest.mark.parametrize(
    ("table", "order"),
    [("pending", "ordinal"), ("leaf", "-position"), ("checkpoint", "-size"), ("replay", "replay_id")],
)
def test_ends_of_the_log_are_read_from_the_end(vault_address: str, table: str, order: str) -> None:
    database = open_database(vault_address)
    seen = watch(database)
    with SqlVaultStore(database).reading() as tx:
        tx.find(table, order=order, limit=1)
    [(_, plan)] = plans(database, seen)
    assert not plan.sorts()
