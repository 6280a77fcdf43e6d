"""The pages as their visitors meet them: what each may see, decide and open."""

import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import pytest

from coffre.demo_authority.identities import Identities
from coffre.demonstration import data as demo_data
from keyvault.context import Vault
from tests.integration.hiding import hide_from_patient
from tests.integration.pages import Browser, Form, Page
from tests.integration.support import (
    COLLEAGUE,
    DOCTOR,
    HOSPITAL,
    PRACTICE,
    STRANGER,
    TRAITS,
    Coffre,
    Patient,
    bearer,
    new_ins,
)
from viewer_api.cursors import write_cursor
from viewer_api.web.paging import PAGE
from viewer_api.web.words import PARIS, grouped_ins

REASON = "Patiente inconsciente, allergies à vérifier"
PDF = demo_data.report_pdf()
TITLE = "Compte rendu du scanner"


@pytest.fixture
def report(coffre: Coffre, patient: Patient) -> str:
    """A report in the patient's record; its id."""
    answer = coffre.publish_pdf(coffre.depositor(HOSPITAL), patient.ins, PDF, title=TITLE)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"].rpartition("/")[2]


@pytest.fixture
def holder(coffre: Coffre, patient: Patient) -> Iterator[Browser]:
    yield Browser(coffre).sign_in(patient.token)


@pytest.fixture
def doctor(coffre: Coffre) -> Browser:
    return Browser(coffre).sign_in(coffre.professional())


def vault_of(coffre: Coffre) -> Vault:
    """The vault over the server's own files, in this process."""
    with coffre.system() as system:
        reader: Any = system.guard.reader
        vault: Vault = reader._vault
        return vault


def shown(browser: Browser, listed: Page) -> str:
    """The address of a report's own bytes, from the page that shows it."""
    (frame,) = browser.get(listed.link("Ouvrir «")).all("iframe")
    return frame["src"]


def open_record(browser: Browser, ins: str, status: int = 200) -> Page:
    """Ask for a patient's record by INS, as from the professional's first page."""
    return browser.submit(browser.get("/").form("/dossier"), status, ins=ins)


def authorised(holder: Browser, **fields: str) -> Page:
    """Authorise a professional, and confirm it."""
    asked = holder.submit(holder.get("/choix").form("/choix", action="authorise"), **fields)
    return holder.submit(asked.form("/choix", action="authorise"))


def break_glass(browser: Browser, ins: str, reason: str = REASON, status: int = 200) -> Page:
    refused = open_record(browser, ins, 403)
    return browser.submit(refused.form("/dossier", purpose="bris_de_glace"), status, reason=reason)


# the holder


def test_the_first_page_says_what_coffre_is_and_how_to_get_in(coffre: Coffre) -> None:
    page = Browser(coffre).get("/")
    assert page.headings[0] == (1, "Bienvenue sur Coffre")
    assert ".venv/bin/coffre identity issue patient" in page.text


def test_the_holder_sees_documents_in_plain_words(holder: Browser, report: str) -> None:
    page = holder.get("/")
    assert TITLE in page.text
    assert "Déposé par établissement n° 1750000003" in page.text
    assert "Visible des professionnels autorisés" in page.text


def test_anomalies_noted_at_deposit_travel_with_the_document(
    coffre: Coffre, holder: Browser, doctor: Browser, patient: Patient
) -> None:
    """The holder reads that there were some, a professional which (docs/verdicts.md)."""
    answer = coffre.publish_pdf(coffre.depositor(HOSPITAL), patient.ins, PDF + b"footer", title=TITLE)
    assert answer.status_code == 201, answer.text
    patient.authorise()
    told = "Le fichier s'écarte de sa norme technique"
    (listed,) = patient.documents()
    assert listed["warnings"] == ["pdf_bytes_after"]
    assert told in holder.get("/").text
    assert "pdf_bytes_after" not in holder.get("/").text
    assert "(pdf_bytes_after)" in open_record(doctor, patient.ins).text


