"""Who knows the UIDs of a study deposits other pixels under them: each structure's document keeps its own."""

import json
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid
from typer.testing import CliRunner

from coffre.cli import app
from records.vocabulary.identifier_warnings import IDENTIFIER_WARNINGS
from tests.integration.pages import Browser
from tests.integration.support import HOSPITAL, LABORATORY, Coffre, Grant, Patient, bearer

CODES = ["instance_uid_shared", "study_uid_shared"]


def repainted(content: bytes) -> bytes:
    """The same identifiers, other pixels."""
    dataset = dcmread(BytesIO(content))
    dataset.PixelData = bytes(len(dataset.PixelData))
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


def digests(contents: list[bytes]) -> list[str]:
    return sorted(sha256(content).hexdigest() for content in contents)


def read_all(grant: Grant) -> list[bytes]:
    """What a grant opens, pack by pack, by the places of its details."""
    packs = [blob for blob in grant.open().blobs if blob.sealed.ref.kind == 1]
    return [grant.read(blob.sealed.ref.blob_id, 0, blob.sealed.plaintext_size) for blob in packs]


class Attack:
    """A laboratory's study of two images, and a hospital's forgery of both under the same UIDs."""

    def __init__(self, coffre: Coffre) -> None:
        self.coffre = coffre
        self.patient = coffre.open_record()
        self.genuine = self.patient.ct(slices=2, size=16)
        self.forged = [repainted(content) for content in self.genuine]
        self.lab, self.hospital = coffre.depositor(LABORATORY), coffre.depositor(HOSPITAL)
        self.stored = self.told(self.lab, self.genuine)
        self.answer = self.told(self.hospital, self.forged)
        self.patient.authorise()
        self.doctor = coffre.professional()
        self.study = str(dcmread(BytesIO(self.genuine[0])).StudyInstanceUID)

    def told(self, token: str, contents: list[bytes]) -> list[dict[str, Any]]:
        answer = self.coffre.stow(token, contents, self.patient.ins)
        assert answer.status_code in (200, 202), answer.text
        parts: list[dict[str, Any]] = self.coffre.submission(token, answer)["parts"]
        return parts

    def document(self, structure: str) -> dict[str, Any]:
        (found,) = (each for each in self.patient.documents() if each["structure"] == structure)
        return found

    def qido(self, path: str = "") -> Any:
        address = f"/records/{self.patient.ins}/dicomweb/studies{path}"
        return self.coffre.http.get(address, headers=bearer(self.doctor))


@pytest.fixture(scope="module")
def attack(coffre: Coffre) -> Attack:
    return Attack(coffre)


BOTH = pytest.mark.parametrize("structure", [LABORATORY, HOSPITAL])


def of(attack: Attack, structure: str) -> list[bytes]:
    return attack.genuine if structure == LABORATORY else attack.forged


def test_each_structure_has_its_document_and_both_say_it(attack: Attack) -> None:
    listed = attack.coffre.http.get(
        f"/records/{attack.patient.ins}/documents", headers=bearer(attack.doctor)
    ).json()["documents"]
    for documents in (attack.patient.documents(), listed):
        assert {each["structure"] for each in documents} == {LABORATORY, HOSPITAL}
        for document in documents:
            assert (document["study_uid"], document["instances"]) == (attack.study, 2)
            assert document["warnings"] == CODES
            assert [each["code"] for each in document["cautions"]] == CODES
            assert [(each["fr"], each["en"]) for each in document["cautions"]] == [
                IDENTIFIER_WARNINGS[code] for code in CODES
            ]


def test_the_depositor_is_told_that_it_shares_the_identifier_and_not_with_whom(attack: Attack) -> None:
    assert [part["code"] for part in attack.stored] == ["published", "published"]
    for part in attack.answer:
        assert (part["outcome"], part["code"]) == ("published", "study_uid_shared")
        assert part["reason"] == " ".join(IDENTIFIER_WARNINGS["study_uid_shared"])
        assert part["document"] == attack.document(HOSPITAL)["id"]
        assert LABORATORY not in part["reason"]


def test_a_warning_about_the_person_comes_first(coffre: Coffre) -> None:
    attack = Attack(coffre)
    dataset = dcmread(BytesIO(attack.genuine[0]))
    dataset.PatientSex = "M"
    out = BytesIO()
    dataset.save_as(out)
    (part,) = attack.told(attack.hospital, [out.getvalue()])
    assert part["code"] == "other_sex"
    assert part["reason"].endswith(" ".join(IDENTIFIER_WARNINGS["study_uid_shared"]))


