"""No JSON body of any route is anything but read or refused with a code: an engine never retries for ever."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coffre.demo_authority.identities import Identities
from coffre.demonstration.files import data as demo_data
from keyvault.grants.grant import new_recipient
from records.text.base64url import b64
from tests.integration.support import DOCTOR, Coffre, Patient, bearer, document_reference
from tests.integration.test_fhir_bundle import for_patient
from tests.json_places import places, put
from tests.own_information import allergy

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(
        [2**53, 2**64, -1, 10**400, 1e308, "", "\x00", "\ud800", "9" * 5000, "\u202e", "é" * 300]
    )
    | st.floats()
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def person(coffre: Coffre) -> Patient:
    return coffre.open_record()


@pytest.fixture(scope="module")
def tokens(coffre: Coffre, person: Patient) -> dict[str, str]:
    with coffre.system() as system:
        operator = Identities(system).operator().token
    return {
        "holder": person.token,
        "operator": operator,
        "depositor": coffre.depositor(),
        "doctor": coffre.professional(),
    }


def valid_bodies(person: Patient) -> dict[str, tuple[str, Any]]:
    """Who calls each route that takes JSON, and a body that it takes."""
    professional = {"professional": DOCTOR}
    _, public = new_recipient()
    reason = "Contrôle de la procédure"
    document = document_reference(person.ins, demo_data.report_pdf()) | {
        "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3"},
        "author": [{"display": "Dr Test"}],
        "context": {"period": {"start": "2026-01-01"}},
    }
    return {
        "POST /fhir": ("depositor", for_patient(person)),
        "POST /fhir/DocumentReference": ("depositor", document),
        "POST /fhir/{declared}": ("holder", allergy()),
        "PUT /fhir/{declared}/{entry}": ("holder", allergy()),
        "POST /grants": (
            "holder",
            {
                "record": person.ins,
                "studies": ["1.2.3"],
                "documents": ["01a20119-6a78-7000-8000-000000000000"],
                "purpose": "normal",
                "reason": None,
                "suite": 1,
                "recipient": b64(public),
            },
        ),
        "POST /audit/proofs": ("holder", {"leaves": ["0" * 64]}),
        "POST /records/find": ("holder", {"ins": person.ins}),
        "PUT /records/{ins}/documents/{document_id}/labels": ("holder", ["MASQUE_PS"]),
        "POST /records/{ins}/authorisations": (
            "holder",
            professional | {"until": 2_000_000_000, "permanent": False, "scope": "all"},
        ),
        "PUT /records/{ins}/authorisations/{professional}/chosen": (
            "holder",
            {
                "documents": ["01a20119-6a78-7000-8000-000000000000"],
                "kinds": [{"class": "10", "domain": "CARDIO"}],
                "with_linked": True,
            },
        ),
        "POST /records/{ins}/consents": (
            "doctor",
            {
                "request": "01a20119-6a78-7000-8000-000000000001",
                "how": "spoken",
                "name": "Consultation",
                "members": ["899700024468"],
                "until": None,
            },
        ),
        "POST /accounts": (
            "doctor",
            {"ins": person.ins, "contact": "camille@example.fr", "identity_checked": True},
        ),
        "POST /records/{ins}/teams": (
            "holder",
            {
                "request": "01a20119-6a78-7000-8000-000000000002",
                "name": "Équipe",
                "members": ["899700024468"],
                "until": None,
            },
        ),
        "POST /records/{ins}/teams/{team}/members": ("holder", {"members": ["899700024468"]}),
        "POST /records/{ins}/blocks": ("holder", professional),
        "POST /records/{ins}/blocked-structures": ("holder", {"structure": "1750000002"}),
        "POST /records/{ins}/refused-structures": ("holder", {"structure": "1750000002"}),
        "POST /records/{ins}/refused-kinds": ("holder", {"kind": "31"}),
        "PUT /records/{ins}/documents/{document_id}/refusal": ("holder", {"reason": reason}),
        "POST /records/{ins}/attending-doctors": ("holder", professional),
        "PUT /records/{ins}/contacts/{kind}": ("holder", {"address": "camille@example.fr"}),
        "POST /records/{ins}/contacts/{kind}/confirmation": ("holder", {"code": "012345"}),
        "PUT /records/{ins}/emergency": ("holder", {"bris_de_glace": True, "centre_15": True}),
        "POST /quarantine/{document_id}/release": ("operator", {"record": person.ins, "reason": reason}),
        "POST /quarantine/{document_id}/destroy": ("operator", {"reason": reason}),
    }


def routes_with_json(coffre: Coffre) -> set[str]:
    paths = coffre.http.get("/openapi.json").json()["paths"]
    return {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method, told in methods.items()
        if any(kind.endswith("json") for kind in told.get("requestBody", {}).get("content", {}))
    }


def send(coffre: Coffre, person: Patient, token: str, route: str, body: Any) -> httpx.Response:
    method, _, path = route.partition(" ")
    document = "01a20119-6a78-7000-8000-000000000000"
    named = {"document_id": document, "professional": "899700024450", "kind": "email", "team": document}
    named |= {"declared": "AllergyIntolerance", "entry": document}
    address = path.format(ins=person.ins, **named)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {**bearer(token), "Content-Type": "application/json"}
    if route == "PUT /fhir/{declared}/{entry}":
        headers["If-Match"] = f'W/"{document}"'
    return coffre.http.request(method, address, content=content, headers=headers)


def code_of(answer: httpx.Response) -> str:
    told = answer.json()
    if told.get("resourceType") == "OperationOutcome":
        return str(told["issue"][0]["details"]["coding"][0]["code"])
    return str(told["code"])


def check(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert code_of(answer)


def test_every_route_that_takes_json_is_among_these(coffre: Coffre, person: Patient) -> None:
    assert routes_with_json(coffre) == set(valid_bodies(person))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_body_gives_a_5xx(
    coffre: Coffre, person: Patient, tokens: dict[str, str], data: st.DataObject
) -> None:
    bodies = valid_bodies(person)
    route = data.draw(st.sampled_from(sorted(bodies)))
    role, body = bodies[route]
    path = data.draw(st.sampled_from(list(places(body))))
    check(send(coffre, person, tokens[role], route, put(body, path, data.draw(JSON))))


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1, 1.5, 10**400, "", "\ud800", "\x00", [], {}, [[]], {"code": {}}, "x" * 70_000],
    ids=repr,
)
def test_each_member_of_each_route_takes_any_value(
    coffre: Coffre, person: Patient, tokens: dict[str, str], value: Any
) -> None:
    for route, (role, body) in valid_bodies(person).items():
        for path in places(body):
            check(send(coffre, person, tokens[role], route, put(body, path, value)))


def test_a_member_given_twice_is_refused_everywhere(
    coffre: Coffre, person: Patient, tokens: dict[str, str]
) -> None:
    for route, (role, body) in valid_bodies(person).items():
        if isinstance(body, dict):
            name = next(iter(body))
            text = json.dumps(body)
            twice = f'{{"{name}": null, {text[1:]}'.encode()
            answer = send(coffre, person, tokens[role], route, twice)
            assert (answer.status_code, code_of(answer)) == (400, "member_twice"), route


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"null", b"[" * 200_000, b'{"a":' * 5000, b"9" * 10_000, b"NaN"],
    ids=range(8),
)
def test_what_is_no_json_is_refused(
    coffre: Coffre, person: Patient, tokens: dict[str, str], body: bytes
) -> None:
    for route, (role, _) in valid_bodies(person).items():
        answer = send(coffre, person, tokens[role], route, body)
        assert 400 <= answer.status_code < 500, route
        assert code_of(answer)


@pytest.mark.parametrize("value", ["true", 1, 0, None, "yes"])
def test_a_choice_is_said_in_its_own_type(coffre: Coffre, person: Patient, value: Any) -> None:
    answer = person.call("PUT", "/emergency", json={"bris_de_glace": value, "centre_15": True})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")


def test_half_a_character_is_refused_before_anything_is_asked(
    coffre: Coffre, person: Patient, tokens: dict[str, str]
) -> None:
    for half in (b'"\\ud800"', b'["\\udc00\\ud800"]', b'{"a\\udfff": 1}'):
        headers = {**bearer(tokens["holder"]), "Content-Type": "application/json"}
        answer = coffre.http.post("/grants", content=b'{"record": ' + half + b"}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "half_character"), answer.text
    whole = coffre.http.post("/grants", content=b'{"record": "\\ud83d\\ude00"}', headers=headers)
    assert whole.json()["code"] != "half_character"
