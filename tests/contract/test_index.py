"""What every index keeps its word on (`storage.ports.index.Index`): from reception to publication."""

import traceback
from uuid import uuid4

import pytest

from records.errors import Conflict, NotFound
from storage.index.store import SqlIndex
from storage.ports.index import Index
from storage.rows.submissions import PartVerdict
from tests.contract.storage_adapters import Spawn
from tests.contract.storage_examples import (
    RECORD,
    a_blob,
    a_document,
    a_submission,
    claim_next,
    claimed,
    publication_of,
    published,
    received,
)


class TestReception:
    def test_a_received_submission_reads_back_as_it_was(self, index: Index) -> None:
        blob, submission = a_blob(), a_submission()
        index.begin_upload(blob.blob_id, 1, at=1)
        index.receive(submission, [blob])
        assert index.submission(submission.submission_id) == submission
        assert index.blobs(submission.submission_id) == [blob]
        assert index.parts(submission.submission_id) == []

    def test_an_unknown_submission_is_none(self, index: Index) -> None:
        assert index.submission(uuid4()) is None

    def test_receiving_twice_is_a_conflict_and_changes_nothing(self, index: Index) -> None:
        submission_id = received(index, received_at=1)
        with pytest.raises(Conflict) as refused:
            index.receive(a_submission(submission_id=submission_id, received_at=2), [])
        assert refused.value.code == "submission_exists"
        found = index.submission(submission_id)
        assert found and found.received_at == 1

    def test_an_upload_that_never_began_is_not_acknowledged(self, index: Index) -> None:
        submission = a_submission()
        with pytest.raises(Conflict) as refused:
            index.receive(submission, [a_blob()])
        assert refused.value.code == "upload_expired"
        assert index.submission(submission.submission_id) is None

    def test_stale_uploads_are_listed_until_they_end_oldest_first(self, index: Index) -> None:
        blobs = [a_blob() for _ in range(3)]
        for at, blob in enumerate(blobs):
            index.begin_upload(blob.blob_id, 1, at=at)
        oldest = [(blob.blob_id, 1) for blob in blobs[:2]]
        assert index.stale_uploads(before=2) == oldest
        assert index.stale_uploads(before=2) == oldest
        index.end_upload(*oldest[0])
        index.end_upload(*oldest[0])
        assert index.stale_uploads(before=2) == oldest[1:]

    def test_what_the_sweeper_listed_can_no_longer_be_received(self, index: Index) -> None:
        blob = a_blob()
        index.begin_upload(blob.blob_id, 1, at=1)
        index.stale_uploads(before=2)
        with pytest.raises(Conflict) as refused:
            index.receive(a_submission(), [blob])
        assert refused.value.code == "upload_expired"

    def test_reception_ends_the_upload(self, index: Index) -> None:
        received(index, a_blob())
        assert index.stale_uploads(before=10**15) == []


