"""Small deposits that share their steps: whatever breaks one of these, each is published exactly once."""

import time
from uuid import UUID

import pytest

from coffre.housekeeper.sweeping import Sweeper
from ingestion.worker import sharing
from ingestion.worker.sharing import SharedIngestion
from keyvault.verbs.call import Denied
from records.errors import CoffreError
from records.vocabulary.codes import ReasonCode
from storage.rows.submissions import Sharing
from tests.faults.faulty import Died, Fault, Faulty, How
from tests.faults.pipeline import Pipeline, ValidatorsHere, slices
from tests.faults.reading import listed, opened
from tests.faults.storage_check import documents_of
from tests.faults.worker_child import WORKER_CHILD
from tests.integration.support import new_ins
from tests.services import warm

SHARED = {"sharing": Sharing(most=8, largest=2**20), "together": SharedIngestion}
STEPS = [
    ("index.claim_some", 1),
    ("index.blobs_of", 1),
    ("vault.release_ingest_many", 1),
    ("index.begin_uploads", 2),
    ("objects.commit", 2),
    ("index.add_plans", 1),
    ("vault.adopt_many", 1),
    ("vault.adopt_many", 2),
    ("index.publish_many", 1),
    ("vault.settle_many", 1),
    ("index.settle_many", 1),
]
BAD = b"not DICOM at all"
# a step that is done and answers nothing, and one that is not done: the other two differ in who notices
HOWS = [
    How.FAILS_BUT_DONE,
    How.DIES,
    *(pytest.param(how, marks=pytest.mark.long) for how in (How.FAILS, How.DIES_AFTER)),
]
ENDS_AFTER = (
    "objects.commit",
    "index.add_plans",
    "vault.adopt_many",
    "index.publish_many",
    "vault.settle_many",
)


