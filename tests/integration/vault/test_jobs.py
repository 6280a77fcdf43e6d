"""Adopted content is opened under a job alone, by the one worker that holds it, and on the log first."""

import hashlib
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from keyvault.crypto.blob_sealer import Sealer
from keyvault.crypto.boxes import new_box_key
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, new_data_key
from keyvault.keys.reception import ReceivedKey, seal_key
from keyvault.quotas import Quota
from keyvault.verbs.call import Denied
from keyvault.verbs.operator.quarantine import JobSeen
from keyvault.verbs.rows import SealedRow
from keyvault.verbs.worker.adoption.adopt_request import Adopted, AdoptRequest, NewBlob, NewDocument
from keyvault.verbs.worker.jobs.opening_jobs import ForMaintenance, open_for_maintenance
from records.documents.details import ContentDetails, DocumentDetails, InstanceDetails, Place, SeriesDetails
from records.errors import CoffreError
from records.vocabulary.codes import Action, ReasonCode, Role
from tests.integration.vault.bench import Deposited, Person, VaultBench, new_ins, rows_of

STUDY = "1.2.826.0.1.3680043.2.1125.1"
WHY = "checked with the laboratory by telephone"


def refused(code: str, call: Any) -> None:
    with pytest.raises(CoffreError) as refusal:
        call()
    assert refusal.value.code == code


@pytest.fixture
def parts(vault: VaultBench, person: Person) -> list[Deposited]:
    """A study of two submissions."""
    return [vault.deposit_study(person, STUDY, f"1.2.3.{number}") for number in (1, 2)]


@pytest.fixture
def job(vault: VaultBench, person: Person, parts: list[Deposited]) -> UUID:
    found = vault.guard.housekeeper.plan_compaction(person.record_id, parts[0].document_id)
    assert found is not None
    return found


def taken(vault: VaultBench, job: UUID, rows: list[SealedRow], worker: str = "worker") -> ForMaintenance:
    private, public = new_box_key()
    return open_for_maintenance(private, vault.worker.release_job(job, worker, public, rows))


def a_blob(job: UUID, day_public: bytes, content: bytes = b"one pack") -> NewBlob:
    ref, dek = BlobRef(uuid4(), 1, BlobKind.PACK), new_data_key()
    sealer = Sealer(ref, dek)
    sealer.update(content)
    sealer.finish()
    sealed = sealer.sealed
    return NewBlob(
        blob_id=ref.blob_id,
        version=1,
        kind=ref.kind,
        sealed_key=seal_key(day_public, ReceivedKey(job, ref, bytes(32), dek)),
        commitment=sealed.commitment,
        header=sealed.header,
        plaintext_size=sealed.plaintext_size,
        ciphertext_size=sealed.ciphertext_size,
    )


def repacked(job: UUID, opened: ForMaintenance, worker: str = "worker") -> AdoptRequest:
    blob = a_blob(job, opened.day_public)
    details = of_series(opened.details[-1])
    document = NewDocument(
        kind="study", type_code="IMG-KOS", study_uid=STUDY, details=details, blobs=((blob.blob_id, 1),)
    )
    return AdoptRequest(
        submission_id=job,
        worker=worker,
        sealed_envelope=b"",
        record=None,
        documents=(document,),
        blobs=(blob,),
    )


def adopted_row(job: UUID, adopted: Adopted | Denied) -> SealedRow:
    assert isinstance(adopted, Adopted)
    (document,) = adopted.documents
    return SealedRow(document.document_id, document.row_version, job, document.sealed)


