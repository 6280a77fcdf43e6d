"""Two workers on one submission, a task delivered twice, leases that end too early, identical deposits."""

import threading
from collections.abc import Callable
from functools import partial

import pytest

from coffre.processes.leases import end_leases
from ingestion.worker.queue.loop import Worker
from tests.faults.pipeline import BOTH_LEASES_S, Pipeline, slices
from tests.faults.reading import opened
from tests.faults.storage_check import documents_of

SOON = [pytest.param(5), pytest.param(50, marks=pytest.mark.long)]


def at_once(*calls: Callable[[], object]) -> list[object]:
    """All calls in threads of their own, let go together; their answers."""
    answers: list[object] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(at: int) -> None:
        start.wait()
        answers[at] = calls[at]()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


class Interrupted:
    """A vault or index whose `verb` lets something else happen first, once."""

    def __init__(self, target: object, verb: str, meanwhile: Callable[[], object]) -> None:
        self._target, self._verb, self._meanwhile = target, verb, meanwhile

    def __getattr__(self, verb: str) -> object:
        if verb == self._verb:
            self._verb = ""
            self._meanwhile()
        return getattr(self._target, verb)


@pytest.mark.parametrize("rounds", SOON)
def test_two_workers_on_one_submission_publish_it_once(pipeline: Pipeline, rounds: int) -> None:
    ins = pipeline.open_record()
    workers = [pipeline.worker("one"), pipeline.worker("two")]
    for seed in range(rounds):
        submission = pipeline.deposit(ins, slices(ins, seed=seed))
        carried_out = at_once(*(partial(worker.ingest, submission) for worker in workers))
        assert sorted(map(bool, carried_out)) == [False, True]
        assert pipeline.outcomes(submission) == ["published", "published"]
    assert documents_of(pipeline.system) == rounds
    assert pipeline.events("deposit") == rounds
    assert pipeline.left_over() == []


def test_a_task_delivered_again_finds_nothing_to_do(pipeline: Pipeline) -> None:
    ins = pipeline.open_record()
    submission = pipeline.deposit(ins, slices(ins))
    assert pipeline.worker("one").ingest(submission)
    assert not pipeline.worker("one").ingest(submission)
    assert not pipeline.worker("two").ingest(submission)
    assert not pipeline.worker("two").ingest_next()
    assert pipeline.events("deposit") == 1


@pytest.mark.parametrize("verb", ["claim_parts", "begin_upload", "add_blobs", "publish"])
def test_a_worker_whose_lease_ended_does_not_publish_what_another_one_did(
    pipeline: Pipeline, verb: str
) -> None:
    """The slow worker goes on where another one, to whom both leases had passed, is done already."""
    ins = pipeline.open_record()
    files = slices(ins)
    submission = pipeline.deposit(ins, [*files, b"not DICOM"])

    def overtaken() -> None:
        pipeline.clock.ahead += BOTH_LEASES_S
        assert pipeline.worker("quick").ingest(submission)

    slow = pipeline.worker("slow", index=Interrupted(pipeline.system.index, verb, overtaken))
    assert slow.ingest(submission)
    assert pipeline.outcomes(submission) == ["published", "published", "rejected"]
    assert opened(pipeline, ins).packs == [b"".join(files)]
    assert documents_of(pipeline.system) == 1
    assert pipeline.events("deposit") == 1
    assert pipeline.left_over() == []


def test_the_vault_adopts_nothing_from_a_worker_that_lost_its_lease(pipeline: Pipeline) -> None:
    ins = pipeline.open_record()
    submission = pipeline.deposit(ins, slices(ins))

    def overtaken() -> None:
        pipeline.clock.ahead += BOTH_LEASES_S
        assert pipeline.worker("quick").ingest(submission)

    vault = Interrupted(pipeline.system.guard.worker, "adopt", overtaken)
    assert pipeline.worker("slow", vault=vault).ingest(submission)
    assert documents_of(pipeline.system) == 1
    assert pipeline.events("deposit") == 1
    assert pipeline.left_over() == []


def test_the_index_alone_passing_on_makes_the_next_worker_wait_for_the_slow_one(pipeline: Pipeline) -> None:
    """Where the index alone lets go, the slow worker may still adopt until the vault's lease ends."""
    ins = pipeline.open_record()
    submission = pipeline.deposit(ins, slices(ins))
    quick = pipeline.worker("quick")

    def overtaken() -> None:
        assert pipeline.system.index.end_leases() == 1
        assert quick.ingest(submission)  # meets the vault's lease and waits

    slow = pipeline.worker("slow", index=Interrupted(pipeline.system.index, "publish", overtaken))
    assert slow.ingest(submission)
    assert pipeline.outcomes(submission) == []
    pipeline.clock.ahead += 3  # the slow one gave the vault's lease back when it failed
    assert quick.ingest(submission)
    assert pipeline.outcomes(submission) == ["published", "published"]
    assert pipeline.events("deposit") == 1
    assert pipeline.left_over() == []


@pytest.mark.parametrize("rounds", SOON)
def test_of_two_identical_deposits_at_once_one_is_published_and_the_other_a_duplicate(
    pipeline: Pipeline, rounds: int
) -> None:
    ins = pipeline.open_record()
    for seed in range(rounds):
        twins = [pipeline.deposit(ins, slices(ins, seed=seed)) for _ in range(2)]
        workers = [pipeline.worker("one"), pipeline.worker("two")]
        at_once(*(worker.ingest_next for worker in workers))
        pipeline.clock.ahead += 5  # the busy one was postponed for a moment
        pipeline.work(workers[0])
        outcomes = sorted(pipeline.outcomes(each) for each in twins)
        assert outcomes == [["duplicate"] * 2, ["published"] * 2]
    assert pipeline.events("deposit") == rounds
    assert pipeline.left_over() == []


def test_two_deposits_with_a_common_part_both_end(pipeline: Pipeline) -> None:
    ins = pipeline.open_record()
    files = slices(ins, count=3)
    both = [pipeline.deposit(ins, files[:2]), pipeline.deposit(ins, files[1:])]
    workers: list[Worker] = [pipeline.worker("one"), pipeline.worker("two")]
    at_once(*(worker.ingest_next for worker in workers))
    pipeline.clock.ahead += 5
    pipeline.work(workers[1])
    found = sorted(outcome for each in both for outcome in pipeline.outcomes(each))
    assert found == ["duplicate", "published", "published", "published"]
    assert sorted(b"".join(opened(pipeline, ins).packs)) == sorted(b"".join(files))
    assert pipeline.left_over() == []


def test_what_ended_leases_give_back_is_taken_up_at_once(pipeline: Pipeline) -> None:
    """A server that finds itself alone on its data directory doesn't wait for the leases of a killed one."""
    ins = pipeline.open_record()
    submission = pipeline.deposit(ins, slices(ins))
    index, vault = pipeline.system.index, pipeline.system.guard
    assert index.claim(submission, "killed", pipeline.worker("killed").now_ms(), 2**50)
    assert not pipeline.worker("other").ingest_next()
    end_leases(pipeline.system.guard.housekeeper, pipeline.system.index)
    assert pipeline.worker("other").ingest_next()
    assert pipeline.outcomes(submission) == ["published", "published"]
    vault.housekeeper.end_leases()
    assert pipeline.events("deposit") == 1