class TestQueue:
    def test_the_oldest_comes_first(self, index: Index) -> None:
        late, early = received(index, received_at=20), received(index, received_at=10)
        claims = [claim_next(index, "w", now=100, until=200) for _ in range(3)]
        assert [found and found.submission_id for found in claims] == [early, late, None]

    def test_a_claim_tells_state_holder_lease_and_attempt(self, index: Index) -> None:
        received(index)
        found = claim_next(index, "w", now=100, until=200)
        assert found
        assert (found.state, found.worker, found.lease_until, found.attempts) == ("validating", "w", 200, 1)

    def test_a_lease_that_ended_is_given_again(self, index: Index) -> None:
        submission_id = received(index)
        claim_next(index, "dead", now=100, until=200)
        assert claim_next(index, "w", now=199, until=300) is None
        found = claim_next(index, "w", now=200, until=300)
        assert found and (found.submission_id, found.attempts, found.worker) == (submission_id, 2, "w")

    def test_an_older_abandoned_one_comes_before_a_newer_received_one(self, index: Index) -> None:
        abandoned = received(index, received_at=1)
        index.claim(abandoned, "dead", now=100, until=200)
        received(index, received_at=2)
        found = claim_next(index, "w", now=300, until=400)
        assert found and found.submission_id == abandoned

    def test_one_submission_can_be_claimed_by_its_id_when_due(self, index: Index) -> None:
        submission_id = received(index, not_before=150)
        assert index.claim(submission_id, "w", now=149, until=300) is None
        assert index.claim(submission_id, "w", now=150, until=300)
        assert index.claim(submission_id, "other", now=299, until=400) is None
        assert index.claim(submission_id, "other", now=300, until=400)
        assert index.claim(uuid4(), "w", now=1, until=2) is None

    def test_only_the_holder_renews(self, index: Index) -> None:
        submission_id = claimed(index)
        assert index.renew(submission_id, "worker", until=20_000)
        assert not index.renew(submission_id, "other", until=30_000)
        found = index.submission(submission_id)
        assert found and found.lease_until == 20_000

    def test_ended_leases_give_back_what_was_held_and_nothing_else(self, index: Index) -> None:
        held, waiting, done = claimed(index), received(index), claimed(index)
        index.publish(done, "worker", publication_of(done))
        assert index.end_leases() == 1
        assert [index.submission(each).state for each in (held, waiting, done)] == [  # type: ignore[union-attr]
            "received",
            "received",
            "published",
        ]
        assert not index.renew(held, "worker", until=99_999)
        assert index.claim(held, "other", now=100, until=10_000)

    def test_a_postponed_one_waits_and_is_nobodys(self, index: Index) -> None:
        submission_id = claimed(index)
        assert not index.postpone(submission_id, "other", not_before=500)
        assert index.postpone(submission_id, "worker", not_before=500)
        assert not index.renew(submission_id, "worker", until=20_000)
        assert claim_next(index, "w", now=499, until=600) is None
        assert claim_next(index, "w", now=500, until=600)

    def test_waiting_counts_what_could_be_claimed(self, index: Index) -> None:
        received(index)
        received(index, not_before=500)
        held = received(index)
        index.claim(held, "w", now=100, until=200)
        assert [index.waiting(now) for now in (100, 200, 500)] == [1, 2, 3]

    def test_finished_ones_are_never_claimed(self, index: Index) -> None:
        published(index)
        assert claim_next(index, "w", now=10**15, until=10**16) is None
        assert index.waiting(now=10**15) == 0

    def test_the_oldest_that_no_worker_took_is_told_by_when_it_came(self, index: Index) -> None:
        assert index.oldest_received() is None
        first = received(index, received_at=100)
        received(index, received_at=200, not_before=10**15)
        assert index.oldest_received() == 100
        index.claim(first, "w", now=300, until=400)
        assert index.oldest_received() == 200

    def test_counts_are_by_state(self, index: Index) -> None:
        received(index)
        published(index)
        counts = index.counts()
        assert (counts["received"], counts["published"], counts["rejected"]) == (1, 1, 0)

    def test_parts_that_share_an_identifier_are_counted(self, index: Index) -> None:
        published(index)
        assert index.sharing_identifiers() == 0

    def test_two_processes_share_the_queue_without_giving_one_twice(
        self, index: Index, index_address: str, spawn: Spawn
    ) -> None:
        submissions = {str(received(index, received_at=number)) for number in range(60)}
        children = [spawn("claim_all", index_address, worker) for worker in ("one", "two")]
        for child in children:
            assert child.stdout and child.stdout.readline() == "inside\n"
        for child in children:
            assert child.stdin
            child.stdin.write("\n")
            child.stdin.flush()
        claims = [line for child in children for line in child.communicate()[0].split()]
        assert sorted(claims) == sorted(submissions)


class TestPlan:
    def test_the_workers_blobs_and_their_plan_are_kept_together(self, index: Index) -> None:
        submission_id, blob = claimed(index), a_blob(role="repacked")
        index.begin_upload(blob.blob_id, 1, at=1)
        index.add_blobs(submission_id, "worker", [blob], b"plan")
        found = index.submission(submission_id)
        assert found and found.plan == b"plan"
        assert index.blobs(submission_id) == [blob]
        assert index.stale_uploads(before=10**15) == []

    def test_an_equal_plan_again_changes_nothing_and_another_is_refused(self, index: Index) -> None:
        submission_id, blob = claimed(index), a_blob(role="series")
        index.begin_upload(blob.blob_id, 1, at=1)
        for _ in range(2):
            index.add_blobs(submission_id, "worker", [blob], b"plan")
        with pytest.raises(Conflict) as refused:
            index.add_blobs(submission_id, "worker", [], b"other")
        assert refused.value.code == "plan_exists"
        assert len(index.blobs(submission_id)) == 1

    def test_who_lost_the_lease_adds_nothing(self, index: Index) -> None:
        submission_id, blob = claimed(index), a_blob()
        index.begin_upload(blob.blob_id, 1, at=1)
        with pytest.raises(Conflict) as refused:
            index.add_blobs(submission_id, "other", [blob], b"plan")
        assert refused.value.code == "lease_lost"
        assert index.blobs(submission_id) == []


