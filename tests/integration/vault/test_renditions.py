"""Renditions are granted with their study as long as everything that they show is, and a job makes them."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from keyvault.crypto.blob_sealer import Sealer
from keyvault.crypto.boxes import new_box_key
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, new_data_key
from keyvault.grants.grant import GrantBody
from keyvault.keys.reception import ReceivedKey, seal_key
from keyvault.verbs.call import Denied
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.rows import SealedRow
from keyvault.verbs.worker.adoption.adopt_request import Adopted, AdoptRequest, NewBlob, NewDocument
from keyvault.verbs.worker.jobs.opening_jobs import ForMaintenance, open_for_maintenance
from records.documents.details import InstanceDetails, Place, RenditionDetails
from records.documents.instances import newest
from records.documents.renditions import OVERVIEW, STRIP
from records.errors import Conflict
from tests.integration.vault.bench import Deposited, Person, VaultBench, rows_of

STUDY, SERIES = "1.2.826.0.1.3680043.2.1125.1", "1.2.3"


def digest(sop: str, version: int = 1) -> bytes:
    return hashlib.sha256(f"{sop} {version}".encode()).digest()


def deposited(
    vault: VaultBench, person: Person, *sops: str, version: int = 1, forms: Sequence[str] = (STRIP, OVERVIEW)
) -> Deposited:
    """One submission of some instances of the series, with its renditions, which show the first of them."""
    content = b"images " + "".join(sops).encode() + bytes([version])
    received = vault.receive(content, token=vault.depositor(), ins=person.ins)
    opened = vault.take(received)
    assert not isinstance(opened, Denied)
    request = vault.study_request(received, opened, person.ins, STUDY, SERIES)
    pictures = [vault.seal_like_worker(received, opened, b"jpeg", BlobKind.RENDITION) for _ in forms]
    (document,) = request.documents
    assert document.details.study is not None
    (series,) = document.details.series
    pack = request.blobs[0].blob_id
    instances = tuple(
        InstanceDetails(sop=sop, place=Place(pack, n, 1, digest(sop, version))) for n, sop in enumerate(sops)
    )
    shows = frozenset({(sops[0], digest(sops[0], version))})
    renditions = tuple(
        RenditionDetails(SERIES, form, blob.blob_id, shows)
        for form, blob in zip(forms, pictures, strict=True)
    )
    study = replace(
        document.details.study, series=(replace(series, instances=instances),), renditions=renditions
    )
    details = replace(document.details, received=int(vault.clock()), study=study)
    blobs = (*request.blobs, *pictures)
    named = tuple((blob.blob_id, blob.version) for blob in blobs)
    documents = (replace(document, details=details, blobs=named),)
    vault.clock.advance(1)
    return vault._adopted(received, replace(request, documents=documents, blobs=blobs), content)


def pictures_of(each: Deposited) -> list[UUID]:
    return [blob.blob_id for blob in each.request.blobs if blob.kind is BlobKind.RENDITION]


def shown(body: GrantBody) -> list[UUID]:
    (series,) = body.series
    assert {blob.sealed.ref.blob_id for blob in body.blobs} >= set(series.blobs)
    every = [blob.sealed.ref.blob_id for blob in body.blobs if blob.sealed.ref.kind is BlobKind.RENDITION]
    named = body.blobs_of(series, BlobKind.RENDITION)
    assert sorted(every) == sorted(named)
    return named


class TestGrants:
    def test_a_grant_names_metadata_then_strip_then_overview(self, vault: VaultBench, person: Person) -> None:
        one = deposited(vault, person, "1.1", "1.2")
        body = vault.granted(person.call, person, one)
        (series,) = body.series
        metadata = body.blobs_of(series, BlobKind.SERIES_METADATA)
        assert list(series.blobs) == [*metadata, *pictures_of(one)] and len(metadata) == 1

    def test_of_several_submissions_the_newest_rendition_is_granted(
        self, vault: VaultBench, person: Person
    ) -> None:
        one = deposited(vault, person, "1.1")
        two = deposited(vault, person, "1.2", forms=[OVERVIEW])
        strip, _ = pictures_of(one)
        assert shown(vault.granted(person.call, person, one, two)) == [strip, *pictures_of(two)]

    def test_what_shows_a_replaced_instance_is_not_granted(self, vault: VaultBench, person: Person) -> None:
        one = deposited(vault, person, "1.1", "1.2")
        two = deposited(vault, person, "1.1", version=2, forms=[])
        assert shown(vault.granted(person.call, person, one, two)) == []
        three = deposited(vault, person, "1.2", version=2, forms=[OVERVIEW])
        assert shown(vault.granted(person.call, person, one, two, three)) == pictures_of(three)

    def test_a_replaced_instance_that_is_not_shown_takes_nothing(
        self, vault: VaultBench, person: Person
    ) -> None:
        one = deposited(vault, person, "1.1", "1.2")
        two = deposited(vault, person, "1.2", version=2, forms=[])
        assert shown(vault.granted(person.call, person, one, two)) == pictures_of(one)

    def test_a_recipient_that_does_not_know_the_kind_is_spared_it(
        self, vault: VaultBench, person: Person
    ) -> None:
        one = deposited(vault, person, "1.1")
        private, public = new_box_key()
        answer = vault.reader.release(
            person.call, person.record_id, rows_of(one), documents=None, recipient=public, renditions=False
        )
        assert isinstance(answer, Released)
        body = vault.open(answer, private)
        assert shown(body) == [] and len(body.blobs) == len(answer.objects) == 2


def job_on(vault: VaultBench, person: Person, document_id: UUID) -> UUID:
    job = vault.guard.operator.render(vault.operator(), person.record_id, document_id)
    assert isinstance(job, UUID)
    return job


def taken(vault: VaultBench, job: UUID, rows: Sequence[SealedRow]) -> ForMaintenance:
    private, public = new_box_key()
    return open_for_maintenance(private, vault.worker.release_job(job, "worker", public, rows))


def picture(job: UUID, opened: ForMaintenance, kind: BlobKind = BlobKind.RENDITION) -> NewBlob:
    ref, dek = BlobRef(uuid4(), 1, kind), new_data_key()
    sealer = Sealer(ref, dek)
    sealer.update(b"jpeg")
    sealer.finish()
    return NewBlob(
        blob_id=ref.blob_id,
        version=1,
        kind=ref.kind,
        sealed_key=seal_key(opened.day_public, ReceivedKey(job, ref, bytes(32), dek)),
        commitment=sealer.sealed.commitment,
        header=sealer.sealed.header,
        plaintext_size=sealer.sealed.plaintext_size,
        ciphertext_size=sealer.sealed.ciphertext_size,
    )


def rendering(job: UUID, opened: ForMaintenance, *blobs: NewBlob, sop: str = "1.1") -> AdoptRequest:
    """The newest row with these overviews instead of what it had."""
    row = newest(opened.details)
    assert row.study is not None
    shows = frozenset({(sop, digest(sop))})
    made = tuple(RenditionDetails(SERIES, OVERVIEW, blob.blob_id, shows) for blob in blobs)
    document = NewDocument(
        kind="study",
        type_code=row.type_code,
        study_uid=STUDY,
        details=replace(row, study=replace(row.study, renditions=made)),
        blobs=tuple((blob.blob_id, 1) for blob in blobs),
    )
    return AdoptRequest(
        submission_id=job,
        worker="worker",
        sealed_envelope=b"",
        record=None,
        documents=(document,),
        blobs=blobs,
    )


def new_row(one: Deposited, adopted: Adopted | Denied) -> SealedRow:
    assert isinstance(adopted, Adopted)
    (document,) = adopted.documents
    return SealedRow(document.document_id, document.row_version, one.received.submission_id, document.sealed)


class TestMakingThemLater:
    def test_the_row_gets_another_of_the_same_submission_in_its_place(
        self, vault: VaultBench, person: Person
    ) -> None:
        one = deposited(vault, person, "1.1", forms=[])
        job = job_on(vault, person, one.document_id)
        assert job_on(vault, person, one.document_id) == job
        opened = taken(vault, job, rows_of(one))
        assert opened.row == 1
        blob = picture(job, opened)
        row = new_row(one, vault.worker.adopt_job(rendering(job, opened, blob)))
        assert row.row_version == 2
        assert shown(vault.granted(person.call, person, one)) == []  # while the index shows the old row
        renewed = replace(one, row=row)
        assert shown(vault.granted(person.call, person, renewed)) == [blob.blob_id]
        vault.worker.settle(job)
        vault.worker.settle(job)
        assert shown(vault.granted(person.call, person, renewed)) == [blob.blob_id]
        assert vault.sql("SELECT row_version FROM document_row") == [(2,)]
        # what the job made is the submission's: whatever ends that ends this
        owners = vault.sql("SELECT DISTINCT submission_id FROM blob")
        assert len(owners) == 1

    def test_a_second_making_ends_what_the_first_made(self, vault: VaultBench, person: Person) -> None:
        one = deposited(vault, person, "1.1")
        job = job_on(vault, person, one.document_id)
        opened = taken(vault, job, rows_of(one))
        blob = picture(job, opened)
        row = new_row(one, vault.worker.adopt_job(rendering(job, opened, blob)))
        vault.worker.settle(job)
        assert shown(vault.granted(person.call, person, replace(one, row=row))) == [blob.blob_id]
        keys = [(each, 1) for each in pictures_of(one)]
        vault.clock.advance(26 * 60)
        assert sorted(vault.guard.housekeeper.erase_retired(keys)) == sorted(keys)

    @pytest.mark.parametrize("way", ["words", "pack", "foreign blob", "unnamed blob"])
    def test_it_changes_nothing_but_renditions(self, vault: VaultBench, person: Person, way: str) -> None:
        one = deposited(vault, person, "1.1", forms=[])
        job = job_on(vault, person, one.document_id)
        opened = taken(vault, job, rows_of(one))
        good = rendering(job, opened, picture(job, opened))
        (document,) = good.documents
        renamed = replace(document, details=replace(document.details, title="other"))
        named = rendering(job, opened, picture(job, opened)).documents[0].details
        bad = {
            "words": replace(good, documents=(renamed,)),
            "pack": rendering(job, opened, picture(job, opened, BlobKind.PACK)),
            "foreign blob": replace(good, documents=(replace(document, details=named),)),
            "unnamed blob": replace(good, documents=(replace(document, details=opened.details[-1]),)),
        }
        with pytest.raises(Conflict) as refusal:
            vault.worker.adopt_job(bad[way])
        assert refusal.value.code == "job_differs"
        assert vault.sql("SELECT count(*) FROM document_row") == [(1,)]
        assert isinstance(vault.worker.adopt_job(good), Adopted)

    def test_a_deposit_that_joins_meanwhile_stays_the_newest(self, vault: VaultBench, person: Person) -> None:
        one = deposited(vault, person, "1.1", forms=[])
        job = job_on(vault, person, one.document_id)
        opened = taken(vault, job, rows_of(one))
        two = deposited(vault, person, "1.2", forms=[OVERVIEW])
        assert vault.worker.adopt_job(rendering(job, opened, picture(job, opened))) == Adopted(
            person.record_id, ()
        )
        vault.worker.settle(job)
        assert shown(vault.granted(person.call, person, one, two)) == pictures_of(two)
        again = job_on(vault, person, one.document_id)
        opened = taken(vault, again, rows_of(one, two))
        blob = picture(again, opened)
        row = new_row(two, vault.worker.adopt_job(rendering(again, opened, blob)))
        assert opened.row == 2 and row.row_version == 3
        assert shown(vault.granted(person.call, person, one, replace(two, row=row))) == [blob.blob_id]

    def test_where_nothing_could_be_made_the_study_stays(self, vault: VaultBench, person: Person) -> None:
        one = deposited(vault, person, "1.1")
        job = job_on(vault, person, one.document_id)
        opened = taken(vault, job, rows_of(one))
        nothing = replace(rendering(job, opened), documents=())
        assert vault.worker.adopt_job(nothing) == Adopted(person.record_id, ())
        vault.worker.settle(job)
        assert shown(vault.granted(person.call, person, one)) == pictures_of(one)
        assert vault.guard.housekeeper.waiting_jobs() == []

    def test_it_is_on_the_record_s_log(self, vault: VaultBench, person: Person) -> None:
        one = deposited(vault, person, "1.1", forms=[])
        with vault.logging() as lines:
            job = job_on(vault, person, one.document_id)
            opened = taken(vault, job, rows_of(one))
            vault.worker.adopt_job(rendering(job, opened, picture(job, opened)))
        assert [line.told for line in lines] == [("render", "permit", "operator")] * 3
