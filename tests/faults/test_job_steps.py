"""A worker that fails or dies between any two steps of a job: it is done once, by whoever comes next."""

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import pytest

from content.merged_series import merge_series
from content.rendition import Rendition, read_rendition
from keyvault.crypto.sealed_blob import BlobKind
from records.errors import CoffreError
from tests.faults.faulty import Died, Fault, How
from tests.faults.maintenance import Hosting
from tests.faults.pipeline import Pipeline, slices
from tests.faults.reading import Opened, listed, opened
from tests.faults.storage_check import documents_of
from tests.faults.worker_child import WORKER_CHILD
from tests.services import warm

# every step that leaves a trace, in order
DISCHARGE = [
    ("vault.release_job", 1),
    ("index.claim_parts", 1),
    ("index.begin_upload", 1),
    ("objects.commit", 1),
    ("objects.commit", 2),
    ("index.add_blobs", 1),
    ("vault.adopt_job", 1),
    ("index.publish", 1),
    ("vault.settle", 1),
    ("index.settle", 1),
]
REPACK = [step for step in DISCHARGE if step[0] != "index.claim_parts"]
RENDER = [(verb.replace("begin_upload", "begin_uploads"), nth) for verb, nth in REPACK]
DESTROY = [("vault.job", 1), ("index.publish", 1), ("vault.settle", 1), ("index.settle", 1)]
HOWS = [
    How.FAILS_BUT_DONE,
    How.DIES,
    pytest.param(How.FAILS, marks=pytest.mark.long),
    pytest.param(How.DIES_AFTER, marks=pytest.mark.long),
]
# a withdrawal and a rendering take the steps of a compaction, of which more is tried
HOWS_OF_OTHERS = [
    How.DIES,
    *(
        pytest.param(how, marks=pytest.mark.long)
        for how in How
        if how in (How.FAILS, How.FAILS_BUT_DONE, How.DIES_AFTER)
    ),
]


@pytest.fixture
def hosting(pipeline: Pipeline) -> Hosting:
    return Hosting(pipeline)


def broken(hosting: Hosting, fault: Fault, look: Callable[[], None]) -> None:
    """A worker is broken at this step; `look` at what is seen then, and after others took over."""
    first = hosting.pipeline.worker("first", fault)
    try:
        while first.ingest_next():
            pass
    except Died:
        assert fault.how in (How.DIES, How.DIES_AFTER)
    except CoffreError as error:  # settling is repeated by the sweeper; the queue's loop goes on
        assert error.code == "store_failing"
    assert fault.struck
    look()
    hosting.work(hosting.pipeline.worker("second"))
    look()


def set_aside(hosting: Hosting) -> tuple[str, UUID, list[bytes]]:
    """A slice deposited in another patient's record: the right record, the submission, the slice."""
    pipeline = hosting.pipeline
    wrong, right = pipeline.open_record(), pipeline.open_record()
    files = slices(right, count=1)
    submission = pipeline.deposit(wrong, files)
    pipeline.work(pipeline.worker("ordinary"))
    assert pipeline.outcomes(submission) == ["quarantined"]
    return right, submission, files


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(("verb", "nth"), DISCHARGE)
def test_a_release_leaves_its_part_in_quarantine_or_in_the_record(
    hosting: Hosting, verb: str, nth: int, how: How
) -> None:
    right, submission, files = set_aside(hosting)
    (aside,) = hosting.quarantined()
    hosting.release(aside.document_id, right)

    def look() -> None:
        here, there = len(hosting.quarantined()), len(listed(hosting.pipeline, right))
        assert (here, there) in [(1, 0), (0, 1)]
        outcome = "quarantined" if here else "published"
        assert hosting.pipeline.outcomes(submission) == [outcome]

    broken(hosting, Fault(verb, nth, how), look)
    assert hosting.pipeline.outcomes(submission) == ["published"]
    assert opened(hosting.pipeline, right).packs == files
    assert documents_of(hosting.pipeline.system) == 1
    assert hosting.pipeline.events("deposit") == 1
    assert hosting.left_over() == []
    assert hosting.sound()


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(("verb", "nth"), DESTROY)
def test_a_destruction_is_whole_whatever_breaks(hosting: Hosting, verb: str, nth: int, how: How) -> None:
    _, submission, _ = set_aside(hosting)
    (aside,) = hosting.quarantined()
    hosting.destroy(aside.document_id)
    with hosting.pipeline.system._vault_store.reading() as tx:
        assert tx.find("blob", blob_id=aside.blob_id) == []  # at once: the rest only tidies
        assert tx.find("record_key", record_id=aside.record_id) == []
    broken(hosting, Fault(verb, nth, how), lambda: None)
    assert hosting.pipeline.outcomes(submission) == ["destroyed"]
    assert documents_of(hosting.pipeline.system) == 0
    assert hosting.pipeline.system.objects.size(aside.blob_id, aside.version) in (None, aside.length + 56)
    assert hosting.left_over() == []
    assert hosting.pipeline.system.objects.size(aside.blob_id, aside.version) is None
    assert hosting.sound()


