"""Pages of own information: forms without a script, what a doctor reads, and the patient's own documents."""

import httpx
import pytest

from coffre.demonstration.files import data as demo_data
from tests.integration.pages import Browser, Page
from tests.integration.support import Coffre, Patient

REASON = "malaise sur la voie publique"


@pytest.fixture
def holder(coffre: Coffre, patient: Patient) -> Browser:
    return Browser(coffre).sign_in(patient.token)


@pytest.fixture
def doctor(coffre: Coffre, patient: Patient) -> Browser:
    patient.authorise()
    return Browser(coffre).sign_in(coffre.professional())


def declare(holder: Browser, kind: str, **fields: str) -> Page:
    page = holder.get(f"/profil/nouveau/{kind}")
    return holder.submit(page.form("/profil"), **fields)


def upload(holder: Browser, content: bytes, **fields: str) -> httpx.Response:
    form = holder.get("/deposer").form("/deposer")
    form.fields.pop("fichier")
    return holder.http.post(
        "/deposer",
        data={**form.fields, "titre": "Radio de 2012", "type": "DOCPAT04", **fields},
        files={"fichier": ("radio.pdf", content, "application/pdf")},
        headers={"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    )


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("blood_group", {"group": "O-", "date": "1999"}, ["O-", "1999"]),
        (
            "allergy",
            {"text": "Pénicilline", "criticality": "high"},
            ["Pénicilline", "Grave"],
        ),
        ("vaccination", {"text": "Tétanos", "date": "31/12/2019"}, ["Tétanos", "31/12/2019"]),
        ("treatment", {"text": "Lévothyrox", "dosage": "le matin", "state": "active"}, ["En cours"]),
        ("directives", {"words": "Pas d'acharnement.\nMerci.", "date": "01/2024"}, ["Pas d'acharnement."]),
        ("organ_donation", {"wish": "deny", "date": "2024"}, ["Je refuse le don de mes organes"]),
        ("trusted_person", {"name": "Jeanne Martin", "phone": "06 12 34 56 78"}, ["Jeanne Martin"]),
        ("to_warn", {"name": "Paul Martin", "phone": "06 98 76 54 32"}, ["06 98 76 54 32"]),
    ],
)
def test_each_form_declares_and_the_doctor_reads_it_as_declared_by_the_patient(
    holder: Browser, doctor: Browser, patient: Patient, kind: str, fields: dict[str, str], said: list[str]
) -> None:
    page = declare(holder, kind, **fields)
    assert "C'est enregistré." in page.text
    shown = doctor.get(f"/dossier/{patient.public_id}/profil")
    for words in said:
        assert words in page.text and words in shown.text
    assert "Déclaré par le patient" in shown.text
    english = doctor.get(f"/dossier/{patient.public_id}/profil?lang=en")
    assert "Declared by the patient" in english.text


def test_what_is_missing_or_wrong_is_said_beside_the_form_which_keeps_what_was_written(
    holder: Browser, patient: Patient
) -> None:
    form = holder.get("/profil/nouveau/vaccination").form("/profil")
    page = holder.submit(form, 422, text="Tétanos", date="30/02/2019")
    assert "La date n'existe pas" in page.text
    assert page.form("/profil").fields["text"] == "Tétanos"
    corrected = holder.submit(page.form("/profil"), date="28/02/2019")
    assert "C'est enregistré." in corrected.text
    assert len(patient.documents()) == 1


def test_a_form_that_is_sent_twice_declares_once(holder: Browser, patient: Patient) -> None:
    form = holder.get("/profil/nouveau/allergy").form("/profil")
    for _ in range(2):
        assert holder.send(form, text="Iode").status_code == 303
    assert len(patient.documents()) == 1


