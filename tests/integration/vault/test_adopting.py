"""Adoption: once, for what was received, by whoever holds the submission, for whoever deposited it."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, replace
from uuid import uuid4

import pytest

from ingestion.envelope import SubmissionHeaders
from ingestion.intake.reception import Deposit, Depositor
from keyvault.crypto.sealed_blob import BlobKind
from keyvault.keys.reception import ReceivedKey, open_key, seal_key
from keyvault.keys.reception_keys import verify_reception_key
from keyvault.verbs.call import Denied
from keyvault.verbs.worker.adoption.adopt_request import Adopted, AdoptRequest, NewBlob
from keyvault.verbs.worker.deposits.ingest_request import ForIngest
from records.documents.details import ContentDetails, Place
from records.errors import CoffreError, Conflict
from records.people.traits import ClaimedTraits, Trait
from records.vocabulary.codes import ReasonCode
from tests.integration.vault.bench import (
    DAY,
    DOCTOR,
    HOSPITAL,
    HOUR,
    LABORATORY,
    PRACTICE,
    Person,
    Received,
    VaultBench,
    day_document,
    new_ins,
    rows_of,
)

CONTENT = b"%PDF-1.7 compte rendu"


def taken(vault: VaultBench, person: Person, **more: str) -> tuple[Received, ForIngest, AdoptRequest]:
    received = vault.receive(CONTENT, ins=person.ins, **more)
    opened = vault.take(received)
    assert isinstance(opened, ForIngest)
    return received, opened, vault.request(received, person.ins, CONTENT)


def conflict(vault: VaultBench, request: AdoptRequest) -> str:
    before = vault.dump()
    with pytest.raises(CoffreError) as refusal:
        vault.worker.adopt(request)
    assert vault.dump() == before
    return refusal.value.code


def with_blob(request: AdoptRequest, **changed: object) -> AdoptRequest:
    (blob,) = request.blobs
    return replace(request, blobs=(replace(blob, **changed),))  # type: ignore[arg-type]


def test_a_worker_gets_the_keys_the_parts_and_what_the_record_says_but_no_credential(
    vault: VaultBench, person: Person
) -> None:
    received, opened, _ = taken(vault, person)
    assert opened.envelope.credential == ""
    assert opened.envelope.ins == person.ins and opened.structure == LABORATORY
    assert opened.record_state == "active" and opened.expected_ins == f"{person.ins}|1.2.250.1.213.1.4.10"
    assert "Nomdessai" not in str(asdict(opened))  # the vault compares; traits stay with it
    assert [part.length for part in opened.envelope.parts] == [len(CONTENT)]
    assert set(opened.keys) == {(received.blobs[0].blob_id, 1)}


def test_an_equal_repeat_gives_equal_ids_and_bytes_and_no_second_event(
    vault: VaultBench, person: Person
) -> None:
    _, _, request = taken(vault, person)
    first = vault.worker.adopt(request)
    assert isinstance(first, Adopted)
    before = vault.dump()
    for _ in range(2):
        again = vault.worker.adopt(request)
        assert again == first
        assert isinstance(again, Adopted) and again.documents[0].sealed == first.documents[0].sealed
    assert vault.dump() == before


def test_a_repeated_study_keeps_its_token(vault: VaultBench, person: Person) -> None:
    received = vault.receive(CONTENT, ins=person.ins)
    opened = vault.take(received)
    assert isinstance(opened, ForIngest)
    request = vault.study_request(received, opened, person.ins, "1.2.3", "1.2.3.1")
    first = vault.worker.adopt(request)
    assert isinstance(first, Adopted) and first.documents[0].study_token is not None
    assert vault.worker.adopt(request) == first


def test_another_submission_s_sealed_key_is_refused(vault: VaultBench, person: Person) -> None:
    _, _, request = taken(vault, person)
    other = vault.receive(CONTENT, ins=person.ins)
    stolen = other.blobs[0].sealed_key
    assert conflict(vault, with_blob(request, sealed_key=stolen)) == "received_key_mismatch"
    with pytest.raises(Conflict) as refusal:  # nor does the vault open it for a worker
        vault.worker.release_ingest(
            request.submission_id, "worker", bytes(31) + b"\x09", request.sealed_envelope, other.keys
        )
    assert refusal.value.code == "received_key_mismatch"


def test_another_submission_s_envelope_opens_for_nobody(vault: VaultBench, person: Person) -> None:
    _, _, request = taken(vault, person)
    other = vault.receive(CONTENT, ins=person.ins)
    assert conflict(vault, replace(request, sealed_envelope=other.envelope)) == "day_key_gone"


def test_a_key_sealed_on_behalf_of_another_depositor_is_not_accepted(
    vault: VaultBench, person: Person
) -> None:
    received, opened, request = taken(vault, person)
    (blob,) = request.blobs
    foreign = ReceivedKey(
        received.submission_id,
        open_key(_private(vault), blob.sealed_key).ref,
        b"\1" * 32,
        opened.keys[blob.blob_id, 1],
    )
    with vault.logging() as seen:
        answer = vault.worker.adopt(with_blob(request, sealed_key=seal_key(opened.day_public, foreign)))
    assert answer == Denied(ReasonCode.BAD_CREDENTIAL)
    assert [event.told for event in seen] == [("deposit", "deny", "bad_credential")]


def _private(vault: VaultBench) -> bytes:
    with vault.days.reading() as tx:
        (row,) = tx.find("day_key", order="day", limit=1)
    return vault.guard._vault.keyring.day_keys([row])[row["day"]]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda blob: {"blob_id": uuid4()}, "received_key_mismatch"),
        (lambda blob: {"version": 2}, "received_key_mismatch"),
        (lambda blob: {"kind": BlobKind.RENDITION}, "commitment_mismatch"),
        (lambda blob: {"commitment": bytes(32)}, "commitment_mismatch"),
        (lambda blob: {"plaintext_size": blob.plaintext_size + 1}, "blob_size_mismatch"),
        (lambda blob: {"ciphertext_size": blob.ciphertext_size - 1}, "blob_size_mismatch"),
        (lambda blob: {"header": blob.header[:-1]}, "blob_size_mismatch"),
        (lambda blob: {"sealed_key": b"no key"}, "received_key_invalid"),
    ],
)
def test_a_blob_that_differs_from_what_was_received_is_refused(
    vault: VaultBench, person: Person, change: Callable[[NewBlob], dict[str, object]], code: str
) -> None:
    _, _, request = taken(vault, person)
    changed = with_blob(request, **change(request.blobs[0]))
    blob = changed.blobs[0]
    document = replace(changed.documents[0], blobs=((blob.blob_id, blob.version),))
    assert conflict(vault, replace(changed, documents=(document,))) == code


def test_a_header_of_another_format_is_refused(vault: VaultBench, person: Person) -> None:
    """The reader would refuse such a grant: it must not be given."""
    _, _, request = taken(vault, person)
    assert conflict(vault, with_blob(request, header=b"\0" * 40)) == "blob_size_mismatch"


def test_a_known_commitment_under_another_blob_is_refused(vault: VaultBench, person: Person) -> None:
    received, opened, request = taken(vault, person)
    assert isinstance(vault.worker.adopt(request), Adopted)
    vault.sql("UPDATE blob SET blob_id=?", uuid4().bytes)
    vault.sql("DELETE FROM ingest_answer")
    assert conflict(vault, request) == "commitment_known"
    assert received.submission_id == request.submission_id and opened.structure == LABORATORY


def test_a_second_adoption_of_a_blob_for_another_record_is_refused(vault: VaultBench, person: Person) -> None:
    received = vault.receive(CONTENT)  # the content tells the record
    assert isinstance(vault.take(received), ForIngest)
    assert isinstance(vault.worker.adopt(vault.request(received, person.ins, CONTENT)), Adopted)
    other = vault.request(received, vault.person().ins, CONTENT)
    assert conflict(vault, other) == "commitment_known"


def test_the_record_of_the_address_is_the_record(vault: VaultBench, person: Person) -> None:
    _, _, request = taken(vault, person)
    other = vault.person()
    assert conflict(vault, replace(request, record=other.ins)) == "other_record"
    same = replace(request, record=str(person.public_id))  # named otherwise
    assert isinstance(vault.worker.adopt(same), Adopted)


def test_a_quarantine_of_what_named_a_record_is_kept_apart(vault: VaultBench, person: Person) -> None:
    """Another patient's images sent to this address: nothing reaches the record that was named."""
    _, _, request = taken(vault, person)
    adopted = vault.worker.adopt(replace(request, record=None))
    assert isinstance(adopted, Adopted) and adopted.record_id != person.record_id


