"""What a patient declares of herself: deposited, changed and removed by her alone, read by whom she lets."""

import json
from typing import Any

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle

from tests.integration.support import DOCTOR, HOSPITAL, Coffre, Patient, bearer
from tests.integration.test_check import check
from tests.own_information import EVERY_KIND, allergy, blood_group, directives
from tests.services import warm

FHIR = {"Content-Type": "application/fhir+json"}


def send(
    coffre: Coffre, token: str, resource: object, address: str = "", kind: str = "", **headers: str
) -> httpx.Response:
    """PUT where an entry is named, else POST."""
    named = kind or (resource["resourceType"] if isinstance(resource, dict) else "Observation")
    content = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    path = f"/fhir/{named}" + (f"/{address}" if address else "")
    sent = {**FHIR, **bearer(token), **{name.replace("_", "-"): text for name, text in headers.items()}}
    return coffre.http.request("PUT" if address else "POST", path, content=content, headers=sent)


def declared(coffre: Coffre, token: str, patient: Patient, kind: str, **headers: str) -> list[dict[str, Any]]:
    answer = coffre.http.get(
        f"/fhir/{kind}?patient=Patient/{patient.public_id}", headers={**bearer(token), **headers}
    )
    assert answer.status_code == 200, answer.text
    return [each["resource"] for each in answer.json().get("entry", ())]


def entry_of(answer: httpx.Response) -> tuple[str, str]:
    """The entry and the version that an answer names."""
    assert answer.status_code in (200, 201), answer.text
    _, entry, _, version = answer.headers["location"].rsplit("/", 3)
    assert answer.headers["etag"] == f'W/"{version}"'
    return entry, version


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]


@pytest.fixture
def doctor(coffre: Coffre, patient: Patient) -> str:
    patient.authorise()
    return coffre.professional()


@pytest.mark.parametrize("name", EVERY_KIND)
def test_each_kind_is_declared_and_read_back_as_asserted_by_the_patient(
    coffre: Coffre, patient: Patient, doctor: str, name: str
) -> None:
    resource = EVERY_KIND[name]
    answer = send(coffre, patient.token, resource)
    assert answer.status_code == 201, answer.text
    entry, version = entry_of(answer)
    for reader in (patient.token, doctor):
        found = [
            one for one in declared(coffre, reader, patient, resource["resourceType"]) if one["id"] == entry
        ]
        (shown,) = found
        assert {name: shown[name] for name in resource} == resource
        assert shown["meta"]["versionId"] == version
        assert shown["meta"]["security"][0]["code"] == "PATAST"
        whose = shown.get("subject") or shown["patient"]
        assert whose == {"reference": f"Patient/{patient.public_id}"}
    address = f"/fhir/{resource['resourceType']}?patient=Patient/{patient.public_id}"
    written = coffre.http.get(address, headers={**bearer(patient.token), "Accept": "application/fhir+xml"})
    assert written.status_code == 200, written.text
    resources = [one.resource for one in Bundle.model_validate_xml(written.content).entry]
    (read,) = [one for one in resources if one.id == entry]
    assert read == type(read).model_validate(shown)