class TestClaimsOfParts:
    def test_new_tokens_are_claimed_and_equal_ones_named_by_the_first(self, index: Index) -> None:
        claims = index.claim_parts(claimed(index), {2: b"b", 1: b"a", 3: b"a", 4: b"a"})
        assert (claims.duplicates, claims.repeated, claims.busy) == ({}, {3: 1, 4: 1}, False)

    def test_the_same_submission_may_repeat_its_claim(self, index: Index) -> None:
        submission_id = claimed(index)
        first = index.claim_parts(submission_id, {1: b"a", 2: b"a"})
        assert index.claim_parts(submission_id, {1: b"a", 2: b"a"}) == first

    def test_an_unfinished_holder_makes_it_busy_and_nothing_is_claimed(self, index: Index) -> None:
        index.claim_parts(claimed(index), {1: b"a"})
        assert index.claim_parts(claimed(index), {1: b"a", 2: b"b"}).busy
        assert not index.claim_parts(claimed(index), {1: b"b"}).busy

    def test_a_published_holder_names_its_document(self, index: Index) -> None:
        submission_id, document = claimed(index), a_document()
        index.claim_parts(submission_id, {1: b"a"})
        index.publish(submission_id, "worker", publication_of(submission_id, document))
        claims = index.claim_parts(claimed(index), {5: b"a", 6: b"new"})
        assert (claims.duplicates, claims.busy) == ({5: document.document_id}, False)

    @pytest.mark.parametrize("outcome", ["rejected", "quarantined"])
    def test_parts_that_were_not_published_are_free_again(self, index: Index, outcome: str) -> None:
        submission_id = claimed(index)
        index.claim_parts(submission_id, {1: b"a"})
        parts = (PartVerdict(number=1, outcome=outcome, code="bad", reason="It is not."),)
        verdict = publication_of(
            submission_id, state="rejected", parts=parts, documents=(), details=(), instances=()
        )
        index.publish(submission_id, "worker", verdict)
        claims = index.claim_parts(claimed(index), {1: b"a"})
        assert (claims.duplicates, claims.busy) == ({}, False)

    def test_a_finished_submission_claims_nothing_more(self, index: Index) -> None:
        submission_id = claimed(index)
        index.publish(submission_id, "worker", publication_of(submission_id))
        with pytest.raises(Conflict) as refused:
            index.claim_parts(submission_id, {1: b"late"})
        assert refused.value.code == "lease_lost"

    def test_a_thousand_slices_and_more_are_claimed_at_once(self, index: Index) -> None:
        tokens = {number: number.to_bytes(32) for number in range(1, 12_001)}
        assert not index.claim_parts(claimed(index), tokens).busy
        assert index.claim_parts(claimed(index), {1: tokens[12_000]}).busy