@pytest.mark.parametrize("how", ["twice", "in two documents", "not adopted", "in none"])
def test_a_blob_belongs_to_exactly_one_document(vault: VaultBench, person: Person, how: str) -> None:
    received, opened, request = taken(vault, person)
    (document,) = request.documents
    other = vault.seal_like_worker(received, opened, b"other")
    mixed = {
        "twice": replace(request, documents=(replace(document, blobs=document.blobs * 2),)),
        "in two documents": replace(request, documents=(document, document)),
        "not adopted": replace(
            request, documents=(replace(document, blobs=(*document.blobs, (uuid4(), 1))),)
        ),
        "in none": replace(request, blobs=(*request.blobs, other)),
    }
    assert conflict(vault, mixed[how]) == "mixed_blob"


def test_two_documents_of_one_submission_lie_in_blobs_of_their_own(vault: VaultBench, person: Person) -> None:
    received, opened, request = taken(vault, person)
    second = vault.seal_like_worker(received, opened, b"other")
    (document,) = request.documents
    place = Place(second.blob_id, 0, 5, hashlib.sha256(b"other").digest())
    details = replace(document.details, content=ContentDetails(place=place), title="Annexe")
    both = replace(
        request,
        documents=(document, replace(document, details=details, blobs=((second.blob_id, 1),))),
        blobs=(*request.blobs, second),
    )
    with vault.logging() as seen:
        adopted = vault.worker.adopt(both)
    assert isinstance(adopted, Adopted)
    assert len({each.document_id for each in adopted.documents}) == 2
    (event,) = seen
    assert event.entry.object == str(received.submission_id) and event.line["documents"] == "2"
    assert vault.sql("SELECT count(*) FROM wrapped_key WHERE use=2") == [(1,)]  # one details key


