"""What is wrong with a request itself is said alike of every record, before one is named.

Said after the silent `resolve`, it would tell that a record exists, without a line in its log.
"""

from typing import Any
from urllib.parse import quote

import pytest

from keyvault.grants.grant import new_recipient
from records.text.base64url import b64
from tests.integration.support import Coffre, Patient, bearer, new_ins

EMERGENCY = {"purpose": "bris_de_glace", "reason": "Patient inconscient, urgence vitale"}
UNUSABLE: dict[str, dict[str, Any]] = {
    "a recipient of small order (RFC 7748 section 6.1)": {"recipient": b64(bytes(32))},
    "a study of padding alone": {"studies": [" "]},
}
STATUS = {"bad_recipient": 422, "bad_token_value": 400}


@pytest.fixture(scope="module")
def person(coffre: Coffre) -> Patient:
    return coffre.open_record()


def log(person: Patient) -> list[Any]:
    """What others did."""
    events = person.call("GET", "/access-log").json()["events"]
    return [event for event in events if event["actor"]["role"] != "patient"]


@pytest.mark.parametrize("name", UNUSABLE)
@pytest.mark.parametrize("purpose", [{}, EMERGENCY], ids=["normal", "emergency"])
def test_a_grant_that_cannot_be_sealed_says_nothing_of_the_record(
    coffre: Coffre, person: Patient, name: str, purpose: dict[str, str]
) -> None:
    doctor = coffre.professional("899700021210")
    person.authorise("899700021210")
    before = log(person)
    usable = {"recipient": b64(new_recipient()[1])}
    there, absent = (
        coffre.http.post(
            "/grants", json={"record": ins, **usable, **UNUSABLE[name], **purpose}, headers=bearer(doctor)
        )
        for ins in (person.ins, new_ins())
    )
    assert there.status_code == absent.status_code == STATUS[there.json()["code"]]
    assert there.text == absent.text
    assert log(person) == before


@pytest.mark.parametrize("study", [" ", "1" * 2000])
def test_nor_does_qido_below_a_study_that_cannot_be(coffre: Coffre, person: Patient, study: str) -> None:
    doctor = coffre.professional("899700021210")
    person.authorise("899700021210")
    there, absent = (
        coffre.http.get(f"/records/{ins}/dicomweb/studies/{quote(study)}/series", headers=bearer(doctor))
        for ins in (person.ins, new_ins())
    )
    assert there.status_code == absent.status_code
    assert there.text == absent.text