class TestPublication:
    def test_before_it_nothing_is_visible_and_after_it_all(self, index: SqlIndex) -> None:
        submission_id, document = claimed(index), a_document()
        assert index.documents(RECORD, limit=100) == []
        publication = publication_of(submission_id, document)
        assert index.publish(submission_id, "worker", publication) is True
        assert index.documents(RECORD, limit=100) == [(document, publication.details)]
        assert index.parts(submission_id) == list(publication.parts)
        assert index.inventory.instances(None) == list(publication.instances)
        found = index.submission(submission_id)
        assert found and (found.state, found.finished_at) == ("published", 300)

    def test_a_long_series_arrives_whole_and_in_the_same_words(self, index: SqlIndex) -> None:
        submission_id, document = claimed(index), a_document()
        publication = publication_of(
            submission_id, document, sop_tokens=tuple(number.to_bytes(32) for number in range(300))
        )
        assert index.publish(submission_id, "worker", publication)
        assert index.parts(submission_id) == list(publication.parts)
        assert index.inventory.instances(None) == list(publication.instances)

    def test_a_long_series_that_fails_leaves_nothing_and_tells_no_value(self, index: Index) -> None:
        submission_id = claimed(index)
        tokens = tuple(number.to_bytes(32) for number in range(300))
        rows = publication_of(submission_id, sop_tokens=tokens)
        twice = publication_of(submission_id, sop_tokens=tokens, parts=rows.parts + rows.parts[:1])
        with pytest.raises(Exception, match=r"(?i)unique") as caught:
            index.publish(submission_id, "worker", twice)
        assert str(submission_id) not in "".join(traceback.format_exception(caught.value))
        assert index.parts(submission_id) == []
        assert index.publish(submission_id, "worker", rows)

    def test_repeating_it_changes_nothing_and_says_so(self, index: Index) -> None:
        submission_id = claimed(index)
        publication = publication_of(submission_id)
        index.publish(submission_id, "worker", publication)
        assert index.publish(submission_id, "worker", publication) is False
        assert len(index.documents(RECORD, limit=100)) == 1

    def test_who_lost_the_lease_publishes_nothing(self, index: Index) -> None:
        submission_id = claimed(index)
        index.claim(submission_id, "second", now=10_000, until=20_000)
        with pytest.raises(Conflict) as refused:
            index.publish(submission_id, "worker", publication_of(submission_id))
        assert refused.value.code == "lease_lost"
        assert index.publish(submission_id, "second", publication_of(submission_id))
        with pytest.raises(Conflict):
            index.publish(submission_id, "worker", publication_of(submission_id))
        assert len(index.documents(RECORD, limit=100)) == 1

    def test_a_second_submission_touches_the_study_and_adds_a_row(self, index: Index) -> None:
        study = published(index, a_document(created_at=200, updated_at=200))
        again = a_document(document_id=study.document_id, created_at=999, updated_at=400, state="other")
        published(index, again, row_version=2, sop_tokens=(b"2" * 32,))
        [(document, details)] = index.documents(RECORD, limit=100)
        assert (document.created_at, document.updated_at, document.state) == (200, 400, "approved")
        assert [row.row_version for row in details] == [1, 2]

    def test_every_version_of_an_instance_keeps_its_place(self, index: SqlIndex) -> None:
        study, blobs = a_document(), [a_blob() for _ in range(3)]
        for row_version, blob in enumerate(blobs, 1):
            published(index, study, row_version=row_version, blob=blob)
        found = index.inventory.instances(None)
        assert {each.document_id for each in found} == {study.document_id}
        assert {each.blob_id for each in found} == {blob.blob_id for blob in blobs}

    def test_a_failure_inside_leaves_nothing(self, index: Index) -> None:
        submission_id = claimed(index)
        foreign = publication_of(submission_id, adopted=frozenset({(uuid4(), 1)}))
        with pytest.raises(ValueError, match="adopted"):
            index.publish(submission_id, "worker", foreign)
        assert index.documents(RECORD, limit=100) == []
        assert index.parts(submission_id) == []
        assert index.publish(submission_id, "worker", publication_of(submission_id))

    def test_a_worker_killed_before_the_commit_published_nothing(
        self, index: Index, index_address: str, spawn: Spawn
    ) -> None:
        submission_id = claimed(index)
        child = spawn("publish_unfinished", index_address, submission_id)
        assert child.stdout and child.stdout.readline() == "inside\n"
        assert index.documents(RECORD, limit=100) == []
        child.kill()
        child.wait()
        assert index.documents(RECORD, limit=100) == []
        assert index.publish(submission_id, "worker", publication_of(submission_id)) is True


class TestSettlement:
    def test_it_erases_secrets_and_lists_what_was_not_adopted(self, index: Index) -> None:
        kept, left = a_blob(), a_blob()
        submission_id = claimed(index, kept, left)
        adopted = frozenset({(kept.blob_id, 1)})
        index.publish(submission_id, "worker", publication_of(submission_id, adopted=adopted))
        assert [blob.blob_id for blob in index.settle(submission_id, at=400)] == [left.blob_id]
        found = index.submission(submission_id)
        assert found and (found.sealed_envelope, found.plan, found.settled_at) == (None, None, 400)
        assert all(blob.sealed_key is None for blob in index.blobs(submission_id))

    def test_it_may_be_repeated_until_the_objects_are_forgotten(self, index: Index) -> None:
        submission_id = claimed(index, a_blob())
        index.publish(submission_id, "worker", publication_of(submission_id))
        first = index.settle(submission_id, at=400)
        assert index.settle(submission_id, at=500) == first == index.abandoned_blobs()
        index.forget_blobs(first)
        index.forget_blobs(first)
        assert index.settle(submission_id, at=600) == [] == index.abandoned_blobs()
        found = index.submission(submission_id)
        assert found and found.settled_at == 400

    def test_an_adopted_blob_cannot_be_forgotten(self, index: Index) -> None:
        blob = a_blob()
        submission_id = claimed(index, blob)
        adopted = frozenset({(blob.blob_id, 1)})
        index.publish(submission_id, "worker", publication_of(submission_id, adopted=adopted))
        index.settle(submission_id, at=400)
        index.forget_blobs([blob])
        assert len(index.blobs(submission_id)) == 1

    def test_without_a_verdict_there_is_nothing_to_settle(self, index: Index) -> None:
        with pytest.raises(Conflict) as refused:
            index.settle(claimed(index), at=1)
        assert refused.value.code == "unfinished"
        with pytest.raises(NotFound):
            index.settle(uuid4(), at=1)

    def test_the_unsettled_are_listed_from_a_time_on(self, index: Index) -> None:
        submission_id = claimed(index)
        index.publish(submission_id, "worker", publication_of(submission_id))
        claimed(index)
        assert (index.unsettled(300), index.unsettled(301)) == ([], [submission_id])
        index.settle(submission_id, at=400)
        assert index.unsettled(301) == []