@pytest.mark.requirement("R36")
def test_a_change_is_a_new_version_and_the_former_is_history_of_the_holder_alone(
    coffre: Coffre, patient: Patient, doctor: str
) -> None:
    entry, first = entry_of(send(coffre, patient.token, blood_group("278149003")))
    changed = send(coffre, patient.token, blood_group("278147001"), entry, If_Match=f'W/"{first}"')
    assert changed.status_code == 200, changed.text
    same, second = entry_of(changed)
    assert (same, second != first) == (entry, True)
    for reader in (patient.token, doctor):
        (shown,) = declared(coffre, reader, patient, "Observation")
        assert shown["valueCodeableConcept"]["coding"][0]["code"] == "278147001"
        version = coffre.http.get(f"/fhir/Observation/{entry}/_history/{second}", headers=bearer(reader))
        assert (version.status_code, version.headers["etag"]) == (200, f'W/"{second}"')
    read = coffre.http.get(f"/fhir/Observation/{entry}", headers=bearer(patient.token))
    assert (read.status_code, read.headers["etag"]) == (200, f'W/"{second}"')
    history = coffre.http.get(f"/fhir/Observation/{entry}/_history", headers=bearer(patient.token)).json()
    assert [each["resource"]["meta"]["versionId"] for each in history["entry"]] == [second, first]
    assert {each["id"]: each["state"] for each in patient.documents()} == {
        second: "approved",
        first: "deprecated",
    }
    former = f"/fhir/Observation/{entry}/_history/{first}"
    assert coffre.http.get(former, headers=bearer(patient.token)).status_code == 200
    hidden = coffre.http.get(former, headers=bearer(doctor))
    nowhere = coffre.http.get(
        f"/fhir/Observation/{entry}/_history/{patient.public_id}", headers=bearer(doctor)
    )
    assert (
        (hidden.status_code, hidden.json()) == (nowhere.status_code, nowhere.json()) == (404, hidden.json())
    )
    assert coffre.http.get(f"/fhir/DocumentReference/{first}", headers=bearer(doctor)).status_code == 404
    assert coffre.http.get(f"/fhir/Binary/{first}", headers=bearer(doctor)).status_code == 404
    assert coffre.grant(doctor, patient.ins, documents=[first]).answer.status_code == 404


def test_what_is_changed_back_counts_again(coffre: Coffre, patient: Patient) -> None:
    entry, version = entry_of(send(coffre, patient.token, blood_group("278149003")))
    for code in ("278147001", "278149003"):
        answer = send(coffre, patient.token, blood_group(code), entry, If_Match=f'W/"{version}"')
        version = entry_of(answer)[1]
    (shown,) = declared(coffre, patient.token, patient, "Observation")
    assert shown["valueCodeableConcept"]["coding"][0]["code"] == "278149003"
    assert shown["meta"]["versionId"] == version


def test_a_removal_keeps_the_history_and_shows_nobody_else_anything(
    coffre: Coffre, patient: Patient, doctor: str
) -> None:
    entry, first = entry_of(send(coffre, patient.token, allergy()))
    gone = allergy(status="entered-in-error")
    assert send(coffre, patient.token, gone, entry, If_Match=f'W/"{first}"').status_code == 200
    for reader in (patient.token, doctor):
        assert declared(coffre, reader, patient, "AllergyIntolerance") == []
    listed = coffre.http.get(f"/records/{patient.ins}/documents", headers=bearer(doctor)).json()["documents"]
    assert listed == []
    history = coffre.http.get(f"/fhir/AllergyIntolerance/{entry}/_history", headers=bearer(patient.token))
    assert history.json()["total"] == 2
    # what was removed may be declared anew
    assert send(coffre, patient.token, allergy()).status_code == 201
    assert len(declared(coffre, doctor, patient, "AllergyIntolerance")) == 1


def test_who_changes_a_version_that_is_not_the_newest_is_told_so(coffre: Coffre, patient: Patient) -> None:
    entry, first = entry_of(send(coffre, patient.token, allergy()))
    one = send(coffre, patient.token, allergy("Iode"), entry, If_Match=f'W/"{first}"')
    assert one.status_code == 200
    other = send(coffre, patient.token, allergy("Arachide"), entry, If_Match=f'W/"{first}"')
    assert code_of(other) == (412, "not_newest")
    again = send(coffre, patient.token, allergy("Iode"), entry, If_Match=f'W/"{first}"')
    assert (again.status_code, entry_of(again)) == (200, entry_of(one))
    assert code_of(send(coffre, patient.token, allergy("Arachide"), entry)) == (428, "version_missing")
    # a version of another entry is none of this one, nor is one of another kind
    other_entry, _ = entry_of(send(coffre, patient.token, allergy("Latex")))
    newest = entry_of(one)[1]
    astray = send(coffre, patient.token, allergy("Iode"), other_entry, If_Match=f'W/"{newest}"')
    assert code_of(astray) == (412, "not_newest")
    of_another_type = send(coffre, patient.token, directives(), entry, If_Match=f'W/"{newest}"')
    assert code_of(of_another_type) == (412, "not_newest")