class TestOpening:
    def test_a_worker_opens_nothing_without_a_job(
        self, vault: VaultBench, person: Person, parts: list[Deposited]
    ) -> None:
        refused("no_such_job", lambda: taken(vault, uuid4(), rows_of(*parts)))
        single = vault.deposit_study(person, "1.2.3")
        assert vault.guard.housekeeper.plan_compaction(person.record_id, single.document_id) is None
        report = vault.deposit(person)
        assert vault.guard.housekeeper.plan_compaction(person.record_id, report.document_id) is None

    def test_the_opening_is_on_the_records_log_before_a_key_leaves(
        self, vault: VaultBench, job: UUID, parts: list[Deposited]
    ) -> None:
        with vault.logging() as lines:
            opened = taken(vault, job, rows_of(*parts))
        assert [line.told for line in lines] == [("compact", "permit", "operator")]
        packs = {blob for each in parts for blob, _ in each.request.documents[0].blobs}
        assert set(opened.blobs) == packs

    def test_one_worker_holds_it(self, vault: VaultBench, job: UUID, parts: list[Deposited]) -> None:
        taken(vault, job, rows_of(*parts))
        refused("leased", lambda: taken(vault, job, rows_of(*parts), "another"))
        vault.worker.give_back(job, "worker")
        taken(vault, job, rows_of(*parts), "another")
        refused("leased", lambda: vault.worker.hold_job(job, "worker"))

    @pytest.mark.parametrize("shown", ["one of them", "altered"])
    def test_it_takes_every_genuine_row_of_the_study(
        self, vault: VaultBench, job: UUID, parts: list[Deposited], shown: str
    ) -> None:
        first, second = rows_of(*parts)
        rows = [first] if shown == "one of them" else [first, replace(second, sealed=first.sealed)]
        refused("study_busy", lambda: taken(vault, job, rows))

    def test_asked_twice_it_is_one_job(
        self, vault: VaultBench, person: Person, job: UUID, parts: list[Deposited]
    ) -> None:
        assert vault.guard.housekeeper.plan_compaction(person.record_id, parts[0].document_id) == job
        assert vault.guard.operator.compact(vault.operator(), person.record_id, parts[0].document_id) == job
        assert [each for each, _ in vault.guard.housekeeper.waiting_jobs()] == [job]


class TestAdoption:
    def test_only_its_worker_adopts_and_a_repeat_is_answered_alike(
        self, vault: VaultBench, job: UUID, parts: list[Deposited]
    ) -> None:
        opened = taken(vault, job, rows_of(*parts))
        request = repacked(job, opened)
        refused("lease_lost", lambda: vault.worker.adopt_job(replace(request, worker="another")))
        first = vault.worker.adopt_job(request)
        with vault.logging() as lines:
            assert vault.worker.adopt_job(request) == first
        assert lines == []

    def test_a_key_that_was_made_for_another_job_is_refused(
        self, vault: VaultBench, job: UUID, parts: list[Deposited]
    ) -> None:
        opened = taken(vault, job, rows_of(*parts))
        request = repacked(job, opened)
        foreign = replace(request.blobs[0], sealed_key=a_blob(uuid4(), opened.day_public).sealed_key)
        refused("received_key_mismatch", lambda: vault.worker.adopt_job(replace(request, blobs=(foreign,))))

    def test_the_rows_shown_decide_which_blobs_a_grant_names(
        self, vault: VaultBench, person: Person, job: UUID, parts: list[Deposited]
    ) -> None:
        opened = taken(vault, job, rows_of(*parts))
        request = repacked(job, opened)
        row = adopted_row(job, vault.worker.adopt_job(request))
        older = {blob.sealed.ref.blob_id for blob in vault.granted(person.call, person, *parts).blobs}
        assert older == set(opened.blobs)
        released = vault.reader.release(
            person.call, person.record_id, [row], documents=None, recipient=new_box_key()[1]
        )
        assert not isinstance(released, Denied)
        assert [blob for blob, _ in released.objects] == [request.blobs[0].blob_id]

    def test_older_grants_go_on_until_they_expire_and_then_the_keys_go(
        self, vault: VaultBench, person: Person, job: UUID, parts: list[Deposited]
    ) -> None:
        keys = [(blob, 1) for each in parts for blob, _ in each.request.documents[0].blobs]
        grant = vault.reader.release(
            person.call, person.record_id, rows_of(*parts), documents=None, recipient=new_box_key()[1]
        )
        assert not isinstance(grant, Denied)
        row = adopted_row(job, vault.worker.adopt_job(repacked(job, taken(vault, job, rows_of(*parts)))))
        assert vault.guard.housekeeper.erase_retired(keys) == []  # not retired yet
        vault.worker.settle(job)
        vault.worker.settle(job)
        assert vault.reader.recheck(UUID(grant.grant["id"]), *keys[0])
        assert vault.guard.housekeeper.erase_retired(keys) == []
        assert vault.guard.housekeeper.never_adopted(keys) == []
        refused(
            "index_altered",
            lambda: vault.reader.release(
                vault.patient(person.ins),
                person.record_id,
                rows_of(*parts),
                documents=None,
                recipient=new_box_key()[1],
            ),
        )
        vault.clock.advance(26 * 60)
        with vault.logging() as lines:
            assert vault.guard.housekeeper.erase_retired(keys) == keys
        assert [line.told for line in lines] == [("erase", "permit", "operator")]
        assert vault.sql("SELECT count(*) FROM blob WHERE state = 'retired'") == [(0,)]
        released = vault.reader.release(
            vault.patient(person.ins),
            person.record_id,
            [row],
            documents=None,
            recipient=new_box_key()[1],
        )
        assert not isinstance(released, Denied)

    def test_a_job_of_which_nothing_was_adopted_is_refused_and_may_be_asked_again(
        self, vault: VaultBench, person: Person, job: UUID, parts: list[Deposited]
    ) -> None:
        vault.worker.settle(job)
        assert vault.guard.housekeeper.waiting_jobs() == []
        refused("settled", lambda: taken(vault, job, rows_of(*parts)))
        again = vault.guard.housekeeper.plan_compaction(person.record_id, parts[0].document_id)
        assert again not in (None, job)


