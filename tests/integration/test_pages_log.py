"""The pages on which holders read who did what with their record."""

import re
from datetime import datetime, timedelta
from typing import Any

from tests.integration.page_visits import PDF, REASON, TITLE, break_glass, open_record, shown
from tests.integration.pages import Browser
from tests.integration.support import DOCTOR, HOSPITAL, PRACTICE, STRANGER, Coffre, Patient
from viewer_api.web.dates import PARIS


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
