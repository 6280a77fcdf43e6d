"""Several deposits in one transaction of the vault: each is checked, counted and logged for itself."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import pytest

from keyvault.crypto.boxes import new_box_key
from keyvault.quotas import Quota
from keyvault.verbs.call import Denied
from keyvault.verbs.worker.adoption.adopt_request import Adopted, AdoptRequest
from keyvault.verbs.worker.deposits.ingest_request import ForIngest, IngestRequest, open_for_ingest
from records.errors import CoffreError, Conflict
from records.vocabulary.codes import ReasonCode
from tests.integration.vault.bench import HOUR, Person, Received, VaultBench
from tests.integration.vault.test_quotas import limited

CONTENTS = [b"%PDF-1.7 compte rendu " + name for name in (b"1", b"2", b"3")]
DENIED = Denied(ReasonCode.BAD_CREDENTIAL)


def take_all(vault: VaultBench, received: Sequence[Received]) -> list[ForIngest | Denied]:
    private, public = new_box_key()
    requests = [IngestRequest(each.submission_id, each.envelope, tuple(each.keys)) for each in received]
    answers = vault.worker.release_ingest_many("worker", public, requests)
    return [
        answer if isinstance(answer, Denied) else open_for_ingest(private, answer, each.submission_id)
        for each, answer in zip(received, answers, strict=True)
    ]


def adopting(vault: VaultBench, *people: Person) -> list[AdoptRequest]:
    """A leased submission for each of them."""
    received = [
        vault.receive(content, ins=person.ins) for person, content in zip(people, CONTENTS, strict=False)
    ]
    take_all(vault, received)
    return [
        vault.request(each, person.ins, content)
        for each, person, content in zip(received, people, CONTENTS, strict=False)
    ]


def stolen(request: AdoptRequest) -> AdoptRequest:
    """Another submission's key under this one's blob."""
    (blob,) = request.blobs
    return replace(request, blobs=(replace(blob, commitment=b"\0" * 32),))


def leased(vault: VaultBench) -> int:
    return int(vault.sql("SELECT count(*) FROM ingest")[0][0])


def test_a_bad_credential_refuses_its_own_deposit_and_has_its_own_line(
    vault: VaultBench, person: Person
) -> None:
    old = vault.receive(ins=person.ins)
    vault.clock.advance(48 * HOUR + 1)
    vault.publish_day_keys()
    received = [vault.receive(ins=person.ins) for _ in range(2)]
    with vault.logging() as seen:
        first, refused, second = take_all(vault, [received[0], old, received[1]])
    assert isinstance(first, ForIngest) and isinstance(second, ForIngest) and refused == DENIED
    assert [event.told for event in seen] == [("deposit", "deny", "bad_credential")]
    assert {key for taken in (first, second) for key in taken.keys} == {
        (blob.blob_id, blob.version) for each in received for blob in each.blobs
    }


def test_each_counts_for_itself_and_what_has_no_room_is_refused_alone(
    vault: VaultBench, person: Person
) -> None:
    vault = limited(vault, person=Quota(2, 8))
    received = [vault.receive(ins=person.ins) for _ in range(3)]
    first, second, third = take_all(vault, received)
    assert isinstance(first, ForIngest) and isinstance(second, ForIngest)
    assert third == Denied(ReasonCode.QUOTA_EXCEEDED)


def test_an_envelope_that_cannot_be_opened_leases_none(vault: VaultBench, person: Person) -> None:
    good, other = vault.receive(ins=person.ins), vault.receive(ins=person.ins)
    mixed = replace(good, row=replace(good.row, sealed_envelope=other.envelope))
    with pytest.raises(CoffreError) as refused:
        take_all(vault, [other, mixed])
    assert refused.value.code == "day_key_gone"
    assert leased(vault) == 0


def test_a_lease_of_another_worker_leases_none(vault: VaultBench, person: Person) -> None:
    free, held = vault.receive(ins=person.ins), vault.receive(ins=person.ins)
    vault.take(held, "other")
    with pytest.raises(Conflict) as refused:
        take_all(vault, [free, held])
    assert refused.value.code == "leased"
    assert leased(vault) == 1


def test_parts_are_recognised_in_the_record_that_was_named_and_nowhere_else(
    vault: VaultBench, person: Person
) -> None:
    stranger = vault.person()
    received = [vault.receive(CONTENTS[0], ins=each) for each in (person.ins, stranger.ins, None)]
    mine, theirs, open_one = take_all(vault, received)
    assert isinstance(mine, ForIngest) and isinstance(theirs, ForIngest) and isinstance(open_one, ForIngest)
    digests = [part.sha256 for part in mine.envelope.parts]
    assert mine.part_tokens == vault.worker.part_tokens(person.ins, mine.structure, digests)
    assert theirs.part_tokens == vault.worker.part_tokens(stranger.ins, theirs.structure, digests)
    assert mine.part_tokens != theirs.part_tokens and open_one.part_tokens == ()


def test_each_adoption_has_its_event_and_details_key_and_a_repeat_makes_none_anew(
    vault: VaultBench, person: Person
) -> None:
    requests = adopting(vault, person, person, person)
    with vault.logging() as seen:
        answers = vault.worker.adopt_many(requests)
    assert [event.told for event in seen] == [("deposit", "permit", "deposit")] * 3
    assert len({each.adopted.documents[0].document_id for each in answers if each.adopted}) == 3
    keys = vault.sql("SELECT count(DISTINCT object_id) FROM wrapped_key WHERE use = 2")
    with vault.logging() as again:
        assert vault.worker.adopt_many(requests) == answers
    assert not again
    assert vault.sql("SELECT count(DISTINCT object_id) FROM wrapped_key WHERE use = 2") == keys


def test_what_one_may_not_deposit_is_its_own_refusal(vault: VaultBench, person: Person) -> None:
    good, late = adopting(vault, person, person)
    (document,) = late.documents
    foreign = replace(late, documents=(replace(document, type_code="unknown"),))
    with vault.logging() as seen:
        first, second = vault.worker.adopt_many([good, foreign])
    assert isinstance(first.value, Adopted) and isinstance(second.value, Denied)
    assert sorted(event.told[1] for event in seen) == ["deny", "permit"]


def test_what_raises_for_one_adopts_none(vault: VaultBench, person: Person) -> None:
    good, bad = adopting(vault, person, person)
    with vault.logging() as seen, pytest.raises(Conflict) as refused:
        vault.worker.adopt_many([good, stolen(bad)])
    assert refused.value.code == "commitment_mismatch"
    assert not seen
    assert isinstance(vault.worker.adopt(good), Adopted)


def test_a_lost_lease_adopts_none(vault: VaultBench, person: Person) -> None:
    good, lost = adopting(vault, person, person)
    with pytest.raises(Conflict) as refused:
        vault.worker.adopt_many([good, replace(lost, worker="other")])
    assert refused.value.code == "lease_lost"
    assert vault.sql("SELECT count(*) FROM document") == [(0,)]


def test_deposits_for_several_records_share_no_transaction(vault: VaultBench, person: Person) -> None:
    requests = adopting(vault, person, vault.person())
    with pytest.raises(Conflict) as refused:
        vault.worker.adopt_many(requests)
    assert refused.value.code == "other_record"
    with pytest.raises(Conflict):
        vault.worker.adopt_many([requests[0], replace(requests[1], record=None)])
    assert vault.sql("SELECT count(*) FROM document") == [(0,)]


def test_all_are_settled_at_once_and_what_is_not_there_changes_nothing(
    vault: VaultBench, person: Person
) -> None:
    requests = adopting(vault, person, person)
    vault.worker.adopt_many(requests)
    for _ in range(2):
        vault.worker.settle_many([*(each.submission_id for each in requests), uuid4()])
    assert vault.sql("SELECT count(*) FROM ingest_answer") == [(0,)]
    with pytest.raises(Conflict) as refused:
        vault.worker.adopt_many(requests)
    assert refused.value.code == "lease_lost"