def test_masking_a_document_hides_it_from_a_doctor_and_unmasking_shows_it_again(
    holder: Browser, doctor: Browser, patient: Patient, report: str
) -> None:
    patient.authorise()
    assert TITLE in open_record(doctor, patient.ins).text
    change = f"/documents/{report}/visibilite"

    masked = holder.submit(holder.get("/").form(change))
    assert f"Le document « {TITLE} » est masqué aux professionnels." in masked.text
    assert TITLE not in open_record(doctor, patient.ins).text

    undo = next(form for form in masked.forms if form.text.strip().startswith("Annuler"))
    assert (undo.action, undo.fields["masque"]) == (change, "non")
    undone = holder.submit(undo)
    assert f"Le document « {TITLE} » n'est pas masqué" in undone.text
    assert TITLE in open_record(doctor, patient.ins).text

    again = next(form for form in undone.forms if form.text.strip().startswith("Annuler"))
    holder.submit(again)
    assert TITLE not in open_record(doctor, patient.ins).text


@pytest.fixture
def long_record(coffre: Coffre, patient: Patient, report: str) -> str:
    """The report is the oldest document, and alone on the second page."""
    studies = [patient.ct(slices=1, size=16, seed=number)[0] for number in range(PAGE)]
    assert coffre.stow(coffre.depositor(), studies, patient.ins).status_code == 200
    return report


def test_masking_keeps_the_place_in_a_long_list(holder: Browser, long_record: str) -> None:
    """The answer leads to the document's own row on its own page, which takes the focus; no title in it."""
    change = f"/documents/{long_record}/visibilite"
    second = holder.get(holder.get("/").link("Documents plus anciens"))
    answer = holder.send(second.form(change))
    assert answer.status_code == 303
    address, _, place = answer.headers["location"].partition("#")
    assert place == f"document-{long_record}"
    assert parse_qs(urlsplit(address).query).keys() == {"apres", "document"}
    page = holder.get(address)
    assert [each for tag, each in page.elements if each.get("id") == f"document-{long_record}"] == [
        {"class": "card masked", "id": f"document-{long_record}", "tabindex": "-1"}
    ]
    assert page.text.count("est masqué aux professionnels.") == 1
    assert page.text.count("Déposé le") == 1
    assert holder.get("/").text.count("est masqué aux professionnels.") == 0
    undo = next(form for form in page.forms if form.text.strip().startswith("Annuler"))
    assert "n'est pas masqué" in holder.submit(undo).text


def test_a_long_list_is_read_by_the_page_in_both_directions(holder: Browser, long_record: str) -> None:
    first = holder.get("/")
    assert "présentés par pages, les plus récents d'abord" in first.text
    assert TITLE not in first.text and "Documents plus récents" not in first.text
    second = holder.get(first.link("Documents plus anciens"))
    assert TITLE in second.text and "Documents plus anciens" not in second.text
    back = holder.get(second.link("Documents plus récents"))
    assert back.text.count("Déposé le") == PAGE
    assert TITLE not in back.text


def test_a_doctor_reads_a_long_list_by_the_page_in_an_emergency_too(
    doctor: Browser, patient: Patient, long_record: str
) -> None:
    opened = break_glass(doctor, patient.ins)
    assert opened.text.count("Déposé le") == PAGE
    (older,) = [form for form in opened.forms if "apres" in form.fields]
    assert older.text.strip() == "Documents plus anciens"
    second = doctor.submit(older)
    assert TITLE in second.text and REASON in second.text


@pytest.mark.parametrize("field", ["apres", "avant"])
@pytest.mark.parametrize("text", ["x", "", "é" * 40, "Ag" * 17, "../.." * 99])
def test_a_page_that_does_not_exist_leads_back_to_the_list(
    holder: Browser, report: str, field: str, text: str
) -> None:
    page = holder.get(f"/?{urlencode({field: text})}", 400)
    assert "Aucune page de la liste ne commence ici. Revenez au début de la liste." in page.text
    assert TITLE not in page.text