def imaged(vault: VaultBench, person: Person, sop: str) -> Deposited:
    """One submission of one image of the study."""
    content = b"image " + sop.encode()
    received = vault.receive(content, token=vault.depositor(), ins=person.ins)
    opened = vault.take(received)
    assert not isinstance(opened, Denied)
    request = vault.study_request(received, opened, person.ins, STUDY, "1.2.3")
    (document,) = request.documents
    (series,) = document.details.series
    place = Place(request.blobs[0].blob_id, 0, len(content), hashlib.sha256(content).digest())
    image = replace(series, instances=(InstanceDetails(sop=sop, place=place),))
    documents = (replace(document, details=of_series(document.details, image)),)
    return vault._adopted(received, replace(request, documents=documents), content)


def leaving(job: UUID, opened: ForMaintenance, *kept: InstanceDetails) -> AdoptRequest:
    """A merged row of these instances; none deletes the study."""
    request = repacked(job, opened)
    if not kept:
        return replace(request, documents=(), blobs=())
    (document,) = request.documents
    series = SeriesDetails(uid="1.2.3", metadata_blob=UUID(int=0), instances=kept)
    details = of_series(document.details, series)
    return replace(request, documents=(replace(document, details=details),))


def of_series(details: DocumentDetails, *series: SeriesDetails) -> DocumentDetails:
    assert details.study is not None
    return replace(details, study=replace(details.study, series=series))


def exchanged(details: InstanceDetails | ContentDetails, sha256: bytes) -> Any:
    """The same with other bytes."""
    return replace(details, place=replace(details.place, sha256=sha256))


