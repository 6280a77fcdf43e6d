"""The pages' sign-in counts for DICOMweb reads and grants of the same origin, and for nothing else."""

import json
from io import BytesIO

import httpx
import pydicom
import pytest

from coffre.demo_authority import identity_files
from keyvault.grants.grant import new_recipient
from records.text.base64url import b64
from tests.integration.support import STRANGER, Coffre, Patient, bearer, multipart, related

OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def signed_in(coffre: Coffre, patient: Patient) -> httpx.Client:
    """A browser in which the patient is signed in."""
    assert coffre.stow(coffre.depositor(), patient.ct(1, 16), patient.ins).status_code == 200
    return _browser(coffre, patient.token)


def _browser(coffre: Coffre, token: str) -> httpx.Client:
    with coffre.system() as system:
        link = identity_files.sign_in_link(system, token, coffre.url)
    browser = httpx.Client(base_url=coffre.url, follow_redirects=True, timeout=60)
    assert browser.get(link).status_code == 200
    return browser


def studies(patient: Patient) -> str:
    return f"/records/{patient.public_id}/dicomweb/studies"


def test_a_viewer_of_the_same_origin_reads_with_it(signed_in: httpx.Client, patient: Patient) -> None:
    (study,) = signed_in.get(studies(patient), headers=OURS).json()
    uid = study["0020000D"]["Value"][0]
    answer = signed_in.get(f"{studies(patient)}/{uid}/metadata", headers=OURS)
    assert answer.status_code == 200


def asked(patient: Patient) -> dict[str, str]:
    return {"record": str(patient.public_id), "recipient": b64(new_recipient()[1])}


def test_a_viewer_that_opens_itself_is_granted_with_it(
    coffre: Coffre, signed_in: httpx.Client, patient: Patient
) -> None:
    ours = {**OURS, "Origin": coffre.url}
    grant = signed_in.post("/grants", json=asked(patient), headers=ours)
    assert grant.status_code == 201
    renewed = signed_in.post(f"/grants/{grant.json()['id']}/urls", headers=ours)
    assert renewed.json()["urls"].keys() == grant.json()["urls"].keys()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://other.coffre.example"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {},
    ],
)
def test_a_page_of_elsewhere_is_granted_nothing(
    coffre: Coffre, signed_in: httpx.Client, patient: Patient, headers: dict[str, str]
) -> None:
    assert signed_in.post("/grants", json=asked(patient), headers=headers).status_code == 401
    grant = signed_in.post("/grants", json=asked(patient), headers={**OURS, "Origin": coffre.url}).json()
    assert signed_in.post(f"/grants/{grant['id']}/urls", headers=headers).status_code == 401


def test_a_form_of_elsewhere_gets_no_grant(signed_in: httpx.Client, patient: Patient) -> None:
    """Enctype text/plain can write JSON; where a browser does not say whose form it is, nothing is given."""
    for said in ({"Origin": "null"}, {"Origin": "https://elsewhere.example"}, {}):
        headers = {"Content-Type": "text/plain", **said}
        answer = signed_in.post("/grants", content=json.dumps(asked(patient)), headers=headers)
        assert answer.status_code == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
def test_a_page_of_elsewhere_and_a_link_do_not(
    signed_in: httpx.Client, patient: Patient, site: str | None
) -> None:
    headers = {} if site is None else {"Sec-Fetch-Site": site}
    assert signed_in.get(studies(patient), headers=headers).status_code == 401


def test_nothing_is_deposited_with_it(signed_in: httpx.Client, patient: Patient) -> None:
    answer = signed_in.post(
        studies(patient), content=multipart(patient.ct(1, 16)), headers={"Content-Type": related(), **OURS}
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/documents", "/access-log", "/authorisations"])
def test_no_other_address_takes_it(signed_in: httpx.Client, patient: Patient, path: str) -> None:
    assert signed_in.get(f"/records/{patient.public_id}{path}", headers=OURS).status_code == 401


def test_a_token_of_the_requests_own_goes_first(
    coffre: Coffre, signed_in: httpx.Client, patient: Patient
) -> None:
    stranger = bearer(coffre.professional(STRANGER))
    assert signed_in.get(studies(patient), headers=stranger).status_code == 403


def test_it_gives_no_more_than_its_holder_may(coffre: Coffre, patient: Patient) -> None:
    dataset = pydicom.dcmread(BytesIO(patient.ct(1, 16)[0]))
    assert coffre.stow(coffre.depositor(), patient.ct(1, 16), patient.ins).status_code == 200
    doctor = _browser(coffre, coffre.professional(STRANGER))
    assert doctor.get(studies(patient), headers=OURS).status_code == 403
    assert (
        doctor.get(f"{studies(patient)}/{dataset.StudyInstanceUID}/metadata", headers=OURS).status_code == 403
    )


def test_once_signed_out_it_is_over(coffre: Coffre, signed_in: httpx.Client, patient: Patient) -> None:
    kept = dict(signed_in.cookies)
    page = signed_in.get("/").text
    csrf = page.partition('action="/sign-out"')[2].partition('name="csrf" value="')[2].partition('"')[0]
    assert signed_in.post("/sign-out", data={"csrf": csrf}).status_code == 200
    again = httpx.Client(base_url=coffre.url, cookies=kept)
    assert again.get(studies(patient), headers=OURS).status_code == 401