def test_a_page_of_which_nothing_is_left_leads_to_the_newest(holder: Browser, report: str) -> None:
    beyond_all = write_cursor((0, UUID(int=0)))
    page = holder.get(f"/?apres={beyond_all}")
    assert "Aucun document sur cette page." in page.text and TITLE not in page.text
    assert page.links["/"].endswith("Début de la liste ")


@pytest.mark.parametrize("document", ["x", "00000000-0000-0000-0000-000000000000", ""])
def test_an_address_that_names_no_document_of_hers_says_nothing_of_one(
    holder: Browser, report: str, document: str
) -> None:
    page = holder.get(f"/?document={document}")
    assert TITLE in page.text and not [each for _, each in page.elements if each.get("role") == "status"]


def test_a_choice_is_answered_where_it_was_made(holder: Browser, patient: Patient) -> None:
    asked = holder.submit(holder.get("/choix").form("/choix", action="authorise"), professional=DOCTOR)
    answer = holder.send(asked.form("/choix", action="authorise"))
    assert answer.headers["location"] == "/choix?fait=authorise#autorises"
    page = holder.get(answer.headers["location"])
    assert "Professionnels autorisés Le professionnel est autorisé." in page.text
    ids = [each["id"] for _, each in page.elements if "id" in each]
    assert {"autorises", "medecin-traitant", "bloques", "urgence"} <= set(ids)


def test_masking_keeps_the_other_labels(holder: Browser, patient: Patient, report: str) -> None:
    patient.call("PUT", f"/documents/{report}/labels", json=["INVISIBLE_REPRESENTANTS_LEGAUX"])
    holder.submit(holder.get("/").form(f"/documents/{report}/visibilite"))
    assert patient.documents()[0]["labels"] == ["INVISIBLE_REPRESENTANTS_LEGAUX", "MASQUE_PS"]


def test_authorising_opens_the_record_to_a_doctor_and_withdrawing_closes_it(
    holder: Browser, doctor: Browser, patient: Patient, report: str
) -> None:
    open_record(doctor, patient.ins, 403)
    spaced = f"{DOCTOR[1:4]} {DOCTOR[4:]}"  # as printed on prescriptions: without the leading 8
    given = authorised(holder, professional=spaced)
    assert "Le professionnel est autorisé." in given.text
    assert f"RPPS {DOCTOR}" in given.text
    assert TITLE in open_record(doctor, patient.ins).text

    withdrawn = holder.submit(given.form("/choix", action="revoke"))
    assert "Vous n'avez autorisé personne." in withdrawn.text
    open_record(doctor, patient.ins, 403)


def test_the_holder_chooses_what_a_professional_is_shown(
    holder: Browser, doctor: Browser, patient: Patient, report: str
) -> None:
    """At first nothing; then what is ticked, and only that."""
    page = authorised(holder, professional=DOCTOR, scope="chosen")
    assert "voit seulement ce qui est coché" in page.text
    assert TITLE not in open_record(doctor, patient.ins).text

    ticked = holder.submit(page.form(f"/choix/{DOCTOR}"), **{f"document-{report}": "oui"})
    assert "Votre choix est enregistré." in ticked.text
    assert TITLE in open_record(doctor, patient.ins).text
    assert "Voit seulement les documents que vous avez choisis" in holder.get("/choix").text

    of_a_kind = holder.submit(page.form(f"/choix/{DOCTOR}"), **{"sorte-11": "oui"})
    about = patient.call("GET", f"/authorisations/{DOCTOR}").json()
    assert (about["documents"], about["kinds"]) == ([], [{"class": "11", "domain": None}])
    assert TITLE not in open_record(doctor, patient.ins).text
    assert "checked" in [name for _, each in of_a_kind.elements for name in each]


