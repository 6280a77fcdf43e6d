"""A worker that fails or dies between any two steps of the pipeline; a second one ends its work, once."""

from contextlib import suppress
from uuid import UUID

import pytest

from records.errors import NotFound
from tests.faults.faulty import Died, Fault, How
from tests.faults.pipeline import Pipeline, slices
from tests.faults.reading import listed, opened
from tests.faults.storage_check import documents_of
from tests.faults.worker_child import WORKER_CHILD
from tests.services import warm

# every step that leaves a trace, with the calls of a submission that is packed anew
STEPS = [
    ("vault.release_ingest", 1),
    ("index.claim_parts", 1),
    ("index.begin_upload", 1),
    ("objects.commit", 1),
    ("index.begin_uploads", 1),
    ("objects.commit", 2),
    ("index.add_blobs", 1),
    ("vault.adopt", 1),
    ("index.publish", 1),
    ("vault.settle", 1),
    ("index.settle", 1),
    ("objects.delete", 1),
    ("index.forget_blobs", 1),
]
BAD = b"not DICOM at all"
# a step that is done and answers nothing, and one that is not done: the other two differ in who notices
HOWS = [
    How.FAILS_BUT_DONE,
    How.DIES,
    *(pytest.param(how, marks=pytest.mark.long) for how in (How.FAILS, How.DIES_AFTER)),
]


def published_once(pipeline: Pipeline, ins: str, submission: UUID, files: list[bytes]) -> None:
    assert pipeline.outcomes(submission) == ["published", "published", "rejected"]
    assert opened(pipeline, ins).packs == [b"".join(files)]
    assert pipeline.left_over() == []
    assert documents_of(pipeline.system) == 1
    assert pipeline.events("deposit") == 1


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(("verb", "nth"), STEPS)
def test_whatever_breaks_a_step_the_submission_is_published_exactly_once(
    pipeline: Pipeline, verb: str, nth: int, how: How
) -> None:
    ins = pipeline.open_record()
    files = slices(ins)
    submission = pipeline.deposit(ins, [*files, BAD])
    fault = Fault(verb, nth, how)
    try:
        pipeline.worker("first", fault).ingest_next()
    except Died:
        assert how in (How.DIES, How.DIES_AFTER)
    except Exception:  # settling is repeated by the sweeper; the queue's loop goes on
        assert pipeline.outcomes(submission)
    assert fault.struck
    pipeline.work(pipeline.worker("second"))
    published_once(pipeline, ins, submission, files)


@pytest.mark.parametrize(
    "verb", ["objects.commit", "index.add_blobs", "vault.adopt", "index.publish", "vault.settle"]
)
def test_a_worker_process_that_ends_after_a_step_changes_nothing_of_that(
    pipeline: Pipeline, verb: str
) -> None:
    ins = pipeline.open_record()
    files = slices(ins)
    submission = pipeline.deposit(ins, [*files, BAD])
    assert warm.run(str(pipeline.data), verb, module=WORKER_CHILD).returncode == 9
    pipeline.work(pipeline.worker("second"))
    published_once(pipeline, ins, submission, files)


def test_a_failed_try_is_taken_up_by_any_other_worker_without_waiting_for_a_lease(pipeline: Pipeline) -> None:
    ins = pipeline.open_record()
    submission = pipeline.deposit(ins, slices(ins))
    fault = Fault("index.publish", 1, How.FAILS)
    pipeline.worker("first", fault).ingest_next()
    pipeline.clock.ahead += 5
    assert pipeline.worker("second").ingest_next()
    assert pipeline.outcomes(submission) == ["published", "published"]


@pytest.mark.parametrize("how", [How.FAILS, How.DIES])
def test_what_the_vault_adopted_is_invisible_until_the_index_publishes_it(
    pipeline: Pipeline, how: How
) -> None:
    ins = pipeline.open_record()
    pipeline.deposit(ins, slices(ins))
    fault = Fault("index.publish", 1, how)
    with suppress(Died):
        pipeline.worker("first", fault).ingest_next()
    assert fault.struck
    with pipeline.system._vault_store.reading() as tx:
        (adopted,) = tx.find("document")
    assert listed(pipeline, ins) == {}
    assert opened(pipeline, ins).contents == {}
    with pytest.raises(NotFound, match="no such document"):
        opened(pipeline, ins, adopted["document_id"])


def test_images_that_join_a_study_are_granted_only_once_they_are_published(pipeline: Pipeline) -> None:
    ins = pipeline.open_record()
    files = slices(ins, count=4)
    pipeline.deposit(ins, files[:2])
    pipeline.work(pipeline.worker("first"))
    second = pipeline.deposit(ins, files[2:])
    pipeline.worker("first", Fault("index.publish", 1, How.FAILS)).ingest_next()
    (submissions,) = listed(pipeline, ins).values()
    assert submissions == 1
    assert opened(pipeline, ins).packs == [b"".join(files[:2])]
    pipeline.work(pipeline.worker("second"))
    assert pipeline.outcomes(second) == ["published", "published"]
    assert opened(pipeline, ins).packs == sorted([b"".join(files[:2]), b"".join(files[2:])])
    assert list(listed(pipeline, ins).values()) == [2]


@pytest.mark.parametrize("verb", ["index.add_blobs", "vault.adopt"])
def test_a_verdict_that_differs_at_the_second_try_still_ends_the_submission(
    pipeline: Pipeline, verb: str
) -> None:
    """A validator may run out of time once and not again: no submission may hang on that."""
    ins = pipeline.open_record()
    files = slices(ins)
    submission = pipeline.deposit(ins, [*files, BAD])
    slow = pipeline.slow_validator(files[1])
    first = pipeline.worker("first", Fault(verb, 1, How.FAILS_BUT_DONE), inspector=slow)
    first.ingest_next()
    pipeline.work(pipeline.worker("second"))
    assert set(pipeline.outcomes(submission)) <= {"published", "rejected", "quarantined"}
    assert pipeline.left_over() == []
    assert pipeline.events("deposit") == 1