class TestATakenOverWorker:
    """A job leaves what it has to, whatever the worker hands in."""

    @pytest.fixture
    def images(self, vault: VaultBench, person: Person) -> list[Deposited]:
        return [imaged(vault, person, sop) for sop in ("1.1", "1.2", "1.3")]

    @pytest.mark.parametrize("way", ["drops one", "drops all", "exchanges one", "adds one", "moves one"])
    def test_a_compaction_leaves_every_instance_as_it_was(
        self, vault: VaultBench, person: Person, images: list[Deposited], way: str
    ) -> None:
        job = vault.guard.housekeeper.plan_compaction(person.record_id, images[0].document_id)
        assert job is not None
        opened = taken(vault, job, rows_of(*images))
        one, two, three = (row.series[0].instances[0] for row in opened.details)
        kept = {
            "drops one": (one, two),
            "drops all": (),
            "exchanges one": (one, two, exchanged(three, bytes(32))),
            "adds one": (one, two, three, replace(three, sop="1.4")),
            "moves one": (one, replace(two, sop="1.3"), replace(three, sop="1.2")),
        }
        refused("job_differs", lambda: vault.worker.adopt_job(leaving(job, opened, *kept[way])))
        assert isinstance(vault.worker.adopt_job(leaving(job, opened, three, two, one)), Adopted)

    @pytest.mark.parametrize("left", [0, 1, 3], ids=["too few", "one too few", "too many"])
    def test_a_withdrawal_takes_out_what_was_asked_and_nothing_else(
        self, vault: VaultBench, person: Person, images: list[Deposited], left: int
    ) -> None:
        job = vault.guard.operator.withdraw(
            *(vault.operator(), person.record_id, images[0].document_id),
            *(rows_of(*images), ["1.3"], "113037"),
        )
        assert isinstance(job, UUID)
        opened = taken(vault, job, rows_of(*images))
        every = [row.series[0].instances[0] for row in opened.details]
        refused("job_differs", lambda: vault.worker.adopt_job(leaving(job, opened, *every[:left])))
        assert isinstance(vault.worker.adopt_job(leaving(job, opened, *every[:2])), Adopted)

    def test_nothing_is_adopted_for_a_job_that_was_not_opened(
        self, vault: VaultBench, person: Person, images: list[Deposited]
    ) -> None:
        job = vault.guard.housekeeper.plan_compaction(person.record_id, images[0].document_id)
        assert job is not None
        vault.worker.hold_job(job, "worker")
        refused("job_differs", lambda: vault.worker.adopt_job(repacked_nothing(job)))

    @pytest.mark.parametrize("way", ["other content", "nothing", "twice"])
    def test_a_release_brings_what_was_set_aside(self, vault: VaultBench, person: Person, way: str) -> None:
        content = b"%PDF-1.7 whose"
        received = vault.receive(content, token=vault.depositor())
        vault.take(received)
        adopted = vault.worker.adopt(vault.request(received, None, content))
        assert isinstance(adopted, Adopted)
        (aside,) = adopted.documents
        for who in ("anne", "bruno"):
            call = replace(vault.operator(), token=vault.token(Role.OPERATOR, who))
            seen = vault.guard.operator.release_quarantined(call, aside.document_id, person.ins, WHY)
        assert isinstance(seen, JobSeen)
        row = SealedRow(aside.document_id, aside.row_version, received.submission_id, aside.sealed)
        opened = taken(vault, seen.job_id, [row])
        blobs = [a_blob(seen.job_id, opened.day_public, content) for _ in range(2)]
        (details,) = opened.details
        assert details.content is not None
        places = [replace(details.content.place, blob_id=blob.blob_id) for blob in blobs]
        documents = [
            NewDocument(
                kind="document",
                type_code="18748-4",
                study_uid=None,
                details=replace(details, content=replace(details.content, place=place)),
                blobs=((blob.blob_id, 1),),
            )
            for blob, place in zip(blobs, places, strict=True)
        ]
        good = replace(
            repacked_nothing(seen.job_id), record=person.ins, documents=(documents[0],), blobs=(blobs[0],)
        )
        content_changed = exchanged(details.content, bytes(32))
        other = replace(documents[0], details=replace(details, content=content_changed))
        bad = {
            "other content": replace(good, documents=(other,)),
            "nothing": replace(good, documents=(), blobs=()),
            "twice": replace(good, documents=tuple(documents), blobs=tuple(blobs)),
        }
        refused("job_differs", lambda: vault.worker.adopt_job(bad[way]))
        assert isinstance(vault.worker.adopt_job(good), Adopted)


def repacked_nothing(job: UUID) -> AdoptRequest:
    return AdoptRequest(
        submission_id=job, worker="worker", sealed_envelope=b"", record=None, documents=(), blobs=()
    )


class TestAsking:
    @pytest.mark.parametrize("who", ["doctor", "depositor", "patient"])
    def test_operators_alone_compact_and_decide_on_quarantine(
        self, vault: VaultBench, person: Person, parts: list[Deposited], who: str
    ) -> None:
        token = {"doctor": vault.doctor().token, "depositor": vault.depositor(), "patient": person.call.token}
        call = replace(vault.operator(), token=token[who])
        operator, document = vault.guard.operator, parts[0].document_id
        answers = [
            operator.compact(call, person.record_id, document),
            operator.quarantined(call, [document]),
            operator.release_quarantined(call, document, person.ins, WHY),
            operator.destroy_quarantined(call, document, WHY),
        ]
        assert answers == [Denied(ReasonCode.ROLE_NOT_ENTITLED)] * 4

    def test_a_withdrawal_names_instances_that_are_there(
        self, vault: VaultBench, person: Person, parts: list[Deposited]
    ) -> None:
        document = parts[0].document_id
        with vault.logging() as lines:
            found = vault.guard.operator.find_study(vault.operator(), person.ins, Action.WITHDRAW, STUDY)
        assert not isinstance(found, Denied)
        assert len(lines) == 1  # that there is such a record is an answer too
        assert found.record_id == person.record_id

        def withdraw(code: str, *instances: str) -> None:
            vault.guard.operator.withdraw(
                vault.operator(), person.record_id, document, rows_of(*parts), instances, code
            )

        refused("bad_rejection", lambda: withdraw("113000", "1.2"))
        refused("no_such_instance", lambda: withdraw("113001", "1.2"))