def test_who_was_not_authorised_can_be_shown_nothing(holder: Browser) -> None:
    assert "Vous n'avez pas autorisé ce professionnel" in holder.get("/choix/899700024999").text


def test_an_authorisation_until_a_day_includes_that_day(holder: Browser) -> None:
    page = authorised(holder, professional=DOCTOR, duration="until", until="2099-03-01")
    assert "jusqu'au 1er mars 2099" in page.text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"professional": "12"}, "Ce numéro RPPS n'est pas valable"),
        ({"professional": DOCTOR, "duration": "until", "until": "2001-01-01"}, "date de fin dans le futur"),
        ({"professional": DOCTOR, "duration": "until", "until": "demain"}, "date de fin dans le futur"),
    ],
)
def test_what_cannot_be_authorised_is_explained_beside_its_field(
    holder: Browser, fields: dict[str, str], sentence: str
) -> None:
    page = holder.submit(holder.get("/choix").form("/choix", action="authorise"), 422, **fields)
    assert sentence in page.text
    (wrong,) = [each for each in page.all("input") if "aria-invalid" in each]
    problem = wrong["aria-describedby"].split()[-1]
    assert problem in {attrs.get("id") for _, attrs in page.elements}
    assert page.form("/choix", action="authorise").fields["professional"] == fields["professional"]


@pytest.mark.parametrize(
    ("action", "fields", "undo", "shown"),
    [
        ("authorise", {"professional": STRANGER}, "revoke", "Professionnels autorisés"),
        ("block", {"professional": STRANGER}, "unblock", "Professionnels bloqués"),
        ("name_attending", {"professional": COLLEAGUE}, "remove_attending", "Médecin traitant"),
    ],
)
def test_a_serious_choice_is_asked_twice(
    holder: Browser, action: str, fields: dict[str, str], undo: str, shown: str
) -> None:
    asked = holder.submit(holder.get("/choix").form("/choix", action=action), 200, **fields)
    assert asked.headings[0] == (1, "Confirmez votre choix")
    assert fields["professional"] in asked.text
    assert "Aucun nom n'est connu pour ce numéro" in asked.text
    assert fields["professional"] not in holder.get("/choix").text
    done = holder.submit(asked.form("/choix", action=action))
    assert fields["professional"] in done.text
    undone = holder.submit(done.form("/choix", action=undo))
    assert fields["professional"] not in undone.text


def test_a_permanent_authorisation_is_asked_twice(holder: Browser) -> None:
    form = holder.get("/choix").form("/choix", action="authorise")
    asked = holder.submit(form, professional=DOCTOR, duration="permanent")
    assert "sans limite de durée" in asked.text
    done = holder.submit(asked.form("/choix", action="authorise"))
    assert "sans limite de durée" in done.text


def test_each_emergency_mode_has_its_own_switch(holder: Browser, patient: Patient) -> None:
    def allowed() -> dict[str, bool]:
        found: dict[str, bool] = patient.call("GET", "/authorisations").json()["emergency"]
        return found

    spoken = holder.get("/choix").text
    assert "Interdire le bris de glace" in spoken and "Interdire l'appel au 15 (SAMU)" in spoken
    for mode, other in (("bris_de_glace", "centre_15"), ("centre_15", "bris_de_glace")):
        form = holder.get("/choix").form("/choix", mode=mode, allowed="non")
        asked = holder.submit(form)
        assert "pas d'exception" in asked.text
        assert allowed()[mode] is True
        page = holder.submit(asked.form("/choix", mode=mode))
        assert allowed() == {mode: False, other: True}
        holder.submit(page.form("/choix", mode=mode, allowed="oui"))
        assert allowed() == {mode: True, other: True}


