"""The pages as their visitors meet them: what each may see, decide and open."""

from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import pytest

from coffre.demo_authority.identities import Identities
from coffre.demonstration.files import data as demo_data
from tests.integration.page_visits import PDF, REASON, TITLE, authorised, break_glass, open_record, shown
from tests.integration.pages import Browser, Form, Page
from tests.integration.support import COLLEAGUE, DOCTOR, HOSPITAL, STRANGER, Coffre, Patient, bearer, new_ins
from viewer_api.cursors import write_cursor
from viewer_api.web.paging import PAGE

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


def test_the_holder_opens_their_own_report(holder: Browser, report: str) -> None:
    answer = holder.http.get(shown(holder, holder.get("/")))
    assert answer.content == PDF


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