class TestProposals:
    @pytest.fixture
    def aside(self, vault: VaultBench) -> UUID:
        """A document under quarantine."""
        received = vault.receive(b"%PDF-1.7 whose", token=vault.depositor())
        vault.take(received)
        adopted = vault.worker.adopt(vault.request(received, None, b"%PDF-1.7 whose"))
        assert isinstance(adopted, Adopted)
        return adopted.documents[0].document_id

    def ask(self, vault: VaultBench, who: str, document: UUID, record: str) -> JobSeen | Denied:
        call = replace(vault.operator(), token=vault.token(Role.OPERATOR, who))
        return vault.guard.operator.release_quarantined(call, document, record, WHY)

    def test_both_operators_are_on_the_log_of_the_record(
        self, vault: VaultBench, person: Person, aside: UUID
    ) -> None:
        with vault.logging() as lines:
            self.ask(vault, "anne", aside, person.ins)
            self.ask(vault, "bruno", aside, person.ins)
        assert [line.told for line in lines] == [("release", "permit", "operator")] * 3
        tokens = [vault.token(Role.OPERATOR, who) for who in ("anne", "anne", "bruno")]
        assert [vault.actor_of(line, token) for line, token in zip(lines, tokens, strict=True)] == [True] * 3

    def test_a_proposal_ends_after_a_day(self, vault: VaultBench, person: Person, aside: UUID) -> None:
        first = self.ask(vault, "anne", aside, person.ins)
        vault.clock.advance(24 * 3600)
        second = self.ask(vault, "bruno", aside, person.ins)
        assert isinstance(first, JobSeen)
        assert isinstance(second, JobSeen)
        assert (second.state, second.job_id == first.job_id) == ("proposed", False)

    @pytest.mark.parametrize("code", ["not_quarantined", "second_operator", "other_proposal", "job_in_hand"])
    def test_a_question_that_comes_to_nothing_has_its_line(
        self, vault: VaultBench, person: Person, aside: UUID, code: str
    ) -> None:
        """Each of these answers tells that the record exists."""
        who, record = "anne", vault.person().ins if code == "other_proposal" else person.ins
        if code != "not_quarantined":
            self.ask(vault, "anne", aside, person.ins)
        if code == "job_in_hand":
            self.ask(vault, "bruno", aside, person.ins)
        document = uuid4() if code == "not_quarantined" else aside
        with vault.logging() as lines:
            refused(code, lambda: self.ask(vault, who, document, record))
        (line,) = lines
        assert line.told[:2] == ("release", "deny")
        assert line.line["refused"] == code
        assert vault.actor_of(line, vault.token(Role.OPERATOR, who))

    def test_operators_have_a_quota_here_too(self, vault: VaultBench, person: Person, aside: UUID) -> None:
        quotas = replace(vault.settings.quotas, credential=dict.fromkeys(Role, Quota(2, 8)))
        vault.guard = vault.another_process(quotas=quotas)
        no_record = Denied(ReasonCode.NO_SUCH_RECORD)
        assert [self.ask(vault, "anne", aside, new_ins()) for _ in range(2)] == [no_record] * 2
        assert self.ask(vault, "anne", aside, person.ins) == Denied(ReasonCode.QUOTA_EXCEEDED)
        assert isinstance(self.ask(vault, "bruno", aside, person.ins), JobSeen)

    def test_destroyed_it_opens_with_no_key_that_is_left(self, vault: VaultBench, aside: UUID) -> None:
        for who in ("anne", "bruno"):
            call = replace(vault.operator(), token=vault.token(Role.OPERATOR, who))
            done = vault.guard.operator.destroy_quarantined(call, aside, WHY)
        assert isinstance(done, JobSeen)
        assert done.state == "adopted"
        assert vault.sql("SELECT count(*) FROM blob") == [(0,)]
        assert vault.sql("SELECT state FROM record WHERE kind = 'quarantine'") == [("destroyed",)]
        quarantine = "SELECT record_id FROM record WHERE kind = 'quarantine'"
        for table in ("record_key", "wrapped_key", "document"):
            assert vault.sql(f"SELECT count(*) FROM {table} WHERE record_id IN ({quarantine})") == [(0,)]  # noqa: S608
        vault.sequence()
        vault.guard.inspector.verify_log()