def test_the_holder_reads_who_consulted_what_and_why(
    coffre: Coffre, holder: Browser, doctor: Browser, patient: Patient, report: str
) -> None:
    open_record(Browser(coffre).sign_in(coffre.professional(STRANGER, PRACTICE, "60")), patient.ins, 403)
    listed = break_glass(doctor, patient.ins)
    content = next(form for form in listed.forms if form.action.endswith("/contenu"))
    assert doctor.send(content).content == PDF

    page = holder.get("/consultations")
    assert f"Médecin RPPS {DOCTOR} établissement n° {PRACTICE}" in page.text
    assert f"Lecture du document « {TITLE} »" in page.text
    assert "Urgence : bris de glace" in page.text
    assert f"Motif écrit : {REASON}" in page.text
    assert f"Infirmier RPPS {STRANGER}" in page.text
    assert "Refusé" in page.text
    assert "Cet accès n'était pas autorisé." in page.text
    assert "demandez une autorisation" not in page.text
    assert patient.ins not in page.html


def test_own_actions_are_shown_on_demand(holder: Browser, report: str) -> None:
    page = holder.get("/consultations")
    assert "Lecture de cet historique" not in page.text
    assert holder.get("/consultations?qui=tous").text.count("Vous Ouverture") == 0
    whole = holder.get("/consultations?qui=tous")
    assert "Lecture de cet historique" in whole.text and "Dépôt d'un document" in whole.text
    own = holder.get("/consultations?qui=moi")
    assert "Lecture de cet historique" in own.text and "Dépôt d'un document" not in own.text


def test_what_a_doctor_did_in_a_day_is_one_row_and_an_emergency_another(
    coffre: Coffre, holder: Browser, doctor: Browser, patient: Patient, report: str
) -> None:
    patient.authorise()
    listed = open_record(doctor, patient.ins)
    doctor.http.get(shown(doctor, listed))
    doctor.get(f"/dossier/{patient.public_id}")
    stranger = Browser(coffre).sign_in(coffre.professional(STRANGER, PRACTICE, "60"))
    break_glass(stranger, patient.ins)

    page = holder.get("/consultations?qui=professionnels")
    rows = [each["class"] for each in page.all("tr") if "class" in each]
    assert rows == ["permit urgent", "deny", "permit"]
    assert "Sur cette page : 3 passages, 8 lignes." in page.text
    before, _, detail = page.text.partition("Détail : 5 lignes")
    summary = before.rpartition(f"RPPS {DOCTOR}")[2]
    assert summary.count("Lecture du document") == 1 and summary.count("Liste des documents") == 1
    assert detail.count("Lecture du document") == 1 and detail.count("Liste des documents") == 3
    assert "comptent plus haut pour une seule lecture" in detail
    assert len([each for each in page.all("details") if "id" not in each]) == 2


def test_the_log_is_filtered_by_person_kind_result_and_period(
    coffre: Coffre, holder: Browser, doctor: Browser, patient: Patient, report: str
) -> None:
    open_record(doctor, patient.ins, 403)
    stranger = Browser(coffre).sign_in(coffre.professional(STRANGER, PRACTICE, "60"))
    break_glass(stranger, patient.ins)

    page = holder.get("/consultations")
    choices = {each["value"] for each in page.all("option")}
    assert {"autres", "tous", "moi", "urgence", "lecture", "depot", "choix", "permis", "refuse"} <= choices
    assert not any(DOCTOR in value or STRANGER in value for value in choices)
    people = re.findall(r'<option value="(ligne-[0-9]+)">([^<]*)', page.html)
    assert len(people) == 4  # the doctor, the nurse, the institution that deposited, the host
    of_doctor = next(value for value, name in people if DOCTOR in name)

    def shown(query: str) -> set[str]:
        text = holder.get(f"/consultations?{query}").text
        said = {
            DOCTOR: f"RPPS {DOCTOR} établissement",
            STRANGER: f"RPPS {STRANGER} établissement",
            HOSPITAL: "Un établissement qui dépose des documents établissement",
        }
        return {who for who, words in said.items() if words in text}

    today = datetime.now(PARIS).date()
    assert shown("") == {DOCTOR, STRANGER, HOSPITAL}
    assert shown(f"qui={of_doctor}") == {DOCTOR}
    assert shown("acte=urgence") == {STRANGER}
    assert shown("acte=depot") == {HOSPITAL}
    assert shown("acte=lecture&resultat=permis") == {STRANGER}
    assert shown("resultat=refuse") == {DOCTOR, STRANGER}
    assert shown(f"du={today}&au={today}") == {DOCTOR, STRANGER, HOSPITAL}
    assert shown(f"au={today - timedelta(days=1)}") == set()
    assert shown(f"qui={of_doctor}&acte=urgence") == set()


