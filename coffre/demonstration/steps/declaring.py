"""Step of the demo in which the patient declares an allergy, and corrects it."""

from typing import Any

import httpx

from coffre.demonstration.expecting import expect
from coffre.demonstration.step import Story
from coffre.demonstration.steps.viewing import NO_DOOR
from records.profile.kinds import ASSERTED, VERIFICATION

ALLERGIES = "/fhir/AllergyIntolerance"


def patient_declares(story: Story) -> str:
    """FHIR R4, as any app of hers would send it."""
    patient, doctor, record = *map(story.actors.program, ("patient", "doctor")), story.actors.record
    first = patient.call("POST", ALLERGIES, json=_allergy("Pénicilline"))
    expect(first.status_code == httpx.codes.CREATED, "What the patient declares is not kept.")
    entry = first.headers["location"].split("/_history/")[0]
    changed = patient.call(
        "PUT", entry, json=_allergy("Amoxicilline"), headers={"If-Match": first.headers["etag"]}
    )
    expect(changed.status_code == httpx.codes.OK, "What the patient changes is not kept.")
    found = doctor.read("GET", f"{ALLERGIES}?patient=Patient/{record}")
    (shown,) = (each["resource"] for each in found["entry"])
    expect(shown["code"]["text"] == "Amoxicilline", "The doctor does not read what is declared now.")
    expect(shown["meta"]["security"][0]["code"] == ASSERTED, "It is not marked as declared by the patient.")
    refused = doctor.call("POST", ALLERGIES, json=_allergy("Iode"))
    expect(refused.status_code == httpx.codes.FORBIDDEN, "A doctor declares for the patient.")
    kept = patient.read("GET", f"{entry}/_history")["total"]
    return (
        f"the doctor reads it as declared by the patient, and may not write it; she has {kept} versions\n"
        f"{NO_DOOR}"
    )


def _allergy(text: str) -> dict[str, Any]:
    status = {"coding": [{"system": VERIFICATION, "code": "unconfirmed"}]}
    return {"resourceType": "AllergyIntolerance", "verificationStatus": status, "code": {"text": text}}