def test_parts_for_a_record_and_for_quarantine_are_adopted_one_after_the_other(
    vault: VaultBench, person: Person
) -> None:
    received = vault.receive(CONTENT)
    opened = vault.take(received)
    assert isinstance(opened, ForIngest)
    request = vault.request(received, person.ins, CONTENT)
    second = vault.seal_like_worker(received, opened, b"other")
    third = vault.seal_like_worker(received, opened, b"third")

    def alone(blob: NewBlob, record: str | None) -> AdoptRequest:
        document = replace(request.documents[0], blobs=((blob.blob_id, 1),))
        return replace(request, record=record, documents=(document,), blobs=(blob,))

    mine = vault.worker.adopt(alone(second, person.ins))
    also = vault.worker.adopt(alone(third, person.ins))  # the submission's details key is there already
    apart = vault.worker.adopt(alone(request.blobs[0], None))
    assert isinstance(mine, Adopted) and isinstance(also, Adopted) and isinstance(apart, Adopted)
    assert mine.record_id == also.record_id == person.record_id != apart.record_id


# credentials


def late(vault: VaultBench, person: Person, token: str, seconds: float) -> Denied | ForIngest:
    """Taken by a worker that long after reception."""
    received = vault.receive(CONTENT, token=token, ins=person.ins)
    vault.clock.advance(seconds)
    return vault.take(received)


def test_a_credential_that_was_valid_at_reception_deposits_later(vault: VaultBench, person: Person) -> None:
    received = vault.receive(CONTENT, token=vault.depositor(lifetime=60), ins=person.ins)
    vault.clock.advance(47 * HOUR)
    vault.publish_day_keys()
    assert isinstance(vault.take(received), ForIngest)
    assert isinstance(vault.worker.adopt(vault.request(received, person.ins, CONTENT)), Adopted)


def test_a_reception_older_than_48_hours_is_not_accepted(vault: VaultBench, person: Person) -> None:
    with vault.logging() as seen:
        answer = late(vault, person, vault.depositor(), 48 * HOUR + 1)
    assert answer == Denied(ReasonCode.BAD_CREDENTIAL)
    (event,) = seen
    assert event.told == ("deposit", "deny", "bad_credential") and event.entry.actor is None


def test_it_may_grow_too_old_between_opening_and_adopting(vault: VaultBench, person: Person) -> None:
    _, _, request = taken(vault, person)
    vault.clock.advance(48 * HOUR + 1)
    with vault.logging() as seen:
        assert vault.worker.adopt(request) == Denied(ReasonCode.BAD_CREDENTIAL)
    assert [event.told for event in seen] == [("deposit", "deny", "bad_credential")]


def test_a_refused_quarantine_leaves_no_record(vault: VaultBench, person: Person) -> None:
    _, _, request = taken(vault, person)
    vault.clock.advance(48 * HOUR + 1)
    records = vault.sql("SELECT count(*) FROM record")
    assert vault.worker.adopt(replace(request, record=None)) == Denied(ReasonCode.BAD_CREDENTIAL)
    assert vault.sql("SELECT count(*) FROM record") == records