def test_a_period_that_is_none_is_explained_beside_its_fields(holder: Browser) -> None:
    page = holder.get("/consultations?du=2026-02-01&au=2026-01-01&acte=depot", 422)
    assert "la première avant la dernière" in page.text
    assert {each["aria-describedby"] for each in page.all("input") if "aria-invalid" in each} == {
        "period-problem"
    }
    assert [each for each in page.all("option") if each["value"] == "depot"] == [
        {"value": "depot", "selected": ""}
    ]


def test_the_log_is_paged_and_its_counts_say_where_a_day_goes_on(holder: Browser, patient: Patient) -> None:
    for _ in range(205):
        patient.log()
    page = holder.get("/consultations?qui=moi&acte=autre")
    assert "200 lignes." in page.text and "Cette journée peut continuer à la page suivante" in page.text
    older = holder.get(page.link("Plus ancien"))
    assert "continuer à la page suivante" not in older.text
    assert re.search(r"1 passage, [0-9]+ lignes?\.", older.text)
    assert older.link("Revenir au plus récent") == "/consultations?qui=moi&acte=autre"
    everybody = page.link("Plus ancien").replace("qui=moi", "qui=tous")
    assert "Ouverture du dossier" in holder.get(everybody).text


def test_the_interface_filters_the_log_by_the_same_means(
    coffre: Coffre, doctor: Browser, patient: Patient, report: str
) -> None:
    patient.authorise()
    open_record(doctor, patient.ins)

    def lines(**query: Any) -> list[dict[str, Any]]:
        answer = patient.call("GET", "/access-log", params=query)
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) == {"events", "next_before"}
        found: list[dict[str, Any]] = answer.json()["events"]
        return found

    (search,) = lines(action="search", outcome="permit")
    assert search["actor"]["rpps"] == DOCTOR
    assert {line["action"] for line in lines(action=["deposit", "authorise"])} == {"deposit", "authorise"}
    (listed, found) = lines(actor_of=search["seq"])
    assert listed == search and found["action"] == "identify"
    assert lines(purpose="bris_de_glace") == [] == lines(until=1)
    assert len(lines(since=1)) > 3
    for wrong in ({"action": "anew"}, {"outcome": "maybe"}, {"since": "hier"}, {"actor_of": -1}):
        assert patient.call("GET", "/access-log", params=wrong).status_code in (400, 422), wrong


def test_the_holder_opens_their_own_report(holder: Browser, report: str) -> None:
    answer = holder.http.get(shown(holder, holder.get("/")))
    assert answer.content == PDF


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


# what waits for the holder