def instances(found: Opened) -> dict[str, bytes]:
    """The content of every instance, by SOP Instance UID, as a recipient finds it: through the metadata."""
    read: dict[str, bytes] = {}
    for series in found.body.series:
        metadata = found.body.blobs_of(series, BlobKind.SERIES_METADATA)
        merged = merge_series(series.study, series.series, [found.contents[blob] for blob in metadata])
        for each in merged:
            assert each.sop not in read
            read[each.sop] = found.contents[each.blob_id][each.offset : each.offset + each.length]
    return read


def study_of(found: Opened) -> str:
    (study,) = {series.study for series in found.body.series}
    return study


def in_single_deposits(hosting: Hosting, count: int) -> tuple[str, dict[str, bytes]]:
    """A study of so many deposits; its record and its instances."""
    pipeline = hosting.pipeline
    ins = pipeline.open_record()
    files = slices(ins, count=count)
    for content in files:
        pipeline.deposit(ins, [content])
    pipeline.work(pipeline.worker("ordinary"))
    found = instances(opened(pipeline, ins))
    assert sorted(found.values()) == sorted(files)
    return ins, found


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(("verb", "nth"), REPACK)
def test_a_compaction_loses_nothing_and_shows_nothing_twice(
    hosting: Hosting, verb: str, nth: int, how: How
) -> None:
    ins, before = in_single_deposits(hosting, 3)
    older = opened(hosting.pipeline, ins)
    assert hosting.compact() == 1
    looks: list[int] = []

    def look() -> None:
        now = opened(hosting.pipeline, ins)
        assert instances(now) == before
        looks.append(len(now.packs))

    broken(hosting, Fault(verb, nth, how), look)
    assert looks[0] in (1, 3)
    assert looks[1] == 1
    assert list(listed(hosting.pipeline, ins).values()) == [1]
    for blob in older.body.blobs:  # readers with an older grant go on
        assert hosting.pipeline.system.objects.size(blob.sealed.ref.blob_id, 1) is not None
    assert hosting.sound()
    assert hosting.left_over() == []
    for blob in older.body.blobs:
        assert hosting.pipeline.system.objects.size(blob.sealed.ref.blob_id, 1) is None
    assert hosting.compact() == 0


@pytest.mark.parametrize("how", HOWS_OF_OTHERS)
@pytest.mark.parametrize(("verb", "nth"), REPACK)
def test_a_withdrawal_takes_out_what_was_named_and_nothing_else(
    hosting: Hosting, verb: str, nth: int, how: How
) -> None:
    ins, before = in_single_deposits(hosting, 2)
    study, (gone, stays) = study_of(opened(hosting.pipeline, ins)), sorted(before)
    hosting.withdraw(ins, study, gone)

    def look() -> None:
        assert instances(opened(hosting.pipeline, ins)) in (before, {stays: before[stays]})

    broken(hosting, Fault(verb, nth, how), look)
    assert instances(opened(hosting.pipeline, ins)) == {stays: before[stays]}
    assert opened(hosting.pipeline, ins).packs == [before[stays]]
    assert hosting.sound()
    assert hosting.left_over() == []


SERIES_LONG_ENOUGH = 16
"""Images from which on a series has a strip beside its overview."""


def renditions(found: Opened) -> list[Rendition]:
    """Those that the grant names, each whole and of what it was granted with."""
    (series,) = found.body.series
    named = [read_rendition(found.contents[blob]) for blob in found.body.blobs_of(series, BlobKind.RENDITION)]
    assert {sop for each in named for sop, _ in each.frames} <= instances(found).keys()
    return named


def forms(found: Opened) -> list[str]:
    return [each.form for each in renditions(found)]


