"""The pages of professionals: a record is looked for, read, opened in an emergency; they say whose it is."""

import time
from uuid import UUID

import pytest

from tests.integration.hiding import hide_from_patient
from tests.integration.page_visits import PDF, REASON, TITLE, break_glass, open_record, shown, vault_of
from tests.integration.pages import Browser, Page
from tests.integration.support import (
    COLLEAGUE,
    DOCTOR,
    TRAITS,
    Coffre,
    Patient,
    bearer,
    new_ins,
)
from viewer_api.web.words import grouped_ins

# the professional


def test_a_doctor_finds_a_record_by_ins_and_no_ins_stands_in_an_address(
    doctor: Browser, patient: Patient, report: str
) -> None:
    patient.authorise()
    found = doctor.send(doctor.get("/").form("/dossier"), ins=f"{patient.ins[:1]} {patient.ins[1:]}")
    assert found.headers["location"] == f"/dossier/{patient.public_id}"
    assert TITLE in doctor.get(found.headers["location"]).text


def test_a_malformed_ins_is_explained(doctor: Browser) -> None:
    page = open_record(doctor, "177", 422)
    assert "Cet INS n'est pas valable" in page.text


def test_a_report_opens_shut_off_from_the_pages_and_under_a_neutral_name(
    doctor: Browser, patient: Patient, report: str
) -> None:
    patient.authorise()
    page = open_record(doctor, patient.ins)
    answer = doctor.http.get(shown(doctor, page))
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == f'inline; filename="document-{report[:8]}.pdf"'
    download = doctor.http.get(page.link("Télécharger"))
    assert download.headers["content-disposition"].startswith("attachment")
    assert download.headers["content-security-policy"] == "sandbox; default-src 'none'"


def test_every_image_of_a_study_can_be_downloaded_as_deposited(
    coffre: Coffre, doctor: Browser, patient: Patient
) -> None:
    files = patient.ct(slices=3)
    coffre.stow(coffre.depositor(), files, patient.ins)
    patient.authorise()
    listed = open_record(doctor, patient.ins)
    page = doctor.get(listed.link("Voir les images"))
    form = page.form(f"/dossier/{patient.public_id}/images")
    images = [each["value"] for each in page.all("button") if each.get("name") == "sop"]
    answers = [doctor.send(form, sop=sop) for sop in images]
    assert [answer.content for answer in answers] == files
    assert {answer.headers["content-disposition"] for answer in answers} == {
        'attachment; filename="image.dcm"'
    }
    assert not any(sop in href for sop in images for href in page.links)


def test_a_document_of_nobody_or_of_another_record_is_not_found(
    coffre: Coffre, doctor: Browser, patient: Patient, report: str
) -> None:
    other = coffre.open_record()
    other.authorise()
    doctor.get(f"/dossier/{other.public_id}/documents/{report}/contenu", 404)
    doctor.get(f"/dossier/{other.public_id}/documents/{report}", 404)
    doctor.get(f"/dossier/{patient.public_id}/documents/{report}/contenu", 403)


def test_a_masked_document_is_not_found_by_its_address(
    holder: Browser, doctor: Browser, patient: Patient, report: str
) -> None:
    patient.authorise()
    holder.submit(holder.get("/").form(f"/documents/{report}/visibilite"))
    page = doctor.get(f"/dossier/{patient.public_id}/documents/{report}/contenu", 404)
    assert TITLE not in page.text


# the emergency


def test_breaking_the_glass_carries_its_reason_through_every_form(
    coffre: Coffre, doctor: Browser, patient: Patient, report: str
) -> None:
    files = patient.ct(slices=2)
    coffre.stow(coffre.depositor(), files, patient.ins)
    listed = break_glass(doctor, patient.ins)
    study = next(form for form in listed.forms if "Voir les images" in form.text)
    images = doctor.submit(study)
    for page in (listed, images):
        assert "Accès en urgence" in page.text
        assert f"Motif : {REASON}" in page.text
        assert not [href for href in page.links if href.startswith("/dossier")]
        inside = [form for form in page.forms if form.action.startswith("/dossier")]
        assert inside
        for form in inside:
            assert form.method == "post"
            assert (form.fields["purpose"], form.fields["reason"]) == ("bris_de_glace", REASON)
    form = images.form(f"/dossier/{patient.public_id}/images")
    sop = next(each["value"] for each in images.all("button") if each.get("name") == "sop")
    assert doctor.send(form, sop=sop).content == files[0]


def test_there_is_no_elevated_session(doctor: Browser, patient: Patient, report: str) -> None:
    listed = break_glass(doctor, patient.ins)
    doctor.get(f"/dossier/{patient.public_id}", 403)
    content = next(form for form in listed.forms if form.action.endswith("/contenu"))
    answer = doctor.post(content.action, {"csrf": content.fields["csrf"]})
    assert answer.status_code == 403


@pytest.mark.parametrize("reason", ["", "urgence", "   urgence   "])
def test_an_emergency_without_a_reason_is_asked_for_one(
    doctor: Browser, patient: Patient, reason: str
) -> None:
    page = break_glass(doctor, patient.ins, reason, 422)
    assert "en dix caractères au moins" in page.text
    retried = doctor.submit(page.form("/dossier", purpose="bris_de_glace"), reason=REASON)
    assert "Accès en urgence" in retried.text