def test_what_happened_since_her_last_visit_waits_on_the_holder_s_first_page_until_she_has_read_it(
    coffre: Coffre, holder: Browser, doctor: Browser, patient: Patient
) -> None:
    """No message leaves this Coffre: she learns of it on this page, and none says that she was told."""
    for before in patient.call("GET", "/notices").json()["notices"]:
        assert patient.call("DELETE", f"/notices/{before['id']}").status_code == 204
    assert "J'ai lu" not in holder.get("/").text
    listed = break_glass(doctor, patient.ins)
    for claim in ("informé", "prévenu", "averti"):
        assert claim not in listed.text
    assert "Le patient verra cet accès à sa prochaine visite sur Coffre." in listed.text

    page = holder.get("/")
    assert "un professionnel a ouvert votre dossier en urgence (bris de glace)" in page.text
    assert REASON in holder.get("/consultations").text
    (notice,) = patient.call("GET", "/documents").json()["notices"]
    assert (notice["kind"], set(notice)) == ("bris_de_glace", {"id", "kind", "time", "delivery"})

    form = page.form("/avis")
    regulator = Browser(coffre).sign_in(coffre.professional(COLLEAGUE, setting="SAMU_SMUR"))
    regulator.submit(open_record(regulator, patient.ins, 403).form("/dossier", purpose="centre_15"))
    left = holder.submit(form)
    assert "bris de glace" not in left.text and "après un appel au 15" in left.text
    (last,) = patient.call("GET", "/documents").json()["notices"]
    for _ in range(2):
        assert patient.call("DELETE", f"/notices/{last['id']}").status_code == 204
    assert "J'ai lu" not in holder.get("/").text


def test_the_holder_gives_an_address_on_the_page_and_is_told_that_no_message_leaves_here(
    holder: Browser, patient: Patient
) -> None:
    page = holder.get("/avis")
    assert "n'envoie pas de messages" in page.text and "Aucune adresse n'est confirmée" in page.text
    wrong = holder.submit(page.form("/avis/adresse"), 422, address="jeanne")
    assert "nom@exemple.fr, sans accents" in wrong.text
    page = holder.submit(page.form("/avis/adresse"), address="jeanne@example.fr")
    assert "Adresse à confirmer : jeanne@example.fr" in page.text
    assert "aucun code n'est parti" in page.text and "recevoir un code" not in page.text
    refused = holder.submit(page.form("/avis/code"), 422, code="123 456")
    assert "Aucun code n'est attendu" in refused.text
    page = holder.submit(page.form("/avis/retrait"))
    assert "jeanne@example.fr" not in page.text
    assert patient.call("GET", "/contacts").json()["contacts"][0]["pending"] is None


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


# limits


def test_one_browser_two_languages(holder: Browser) -> None:
    assert holder.get("/").headings[0] == (1, "Mes documents")
    english = holder.get("/?lang=en")
    assert english.headings[0] == (1, "My documents")
    assert english.all("html") == [{"lang": "en"}]
    assert holder.get("/choix").headings[0] == (1, "My permissions")
    assert holder.get("/choix?lang=fr").headings[0] == (1, "Mes autorisations")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("en-GB,en;q=0.9", "en"),
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("de", "fr"),
        ("en;q=0.2, fr;q=0.7", "fr"),
        (";;q=x,,", "fr"),
    ],
)
def test_the_browser_s_language_is_followed(coffre: Coffre, header: str, language: str) -> None:
    page = Browser(coffre).get("/", 200, **{"Accept-Language": header})
    assert page.all("html") == [{"lang": language}]


def test_a_credential_that_has_no_pages_is_told_so(coffre: Coffre) -> None:
    page = Browser(coffre).sign_in(coffre.depositor()).get("/", 403)
    assert "Ce compte n'a pas de pages" in page.text


def test_a_patient_without_a_record_is_told_so(coffre: Coffre) -> None:
    with coffre.system() as system:
        token = Identities(system).patient(new_ins())
    browser = Browser(coffre).sign_in(token)
    for path in ("/", "/consultations", "/choix"):
        assert "Aucun dossier ouvert n'est à votre nom" in browser.get(path, 403).text


def test_a_doctor_has_no_patient_s_pages(doctor: Browser) -> None:
    for path in ("/consultations", "/choix"):
        doctor.get(path, 403)


