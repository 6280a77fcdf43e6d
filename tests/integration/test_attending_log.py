"""The access log of a patient's record, as an attending doctor reads it on a page (R56)."""

import pytest

from coffre.demonstration.files import data as demo_data
from tests.integration.pages import Browser
from tests.integration.support import COLLEAGUE, DOCTOR, HOSPITAL, STRANGER, Coffre, Patient, new_ins
from viewer_api.web.words import grouped_ins

TITLE = "Compte rendu du scanner"


@pytest.fixture
def log(patient: Patient) -> str:
    return f"/dossier/{patient.public_id}/consultations"


@pytest.fixture
def attending(coffre: Coffre, patient: Patient) -> Browser:
    assert patient.call("POST", "/attending-doctors", json={"professional": DOCTOR}).status_code == 201
    return Browser(coffre).sign_in(coffre.professional())


@pytest.mark.requirement("R56")
def test_an_attending_doctor_reads_who_did_what_from_the_record_s_list(
    coffre: Coffre, patient: Patient, attending: Browser, log: str
) -> None:
    coffre.publish_pdf(coffre.depositor(HOSPITAL), patient.ins, demo_data.report_pdf(), title=TITLE)
    patient.call("POST", "/blocks", json={"professional": STRANGER})
    blocked = Browser(coffre).sign_in(coffre.professional(STRANGER))
    blocked.get(f"/dossier/{patient.public_id}", 403)
    listed = attending.submit(attending.get("/").form("/dossier"), ins=patient.ins)

    assert listed.link("Qui a consulté ce dossier") == log
    page = attending.get(log)
    assert page.headings[0] == (1, "Qui a consulté ce dossier")
    assert f"INS {grouped_ins(patient.ins)}" in page.text
    assert "Un établissement qui dépose des documents" in page.text
    assert "Le patient avait bloqué ce professionnel." in page.text
    assert "Blocage d'un professionnel" not in page.text
    whole = attending.get(f"{log}?qui=tous")
    assert "Le patient" in whole.text and f"Blocage d'un professionnel (RPPS {STRANGER})" in whole.text
    spoken_to_patients = ("Vous aviez", "Vos propres", "Mes choix")
    assert not [words for words in spoken_to_patients if words in page.text + whole.text]
    assert "Everybody but the patient" in attending.get(f"{log}?lang=en").text


@pytest.mark.requirement("R54", "R56")
def test_reading_it_is_a_line_of_it_which_the_patient_reads_too(
    coffre: Coffre, patient: Patient, attending: Browser, log: str
) -> None:
    attending.get(log)
    assert "Lecture de cet historique" in attending.get(log).text
    theirs = Browser(coffre).sign_in(patient.token).get("/consultations?acte=autre")
    assert f"RPPS {DOCTOR}" in theirs.text and "Lecture de cet historique" in theirs.text


def test_filters_and_older_pages_stay_on_that_record(attending: Browser, patient: Patient, log: str) -> None:
    for _ in range(201):
        patient.log()
    page = attending.get(f"{log}?qui=moi&acte=autre")
    assert {form.action for form in page.forms if form.method == "get"} == {log}
    assert page.link("Plus ancien").startswith(f"{log}?qui=moi&acte=autre&avant=")
    assert attending.get(page.link("Plus ancien")).link("Revenir au plus récent").startswith(log)
    assert "la première avant la dernière" in attending.get(f"{log}?du=x", 422).text


def test_a_document_that_the_patient_refused_has_no_title_there(
    coffre: Coffre, patient: Patient, attending: Browser, log: str
) -> None:
    sent = coffre.publish_pdf(coffre.depositor(HOSPITAL), patient.ins, demo_data.report_pdf(), title=TITLE)
    document = sent.json()["id"]
    read = attending.get(f"/dossier/{patient.public_id}/documents/{document}").all("iframe")[0]["src"]
    assert attending.http.get(read).status_code == 200
    assert TITLE in attending.get(f"{log}?acte=lecture").text
    patient.call("PUT", f"/documents/{document}/refusal", json={"reason": "Erreur de dossier"})
    page = attending.get(f"{log}?acte=lecture")
    assert "Lecture de documents" in page.text and TITLE not in page.text


@pytest.mark.requirement("R15", "R56")
def test_nobody_else_reads_it_and_no_record_reads_alike(
    coffre: Coffre, patient: Patient, attending: Browser, log: str
) -> None:
    patient.authorise(COLLEAGUE)
    colleague = Browser(coffre).sign_in(coffre.professional(COLLEAGUE))
    listed = colleague.get(f"/dossier/{patient.public_id}")
    assert not any("consultations" in href for href in listed.links if href.startswith("/dossier"))
    nowhere = f"/dossier/{new_ins()[:8]}-0000-4000-8000-000000000000/consultations"
    assert colleague.get(log, 403).text == colleague.get(nowhere, 403).text
    own = Browser(coffre).sign_in(patient.token).http.get(log)
    assert (own.status_code, own.headers["location"]) == (303, "/consultations")
    assert patient.call("DELETE", f"/attending-doctors/{DOCTOR}").status_code == 204
    attending.get(log, 403)