def test_a_holder_who_opposed_it_is_not_read_in_an_emergency(
    holder: Browser, doctor: Browser, patient: Patient, report: str
) -> None:
    asked = holder.submit(holder.get("/choix").form("/choix", mode="bris_de_glace", allowed="non"))
    holder.submit(asked.form("/choix", mode="bris_de_glace"))
    page = break_glass(doctor, patient.ins, status=403)
    assert "L'accès en urgence aussi est refusé" in page.text
    assert TITLE not in page.text


def test_the_call_centre_has_its_own_button(coffre: Coffre, patient: Patient, report: str) -> None:
    regulator = Browser(coffre).sign_in(coffre.professional(COLLEAGUE, setting="SAMU_SMUR"))
    refused = open_record(regulator, patient.ins, 403)
    page = regulator.submit(refused.form("/dossier", purpose="centre_15"))
    assert "Régulation du SAMU." in page.text
    assert TITLE in page.text
    ordinary = open_record(Browser(coffre).sign_in(coffre.professional()), patient.ins, 403)
    assert "centre 15" not in ordinary.text


def test_who_reads_what_the_patient_may_not_see_is_warned_until_the_patient_may(
    coffre: Coffre, doctor: Browser, patient: Patient, report: str
) -> None:
    """EX_3.2-1025, in the list's JSON and on the page; R22: its date ends it for both."""
    patient.authorise()
    caution = "le patient ne peut pas voir ce document"

    def listed() -> tuple[list[str], list[str], str]:
        answer = coffre.http.get(f"/records/{patient.ins}/documents", headers=bearer(coffre.professional()))
        (document,) = answer.json()["documents"]
        return (
            document["obligations"],
            answer.json()["obligations"],
            doctor.get(f"/dossier/{patient.public_id}").text,
        )

    assert listed()[:2] == ([], [])
    warning = ["warn_hidden_from_patient"]
    for until, said in (
        (None, "après une consultation d'annonce."),
        (2**31, "au plus tard le 19 janvier 2038 à 4 h 14."),
    ):
        hide_from_patient(vault_of(coffre), UUID(report), until)
        of_document, of_list, page = listed()
        assert (of_document, of_list) == (warning, warning)
        assert caution in page and said in " ".join(page.split())
        assert patient.documents() == []
    hide_from_patient(vault_of(coffre), UUID(report), int(time.time()) - 1)
    of_document, of_list, page = listed()
    assert (of_document, of_list) == ([], []) and caution not in page
    assert [each["id"] for each in patient.documents()] == [report]


# whose record is open


OF_THE_PATIENT = (
    "Dossier ouvert LEFÈVRE-MÛRIER Éléonore",
    "Date de naissance 1er juillet 1977 (",
    "Sexe féminin",
)


def whose(page: Page, patient: Patient) -> bool:
    """Whether the page says whose record is open; all of it or nothing."""
    said = [*OF_THE_PATIENT, f"INS {grouped_ins(patient.ins)}"]
    found = [each for each in said if each in page.text]
    assert found in ([], said), found
    return bool(found)


def test_every_page_of_a_record_says_to_the_professional_whose_it_is(
    coffre: Coffre, doctor: Browser, patient: Patient, report: str
) -> None:
    coffre.stow(coffre.depositor(), patient.ct(), patient.ins)
    patient.authorise()
    listed = open_record(doctor, patient.ins)
    inside = f"/dossier/{patient.public_id}/documents/{patient.public_id}"
    images = doctor.get(listed.link("Voir les images"))
    form = images.form(f"/dossier/{patient.public_id}/images")
    pages = [
        listed,
        images,
        doctor.get(inside, 404),
        doctor.get(f"{inside}/contenu", 404),
        doctor.submit(form, 404, sop="1.2.3"),
    ]
    assert all(whose(page, patient) and "Accès Normal" in page.text for page in pages)
    assert not whose(doctor.get("/"), patient)


def test_so_it_does_in_an_emergency(doctor: Browser, patient: Patient, report: str) -> None:
    listed = break_glass(doctor, patient.ins)
    assert whose(listed, patient) and "Accès Urgence : bris de glace" in listed.text
    gone = next(form for form in listed.forms if form.action.endswith("/contenu"))
    patient.call("PUT", f"/documents/{report}/labels", json=["MASQUE_PS"])
    assert whose(doctor.submit(gone, 404), patient)


def test_a_record_that_is_refused_or_absent_says_nothing_of_anybody(
    doctor: Browser, patient: Patient, report: str
) -> None:
    pages = [
        open_record(doctor, patient.ins, 403),
        open_record(doctor, new_ins(), 403),
        doctor.get(f"/dossier/{patient.public_id}", 403),
        doctor.get(f"/dossier/{patient.public_id}/documents/{report}", 403),
        doctor.get(f"/dossier/{patient.public_id}/documents/{report}/contenu", 403),
    ]
    assert not any(whose(page, patient) for page in pages)
    assert not any(TRAITS.family_name.upper() in page.text.upper() for page in pages)


def test_saying_whose_record_it_is_is_part_of_the_look_that_the_log_has(
    doctor: Browser, patient: Patient, report: str
) -> None:
    patient.authorise()
    doctor.get(f"/dossier/{patient.public_id}")
    lines = [line for line in patient.log() if line["actor"].get("rpps") == DOCTOR]
    assert [line["action"] for line in lines] == ["search"]