def test_a_change_shows_what_was_before_and_a_removal_takes_it_from_everybody_else(
    holder: Browser, doctor: Browser, patient: Patient
) -> None:
    page = declare(holder, "allergy", text="Iode")
    where = page.link("Modifier ou retirer")
    changed = holder.submit(holder.get(where).form("/profil"), text="Latex")
    assert "Latex" in changed.text and "Iode" not in changed.text
    assert "Iode" in holder.get(where).text  # before
    at = f"/dossier/{patient.public_id}/profil"
    assert "Latex" in doctor.get(at).text and "Iode" not in doctor.get(at).text
    gone = holder.submit(holder.get(where).form("/profil"), retirer="oui")
    assert "L'information est retirée" in gone.text and "Latex" not in gone.text
    assert "n'a rien déclaré" in doctor.get(at).text
    assert "Latex" not in doctor.get(f"/dossier/{patient.public_id}").text


def test_a_form_that_was_overtaken_says_so(holder: Browser, patient: Patient) -> None:
    where = declare(holder, "allergy", text="Iode").link("Modifier ou retirer")
    old = holder.get(where).form("/profil")
    holder.submit(holder.get(where).form("/profil"), text="Latex")
    assert "déjà modifié cette information" in holder.submit(old, 422, text="Arachide").text


@pytest.mark.requirement("R26")
def test_in_an_emergency_the_profile_is_read_but_for_what_is_hidden(
    coffre: Coffre, holder: Browser, patient: Patient
) -> None:
    declare(holder, "allergy", text="Iode")
    declare(holder, "allergy", text="Latex", masque="oui")
    stranger = Browser(coffre).sign_in(coffre.professional("899700099974"))
    emergency = {"purpose": "bris_de_glace", "reason": REASON}
    form = stranger.get("/").form("/dossier")
    opened = stranger.submit(form, ins=patient.ins, **emergency)
    shown = stranger.submit(opened.form(f"/dossier/{patient.public_id}/profil"))
    assert "Iode" in shown.text and "Latex" not in shown.text
    assert REASON in shown.text


def test_a_stranger_and_a_professional_reach_no_form_of_the_patient(
    coffre: Coffre, holder: Browser, doctor: Browser, patient: Patient
) -> None:
    form = holder.get("/profil/nouveau/allergy").form("/profil")
    assert doctor.http.get("/profil/nouveau/allergy").status_code == 403
    assert doctor.http.get("/profil").status_code == 403
    assert doctor.send(form, text="Iode").status_code == 403  # the proof is of another sign-in
    assert Browser(coffre).send(form, text="Iode").status_code == 403
    assert holder.post("/profil", {**form.fields, "csrf": "0", "text": "Iode"}).status_code == 403
    other = Browser(coffre).sign_in(coffre.open_record().token)
    where = declare(holder, "allergy", text="Iode").link("Modifier ou retirer")
    assert other.http.get(where).status_code == 404
    assert holder.http.get("/profil/nouveau/wishes").status_code == 400


def test_the_patient_deposits_a_pdf_of_her_own(holder: Browser, doctor: Browser, patient: Patient) -> None:
    answer = upload(holder, demo_data.report_pdf())
    assert (answer.status_code, answer.headers["location"]) == (303, "/?fait=deposited")
    (document,) = patient.documents()
    assert (document["title"], document["type"]) == ("Radio de 2012", "DOCPAT04")
    page = holder.get("/?fait=deposited")
    assert "Le document est dans votre dossier." in page.text and "Le patient" in page.text
    assert "Radio de 2012" in doctor.get(f"/dossier/{patient.public_id}").text


@pytest.mark.parametrize(
    ("content", "fields", "said"),
    [
        (b"bonjour", {}, "Ce n'est pas un PDF"),
        (b"", {}, "Choisissez un fichier"),
        (demo_data.report_pdf(), {"titre": " "}, "Donnez un titre"),
        (demo_data.report_pdf(), {"type": "11502-2"}, "n'est pas déposé"),
    ],
)
def test_what_is_no_document_of_hers_is_refused_in_words(
    holder: Browser, patient: Patient, content: bytes, fields: dict[str, str], said: str
) -> None:
    answer = upload(holder, content, **fields)
    assert answer.status_code == 422
    assert said in Page(answer.text).text
    assert patient.documents() == []
