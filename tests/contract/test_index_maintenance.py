"""Work on what was adopted, as every index does it: queued, published in the place of what it replaces."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from records.errors import Conflict
from storage.index.store import SqlIndex
from storage.rows.documents import Document
from storage.rows.publications import Publication, Removal
from storage.rows.submissions import Blob, PartVerdict
from tests.contract.storage_examples import (
    RECORD,
    a_blob,
    a_document,
    claim_next,
    claimed,
    publication_of,
    published,
)

OTHER = UUID("01890000-0000-7000-8000-000000000002")


def set_aside(index: SqlIndex, *codes: str) -> tuple[UUID, list[Document]]:
    """A submission with a quarantined part for each code, each a document of its own."""
    submission_id, documents = claimed(index), [a_document(study_token=None, record_id=OTHER) for _ in codes]
    rows = publication_of(submission_id, documents[0])
    (details,), (instance,) = rows.details, rows.instances
    of_each = list(enumerate(documents, 1))
    parts = (
        PartVerdict(number=number, outcome="quarantined", code=code, reason="why")
        for number, code in enumerate(codes, 1)
    )
    everything = replace(
        rows,
        state="quarantined",
        parts=tuple(parts),
        documents=tuple(documents),
        details=tuple(replace(details, document_id=one.document_id) for _, one in of_each),
        instances=tuple(replace(instance, document_id=one.document_id, part=n) for n, one in of_each),
        tokens=(),
    )
    assert index.publish(submission_id, "worker", everything)
    return submission_id, documents


def carried_out(index: SqlIndex, removal: Removal, kind: str = "release") -> None:
    job = uuid4()
    assert index.queue_job(job, kind, at=1)
    assert index.claim(job, "worker", now=10, until=10_000)
    rows = Publication(state="published", finished_at=300, parts=(), removal=removal)
    assert index.publish(job, "worker", rows)


def leaving(submission_id: UUID, document: Document, number: int, outcome: str) -> Removal:
    verdict = PartVerdict(number=number, outcome=outcome, code="decided", reason="", document_id=None)
    return Removal(
        document_id=document.document_id,
        submissions=frozenset({submission_id}),
        whole=True,
        verdict=(submission_id, verdict),
    )


def test_a_job_is_queued_once_as_a_submission_of_its_kind(index: SqlIndex) -> None:
    job = uuid4()
    assert index.queue_job(job, "compact", at=1)
    assert not index.queue_job(job, "compact", at=2)
    found = claim_next(index, "worker", now=10, until=20)
    assert found and (found.submission_id, found.kind, found.received_at) == (job, "compact", 1)


def test_what_is_quarantined_is_listed_page_by_page(index: SqlIndex) -> None:
    first, documents = set_aside(index, "no_ins", "other_patient")
    second, _ = set_aside(index, "no_ins")
    every = index.quarantined()
    assert {(each.submission_id, each.number) for each in every} == {(first, 1), (first, 2), (second, 1)}
    pages = [index.quarantined(limit=2)]
    pages.append(index.quarantined(limit=2, after=(pages[0][-1].submission_id, pages[0][-1].number)))
    assert [each for page in pages for each in page] == every
    one = index.quarantined_document(documents[1].document_id)
    assert one and (one.number, one.code, one.record_id, one.length) == (2, "other_patient", OTHER, 100)
    assert index.quarantined_document(uuid4()) is None


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        (["published", "destroyed"], "published"),
        (["destroyed", "destroyed"], "destroyed"),
        (["destroyed"], "quarantined"),
        (["duplicate"], "published"),
    ],
)
def test_a_submission_follows_its_parts_out_of_quarantine(
    index: SqlIndex, outcomes: list[str], state: str
) -> None:
    submission_id, documents = set_aside(index, "no_ins", "no_ins")
    for number, (outcome, document) in enumerate(zip(outcomes, documents, strict=False), 1):
        carried_out(index, leaving(submission_id, document, number, outcome))
    found = index.submission(submission_id)
    assert found and found.state == state
    told = [part.outcome for part in index.parts(submission_id)]
    assert told == [*outcomes, *["quarantined"] * (2 - len(outcomes))]
    assert submission_id in index.unsettled(10**15)
    index.settle(submission_id, at=10**15)
    assert submission_id not in index.unsettled(10**15)
    left = documents[len(outcomes) :]
    assert {document.document_id for document, _ in index.documents(OTHER, limit=100)} == {
        document.document_id for document in left
    }


def test_a_verdict_of_an_unknown_submission_undoes_everything(index: SqlIndex) -> None:
    submission_id, (document,) = set_aside(index, "no_ins")
    wrong = leaving(uuid4(), document, 1, "published")
    with pytest.raises(Conflict):
        carried_out(index, replace(wrong, submissions=frozenset({submission_id})))
    assert index.quarantined_document(document.document_id)


def a_grown_study(index: SqlIndex, submissions: int) -> tuple[Document, list[UUID]]:
    document, ids = a_document(), []
    for version in range(1, submissions + 1):
        ids.append(claimed(index))
        rows = publication_of(ids[-1], document, row_version=version)
        assert index.publish(ids[-1], "worker", rows)
    return document, ids


def test_studies_of_several_submissions_are_found_once_they_are_quiet(index: SqlIndex) -> None:
    grown, _ = a_grown_study(index, 3)
    published(index)
    (found,) = index.grown_studies(least=2, quiet_since=grown.updated_at)
    assert (found.document_id, found.record_id, found.submissions) == (grown.document_id, RECORD, 3)
    assert index.grown_studies(least=2, quiet_since=grown.updated_at, record_id=RECORD) == [found]
    assert index.grown_studies(least=2, quiet_since=grown.updated_at - 1) == []
    assert index.grown_studies(least=4, quiet_since=grown.updated_at) == []
    assert index.grown_studies(least=2, quiet_since=grown.updated_at, record_id=OTHER) == []


def test_a_merged_row_takes_the_place_of_the_rows_it_was_made_of(index: SqlIndex) -> None:
    grown, submissions = a_grown_study(index, 2)
    old: Blob = a_blob()
    carrier = claimed(index, old)
    rows = publication_of(carrier, grown, row_version=3, blob=old, adopted=frozenset({(old.blob_id, 1)}))
    assert index.publish(carrier, "worker", rows)
    job = uuid4()
    index.queue_job(job, "compact", at=1)
    index.claim(job, "worker", now=10, until=10_000)
    removal = Removal(
        document_id=grown.document_id,
        submissions=frozenset({*submissions, carrier}),
        blobs=frozenset({(old.blob_id, 1)}),
    )
    merged = publication_of(job, grown, row_version=4, parts=(), removal=removal, documents=())
    assert index.publish(job, "worker", merged)
    [(document, details)] = index.documents(RECORD, limit=100)
    assert (document.document_id, [row.row_version for row in details]) == (grown.document_id, [4])
    assert [each.submission_id for each in index.inventory.instances(None)] == [job]
    assert [blob.blob_id for blob in index.retired_blobs()] == [old.blob_id]
    assert index.grown_studies(least=2, quiet_since=10**12) == []
    index.settle(carrier, at=500)
    assert index.abandoned_blobs() == []
    index.forget_blobs(index.retired_blobs())
    assert index.retired_blobs() == []


def test_freed_parts_are_no_duplicates_any_more(index: SqlIndex) -> None:
    document, first = a_document(), claimed(index)
    assert not index.claim_parts(first, {1: b"p" * 32}).busy
    index.publish(first, "worker", publication_of(first, document))
    second = claimed(index)
    assert index.claim_parts(second, {1: b"p" * 32}).duplicates == {1: document.document_id}
    index.postpone(second, "worker", not_before=0)
    gone = Removal(document_id=document.document_id, state="deleted", freed=(b"p" * 32,))
    carried_out(index, gone, kind="withdraw")
    [(found, _)] = index.documents(RECORD, limit=100)
    assert found.state == "deleted"
    index.claim(second, "worker", now=100, until=10_000)
    assert index.claim_parts(second, {1: b"p" * 32}).duplicates == {}
