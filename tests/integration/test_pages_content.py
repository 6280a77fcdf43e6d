"""A document shown on a page, a study as one zip, small pictures of images."""

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from pydicom.fileset import FileSet

from coffre.demonstration.files import data as demo_data
from tests.integration.heads import damaged_objects, same_headers
from tests.integration.pages import Browser, Page
from tests.integration.support import HOSPITAL, STRANGER, Coffre, Patient

REASON = "Le patient est inconscient après un accident"


@pytest.fixture
def person(coffre: Coffre, patient: Patient) -> Patient:
    """With a CT of three images and a report."""
    assert (
        coffre.publish_pdf(coffre.depositor(HOSPITAL), patient.ins, demo_data.report_pdf()).status_code == 201
    )
    assert coffre.stow(coffre.depositor(), patient.ct(3, 32), patient.ins).status_code == 200
    return patient


@pytest.fixture
def holder(coffre: Coffre, person: Patient) -> Browser:
    return Browser(coffre).sign_in(person.token)


def opened(browser: Browser, text: str) -> Page:
    return browser.get(browser.get("/").link(text))


class TestAStudyAsOneZip:
    def test_it_holds_every_file_as_it_was_deposited(
        self, holder: Browser, person: Patient, tmp_path: Path
    ) -> None:
        answer = holder.http.get(opened(holder, "Voir les images").link("Télécharger toutes les images"))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            archive.extractall(tmp_path)
            names = [name for name in archive.namelist() if name != "DICOMDIR"]
        assert {(tmp_path / name).read_bytes() for name in names} == set(person.ct(3, 32))
        assert len(list(FileSet(tmp_path / "DICOMDIR"))) == 3

    def test_its_names_say_nothing_of_the_person(self, holder: Browser, person: Patient) -> None:
        answer = holder.http.get(opened(holder, "Voir les images").link("Télécharger toutes les images"))
        assert person.ins not in answer.headers["content-disposition"]
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert set(archive.namelist()) == {"DICOMDIR", *(f"DICOM/SE000001/IM{n:06d}" for n in (1, 2, 3))}

    def test_it_is_one_line_in_the_log(self, holder: Browser, person: Patient) -> None:
        link = opened(holder, "Voir les images").link("Télécharger toutes les images")
        before = len(person.call("GET", "/access-log").json()["events"])
        assert holder.http.get(link).status_code == 200
        # the second of them is the look into the log before
        assert len(person.call("GET", "/access-log").json()["events"]) == before + 2

    def test_head_says_what_get_would_and_opens_nothing(
        self, coffre: Coffre, holder: Browser, person: Patient
    ) -> None:
        study, report = opened(holder, "Voir les images"), opened(holder, "Ouvrir")
        links = [study.link("Télécharger toutes les images"), report.all("iframe")[0]["src"]]
        wholes = [holder.http.get(link) for link in links]
        before = len(person.log())
        with damaged_objects(coffre):
            assert [holder.http.get(link).status_code for link in links] == [500, 500]
            heads = [holder.http.head(link) for link in links]
        assert [(head.status_code, head.content) for head in heads] == [(200, b"")] * 2
        assert [same_headers(head) for head in heads] == [same_headers(whole) for whole in wholes]
        assert len(person.log()) == before + 1, "held grants have their line already"

    def test_head_of_a_report_is_no_zip(self, holder: Browser, person: Patient) -> None:
        report = next(each["id"] for each in person.documents() if each["kind"] != "study")
        path = f"/dossier/{person.public_id}/documents/{report}/images.zip"
        assert holder.http.head(path).status_code == holder.http.get(path).status_code == 404

    def test_in_an_emergency_it_is_posted_with_the_reason(self, coffre: Coffre, person: Patient) -> None:
        doctor = Browser(coffre).sign_in(coffre.professional(STRANGER))
        refused = doctor.submit(doctor.get("/").form("/dossier"), 403, ins=person.ins)
        form = next(form for form in refused.forms if form.action == "/dossier" and "ins" in form.fields)
        listed = doctor.submit(form, purpose="bris_de_glace", reason=REASON)
        study = doctor.submit(next(f for f in listed.forms if "Voir les images" in f.text))
        archive = doctor.send(next(f for f in study.forms if f.action.endswith("/images.zip")))
        assert zipfile.is_zipfile(io.BytesIO(archive.content))

    def test_a_masked_study_is_not_there(self, coffre: Coffre, person: Patient) -> None:
        person.authorise()
        doctor = Browser(coffre).sign_in(coffre.professional())
        study = next(each["id"] for each in person.documents() if each["kind"] == "study")
        path = f"/dossier/{person.public_id}/documents/{study}/images.zip"
        assert doctor.http.get(path).status_code == 200
        assert person.call("PUT", f"/documents/{study}/labels", json=["MASQUE_PS"]).status_code == 200
        assert doctor.http.get(path).status_code == 404


class TestAReportOnAPage:
    def test_it_is_shown_with_a_way_back(self, holder: Browser, person: Patient) -> None:
        page = opened(holder, "Ouvrir")
        (frame,) = page.all("iframe")
        assert "Retour à la liste des documents" in page.links["/"]
        answer = holder.http.get(frame["src"])
        assert (answer.headers["content-type"], answer.content) == ("application/pdf", demo_data.report_pdf())

    def test_only_pages_of_ours_may_frame_it(self, holder: Browser) -> None:
        (frame,) = opened(holder, "Ouvrir").all("iframe")
        answer = holder.http.get(frame["src"])
        assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"

    def test_the_page_that_frames_it_is_framed_by_nobody(self, holder: Browser) -> None:
        answer = holder.http.get(holder.get("/").link("Ouvrir"))
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


class TestPreviews:
    def test_a_list_has_them_when_asked(self, holder: Browser) -> None:
        assert holder.get("/").all("img") == []
        page = holder.get(holder.get("/").link("Afficher un aperçu"))
        (picture,) = page.all("img")
        answer = holder.http.get(picture["src"], headers={"Sec-Fetch-Site": "same-origin"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert max(Image.open(io.BytesIO(answer.content)).size) <= 128
        assert picture["alt"]

    def test_a_study_shows_one_for_each_series(self, holder: Browser) -> None:
        (picture,) = opened(holder, "Voir les images").all("img")
        assert "/series/" in picture["src"]
        answer = holder.http.get(picture["src"], headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.headers["content-type"] == "image/jpeg"
