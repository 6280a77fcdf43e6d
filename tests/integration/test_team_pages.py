"""Pages of teams and lists, of consent that a professional notes, of consent withdrawn and given again."""

import pytest

from tests.integration.pages import Browser
from tests.integration.support import DOCTOR, STRANGER, Coffre, Patient

TITLE = "Examen"


@pytest.fixture
def patient(coffre: Coffre) -> Patient:
    return coffre.open_record()


@pytest.fixture
def holder(coffre: Coffre, patient: Patient) -> Browser:
    return Browser(coffre).sign_in(patient.token)


@pytest.fixture
def doctor(coffre: Coffre) -> Browser:
    return Browser(coffre).sign_in(coffre.professional())


def opens(visitor: Browser, patient: Patient, status: int = 200) -> bool:
    page = visitor.submit(visitor.get("/").form("/dossier"), status, ins=patient.ins)
    return page.headings[0] != (1, "Ce dossier ne vous est pas ouvert")


@pytest.mark.requirement("R17", "R18", "R57")
def test_a_professional_notes_the_consent_and_the_holder_contests_it(
    holder: Browser, doctor: Browser, patient: Patient
) -> None:
    refused = doctor.submit(doctor.get("/").form("/dossier"), 403, ins=patient.ins)
    opened = doctor.submit(refused.form("/accord"), how="written")
    assert opened.headings[0] != (1, "Ce dossier ne vous est pas ouvert")
    assert opens(doctor, patient)

    assert "a noté que vous avez donné votre accord" in holder.get("/").text
    teams = holder.get("/equipes")
    assert f"Le professionnel RPPS {DOCTOR} a noté le" in teams.text
    team = patient.call("GET", "/authorisations").json()["teams"][0]["team"]
    ended = holder.submit(teams.form(f"/equipes/{team}/fin"))
    assert "plus aucun membre n'a d'accès" in ended.text and "aucune équipe" in ended.text
    assert not opens(doctor, patient, 403)
    assert "Fin d'une équipe" in holder.get("/consultations?qui=tous").text


def test_whose_record_is_not_there_reads_the_same_as_who_may_not_note_it(
    coffre: Coffre, patient: Patient, doctor: Browser
) -> None:
    patient.call("POST", "/blocks", json={"professional": DOCTOR})
    refused = doctor.submit(doctor.get("/").form("/dossier"), 403, ins=patient.ins)
    asked = refused.form("/accord")
    here = doctor.send(asked)
    nowhere = doctor.send(asked, ins="00000000-0000-4000-8000-000000000001")
    assert here.status_code == nowhere.status_code == 403
    assert here.text == nowhere.text


def test_a_list_is_authorised_line_by_line_and_ends_at_once(
    coffre: Coffre, holder: Browser, doctor: Browser, patient: Patient
) -> None:
    lines = f"{DOCTOR[1:]} Dr Durand\n\nDr Martin\n{STRANGER}\n{DOCTOR}"
    form = holder.get("/equipes").form("/equipes")
    result = holder.submit(form, name="Hôpital <b>", members=lines)
    assert "2 professionnels sont autorisés." in result.text and "Hôpital <b>" in result.text
    assert "Ligne 2 : « Dr Martin » n'est pas un numéro RPPS." in " ".join(result.text.split())
    assert f"Ligne 4 : le numéro {DOCTOR} est déjà plus haut." in " ".join(result.text.split())
    assert opens(doctor, patient)

    again = holder.submit(form, name="Hôpital <b>", members=lines)  # the button pressed twice
    assert "0 professionnels sont autorisés." in again.text
    assert len(patient.call("GET", "/authorisations").json()["teams"]) == 1

    members = holder.get(result.link("Voir ses membres"))
    assert f"RPPS {DOCTOR}" in members.text
    (team,) = patient.call("GET", "/authorisations").json()["teams"]
    holder.submit(members.form(f"/equipes/{team['team']}/depart", professional=DOCTOR))
    assert not opens(doctor, patient, 403)
    stranger = Browser(coffre).sign_in(coffre.professional(STRANGER))
    assert opens(stranger, patient)
    holder.submit(members.form(f"/equipes/{team['team']}"), members=DOCTOR)
    assert opens(doctor, patient)
    holder.submit(holder.get("/equipes").form(f"/equipes/{team['team']}/fin"))
    assert not opens(doctor, patient, 403) and not opens(stranger, patient, 403)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "Réseau", "members": "Dr Martin"}, "Ce numéro RPPS n'est pas valable"),
        ({"name": "Réseau", "members": DOCTOR, "until": "2001-01-01"}, "une date de fin dans le futur"),
        ({"name": "Réseau", "members": "\n".join([DOCTOR] * 1_001)}, "de 1 à 1 000 numéros"),
    ],
)
def test_a_form_to_correct_keeps_what_it_held(holder: Browser, fields: dict[str, str], said: str) -> None:
    page = holder.submit(holder.get("/equipes").form("/equipes"), 422, **fields)
    assert said in " ".join(page.text.split())
    assert page.form("/equipes").fields["name"] == "Réseau"


@pytest.mark.requirement("R17")
def test_all_consent_is_withdrawn_after_a_question_and_given_again(
    holder: Browser, doctor: Browser, patient: Patient
) -> None:
    patient.authorise()
    assert opens(doctor, patient)
    asked = holder.submit(holder.get("/choix").form("/choix", action="withdraw_consent"))
    assert asked.headings[0] == (1, "Confirmez votre choix") and opens(doctor, patient)
    done = holder.submit(asked.form("/choix", action="withdraw_consent"))
    assert "Votre consentement est retiré." in done.text
    assert "Vous n'avez autorisé personne." in done.text
    assert not opens(doctor, patient, 403)
    assert holder.get("/equipes").text.count("Vous avez retiré votre consentement") == 1
    given = holder.submit(done.form("/choix", action="give_consent"))
    assert "Votre consentement est donné." in given.text
    assert not opens(doctor, patient, 403)