def test_operators_see_how_often_without_whose(attack: Attack) -> None:
    metrics = attack.coffre.http.get("/metrics").text
    (line,) = (each for each in metrics.splitlines() if each.startswith("coffre_parts_sharing_identifiers "))
    assert float(line.split()[1]) >= 2
    told = CliRunner().invoke(app, ["status", "--data", str(attack.coffre.data), "--json"])
    assert json.loads(told.stdout)["parts_sharing_identifiers"] == float(line.split()[1])


@BOTH
def test_the_pages_serve_a_documents_own_bytes(attack: Attack, structure: str) -> None:
    browser = Browser(attack.coffre).sign_in(attack.doctor)
    document = attack.document(structure)["id"]
    record = attack.patient.public_id
    page = browser.get(f"/dossier/{record}/documents/{document}")
    assert all(IDENTIFIER_WARNINGS[code][0] in page.text for code in CODES)
    form = page.form(f"/dossier/{record}/images")
    images = [each["value"] for each in page.all("button") if each.get("name") == "sop"]
    assert len(images) == 2
    found = [browser.send(form, sop=each) for each in images]
    assert [each.status_code for each in found] == [200, 200]
    assert digests([each.content for each in found]) == digests(of(attack, structure))


def test_the_lists_of_patient_and_doctor_say_it_in_words(attack: Attack) -> None:
    patient = Browser(attack.coffre).sign_in(attack.patient.token).get("/")
    doctor = Browser(attack.coffre).sign_in(attack.doctor).get(f"/dossier/{attack.patient.public_id}")
    for page in (patient, doctor):
        for code in CODES:
            assert page.text.count(IDENTIFIER_WARNINGS[code][0]) == 2