def deposited_without_renditions(hosting: Hosting) -> str:
    """A record with a study of two deposits."""
    pipeline = hosting.pipeline
    ins = pipeline.open_record()
    files = slices(ins, count=SERIES_LONG_ENOUGH)
    for some in (files[: len(files) // 2], files[len(files) // 2 :]):
        pipeline.deposit(ins, some)
    pipeline.work(pipeline.worker("ordinary"))
    assert forms(opened(pipeline, ins)) == []
    return ins


@pytest.mark.parametrize("how", HOWS_OF_OTHERS)
@pytest.mark.parametrize(("verb", "nth"), RENDER)
def test_a_study_has_all_its_renditions_or_none(hosting: Hosting, verb: str, nth: int, how: How) -> None:
    ins = deposited_without_renditions(hosting)
    before = instances(opened(hosting.pipeline, ins))
    assert hosting.render() == 1
    looks: list[list[str]] = []

    def look() -> None:
        now = opened(hosting.pipeline, ins)
        assert instances(now) == before
        looks.append(forms(now))

    broken(hosting, Fault(verb, nth, how), look)
    assert looks[0] in ([], ["strip", "overview"])
    assert looks[1] == ["strip", "overview"]
    assert list(listed(hosting.pipeline, ins).values()) == [2]
    assert hosting.sound()
    assert hosting.left_over() == []
    assert hosting.render() == 0


def test_what_joins_a_study_while_it_is_rendered_is_not_shown_by_what_was_made_before(
    hosting: Hosting,
) -> None:
    pipeline = hosting.pipeline
    ins = pipeline.open_record()
    files = slices(ins, count=3)
    pipeline.deposit(ins, files[:2])
    pipeline.work(pipeline.worker("ordinary"))
    hosting.render()
    fault = Fault("vault.adopt_job", 1, How.DIES)
    with suppress(Died):
        pipeline.worker("first", fault).ingest_next()
    assert fault.struck
    pipeline.deposit(ins, [files[2]])
    hosting.work(pipeline.worker("second", renders=True))
    (shown,) = renditions(opened(pipeline, ins))
    newest = next(sop for sop, content in instances(opened(pipeline, ins)).items() if content == files[2])
    assert shown.frames == ((newest, 1),)
    # of the first deposit nothing was made: the study is still to be rendered
    assert len(pipeline.system.index.unrendered_studies()) == 1
    assert hosting.sound()
    assert hosting.left_over() == []


def test_what_joins_a_study_while_it_is_compacted_stays(hosting: Hosting) -> None:
    pipeline = hosting.pipeline
    ins = pipeline.open_record()
    files = slices(ins, count=4)
    for content in files[:3]:
        pipeline.deposit(ins, [content])
    pipeline.work(pipeline.worker("ordinary"))
    hosting.compact()
    fault = Fault("vault.adopt_job", 1, How.DIES)
    with suppress(Died):
        pipeline.worker("first", fault).ingest_next()
    assert fault.struck
    pipeline.deposit(ins, [files[3]])
    hosting.work(pipeline.worker("second"))
    assert sorted(instances(opened(pipeline, ins)).values()) == sorted(files)
    assert list(listed(pipeline, ins).values()) == [2]
    assert hosting.compact() == 1
    hosting.work(pipeline.worker("second"))
    assert list(listed(pipeline, ins).values()) == [1]
    assert sorted(instances(opened(pipeline, ins)).values()) == sorted(files)
    assert hosting.sound()


def test_a_job_waits_for_a_deposit_that_is_adopted_and_not_published(hosting: Hosting) -> None:
    pipeline = hosting.pipeline
    ins = pipeline.open_record()
    files = slices(ins, count=3)
    for content in files[:2]:
        pipeline.deposit(ins, [content])
    pipeline.work(pipeline.worker("ordinary"))
    pipeline.deposit(ins, [files[2]])
    with suppress(Died):
        pipeline.worker("dead", Fault("index.publish", 1, How.DIES)).ingest_next()
    assert hosting.compact() == 1
    pipeline.worker("second").ingest_next()
    assert list(listed(pipeline, ins).values()) == [2]
    hosting.work(pipeline.worker("second"))
    assert sorted(instances(opened(pipeline, ins)).values()) == sorted(files)
    assert hosting.sound()


@pytest.mark.parametrize("verb", ["vault.adopt_job", "index.publish"])
def test_a_worker_process_that_ends_within_a_compaction_changes_nothing_of_that(
    hosting: Hosting, verb: str
) -> None:
    ins, before = in_single_deposits(hosting, 2)
    hosting.compact()
    assert warm.run(str(hosting.pipeline.data), verb, module=WORKER_CHILD).returncode == 9
    assert instances(opened(hosting.pipeline, ins)) == before
    hosting.work(hosting.pipeline.worker("second"))
    assert instances(opened(hosting.pipeline, ins)) == before
    assert len(opened(hosting.pipeline, ins).packs) == 1
    assert hosting.left_over() == []
    assert hosting.sound()


@pytest.mark.parametrize(
    "verb",
    [
        *(pytest.param(each, marks=pytest.mark.long) for each in ("objects.commit", "index.add_blobs")),
        *("vault.adopt_job", pytest.param("index.publish", marks=pytest.mark.long)),
    ],
)
def test_a_worker_process_that_ends_while_it_makes_renditions_leaves_none_or_all(
    hosting: Hosting, verb: str
) -> None:
    ins = deposited_without_renditions(hosting)
    before = instances(opened(hosting.pipeline, ins))
    assert hosting.render() == 1
    assert warm.run(str(hosting.pipeline.data), verb, module=WORKER_CHILD).returncode == 9
    now = opened(hosting.pipeline, ins)
    assert (instances(now), forms(now) in ([], ["strip", "overview"])) == (before, True)
    hosting.work(hosting.pipeline.worker("second"))
    assert forms(opened(hosting.pipeline, ins)) == ["strip", "overview"]
    assert instances(opened(hosting.pipeline, ins)) == before
    assert hosting.left_over() == []
    assert hosting.sound()
