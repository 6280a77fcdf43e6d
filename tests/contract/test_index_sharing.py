"""Submissions of one depositor that are taken, planned, published and settled in one transaction each."""

from uuid import UUID

import pytest

from records.errors import Conflict
from storage.ports.index import Index
from storage.rows.submissions import Blob, NewPlan, Sharing
from tests.contract.storage_examples import a_blob, a_document, claimed, publication_of, received

SHARING = Sharing(most=3, largest=100)


def taken(index: Index, sharing: Sharing = SHARING) -> list[UUID]:
    return [each.submission_id for each in index.claim_some("worker", 100, 10_000, sharing)]


def plan(submission_id: UUID, *tokens: bytes, blobs: tuple[Blob, ...] = ()) -> NewPlan:
    return NewPlan(submission_id, dict(enumerate(tokens, 1)), blobs, b"plan")


class TestClaiming:
    def test_what_waits_of_one_depositor_is_taken_together_oldest_first(self, index: Index) -> None:
        mine = [received(index, received_at=at) for at in (1, 2, 3, 4)]
        other = received(index, received_at=5, depositor_token=b"o" * 32)
        assert taken(index) == mine[:3]
        found = [index.submission(each) for each in mine[:3]]
        assert [(each.state, each.worker, each.attempts) for each in found if each] == [
            ("validating", "worker", 1)
        ] * 3
        assert {*taken(index), *taken(index)} == {mine[3], other}

    def test_what_was_tried_before_goes_alone(self, index: Index) -> None:
        tried, fresh = received(index, received_at=1), received(index, received_at=2)
        index.claim(tried, "worker", now=50, until=60)
        index.postpone(tried, "worker", not_before=0)
        assert taken(index) == [tried]
        assert taken(index) == [fresh]

    def test_large_ones_go_alone(self, index: Index) -> None:
        large = received(index, a_blob(plaintext_size=101), received_at=1)
        small = [received(index, a_blob(plaintext_size=100), received_at=at) for at in (2, 3)]
        assert taken(index) == [large]
        late = received(index, a_blob(plaintext_size=101), received_at=4)
        assert taken(index) == small
        assert taken(index) == [late]

    def test_what_is_not_due_yet_and_jobs_stay(self, index: Index) -> None:
        first = received(index, received_at=1)
        received(index, received_at=2, not_before=500)
        received(index, received_at=3, kind="compact")
        assert taken(index) == [first]


class TestPlans:
    def test_claims_blobs_and_plans_of_all_are_kept_at_once(self, index: Index) -> None:
        blob = a_blob(role="series")
        index.begin_upload(blob.blob_id, 1, at=1)
        first, second = claimed(index), claimed(index)
        plans = [plan(first, b"a", blobs=(blob,)), plan(second, b"b")]
        assert index.add_plans("worker", plans) == {first, second}
        assert index.blobs_of([first, second]) == {first: [blob], second: []}
        assert index.claim_parts(claimed(index), {1: b"a"}).busy

    def test_a_submission_whose_bytes_another_one_claims_is_left_as_it_was(self, index: Index) -> None:
        holder, twin, other = claimed(index), claimed(index), claimed(index)
        index.claim_parts(holder, {1: b"a"})
        assert index.add_plans("worker", [plan(twin, b"a", b"c"), plan(other, b"b")]) == {other}
        found = index.submission(twin)
        assert found and found.plan is None
        assert not index.claim_parts(claimed(index), {1: b"c"}).busy

    def test_of_equal_ones_together_the_first_alone_is_planned(self, index: Index) -> None:
        first, twin, repeating = claimed(index), claimed(index), claimed(index)
        plans = [plan(first, b"a"), plan(twin, b"a"), plan(repeating, b"r", b"r")]
        assert index.add_plans("worker", plans) == {first}

    def test_a_lost_lease_plans_none(self, index: Index) -> None:
        mine, lost = claimed(index), claimed(index, worker="other")
        with pytest.raises(Conflict, match="Another worker") as refused:
            index.add_plans("worker", [plan(mine, b"a"), plan(lost, b"b")])
        assert refused.value.code == "lease_lost"
        assert not index.claim_parts(claimed(index), {1: b"a"}).busy

    def test_a_plan_is_written_once(self, index: Index) -> None:
        submission = claimed(index)
        index.add_plans("worker", [plan(submission, b"a")])
        with pytest.raises(Conflict) as refused:
            index.add_plans("worker", [plan(submission, b"a")])
        assert refused.value.code == "plan_exists"


class TestPublishing:
    def test_all_become_visible_at_once(self, index: Index) -> None:
        both = [claimed(index), claimed(index)]
        index.publish_many("worker", {each: publication_of(each) for each in both})
        assert [index.submission(each).state for each in both] == ["published"] * 2  # type: ignore[union-attr]
        assert [len(index.parts(each)) for each in both] == [1, 1]

    def test_a_study_that_several_grow_is_one_document_of_their_rows(self, index: Index) -> None:
        both, study = [claimed(index), claimed(index)], a_document()
        rows = {
            each: publication_of(each, study, row_version=version) for version, each in enumerate(both, 1)
        }
        index.publish_many("worker", rows)
        found = index.document(study.document_id)
        assert found
        assert [(each.row_version, each.submission_id) for each in found[1]] == list(enumerate(both, 1))

    def test_a_lost_lease_publishes_none(self, index: Index) -> None:
        mine, lost = claimed(index), claimed(index, worker="other")
        with pytest.raises(Conflict):
            index.publish_many("worker", {each: publication_of(each) for each in (mine, lost)})
        assert index.parts(mine) == []

    def test_all_are_settled_at_once_and_may_be_again(self, index: Index) -> None:
        blobs = [a_blob(), a_blob()]
        both = [claimed(index, blob) for blob in blobs]
        index.publish_many("worker", {each: publication_of(each) for each in both})
        for _ in range(2):
            left = index.settle_many(both, at=400)
            assert {blob.blob_id for blob in left} == {blob.blob_id for blob in blobs}
        assert index.unsettled(10**6) == []
        assert all(blob.sealed_key is None for blob in left)

    def test_one_without_a_verdict_settles_none(self, index: Index) -> None:
        done, open_still = claimed(index), claimed(index)
        index.publish(done, "worker", publication_of(done))
        with pytest.raises(Conflict) as refused:
            index.settle_many([done, open_still], at=400)
        assert refused.value.code == "unfinished"
        assert index.unsettled(10**6) == [done]
