"""Studies without renditions are found, and a row takes the place of another, as every index does it."""

from dataclasses import replace
from uuid import UUID, uuid4

from records.documents.renditions import NOT_RENDERABLE
from storage.index.store import SqlIndex
from storage.rows.documents import Details, Document
from storage.rows.publications import Publication, Rendered
from storage.rows.submissions import Blob
from tests.contract.storage_examples import RECORD, a_blob, a_document, claimed, publication_of

OTHER = UUID("01890000-0000-7000-8000-000000000002")


def deposited(
    index: SqlIndex, document: Document, *, version: int = 1, rendered: int = 0, blob: Blob | None = None
) -> UUID:
    """A submission that adds a row to the study; `blob` is adopted with it."""
    submission_id = claimed(index, *([blob] if blob else []))
    rows = publication_of(submission_id, document, row_version=version, blob=blob)
    details = tuple(replace(row, rendered=rendered) for row in rows.details)
    adopted = frozenset({(blob.blob_id, 1)}) if blob else frozenset()
    assert index.publish(submission_id, "worker", replace(rows, details=details, adopted=adopted))
    return submission_id


def found(index: SqlIndex, **how: UUID | None) -> list[UUID]:
    return [study.document_id for study in index.unrendered_studies(**how)]


def test_studies_without_renditions_are_found_in_order(index: SqlIndex) -> None:
    studies = sorted((a_document(document_id=uuid4()) for _ in range(3)), key=lambda one: one.document_id)
    for study in studies:
        deposited(index, study)
    done, grown = a_document(), a_document(record_id=OTHER)
    deposited(index, done, rendered=1)
    deposited(index, grown, rendered=1)
    deposited(index, grown, version=2, rendered=0)
    deposited(index, a_document(kind="document", study_token=None))
    deposited(index, a_document(state="deleted"))
    ids = [study.document_id for study in studies]
    assert found(index) == sorted([*ids, grown.document_id])
    assert found(index, record_id=RECORD) == ids
    assert found(index, record_id=RECORD, after=ids[0]) == ids[1:]
    assert found(index, record_id=OTHER) == [grown.document_id]
    assert [each.record_id for each in index.unrendered_studies(record_id=OTHER)] == [OTHER]


def carried_out(index: SqlIndex, rendered: Rendered, *blobs: Blob, details: tuple[Details, ...] = ()) -> UUID:
    job = claimed(index, *blobs)
    adopted = frozenset((blob.blob_id, blob.version) for blob in blobs)
    rows = Publication(
        state="published", finished_at=400, parts=(), details=details, adopted=adopted, rendered=rendered
    )
    assert index.publish(job, "worker", rows)
    return job


def test_the_new_row_stands_in_the_place_of_the_old_and_its_objects_are_the_submissions(
    index: SqlIndex,
) -> None:
    study, old, new = a_document(), a_blob(), a_blob()
    first, second = deposited(index, study, blob=old), deposited(index, study, version=2)
    row = Details(
        document_id=study.document_id, row_version=3, submission_id=second, sealed=b"new", created_at=1
    )
    rendered = Rendered(
        document_id=study.document_id, row_version=2, replaced=2, blobs=frozenset({(old.blob_id, 1)})
    )
    job = carried_out(index, rendered, new, details=(row,))
    [(_, details)] = index.documents(RECORD, limit=10)
    assert [(each.row_version, each.submission_id) for each in details] == [(1, first), (3, second)]
    assert found(index) == []
    listed = {blob.blob_id: blob for blob in index.inventory.blobs(None)}
    assert (listed[new.blob_id].submission_id, listed[new.blob_id].state) == (second, "adopted")
    assert [blob.blob_id for blob in index.retired_blobs()] == [old.blob_id]
    assert {each.submission_id for each in index.inventory.instances(None)} == {first, second}
    assert index.settle(job, at=500) == [] and index.abandoned_blobs() == []
    (given,) = [blob for blob in index.blobs(second) if blob.blob_id == new.blob_id]
    assert given.sealed_key is None


def test_where_nothing_can_be_made_the_study_is_not_asked_for_again(index: SqlIndex) -> None:
    study = a_document()
    deposited(index, study)
    assert index.rendition_counts() == (1, 0)
    carried_out(index, Rendered(document_id=study.document_id, row_version=1, state=NOT_RENDERABLE))
    assert found(index) == []
    assert index.rendition_counts() == (0, 1)
    [(_, details)] = index.documents(RECORD, limit=10)
    assert [each.row_version for each in details] == [1]


def test_what_joined_meanwhile_is_still_to_be_done(index: SqlIndex) -> None:
    study = a_document()
    deposited(index, study)
    deposited(index, study, version=2)
    carried_out(index, Rendered(document_id=study.document_id, row_version=1))
    assert found(index) == [study.document_id]
