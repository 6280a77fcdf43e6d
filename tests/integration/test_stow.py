"""STOW-RS as PS3.18 section 10.5 has it: statuses, sequences, reasons, and what is kept beside a refusal."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import pydicom
import pytest

from coffre.demonstration.files import data as demo_data
from records.people.identity import INS_NIR_TEST
from records.vocabulary.document_types import DOCUMENT_TYPES
from tests.integration.outsider import eventually, failed_items, first, stored_items
from tests.integration.support import (
    HOSPITAL,
    LABORATORY,
    OTHER_PRACTICE,
    Coffre,
    Patient,
    bearer,
    multipart,
    new_ins,
    problem,
    related,
)
from tests.unit.content.dicom_bytes import element, identifiers, image, part10, pixel_module, pixels
from tests.unit.content.pdf_bytes import pdf

CT = "1.2.840.10008.5.1.4.1.1.2"
CANNOT_UNDERSTAND, NOT_AUTHORISED, DOES_NOT_MATCH = 0xC000, 0x0124, 0xA900  # PS3.18 table 10.5.3-2


@pytest.fixture(scope="module")
def lab(coffre: Coffre) -> str:
    return coffre.depositor()


def sop_of(content: bytes) -> str:
    return str(header(content).SOPInstanceUID)


def header(content: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(BytesIO(content), stop_before_pixels=True)


def changed(content: bytes, change: Callable[[pydicom.Dataset], None]) -> bytes:
    dataset = pydicom.dcmread(BytesIO(content))
    change(dataset)
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


class TestAllStored:
    def test_200_names_each_instance_and_no_address_that_would_not_answer(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        files = patient.ct(slices=3, size=16)
        answer = coffre.stow(lab, files, patient.ins)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/dicom+json"
        assert "00081190" not in answer.text
        stored = stored_items(answer)
        assert [first(item, "00081155") for item in stored] == [sop_of(content) for content in files]
        assert {first(item, "00081150") for item in stored} == {CT}
        assert failed_items(answer) == []

    def test_the_answer_is_a_dicom_data_set(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        answer = coffre.stow(lab, [*patient.ct(slices=1, size=16), b"junk"], patient.ins)
        dataset = pydicom.Dataset.from_json(answer.text)
        assert len(dataset.ReferencedSOPSequence) == 1
        assert dataset.FailedSOPSequence[0].FailureReason == CANNOT_UNDERSTAND

    def test_an_address_by_public_id_never_shows_the_ins(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        answer = coffre.stow(lab, patient.ct(slices=1, size=16), str(patient.public_id))
        assert answer.status_code == 200
        assert patient.ins not in answer.text + str(answer.headers)

    def test_the_answer_tells_where_the_verdicts_stand(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        answer = coffre.stow(lab, patient.ct(slices=2, size=16), patient.ins)
        told = coffre.submission(lab, answer)
        assert told["id"] == answer.headers["content-location"].removeprefix("/submissions/")
        assert told["state"] == "published"
        (document,) = patient.documents()
        assert told["parts"] == 2 * [
            {
                "outcome": "published",
                "code": "published",
                "reason": "Published.",
                "document": document["id"],
            }
        ]

    def test_two_studies_in_one_request_are_two_documents(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        files = [*patient.ct(slices=2, size=16, seed=1), *patient.ct(slices=1, size=16, seed=2)]
        answer = coffre.stow(lab, files, patient.ins)
        assert answer.status_code == 200
        assert sorted(document["instances"] for document in patient.documents()) == [1, 2]

    def test_two_patients_in_one_request_without_ins_in_the_address(self, coffre: Coffre, lab: str) -> None:
        one, two = coffre.open_record(), coffre.open_record()
        files = [*one.ct(slices=1, size=16), *two.ct(slices=1, size=16)]
        assert coffre.stow(lab, files).status_code == 200
        assert len(one.documents()) == len(two.documents()) == 1

    def test_the_same_instance_twice_in_one_request_is_kept_once(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        (content,) = patient.ct(slices=1, size=16)
        answer = coffre.stow(lab, [content, content], patient.ins)
        assert answer.status_code == 200
        told = coffre.submission(lab, answer)["parts"]
        assert [part["outcome"] for part in told] == ["published", "duplicate"]
        assert told[0]["document"] == told[1]["document"]
        assert patient.documents()[0]["instances"] == 1

    def test_sent_again_it_is_a_duplicate_of_the_first(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        files = patient.ct(slices=2, size=16)
        coffre.stow(lab, files, patient.ins)
        again = coffre.stow(lab, files, patient.ins)
        assert again.status_code == 200
        assert len(stored_items(again)) == 2
        assert {p["outcome"] for p in coffre.submission(lab, again)["parts"]} == {"duplicate"}

    def test_another_structure_learns_nothing_of_an_earlier_deposit(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        files = patient.ct(slices=1, size=16)
        coffre.stow(lab, files, patient.ins)
        other = coffre.depositor(HOSPITAL)
        answer = coffre.stow(other, files, patient.ins)
        assert [p["outcome"] for p in coffre.submission(other, answer)["parts"]] == ["published"]

    def test_other_bytes_under_the_same_instance_uid_are_a_new_version(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        (content,) = patient.ct(slices=1, size=16)
        corrected = changed(content, lambda d: setattr(d, "StudyDescription", "Corrigé"))
        coffre.stow(lab, [content], patient.ins)
        answer = coffre.stow(lab, [corrected], patient.ins)
        assert answer.status_code in (200, 202)
        assert len(stored_items(answer)) == 1
        (document,) = patient.documents()
        assert document["instances"] == 1


class TestSomeStored:
    def test_202_publishes_the_good_and_says_why_not_the_others(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        good = patient.ct(slices=3, size=16)
        bad = [b"junk", good[2][:-200], part10(identifiers(sop=b""))]
        answer = coffre.stow(lab, [good[0], bad[0], bad[1], good[1], bad[2]], patient.ins)
        assert answer.status_code == 202
        assert [first(item, "00081155") for item in stored_items(answer)] == [sop_of(g) for g in good[:2]]
        failed = failed_items(answer)
        assert {first(item, "00081197") for item in failed} == {CANNOT_UNDERSTAND}
        told = coffre.submission(lab, answer)
        assert told["state"] == "published"
        rejected = [part for part in told["parts"] if part["outcome"] == "rejected"]
        assert [part["code"] for part in rejected] == ["not_dicom", "truncated", "uid_missing"]
        for item, part in zip(failed, rejected, strict=True):
            comment = first(item, "00000902")
            assert comment.startswith(f"{part['code']}: {part['reason'][:30]}")
            assert len(comment) <= 64  # PS3.5 table 6.2-1: the sentence is whole in /submissions alone
        (document,) = patient.documents()
        assert document["instances"] == 2

    def test_what_was_published_beside_a_refusal_opens_byte_for_byte(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        good = patient.ct(slices=2, size=16)
        coffre.stow(lab, [good[0], b"junk" * 1000, good[1]], patient.ins)
        grant = coffre.grant(patient.token, patient.ins)
        pack = next(blob.sealed for blob in grant.open().blobs if blob.sealed.ref.kind == 1)
        assert pack.plaintext_size == sum(map(len, good))
        assert grant.read(pack.ref.blob_id, 0, pack.plaintext_size) == b"".join(good)

    def test_a_warning_stores_with_a_reason(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        (content,) = patient.ct(slices=1, size=16)
        answer = coffre.stow(lab, [b"II*\x00" + content[4:]], patient.ins)
        assert answer.status_code == 202
        (item,) = stored_items(answer)
        assert first(item, "00081196") in (0xB000, 0xB006, 0xB007)
        assert "preamble" in first(item, "00000902")
        assert len(patient.documents()) == 1

    @pytest.mark.requirement("R41")
    def test_an_instance_of_another_patient_beside_good_ones_is_set_aside(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        foreign = coffre.open_record()
        files = [*patient.ct(slices=1, size=16), *foreign.ct(slices=1, size=16)]
        answer = coffre.stow(lab, files, patient.ins)
        assert answer.status_code == 202
        (item,) = failed_items(answer)
        assert first(item, "00081197") == DOES_NOT_MATCH
        assert first(item, "00081155") == sop_of(files[1])
        assert [p["code"] for p in coffre.submission(lab, answer)["parts"]] == ["published", "other_patient"]
        assert foreign.documents() == []

    def test_an_instance_that_repeats_a_refused_one_is_refused_with_it(
        self, coffre: Coffre, lab: str
    ) -> None:
        ((_, content),) = demo_data.ct_study(new_ins(), INS_NIR_TEST, slices=1, size=16)
        answer = coffre.stow(lab, [content, content])
        assert answer.status_code == 409
        assert {p["code"] for p in coffre.submission(lab, answer)["parts"]} == {"no_record"}


class TestNoneStored:
    def test_409_has_failures_and_no_references(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        answer = coffre.stow(lab, [b"junk"], patient.ins)
        assert answer.status_code == 409
        assert "00081199" not in answer.json()
        assert len(failed_items(answer)) == 1

    def test_a_failed_instance_that_could_be_read_is_named(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        files = coffre.open_record().ct(slices=1, size=16)
        (item,) = failed_items(coffre.stow(lab, files, patient.ins))
        assert first(item, "00081150") == CT
        assert first(item, "00081155") == sop_of(files[0])

    def test_a_record_that_is_not_there(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        answer = coffre.stow(lab, patient.ct(slices=1, size=16), new_ins())
        assert answer.status_code == 409
        (item,) = failed_items(answer)
        assert first(item, "00081197") == NOT_AUTHORISED

    def test_an_answer_repeats_no_content(self, coffre: Coffre, lab: str) -> None:
        patient, other = coffre.open_record(), coffre.open_record()
        answer = coffre.stow(lab, other.ct(slices=1, size=16), str(patient.public_id))
        for secret in (patient.ins, other.ins, demo_data.PATIENT.family_name, demo_data.ACCESSION):
            assert secret not in answer.text
            assert secret not in json.dumps(coffre.submission(lab, answer))

    def test_415_and_400_have_no_dicom_body(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        path = f"/records/{patient.ins}/dicomweb/studies"
        for content_type, status in (("application/json", 415), ("multipart/related", 400)):
            answer = coffre.http.post(
                path, content=b"x", headers={**bearer(lab), "Content-Type": content_type}
            )
            assert answer.status_code == status
            assert problem(answer)


class TestAsynchronous:
    def test_respond_async_is_answered_at_once_and_judged_later(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        answer = coffre.stow(lab, patient.ct(slices=2, size=16), patient.ins, Prefer="respond-async")
        assert (answer.status_code, answer.content) == (202, b"")
        location = answer.headers["content-location"]
        assert answer.headers["location"] == coffre.url + location
        self._until(coffre, lab, location, "published")
        assert len(patient.documents()) == 1

    def test_a_refusal_is_told_later_too(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        answer = coffre.stow(lab, [b"junk"], patient.ins, Prefer="wait=5, Respond-Async")
        assert answer.status_code == 202
        self._until(coffre, lab, answer.headers["content-location"], "rejected")

    def _until(self, coffre: Coffre, lab: str, location: str, state: str) -> None:
        def check() -> None:
            found = coffre.http.get(location, headers=bearer(lab)).json()
            assert found["state"] == state
            assert found["parts"]

        eventually(check)


class TestWhoDeposits:
    def test_a_professional_deposits_for_its_structure(self, coffre: Coffre, patient: Patient) -> None:
        doctor = coffre.professional("899700031310", OTHER_PRACTICE)
        assert coffre.stow(doctor, patient.ct(slices=1, size=16), patient.ins).status_code == 200
        assert patient.documents()[0]["structure"] == OTHER_PRACTICE

    def test_a_deposit_gives_no_right_to_read(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        coffre.stow(lab, patient.ct(slices=1, size=16), patient.ins)
        for path in ("/documents", "/access-log", "/dicomweb/studies"):
            answer = coffre.http.get(f"/records/{patient.ins}{path}", headers=bearer(lab))
            assert answer.status_code == 403
        assert coffre.grant(lab, patient.ins).answer.status_code == 403

    def test_the_deposit_has_its_line_in_the_patients_log(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        coffre.stow(lab, patient.ct(slices=1, size=16), patient.ins)
        line = next(line for line in patient.log() if line["action"] == "deposit")
        assert line["actor"] == {"role": "depositor", "structure": LABORATORY}
        assert (line["outcome"], line["purpose"]) == ("permit", "INGEST")


def test_a_local_patient_id_is_no_contradiction(coffre: Coffre, patient: Patient, lab: str) -> None:
    local = part10(identifiers(patient=b"LOCAL-42") + pixel_module() + pixels(bytes(32)))
    assert len(stored_items(coffre.stow(lab, [local], patient.ins))) == 1
    assert len(patient.documents()) == 1


def test_an_ins_among_the_other_identifiers_names_the_record(
    coffre: Coffre, patient: Patient, lab: str
) -> None:
    def move(dataset: pydicom.Dataset) -> None:
        other = pydicom.Dataset()
        other.PatientID, other.IssuerOfPatientID = dataset.PatientID, "ASIP-SANTE-INS-NIR"
        other.TypeOfPatientID = "TEXT"
        dataset.OtherPatientIDsSequence = [other]
        dataset.PatientID, dataset.IssuerOfPatientID = "LOCAL-7", "HOPITAL"
        del dataset.IssuerOfPatientIDQualifiersSequence

    ((_, content),) = demo_data.ct_study(patient.ins, INS_NIR_TEST, slices=1, size=16)
    answer = coffre.stow(lab, [changed(content, move)])
    assert len(stored_items(answer)) == 1, answer.text
    assert len(patient.documents()) == 1


def test_two_clients_with_the_same_bytes_at_once_keep_them_once(
    coffre: Coffre, patient: Patient, lab: str
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    files = patient.ct(slices=3, size=64)

    def send(_: int) -> httpx.Response:
        headers = {**bearer(lab), "Content-Type": related()}
        path = f"{coffre.url}/records/{patient.ins}/dicomweb/studies"
        return httpx.post(path, content=multipart(files), headers=headers, timeout=60)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert {answer.status_code for answer in answers} == {200}
    outcomes = [p["outcome"] for a in answers for p in coffre.submission(lab, a)["parts"]]
    assert sorted(outcomes) == ["duplicate"] * 9 + ["published"] * 3
    (document,) = patient.documents()
    assert document["instances"] == 3


def test_an_instance_without_ins_is_kept_aside_by_name(coffre: Coffre, lab: str) -> None:
    answer = coffre.stow(lab, [image()])
    (item,) = failed_items(answer)
    found: dict[str, Any] = coffre.submission(lab, answer)
    assert first(item, "00081155") == "1.2.3.4"
    assert found["state"] == "quarantined"


def test_reports_inside_instances_are_listed_as_documents(coffre: Coffre, patient: Patient, lab: str) -> None:
    """Beside their study, with their own title; what they hold was examined (PS3.3 §C.24.2)."""

    def encapsulated(kind: bytes, number: int, content: bytes, title: bytes = b"") -> bytes:
        sop_class, sop = b"1.2.840.10008.5.1.4.1.1.104." + kind, b"2.25.77.%d" % number
        named = element(0x00420010, "ST", title) if title else b""
        return part10(identifiers(sop_class=sop_class, sop=sop) + named + element(0x00420011, "OB", content))

    clinical = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><title>CR</title></ClinicalDocument>'
    script = pdf(catalog=b"/OpenAction<</S/JavaScript/JS(a)>>")
    files = [
        image(),
        encapsulated(b"1", 1, pdf(), b"Compte rendu"),
        encapsulated(b"2", 2, clinical),
        encapsulated(b"1", 3, script),
    ]
    answer = coffre.stow(lab, files, patient.ins)
    assert answer.status_code == 202
    assert [part["code"] for part in coffre.submission(lab, answer)["parts"]][-1] == "pdf_javascript"
    listed = {(each["kind"], each["title"]) for each in patient.documents()}
    assert listed == {
        ("study", "Imagerie CT"),
        ("document", "Compte rendu"),
        ("document", DOCUMENT_TYPES["18748-4"].display),
    }