class Three:
    """Two records, an image each, and a file that is none, all of one depositor."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.people = [pipeline.open_record(), pipeline.open_record()]
        self.files = [slices(ins, count=1)[0] for ins in self.people]
        contents = [*zip(self.people, self.files, strict=True), (self.people[0], BAD)]
        self.submissions = [pipeline.deposit(ins, [content]) for ins, content in contents]

    def published_once(self) -> None:
        outcomes = [self.pipeline.outcomes(each) for each in self.submissions]
        assert outcomes == [["published"], ["published"], ["rejected"]]
        for ins, content in zip(self.people, self.files, strict=True):
            assert opened(self.pipeline, ins).packs == [content]
        assert self.pipeline.left_over() == []
        assert documents_of(self.pipeline.system) == 2
        assert self.pipeline.events("deposit") == 2


def test_what_waits_of_one_depositor_takes_each_step_once(pipeline: Pipeline) -> None:
    three = Three(pipeline)
    calls: list[str] = []

    class Counting(Fault):
        def around(self, verb, call):  # type: ignore[no-untyped-def]
            calls.append(verb)
            return call()

    worker = pipeline.worker("first", Counting("", 0, How.FAILS), **SHARED)
    assert worker.ingest_next()
    worker.settle_ended(all_of_them=True)
    shared = [verb for verb, _ in STEPS if verb not in ("index.begin_uploads", "objects.commit")]
    assert shared.count("vault.adopt_many") == len(three.people)  # once for each record
    assert [verb for verb in calls if verb in shared] == shared
    assert not {"vault.adopt", "index.publish", "vault.settle", "vault.give_back"} & set(calls)
    three.published_once()


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(("verb", "nth"), STEPS)
def test_whatever_breaks_a_shared_step_each_is_published_exactly_once(
    pipeline: Pipeline, verb: str, nth: int, how: How
) -> None:
    three = Three(pipeline)
    fault = Fault(verb, nth, how)
    first = pipeline.worker("first", fault, **SHARED)
    try:
        first.ingest_next()
        first.settle_ended(all_of_them=True)
    except Died:
        assert how in (How.DIES, How.DIES_AFTER)
    except Exception:
        assert verb == "index.claim_some"  # the loop looks again
    assert fault.struck
    pipeline.work(pipeline.worker("second", **SHARED))
    three.published_once()


@pytest.mark.parametrize("verb", ENDS_AFTER)
def test_a_worker_process_that_ends_after_a_shared_step_changes_nothing_of_that(
    pipeline: Pipeline, verb: str
) -> None:
    three = Three(pipeline)
    assert warm.run(str(pipeline.data), verb, "together", module=WORKER_CHILD).returncode == 9
    pipeline.work(pipeline.worker("second", **SHARED))
    three.published_once()


def alone(pipeline: Pipeline, submission: UUID) -> int:
    found = pipeline.system.index.submission(submission)
    assert found is not None
    return found.attempts - 1


def test_a_file_that_breaks_its_validator_delays_none_that_came_with_it(pipeline: Pipeline) -> None:
    ins = pipeline.open_record()
    good, bad = slices(ins, count=2)

    class Breaking(type(pipeline.sandbox)):  # type: ignore[misc]
        def inspect(self, kind, size, read, options=None):  # type: ignore[no-untyped-def]
            if read(0, size) == bad:
                raise RuntimeError("the child is gone")
            return super().inspect(kind, size, read, options)

    first, broken = pipeline.deposit(ins, [good]), pipeline.deposit(ins, [bad])
    worker = pipeline.worker("first", inspector=pipeline._inspector(Breaking()), **SHARED)
    assert worker.ingest_next()
    assert pipeline.outcomes(first) == ["published"]
    assert pipeline.outcomes(broken) == []
    pipeline.work(pipeline.worker("second", **SHARED))
    assert pipeline.outcomes(broken) == ["published"]
    assert (alone(pipeline, first), alone(pipeline, broken)) == (0, 1)


def test_the_same_file_twice_is_kept_once_and_its_twin_told_so(pipeline: Pipeline) -> None:
    ins = pipeline.open_record()
    (content,) = slices(ins, count=1)
    both = [pipeline.deposit(ins, [content]) for _ in range(2)]
    pipeline.work(pipeline.worker("first", **SHARED))
    assert [pipeline.outcomes(each) for each in both] == [["published"], ["duplicate"]]
    assert pipeline.events("deposit") == 1
    assert pipeline.left_over() == []


def test_a_closed_record_refuses_its_own_deposit_alone(pipeline: Pipeline) -> None:
    three = Three(pipeline)

    class Closing(Fault):
        """The first record closes between validation and adoption."""

        def around(self, verb, call):  # type: ignore[no-untyped-def]
            self.struck, closes = self.struck or verb == self.verb, verb == self.verb and not self.struck
            if closes:
                pipeline.close_record(three.people[0])
            return call()

    assert pipeline.worker("first", Closing("vault.adopt_many", 1, How.FAILS), **SHARED).ingest_next()
    outcomes = [pipeline.outcomes(each) for each in three.submissions]
    assert outcomes == [["rejected"], ["published"], ["rejected"]]
    assert pipeline.events("deposit") == 1


def test_a_step_that_fails_in_one_record_leaves_deposits_in_others_alone(pipeline: Pipeline) -> None:
    three = Three(pipeline)
    assert pipeline.worker("first", Fault("vault.adopt_many", 1, How.FAILS), **SHARED).ingest_next()
    assert [pipeline.outcomes(each) for each in three.submissions] == [[], ["published"], ["rejected"]]
    pipeline.work(pipeline.worker("second", **SHARED))
    three.published_once()


@pytest.mark.parametrize("is_named", [True, False])
def test_images_of_one_study_that_came_one_by_one_are_one_document(
    pipeline: Pipeline, is_named: bool
) -> None:
    """Whether the address named the record or the images' headers do."""
    ins = pipeline.open_record()
    images = slices(ins, count=4)
    submissions = [pipeline.deposit(ins if is_named else None, [image]) for image in images]
    assert pipeline.worker("first", **SHARED).ingest_next()
    assert [pipeline.outcomes(each) for each in submissions] == [["published"]] * 4
    assert listed(pipeline, ins) == dict.fromkeys(listed(pipeline, ins), 4)
    assert opened(pipeline, ins).packs == sorted(images)
    assert documents_of(pipeline.system) == 1
    assert pipeline.events("deposit") == 4
    assert pipeline.left_over() == []