@pytest.mark.parametrize(("ahead", "believed"), [(59, True), (61, False), (3600, False)])
def test_a_reception_in_the_future_revives_no_credential(
    vault: VaultBench, person: Person, ahead: float, believed: bool
) -> None:
    answer = late(vault, person, vault.depositor(), -ahead)
    assert isinstance(answer, ForIngest) is believed


def test_a_credential_expired_or_not_yet_issued_at_reception_is_not_accepted(
    vault: VaultBench, person: Person
) -> None:
    """A taken-over intake seals whatever it likes; the vault verifies as of the time it claims."""
    now = int(vault.clock())
    for claimed in (now - 120, now + 30):
        token = vault.depositor(lifetime=20)
        answer = vault.take(_envelope(vault, token, claimed, person.ins))
        assert answer == Denied(ReasonCode.BAD_CREDENTIAL)


def _envelope(vault: VaultBench, token: str, received_at: int, ins: str) -> Received:
    key = verify_reception_key(
        day_document(vault, "2026-03-10"), vault.public_key("reception"), int(vault.clock())
    )
    depositor = Depositor.of(token, vault.actor(token))
    deposit = Deposit(
        vault.index, vault.objects, key, depositor, ins, SubmissionHeaders(kind="dicom"), received_at
    )
    vault.index.begin_upload(deposit.ref.blob_id, deposit.ref.version, received_at * 1000)
    deposit.start_part()
    deposit.write(CONTENT)
    deposit.end_part()
    deposit.keep()
    row = vault.index.submission(deposit.submission_id)
    assert row is not None
    return Received(row, tuple(vault.index.blobs(deposit.submission_id)))


def test_operators_deposit_nothing_and_patients_no_report(vault: VaultBench, person: Person) -> None:
    for token, why in (
        (person.call.token, ReasonCode.DEPOSITOR_NOT_ENTITLED),
        (vault.operator().token, ReasonCode.ROLE_NOT_ENTITLED),
    ):
        received = vault.receive(CONTENT, token=token, ins=person.ins)
        assert isinstance(vault.take(received), ForIngest)
        with vault.logging() as seen:
            answer = vault.worker.adopt(vault.request(received, person.ins, CONTENT))
        assert answer == Denied(why)
        assert [event.told for event in seen] == [("deposit", "deny", why.value)]


@pytest.mark.requirement("R31")
def test_a_doctor_feeds_without_a_right_to_read(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person, token=vault.doctor().token)
    answer = vault.reader.documents(vault.doctor(), person.record_id, rows_of(deposited))
    assert answer == Denied(ReasonCode.NOT_AUTHORISED)


def test_an_expired_day_key_opens_nothing(vault: VaultBench, person: Person) -> None:
    received = vault.receive(CONTENT, ins=person.ins)
    vault.clock.advance(5 * DAY)
    assert vault.guard.housekeeper.destroy_day_keys(None) == ["2026-03-10", "2026-03-11"]
    before = vault.dump()
    with pytest.raises(CoffreError) as refusal:
        vault.take(received)
    assert refusal.value.code == "day_key_gone"
    assert vault.dump() == before


# leases


def test_one_worker_at_a_time_holds_a_submission(vault: VaultBench, person: Person) -> None:
    received, _, request = taken(vault, person)
    with pytest.raises(Conflict) as refusal:
        vault.take(received, worker="other")
    assert refusal.value.code == "leased"
    assert conflict(vault, replace(request, worker="other")) == "lease_lost"
    assert isinstance(vault.worker.adopt(request), Adopted)


def test_a_worker_that_lost_its_lease_adopts_nothing(vault: VaultBench, person: Person) -> None:
    received, _, request = taken(vault, person)
    vault.clock.advance(15 * 60 + 1)
    assert isinstance(vault.take(received, worker="other"), ForIngest)
    assert conflict(vault, request) == "lease_lost"
    with pytest.raises(Conflict) as refusal:
        vault.take(received)
    assert refusal.value.code == "leased"
    adopted = vault.worker.adopt(replace(request, worker="other"))
    assert isinstance(adopted, Adopted)


def test_a_lease_is_prolonged_by_its_holder(vault: VaultBench, person: Person) -> None:
    received, _, _ = taken(vault, person)
    for _ in range(3):
        vault.clock.advance(10 * 60)
        assert isinstance(vault.take(received), ForIngest)
    with pytest.raises(Conflict):
        vault.take(received, worker="other")


def test_the_second_worker_finds_what_the_first_adopted(vault: VaultBench, person: Person) -> None:
    received, _, request = taken(vault, person)
    first = vault.worker.adopt(request)
    vault.clock.advance(15 * 60 + 1)
    assert isinstance(vault.take(received, worker="other"), ForIngest)
    with vault.logging() as seen:
        assert vault.worker.adopt(replace(request, worker="other")) == first
    assert seen == []