def test_a_request_that_is_sent_again_under_its_name_declares_once(coffre: Coffre, patient: Patient) -> None:
    first = send(coffre, patient.token, allergy(), Idempotency_Key="formulaire-1")
    again = send(coffre, patient.token, allergy(), Idempotency_Key="formulaire-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert entry_of(first) == entry_of(again)
    assert len(declared(coffre, patient.token, patient, "AllergyIntolerance")) == 1


@pytest.mark.requirement("R20")
def test_a_masked_entry_stays_masked_when_it_is_changed(
    coffre: Coffre, patient: Patient, doctor: str
) -> None:
    entry, first = entry_of(send(coffre, patient.token, allergy(), Coffre_Labels="MASQUE_PS"))
    assert declared(coffre, doctor, patient, "AllergyIntolerance") == []
    entry_of(send(coffre, patient.token, allergy("Iode"), entry, If_Match=f'W/"{first}"'))
    assert declared(coffre, doctor, patient, "AllergyIntolerance") == []
    assert len(declared(coffre, patient.token, patient, "AllergyIntolerance")) == 1
    hidden = coffre.http.get(f"/fhir/AllergyIntolerance/{entry}", headers=bearer(doctor))
    absent = coffre.http.get(f"/fhir/AllergyIntolerance/{patient.public_id}", headers=bearer(doctor))
    assert (hidden.status_code, hidden.json()) == (absent.status_code, absent.json())
    assert hidden.status_code == 404


def test_what_is_shown_to_one_stays_shown_when_it_is_changed(coffre: Coffre, patient: Patient) -> None:
    answer = patient.call("POST", "/authorisations", json={"professional": DOCTOR, "scope": "chosen"})
    assert answer.status_code == 201
    doctor = coffre.professional()
    entry, first = entry_of(send(coffre, patient.token, allergy()))
    assert declared(coffre, doctor, patient, "AllergyIntolerance") == []
    chosen = patient.call("PUT", f"/authorisations/{DOCTOR}/chosen", json={"documents": [first]})
    assert chosen.status_code == 200, chosen.text
    entry_of(send(coffre, patient.token, allergy("Iode"), entry, If_Match=f'W/"{first}"'))
    (shown,) = declared(coffre, doctor, patient, "AllergyIntolerance")
    assert shown["code"]["text"] == "Iode"


@pytest.mark.requirement("R16")
def test_the_matrix_decides_by_kind_dentists_read_allergies_and_no_directives(
    coffre: Coffre, patient: Patient
) -> None:
    patient.authorise()
    dentist = coffre.professional(profession="40")
    for resource in (allergy(), directives()):
        assert send(coffre, patient.token, resource).status_code == 201
    assert len(declared(coffre, dentist, patient, "AllergyIntolerance")) == 1
    wishes = declared(coffre, dentist, patient, "Consent")
    assert [one["id"] for one in wishes] == [str(patient.public_id)]  # the card alone


@pytest.mark.requirement("R26")
def test_an_emergency_reads_what_is_not_hidden(coffre: Coffre, patient: Patient) -> None:
    assert send(coffre, patient.token, allergy("Iode")).status_code == 201
    assert send(coffre, patient.token, allergy("Latex"), Coffre_Labels="MASQUE_PS").status_code == 201
    stranger = coffre.professional("899700099990")
    emergency = {"Coffre-Purpose": "bris_de_glace", "Coffre-Reason": "malaise%20sur%20la%20voie%20publique"}
    (shown,) = declared(coffre, stranger, patient, "AllergyIntolerance", **emergency)
    assert shown["code"]["text"] == "Iode"
    assert patient.call("PUT", "/emergency", json={"bris_de_glace": False, "centre_15": True}).is_success
    refused = coffre.http.get(
        f"/fhir/AllergyIntolerance?patient=Patient/{patient.public_id}",
        headers={**bearer(coffre.professional("899700099982")), **emergency},
    )
    assert refused.status_code == 403


@pytest.mark.requirement("R32")
def test_nobody_but_the_holder_declares(coffre: Coffre, patient: Patient, doctor: str) -> None:
    entry, first = entry_of(send(coffre, patient.token, allergy()))
    for token in (doctor, coffre.depositor(HOSPITAL)):
        assert code_of(send(coffre, token, allergy("Iode"))) == (403, "role_not_entitled")
        answer = send(coffre, token, allergy("Iode"), entry, If_Match=f'W/"{first}"')
        assert code_of(answer) == (403, "role_not_entitled")
    other = coffre.open_record()
    taken = send(coffre, other.token, allergy("Iode"), entry, If_Match=f'W/"{first}"')
    assert code_of(taken) == (412, "not_newest")
    assert code_of(send(coffre, patient.token, allergy(), Coffre_Labels="INVISIBLE_PATIENT")) == (
        422,
        "label_not_entitled",
    )


@pytest.mark.parametrize(
    ("resource", "code", "where"),
    [
        (b"{", "entry_not_json", ""),
        (b" " * 20_000, "entry_too_large", ""),
        ({"resourceType": "Goal"}, "entry_kind_unknown", "resourceType"),
        (allergy() | {"extension": []}, "entry_member_unknown", "AllergyIntolerance.extension"),
        (allergy(""), "entry_value_bad", "AllergyIntolerance.code.text"),
        (allergy("a\u202eb"), "entry_value_bad", "AllergyIntolerance.code.text"),
        (allergy(recordedDate="2023-02-30"), "entry_date_bad", "AllergyIntolerance.recordedDate"),
        (allergy(criticality="huge"), "entry_code_unknown", "AllergyIntolerance.criticality"),
        (blood_group("278149004"), "entry_code_unknown", "Observation.valueCodeableConcept"),
        ({"resourceType": "Immunization"}, "entry_member_missing", "Immunization.status"),
    ],
)
def test_a_bad_entry_is_refused_with_its_rule_and_element_and_nothing_is_kept(
    coffre: Coffre, patient: Patient, resource: Any, code: str, where: str
) -> None:
    kind = resource["resourceType"] if isinstance(resource, dict) else "AllergyIntolerance"
    kind = "AllergyIntolerance" if kind == "Goal" else kind
    answer = send(coffre, patient.token, resource, kind=kind)
    assert code_of(answer) == (422, code)
    assert where in answer.json()["issue"][0]["details"]["text"]
    assert patient.documents() == []


def test_a_resource_goes_to_the_address_of_its_type(coffre: Coffre, patient: Patient) -> None:
    answer = send(coffre, patient.token, allergy(), kind="Immunization")
    assert code_of(answer) == (422, "other_resource")


@pytest.mark.requirement("R57")
def test_nobody_is_told_by_a_notice_of_what_she_declares_herself_and_the_log_has_it(
    coffre: Coffre, patient: Patient
) -> None:
    entry, first = entry_of(send(coffre, patient.token, allergy()))
    entry_of(send(coffre, patient.token, allergy("Iode"), entry, If_Match=f'W/"{first}"'))
    assert patient.call("GET", "/notices").json()["notices"] == []
    lines = [(line["actor"]["role"], line["action"], line.get("object")) for line in patient.log()]
    assert ("patient", "replace", first) in lines
    assert len([one for one in lines if one[:2] == ("patient", "deposit")]) == 2


def test_the_statement_of_capabilities_names_what_is_declared(coffre: Coffre) -> None:
    found = coffre.http.get("/fhir/metadata").json()["rest"][0]["resource"]
    codes = {each["type"]: {one["code"] for one in each["interaction"]} for each in found}
    for kind in {each["resourceType"] for each in EVERY_KIND.values()}:
        assert codes[kind] == {"create", "read", "update", "vread", "history-instance", "search-type"}


def test_what_was_replaced_and_removed_is_sound_to_check_and_to_verify(fresh_coffre: Coffre) -> None:
    patient = fresh_coffre.open_record()
    entry, first = entry_of(send(fresh_coffre, patient.token, allergy()))
    changed = send(fresh_coffre, patient.token, allergy("Iode"), entry, If_Match=f'W/"{first}"')
    second = entry_of(changed)[1]
    gone = allergy("Iode", status="entered-in-error")
    entry_of(send(fresh_coffre, patient.token, gone, entry, If_Match=f'W/"{second}"'))
    assert {each["state"] for each in patient.documents()} == {"deprecated"}
    assert check(fresh_coffre.data, scrub=True).codes == set()
    verified = warm.run("audit", "verify", "--data", fresh_coffre.data)
    assert verified.returncode == 0, verified.stdout + verified.stderr