def test_a_file_that_takes_long_goes_on_alone_and_the_others_are_published_before(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LONGEST_S", 1.0)
    ins = pipeline.open_record()
    before, slow, after = slices(ins, count=3)
    submissions: list[UUID] = []
    examined: list[bytes] = []

    class Waiting(ValidatorsHere):
        """Examines one file until the others have gone."""

        def inspect(self, kind, size, read, options=None):  # type: ignore[no-untyped-def]
            examined.append(read(0, size))
            deadline = time.monotonic() + 20
            while examined[-1] == slow and pipeline.outcomes(submissions[0]) == []:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            return super().inspect(kind, size, read, options)

    submissions += [pipeline.deposit(ins, [each]) for each in (before, slow, after)]
    worker = pipeline.worker("first", inspector=pipeline._inspector(Waiting()), **SHARED)
    assert worker.ingest_next()
    assert [pipeline.outcomes(each) for each in submissions] == [["published"], ["published"], []]
    assert examined == [before, slow]
    pipeline.work(pipeline.worker("second", **SHARED))
    assert pipeline.outcomes(submissions[2]) == ["published"]
    assert pipeline.events("deposit") == 3
    assert pipeline.left_over() == []


def test_a_vault_that_is_away_while_others_are_let_go_spoils_none(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LONGEST_S", -1.0)  # the first beat of the first one lets the others go
    three = Three(pipeline)
    pipeline.work(pipeline.worker("first", Fault("index.publish_many", 1, How.FAILS), **SHARED))
    three.published_once()


def test_a_refusal_that_could_not_be_published_while_others_are_let_go_spoils_none(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LONGEST_S", -1.0)
    ins = pipeline.open_record()
    submissions = [pipeline.deposit(ins, [image]) for image in slices(ins, count=3)]

    class Refusing(Fault):
        """The vault refuses the first, and the index is away when that is to be published."""

        def around(self, verb, call):  # type: ignore[no-untyped-def]
            answer = super().around(verb, call)
            if verb == "vault.release_ingest_many":
                return (Denied(ReasonCode.BAD_CREDENTIAL), *answer[1:])
            return answer

    worker = pipeline.worker("first", Refusing("index.publish_many", 1, How.FAILS), **SHARED)
    assert worker.ingest_next()
    assert [pipeline.outcomes(each) for each in submissions] == [[], ["published"], []]
    pipeline.work(pipeline.worker("second", **SHARED))
    assert [pipeline.outcomes(each) for each in submissions] == [["published"]] * 3


def test_who_has_no_record_is_told_so_and_the_others_are_published(pipeline: Pipeline) -> None:
    ins = pipeline.open_record()
    (mine,), (nobodys,) = slices(ins, count=1), slices(new_ins(), count=1)
    submissions = [pipeline.deposit(None, [each]) for each in (nobodys, mine)]
    assert pipeline.worker("first", **SHARED).ingest_next()
    assert [pipeline.outcomes(each) for each in submissions] == [[], ["published"]]
    pipeline.work(pipeline.worker("second", **SHARED))
    assert pipeline.outcomes(submissions[0]) == ["rejected"]
    assert pipeline.left_over() == []


@pytest.mark.parametrize("how", [How.FAILS, How.FAILS_BUT_DONE])
def test_what_cannot_be_settled_together_is_settled_one_by_one(pipeline: Pipeline, how: How) -> None:
    three = Three(pipeline)
    assert pipeline.worker("first", **SHARED).ingest_next()
    system, fault = pipeline.system, Fault("vault.settle_many", 1, how)
    assert system.guard is not None
    sweeper = Sweeper(
        index=system.index,
        objects=system.objects,
        vault=Faulty("vault", system.guard.housekeeper, fault),
        now_ms=lambda: int((system.clock() + 60) * 1000),
    )
    assert sweeper.sweep().settled == 3
    assert fault.struck
    assert system.index.unsettled(10**15) == []
    three.published_once()


def test_one_that_cannot_be_settled_holds_up_no_other(pipeline: Pipeline) -> None:
    three = Three(pipeline)
    assert pipeline.worker("first", **SHARED).ingest_next()
    system, first = pipeline.system, Fault("vault.settle", 1, How.FAILS)
    assert system.guard is not None
    vault = Faulty("vault", system.guard.housekeeper, Fault("vault.settle_many", 1, How.FAILS))
    sweeper = Sweeper(
        index=system.index,
        objects=system.objects,
        vault=Faulty("vault", vault, first),
        now_ms=lambda: int((system.clock() + 60) * 1000),
    )
    with pytest.raises(CoffreError):
        sweeper.sweep()
    assert first.struck
    assert len(system.index.unsettled(10**15)) == 1
    assert sweeper.sweep().settled == 1
    three.published_once()