def test_pages_and_interface_tell_the_same_story(coffre: Coffre, patient: Patient, report: str) -> None:
    """What a page opened stands in the log that the interface gives, once per opening."""
    patient.authorise()
    doctor = Browser(coffre).sign_in(coffre.professional())
    doctor.http.get(shown(doctor, open_record(doctor, patient.ins)))
    lines = [line for line in patient.log() if line["actor"].get("rpps") == DOCTOR]
    assert [line["action"] for line in lines] == ["retrieve", "search", "search", "identify"]
    assert lines[0]["object"] == report
    listed = coffre.http.get(f"/records/{patient.ins}/documents", headers=bearer(patient.token))
    assert listed.status_code == 200


def posting(page: Page, end: str) -> Form:
    (found,) = (each for each in page.forms if each.action.endswith(end))
    return found


def test_the_holder_refuses_a_document_and_accepts_it_again(
    holder: Browser, coffre: Coffre, patient: Patient, report: str
) -> None:
    patient.authorise()
    page = holder.get(holder.get("/").link("Ouvrir «"))
    assert "Vous seul lirez cette réponse." in page.text
    refused = holder.submit(posting(page, "/refus"), motif="Ce document concerne quelqu'un d'autre")
    assert "Ce document concerne quelqu'un d'autre" in refused.text
    assert "Refusé" in holder.get("/").text
    doctor = Browser(coffre).sign_in(coffre.professional())
    assert "Refusé" not in open_record(doctor, patient.ins).text
    again = holder.submit(posting(refused, "/refus"))
    assert "Refuser ce document" in again.text
    assert "Refusé" not in holder.get("/").text


def test_the_holder_archives_a_document_and_takes_it_out_again(holder: Browser, report: str) -> None:
    page = holder.get(holder.get("/").link("Ouvrir «"))
    archived = holder.submit(posting(page, "/archives"))
    assert "Sortir ce document des archives" in archived.text
    assert "Archivé" in holder.get("/").text
    assert "Archiver ce document" in holder.submit(posting(archived, "/archives")).text


def test_the_holder_takes_no_more_documents_of_a_kind_or_from_a_structure(
    holder: Browser, coffre: Coffre, patient: Patient, report: str
) -> None:
    def forms(page: Page) -> list[Form]:
        return [each for each in page.forms if each.fields.get("action") == "refuse_deposits"]

    kinds, structures = forms(holder.get("/choix"))
    asked = holder.submit(kinds, kind="31")
    assert "Imagerie médicale" in asked.text
    done = holder.submit(asked.form("/choix"))
    assert "Ces documents ne sont plus reçus." in done.text
    answer = coffre.publish_pdf(
        coffre.depositor(HOSPITAL), patient.ins, demo_data.report_pdf() + b"\n%1\n%%EOF\n"
    )
    assert answer.status_code == 422
    taken = next(each for each in done.forms if each.fields.get("action") == "admit_deposits")
    assert "Ces documents sont reçus de nouveau." in holder.submit(taken).text
    wrong = holder.submit(structures, 422, structure="douze")
    assert "Ce numéro d'établissement n'est pas valable" in wrong.text
    asked = holder.submit(structures, structure="1 750000009")
    assert "établissement n° 1750000009" in holder.submit(asked.form("/choix")).text


def test_who_wrote_a_document_deletes_it_and_nobody_else_is_offered_that(
    coffre: Coffre, patient: Patient, report: str
) -> None:
    patient.authorise()
    other = Browser(coffre).sign_in(coffre.professional())
    page = other.get(open_record(other, patient.ins).link("Ouvrir «"))
    assert "Supprimer ce document" not in page.text
    author = Browser(coffre).sign_in(coffre.professional(structure=HOSPITAL))
    page = author.get(open_record(author, patient.ins).link("Ouvrir «"))
    listed = author.submit(posting(page, "/suppression"))
    assert TITLE not in listed.text
    assert patient.documents() == []
