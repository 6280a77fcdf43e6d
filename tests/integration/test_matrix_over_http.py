"""The matrix and the sectors, as whoever reads over HTTP and on the pages meets them."""

from typing import Any

import pytest

from coffre.demonstration.files import data as demo_data
from tests.integration.pages import Browser
from tests.integration.support import DOCTOR, STRANGER, Coffre, Patient, bearer, new_ins

BIOLOGY, GENETICS, TRANSFER, DELIVERY = "11502-2", "51969-4", "18761-7", "15508-5"
TYPES = (BIOLOGY, GENETICS, TRANSFER, DELIVERY)


@pytest.fixture(scope="module")
def person(coffre: Coffre) -> Patient:
    patient = coffre.open_record()
    for number, each in enumerate(TYPES):
        content = demo_data.report_pdf() + b"\n%%%d\n" % number
        answer = coffre.publish_pdf(coffre.depositor(), patient.ins, content, type_code=each, title=each)
        assert answer.status_code == 201, answer.text
    patient.authorise()
    return patient


def listed(coffre: Coffre, person: Patient, **who: str) -> dict[str, Any]:
    answer = coffre.http.get(f"/records/{person.ins}/documents", headers=bearer(coffre.professional(**who)))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


#   profession        reads                                   assumed
@pytest.mark.parametrize(
    ("profession", "reads", "assumed"),
    [
        ("10", {BIOLOGY, GENETICS, TRANSFER, DELIVERY}, set()),
        ("80", {BIOLOGY, GENETICS, TRANSFER}, set()),  # a wide access, but for the delivery report
        ("50", {BIOLOGY, GENETICS, TRANSFER, DELIVERY}, {BIOLOGY, GENETICS, TRANSFER, DELIVERY}),
        ("36", {TRANSFER}, {TRANSFER}),  # an ambulance driver
    ],
)
@pytest.mark.requirement("R16")
def test_r16_a_profession_reads_its_row_and_is_told_what_is_assumed(
    coffre: Coffre, person: Patient, profession: str, reads: set[str], assumed: set[str]
) -> None:
    page = listed(coffre, person, profession=profession)
    assert {each["type"] for each in page["documents"]} == reads
    assert {each["type"] for each in page["documents"] if each["obligations"]} == assumed
    assert page["obligations"] == (["tell_assumed_right"] if assumed else [])
    closed = set(page.get("closed_by_assumption", ()))
    assert closed & {*TYPES} == {*TYPES} - reads - ({DELIVERY} if profession == "80" else set())
    (newest, *_) = person.log()
    assert newest["rules"] == "2023-10-26-r1"
    assert newest.get("basis") == ("assumed" if assumed else None)
    page_ = (
        Browser(coffre)
        .sign_in(coffre.professional(profession=profession))
        .get(f"/dossier/{person.public_id}")
    )
    assert ("ne vous sont jamais montrés" in page_.text) is bool(closed)


@pytest.mark.requirement("R16")
def test_hidden_by_an_assumption_and_absent_read_alike(coffre: Coffre, person: Patient) -> None:
    ids = {each["type"]: each["id"] for each in person.documents()}
    stranger = coffre.open_record()
    coffre.publish_pdf(coffre.depositor(), stranger.ins, demo_data.report_pdf(), title="elsewhere")
    (elsewhere,) = stranger.documents()
    told = {
        coffre.http.get(
            f"/fhir/DocumentReference/{each}", headers=bearer(coffre.professional(profession="36"))
        ).text
        for each in (ids[GENETICS], elsewhere["id"], "0190b3a0-0000-7000-8000-000000000001")
    }
    assert len(told) == 1 and "closed to your profession by our assumption" in told.pop()


CARE_ALONE = "réserve les dossiers aux soins"


#   who                      what the answer and the page say, whatever record is named
@pytest.mark.parametrize(
    ("who", "says", "page"),
    [
        ({"sector": "SA23"}, "L1111-18", CARE_ALONE),  # an insurer, a mutuelle
        ({"sector": "SA24"}, "L1111-18", CARE_ALONE),  # social security
        ({"sector": "SA48"}, "L1111-18", CARE_ALONE),  # an employer
        ({"sector": "SA99"}, "L1111-18", CARE_ALONE),  # a bank: no sector of care is its
        ({"profession": "93"}, "your profession reads no record", "supposons que votre profession ne lit"),
        ({"rpps": STRANGER}, "no access to this record, or there is no such record", "en urgence"),
    ],
)
@pytest.mark.requirement("R29")
def test_r29_who_has_no_way_in_reads_why_and_not_whether_there_is_a_record(
    coffre: Coffre, person: Patient, who: dict[str, str], says: str, page: str
) -> None:
    token = coffre.professional(**{"rpps": DOCTOR, **who})
    answers = [
        coffre.http.get(f"/records/{ins}/documents", headers=bearer(token)) for ins in (person.ins, new_ins())
    ]
    assert [each.status_code for each in answers] == [403, 403]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["code"] == "not_authorised" and says in answers[0].json()["detail"]
    refused = Browser(coffre).sign_in(token).get(f"/dossier/{person.public_id}", 403)
    assert page in refused.text
    assert bool([each for each in refused.forms if each.action.startswith("/dossier")]) is ("rpps" in who)


@pytest.mark.requirement("R30")
def test_r30_an_occupational_doctor_reads_once_the_patient_agreed_expressly(coffre: Coffre) -> None:
    patient = coffre.open_record()
    path, token = f"/records/{patient.ins}/documents", coffre.professional(STRANGER, sector="SA66")
    assert coffre.http.get(path, headers=bearer(token)).status_code == 403
    patient.authorise(STRANGER)
    assert coffre.http.get(path, headers=bearer(token)).status_code == 200
