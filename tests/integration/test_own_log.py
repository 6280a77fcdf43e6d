"""A professional's own actions (R56), over HTTP and on the page « Mes consultations »."""

import pytest

from tests.integration.pages import Browser
from tests.integration.support import HOSPITAL, PRACTICE, Coffre, Patient, bearer, new_ins, problem

NUMBERS = iter(range(899760000001, 899760009999))


@pytest.fixture
def rpps() -> str:
    """Somebody who did nothing yet."""
    return str(next(NUMBERS))


@pytest.mark.requirement("R56")
def test_what_one_did_is_found_under_one_s_own_credential(
    coffre: Coffre, patient: Patient, rpps: str
) -> None:
    patient.authorise(rpps)
    token, elsewhere = coffre.professional(rpps), coffre.professional(rpps, HOSPITAL)
    assert coffre.http.get(f"/records/{patient.ins}/documents", headers=bearer(token)).status_code == 200
    answer = coffre.http.get("/me/access-log", headers=bearer(token)).json()
    asked, searched = answer["events"]
    assert answer["actor"]["profession_display"] == "Médecin" and answer["next_before"] is None
    assert (asked["action"], searched["action"]) == ("read_own_log", "search")
    assert searched["record"] == str(patient.public_id) and searched["structure"] == PRACTICE
    assert searched["leaf"] in {line["leaf"] for line in patient.log()}
    # one person by the national number, wherever she works
    again, *before = coffre.http.get("/me/access-log", headers=bearer(elsewhere)).json()["events"]
    assert (again["action"], again["structure"]) == ("read_own_log", HOSPITAL)
    assert [each["leaf"] for each in before] == [asked["leaf"], searched["leaf"]]


def test_a_refusal_names_no_record_and_no_reason(coffre: Coffre, patient: Patient, rpps: str) -> None:
    token = coffre.professional(rpps)
    for ins in (patient.ins, new_ins()):
        assert coffre.http.get(f"/records/{ins}/documents", headers=bearer(token)).status_code == 403
    events = coffre.http.get("/me/access-log", headers=bearer(token)).json()["events"]
    refused = [{**each, "time": "", "leaf": ""} for each in events if each["outcome"] == "deny"]
    assert len(refused) == 2 and refused[0] == refused[1]
    assert not {"record", "decision", "object"} & refused[0].keys()


def test_pages_follow_each_other_and_a_place_that_is_none_is_refused(coffre: Coffre, rpps: str) -> None:
    token = bearer(coffre.professional(rpps))
    for _ in range(3):
        coffre.http.get("/me/access-log", headers=token)
    page = coffre.http.get("/me/access-log?limit=2", headers=token).json()
    after = coffre.http.get(f"/me/access-log?before={page['next_before']}", headers=token).json()
    seen = [each["leaf"] for each in [*page["events"], *after["events"]]]
    assert len(seen) == len({*seen}) == 4
    for place in ("x", "A" * 53, "_" * 54):
        refused = coffre.http.get(f"/me/access-log?before={place}", headers=token)
        assert (refused.status_code, problem(refused)) == (400, "bad_cursor")
    for query in ("since=-1", "until=x", f"since={2**60}"):
        assert coffre.http.get(f"/me/access-log?{query}", headers=token).status_code == 422


def test_it_is_for_professionals(coffre: Coffre, patient: Patient) -> None:
    for token in (patient.token, coffre.depositor()):
        refused = coffre.http.get("/me/access-log", headers=bearer(token))
        assert (refused.status_code, problem(refused)) == (403, "not_authorised")
    assert Browser(coffre).sign_in(patient.token).get("/mes-consultations", 403)


def test_the_page_says_it_in_words_and_leads_to_the_record(
    coffre: Coffre, patient: Patient, rpps: str
) -> None:
    patient.authorise(rpps)
    doctor = Browser(coffre).sign_in(coffre.professional(rpps))
    doctor.submit(doctor.get("/").form("/dossier"), ins=patient.ins)
    doctor.submit(doctor.get("/").form("/dossier"), 403, ins=new_ins())
    page = doctor.get(doctor.get("/").link("Mes consultations"))
    assert "Liste des documents" in page.text and "Refusé" in page.text
    assert f"/dossier/{patient.public_id}" in page.links
    assert "My consultations" in doctor.get("/mes-consultations?lang=en").text