def test_a_submission_that_nobody_took_is_adopted_by_nobody(vault: VaultBench, person: Person) -> None:
    received = vault.receive(CONTENT, ins=person.ins)
    assert conflict(vault, vault.request(received, person.ins, CONTENT)) == "lease_lost"


# studies


def test_a_study_grows_by_its_own_structure(vault: VaultBench, person: Person) -> None:
    first = vault.deposit_study(person, "1.2.3", "1.2.3.1")
    second = vault.deposit_study(person, "1.2.3", "1.2.3.1")
    third = vault.deposit_study(person, "1.2.3", "1.2.3.2")
    assert first.document_id == second.document_id == third.document_id
    assert [each.row.row_version for each in (first, second, third)] == [1, 2, 3]
    body = vault.granted(person.call, person, first, second, third)
    assert len(body.blobs) == 6
    metadata = [each.request.blobs[1].blob_id for each in (first, second, third)]
    assert [(series.series, list(series.blobs)) for series in body.series] == [
        ("1.2.3.1", metadata[:2]),
        ("1.2.3.2", metadata[2:]),
    ]


def test_another_structure_s_images_of_the_study_are_a_document_of_its_own(
    vault: VaultBench, person: Person
) -> None:
    """So that masking, authorship and withdrawal stay each structure's own affair."""
    first = vault.deposit_study(person, "1.2.3")
    second = vault.deposit_study(person, "1.2.3", structure=HOSPITAL)
    assert first.document_id != second.document_id
    assert first.document.study_token == second.document.study_token
    again = vault.deposit_study(person, "1.2.3", structure=HOSPITAL)
    assert again.document_id == second.document_id


def test_the_same_study_in_another_record_is_that_record_s_own_affair(
    vault: VaultBench, person: Person
) -> None:
    first = vault.deposit_study(person, "1.2.3")
    second = vault.deposit_study(vault.person(), "1.2.3")
    assert first.document_id != second.document_id


def test_quarantined_images_are_never_joined(vault: VaultBench, person: Person) -> None:
    records = set()
    for _ in range(2):
        received = vault.receive(CONTENT)
        opened = vault.take(received)
        assert isinstance(opened, ForIngest)
        request = vault.study_request(received, opened, person.ins, "1.2.3", "1")
        adopted = vault.worker.adopt(replace(request, record=None))
        assert isinstance(adopted, Adopted)
        records.add((adopted.record_id, adopted.documents[0].document_id))
    assert len({record for record, _ in records}) == len({document for _, document in records}) == 2


def test_a_report_of_the_study_does_not_become_its_images(vault: VaultBench, person: Person) -> None:
    images = vault.deposit_study(person, "1.2.3")
    received, _, request = taken(vault, person)
    report = replace(request.documents[0], study_uid="1.2.3")
    adopted = vault.worker.adopt(replace(request, documents=(report,)))
    assert isinstance(adopted, Adopted)
    assert adopted.documents[0].document_id != images.document_id
    assert adopted.documents[0].study_token == images.document.study_token
    assert vault.deposit_study(person, "1.2.3").document_id == images.document_id
    assert received.submission_id == request.submission_id


def test_objects_never_adopted_are_told_from_adopted_ones(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person, token=vault.doctor(DOCTOR, structure=PRACTICE).token)
    adopted = (deposited.request.blobs[0].blob_id, 1)
    other, later = (uuid4(), 1), (adopted[0], 2)
    never = vault.guard.housekeeper.never_adopted([adopted, other, later])
    assert never == [other, later]


def test_the_vault_compares_traits_with_a_record_that_the_content_names_and_gives_none_away(
    vault: VaultBench, person: Person
) -> None:
    received, _, _ = taken(vault, person)
    other = (ClaimedTraits(("AUTRE",), ("Prenomdessai",), "1940", "F"),)

    def differing(record: str, worker: str = "worker") -> tuple[Trait, ...]:
        return vault.worker.differing_traits(received.submission_id, worker, record, other)

    assert differing(person.ins) == (Trait.BIRTH_DATE, Trait.FAMILY_NAME)
    assert differing(str(person.public_id)) == (Trait.BIRTH_DATE, Trait.FAMILY_NAME)
    assert differing(new_ins()) == differing("no name at all") == ()
    vault.worker.give_back(received.submission_id, "worker")
    for worker in ("worker", "another"):  # only the holder of a lease may ask
        with pytest.raises(Conflict) as refusal:
            differing(person.ins, worker)
        assert refusal.value.code == "lease_lost"