def test_qido_shows_both_apart_names_their_structures_and_warns(attack: Attack) -> None:
    for path, items in (("", 2), (f"/{attack.study}/series", 2), (f"/{attack.study}/instances", 4)):
        answer = attack.qido(path)
        found = answer.json()
        assert len(found) == items
        custodians = [each["0040A07C"]["Value"][0]["00080080"]["Value"][0] for each in found]
        assert sorted(custodians) == sorted([LABORATORY, HOSPITAL] * (items // 2))
        for code in CODES:
            assert f'299 coffre "{IDENTIFIER_WARNINGS[code][1]}"' in answer.headers["warning"]
    for study in attack.qido().json():
        assert study["00201208"]["Value"] == [2]


@BOTH
def test_a_grant_of_one_document_opens_its_bytes_alone(attack: Attack, structure: str) -> None:
    document = attack.document(structure)["id"]
    grant = attack.coffre.grant(attack.doctor, attack.patient.ins, documents=[document])
    assert read_all(grant) == [b"".join(of(attack, structure))]
    (series,) = grant.open().series
    assert series.study == attack.study


def test_a_grant_of_the_study_names_the_series_of_each_document_apart(attack: Attack) -> None:
    grant = attack.coffre.grant(attack.doctor, attack.patient.ins, studies=[attack.study])
    assert sorted(read_all(grant)) == sorted([b"".join(attack.genuine), b"".join(attack.forged)])
    one, other = grant.open().series
    assert (one.study, one.series) == (other.study, other.series)
    assert len(one.blobs) == len(other.blobs) == 2  # metadata, and a small picture
    assert one.blobs != other.blobs


@pytest.mark.parametrize("by_study", [True, False])
def test_fetch_writes_both_in_folders_that_name_structure_and_document(
    attack: Attack, tmp_path: Path, by_study: bool
) -> None:
    (tmp_path / "token").write_text(attack.doctor)
    common = ("--record", attack.patient.ins, "--from", attack.coffre.url)
    where = ("--token-file", str(tmp_path / "token"), "--out", str(tmp_path / "out"))
    study = ("--study", attack.study) if by_study else ()
    done = CliRunner().invoke(app, ["fetch", *common, *where, *study])
    assert done.exit_code == 0, done.output
    for structure in (LABORATORY, HOSPITAL):
        (folder,) = (tmp_path / "out").glob(f"*({structure})*")
        assert attack.document(structure)["id"][:8] in folder.name
        written = [path.read_bytes() for path in folder.rglob("*.dcm")]
        assert digests(written) == digests(of(attack, structure))
    for code in CODES:
        assert done.output.count(IDENTIFIER_WARNINGS[code][0]) == 2


def test_the_same_structures_corrections_still_win_in_its_own_document_alone(coffre: Coffre) -> None:
    attack = Attack(coffre)
    corrected = [repainted(attack.genuine[0])]
    # bytes of the hospital's, but no duplicate: nobody learns what another structure deposited
    (part,) = attack.told(attack.lab, corrected)
    assert (part["outcome"], part["document"]) == ("published", attack.document(LABORATORY)["id"])
    again = attack.told(attack.lab, corrected)
    assert [each["outcome"] for each in again] == ["duplicate"]
    browser = Browser(coffre).sign_in(attack.doctor)
    record = attack.patient.public_id
    for structure, content in ((LABORATORY, corrected[0]), (HOSPITAL, attack.forged[0])):
        document = attack.document(structure)
        assert document["instances"] == 2
        page = browser.get(f"/dossier/{record}/documents/{document['id']}")
        sop = str(dcmread(BytesIO(content)).SOPInstanceUID)
        sent = browser.send(page.form(f"/dossier/{record}/images"), sop=sop)
        assert sent.content == content


def test_who_sees_one_of_them_is_told_nothing_of_the_other(coffre: Coffre) -> None:
    attack = Attack(coffre)
    hidden = attack.document(HOSPITAL)["id"]
    assert attack.patient.call("PUT", f"/documents/{hidden}/labels", json=["MASQUE_PS"]).status_code == 200
    answer = attack.qido()
    # copies of a study are masked together: the mask is the patient's choice about the study
    assert answer.json() == []
    assert "warning" not in answer.headers


def under_another_study(content: bytes) -> bytes:
    """Other pixels under the same SOP Instance UID, in a study of its own."""
    dataset = dcmread(BytesIO(repainted(content)))
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


@pytest.fixture(scope="module")
def told(coffre: Coffre) -> tuple[Patient, str, list[bytes]]:
    """A hospital's forgery of a laboratory's image under a study of its own, many studies later."""
    patient = coffre.open_record()
    lab, hospital = coffre.depositor(LABORATORY), coffre.depositor(HOSPITAL)
    genuine = patient.ct(slices=1, size=16, seed=1)
    between = [patient.ct(slices=1, size=16, seed=number)[0] for number in range(2, 5)]
    for depositor, contents in (
        (lab, genuine),
        (lab, between),
        (hospital, [under_another_study(*genuine)]),
    ):
        assert coffre.stow(depositor, contents, patient.ins).status_code == 200
    patient.authorise()
    return patient, coffre.professional(), genuine


class TestOneInstanceInTwoStudies:
    def test_each_page_of_a_list_says_it(
        self, coffre: Coffre, told: tuple[Patient, str, list[bytes]]
    ) -> None:
        patient, doctor, _ = told
        warnings, path = [], f"/records/{patient.public_id}/documents?limit=2"
        while path:
            page = coffre.http.get(path, headers=bearer(doctor))
            warnings += [each["warnings"] for each in page.json()["documents"]]
            path = page.headers.get("link", "").partition(">")[0].removeprefix("<")
        assert warnings == [["instance_uid_shared"], [], [], [], ["instance_uid_shared"]]

    def test_so_does_a_search(self, coffre: Coffre, told: tuple[Patient, str, list[bytes]]) -> None:
        patient, doctor, _ = told
        answer = coffre.http.get(f"/records/{patient.ins}/dicomweb/studies?limit=1", headers=bearer(doctor))
        assert IDENTIFIER_WARNINGS["instance_uid_shared"][1] in answer.headers["warning"]

    def test_who_may_see_one_alone_is_told_nothing(
        self, coffre: Coffre, told: tuple[Patient, str, list[bytes]]
    ) -> None:
        patient, doctor, genuine = told
        study = str(dcmread(BytesIO(genuine[0])).StudyInstanceUID)
        (hidden,) = (each["id"] for each in patient.documents() if each["study_uid"] == study)
        assert patient.call("PUT", f"/documents/{hidden}/labels", json=["MASQUE_PS"]).status_code == 200
        listed = coffre.http.get(f"/records/{patient.ins}/documents", headers=bearer(doctor)).json()
        assert [each["warnings"] for each in listed["documents"]] == [[]] * 4


def test_an_address_of_images_names_the_older_one_and_says_so(attack: Attack) -> None:
    """WADO-RS has no address but UIDs."""
    address = f"/records/{attack.patient.ins}/dicomweb/studies/{attack.study}"
    asked = {**bearer(attack.doctor), "Accept": "multipart/related; type=application/dicom"}
    answer = attack.coffre.http.get(address, headers=asked)
    assert answer.headers["warning"] == f'299 coffre "{IDENTIFIER_WARNINGS["instance_uid_shared"][1]}"'
    assert all(content in answer.content for content in attack.genuine)
    assert not any(content in answer.content for content in attack.forged)
    described = attack.coffre.http.get(f"{address}/metadata", headers=bearer(attack.doctor))
    assert len(described.json()) == 2 and "warning" in described.headers
    first = dcmread(BytesIO(attack.genuine[0]))
    frame = f"{address}/series/{first.SeriesInstanceUID}/instances/{first.SOPInstanceUID}/frames/1"
    single = {**bearer(attack.doctor), "Accept": "application/octet-stream"}
    assert attack.coffre.http.get(frame, headers=single).content == first.PixelData
