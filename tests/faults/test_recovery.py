"""What went on without an answer goes on soon after the engines are back."""

import asyncio

from ingestion.intake.waiting import Verdicts
from ingestion.worker.queue.loop import PAUSE_WHILE_AWAY_MS
from tests.faults.faulty import Fault, Faulty, How
from tests.faults.pipeline import Pipeline, slices

SOON_S = PAUSE_WHILE_AWAY_MS / 1000 + 0.1
TRIES = 8


def test_a_submission_is_not_punished_for_engines_that_are_away(pipeline: Pipeline) -> None:
    """However often it was tried meanwhile, it is due again within seconds."""
    ins = pipeline.open_record()
    submission = pipeline.deposit(ins, slices(ins))
    for number in range(TRIES):
        assert pipeline.worker(f"try {number}", Fault("index.publish", 1, How.FAILS)).ingest_next()
        pipeline.clock.ahead += SOON_S
    assert pipeline.worker("last").ingest_next()
    assert pipeline.outcomes(submission) == ["published", "published"]
    assert pipeline.left_over() == []


def test_who_cannot_settle_or_postpone_goes_on_with_the_next(pipeline: Pipeline) -> None:
    ins = pipeline.open_record()
    first, second = (pipeline.deposit(ins, slices(ins, seed=seed)) for seed in (1, 2))
    assert pipeline.worker("unsettled", Fault("index.settle", 1, How.FAILS)).ingest(first)
    assert pipeline.worker("settled").ingest(second)
    assert pipeline.outcomes(first) == pipeline.outcomes(second) == ["published", "published"]
    assert pipeline.left_over() == []


def test_a_verdict_is_awaited_through_a_failure_of_the_index(pipeline: Pipeline) -> None:
    """The deposit is kept already: to send it again would be in vain."""
    ins = pipeline.open_record()
    submission = pipeline.deposit(ins, slices(ins))
    pipeline.work(pipeline.worker("any"))
    index = Faulty("index", pipeline.system.index, Fault("index.submission", 1, How.FAILS))
    assert asyncio.run(Verdicts(index).wait(submission)).state == "published"
