"""A ring of the broker is answered whole: what is put back to be tried alone needs no other ring."""

from ingestion.worker.queue.broker_tasks import take_turns
from tests.faults.pipeline import Pipeline, slices
from tests.faults.test_shared_steps import SHARED


def test_what_is_put_back_is_tried_alone_by_the_same_ring(pipeline: Pipeline) -> None:
    ins = pipeline.open_record()
    good, bad = slices(ins, count=2)
    breaks = [RuntimeError("the child is gone")]

    class BreakingOnce(type(pipeline.sandbox)):  # type: ignore[misc]
        def inspect(self, kind, size, read, options=None):  # type: ignore[no-untyped-def]
            if breaks and read(0, size) == bad:
                raise breaks.pop()
            return super().inspect(kind, size, read, options)

    submissions = [pipeline.deposit(ins, [each]) for each in (good, bad)]
    take_turns(pipeline.worker("first", inspector=pipeline._inspector(BreakingOnce()), **SHARED))
    assert breaks == []
    assert [pipeline.outcomes(each) for each in submissions] == [["published"], ["published"]]
