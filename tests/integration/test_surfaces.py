"""Credentials, rights, grants and presigned addresses as an attacker tries them."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.canonical import canonical
from coffre.demonstration.files import data as demo_data
from coffre.installation.places import read_secret
from keyvault.grants.grant import new_recipient, open_grant
from keyvault.grants.signed_urls import sign_url
from records.errors import CoffreError
from records.text.base64url import b64
from tests.integration import outsider
from tests.integration.outsider import claims_of, signed, signing_key
from tests.integration.support import (
    DOCTOR,
    HOSPITAL,
    LABORATORY,
    OTHER_PRACTICE,
    STRANGER,
    Coffre,
    Grant,
    Patient,
    bearer,
    new_ins,
    problem,
)

NOWHERE = UUID(int=0)
VARYING = ("date", "x-request-id")  # headers that differ from one answer to the next, whatever it says


@pytest.fixture(scope="module")
def lab(coffre: Coffre) -> str:
    return coffre.depositor()


@pytest.fixture(scope="module")
def doctor(coffre: Coffre) -> str:
    return coffre.professional()


@pytest.fixture(scope="module")
def stranger(coffre: Coffre) -> str:
    """A professional whom no patient authorised."""
    return coffre.professional(STRANGER, OTHER_PRACTICE)


@pytest.fixture(scope="module")
def person(coffre: Coffre, lab: str) -> Patient:
    """A patient with a study and a report, who authorised the doctor."""
    patient = coffre.open_record()
    assert coffre.stow(lab, patient.ct(slices=2, size=32), patient.ins).status_code == 200
    pdf = coffre.publish_pdf(coffre.depositor(HOSPITAL), patient.ins, demo_data.report_pdf())
    assert pdf.status_code == 201
    patient.authorise(DOCTOR)
    return patient


@pytest.fixture(scope="module")
def other(coffre: Coffre, lab: str) -> Patient:
    patient = coffre.open_record()
    assert coffre.stow(lab, patient.ct(slices=1, size=32), patient.ins).status_code == 200
    return patient


@pytest.fixture(scope="module")
def grant(coffre: Coffre, person: Patient, doctor: str) -> Grant:
    return coffre.grant(doctor, person.ins)


@pytest.fixture(scope="module")
def urls(grant: Grant) -> list[str]:
    """Presigned addresses of the doctor's grant."""
    return list(grant.answer.json()["urls"].values())


@pytest.fixture(scope="module", autouse=True)
def silent(coffre: Coffre, person: Patient, other: Patient, doctor: str) -> Iterator[None]:
    yield
    outsider.assert_log_is_silent(coffre, person.ins, other.ins, str(person.public_id), DOCTOR, doctor)


# credentials


def _expired(claims: dict[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    return claims | {"iat": now - 7200, "exp": now - 60}


FORGED: Mapping[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "expired": ("token_expired", _expired),
    "for another audience": ("wrong_audience", lambda c: c | {"aud": "coffre/production"}),
    "for several audiences": ("wrong_audience", lambda c: c | {"aud": [c["aud"]]}),
    "of another issuer": ("token_invalid", lambda c: c | {"iss": "somebody"}),
    "with a claim too many": ("token_invalid", lambda c: c | {"admin": True}),
    "with a proof-of-possession claim": ("token_invalid", lambda c: c | {"cnf": {"jkt": "x"}}),
    "with another role's claim": ("token_invalid", lambda c: c | {"ins": "277079999900167"}),
    "of an unknown role": ("token_invalid", lambda c: c | {"role": "superuser"}),
    "of a role without its claims": ("token_invalid", lambda c: c | {"role": "patient"}),
    "without subject": ("token_invalid", lambda c: {k: v for k, v in c.items() if k != "sub"}),
    "from the future": ("clock_ahead", lambda c: c | {"iat": c["iat"] + 3600, "exp": c["exp"] + 3600}),
    "living for a year": ("token_invalid", lambda c: c | {"exp": c["iat"] + 365 * 86400}),
    "ending before it began": ("token_invalid", lambda c: c | {"exp": c["iat"] - 1}),
    "with times as text": ("token_invalid", lambda c: c | {"exp": str(c["exp"])}),
    "with eight digits for a number": ("token_invalid", lambda c: c | {"rpps": "89970002"}),
    "with a number that is no RPPS": ("token_invalid", lambda c: c | {"rpps": "' OR 1=1"}),
}


class TestCredentials:
    @pytest.mark.parametrize("how", FORGED)
    def test_a_token_that_deviates_is_not_accepted_anywhere(
        self, coffre: Coffre, person: Patient, doctor: str, how: str
    ) -> None:
        code, change = FORGED[how]
        forged = signed(signing_key(coffre), change(claims_of(doctor)))
        self._nowhere(coffre, person, forged, code)

    @pytest.mark.parametrize("sector", [None, "SA23", "SA24", "SA26", "SA99"])
    def test_a_professional_of_no_admitted_sector_opens_nothing(
        self, coffre: Coffre, person: Patient, doctor: str, sector: str | None
    ) -> None:
        """Authorised, and answered like a stranger; the claim may also be missing."""
        claims = {name: value for name, value in claims_of(doctor).items() if name != "sector"}
        token = signed(signing_key(coffre), claims | ({"sector": sector} if sector else {}))
        for ins in (person.ins, new_ins()):
            found = coffre.http.post("/records/find", json={"ins": ins}, headers=bearer(token))
            listed = coffre.http.get(f"/records/{ins}/documents", headers=bearer(token))
            granted = coffre.grant(token, ins).answer
            told = {(each.status_code, each.text) for each in (found, listed, granted)}
            assert len(told) == 1 and told.pop()[0] == 403

    @pytest.mark.parametrize(
        "header",
        [
            {"alg": "none", "typ": "coffre+jwt"},
            {"alg": "HS256", "typ": "coffre+jwt"},
            {"alg": "EdDSA", "typ": "JWT"},
            {"alg": "EdDSA"},
            {"alg": "EdDSA", "typ": "coffre+jwt", "crit": ["exp"]},
            {"alg": "EdDSA", "typ": "coffre+jwt", "jwk": {"kty": "OKP"}},
        ],
        ids=str,
    )
    def test_a_header_that_deviates_is_not_accepted(
        self, coffre: Coffre, person: Patient, doctor: str, header: dict[str, Any]
    ) -> None:
        forged = signed(signing_key(coffre), claims_of(doctor), header)
        self._nowhere(coffre, person, forged, "token_invalid")

    def test_another_key_or_no_signature_or_the_public_key_as_secret_is_not_accepted(
        self, coffre: Coffre, person: Patient, doctor: str
    ) -> None:
        import hashlib
        import hmac

        claims = claims_of(doctor)
        head, body, signature = doctor.split(".")
        public = signing_key(coffre).public_key().public_bytes_raw()
        hs = b64(canonical({"alg": "HS256", "typ": "coffre+jwt"})) + "." + body
        none = b64(canonical({"alg": "none", "typ": "coffre+jwt"})) + "." + body
        for forged in (
            signed(Ed25519PrivateKey.generate(), claims),
            f"{head}.{body}.",
            f"{head}.{body}",
            f"{none}.",
            f"{hs}.{b64(hmac.digest(public, hs.encode(), hashlib.sha256))}",
            f"{head}.{b64(canonical(claims | {'rpps': STRANGER}))}.{signature}",
            f"{doctor}.{signature}",
            doctor + "A",
            "x" * 9000,
            "é",
        ):
            self._nowhere(coffre, person, forged, "token_invalid")

    def _nowhere(self, coffre: Coffre, person: Patient, token: str, code: str) -> None:
        headers = {"Authorization": b"Bearer " + token.encode("latin-1")}
        for method, path in (
            ("GET", f"/records/{person.ins}/documents"),
            ("GET", f"/records/{new_ins()}/documents"),
            ("POST", "/dicomweb/studies"),
            ("POST", "/fhir/DocumentReference"),
            ("GET", f"/submissions/{uuid4()}"),
        ):
            answer = coffre.http.request(method, path, headers=headers)  # type: ignore[arg-type]
            found = answer.json()
            shown = found.get("code") or found["issue"][0]["details"]["coding"][0]["code"]
            assert (answer.status_code, shown) == (401, code), (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")

    @pytest.mark.parametrize("header", [None, "", "Bearer", "Basic dTpw", "Token x"])
    def test_no_token_is_told_as_such(self, coffre: Coffre, person: Patient, header: str | None) -> None:
        headers = {} if header is None else {"Authorization": header}
        for path in (f"/records/{person.ins}/documents", "/dicomweb/studies?PatientID=1"):
            answer = coffre.http.get(path, headers=headers)
            assert (answer.status_code, problem(answer)) == (401, "token_missing")

    def test_a_bad_credential_has_its_line_in_the_log_and_the_log_stays_sound(
        self, fresh_coffre: Coffre
    ) -> None:
        """The first of an hour; those that follow are counted (ADR 13)."""
        person = fresh_coffre.open_record()
        with fresh_coffre.system() as system:
            before = system.guard.inspector.verify_log().events
        for _ in range(3):
            fresh_coffre.http.get(f"/records/{person.ins}/documents", headers=bearer("x.y.z"))
        with fresh_coffre.system() as system:
            report = system.guard.inspector.verify_log()
        assert report.events == before + 1 == report.size + report.pending


# rights


def record_calls(name: str, document: str) -> list[tuple[str, str, Any]]:
    """Every path under /records and every way to name a record in a body."""
    _, recipient = new_recipient()
    return [
        ("POST", "/records/find", {"ins": name}),
        ("GET", f"/records/{name}/documents", None),
        ("GET", f"/records/{name}/access-log", None),
        ("GET", f"/records/{name}/authorisations", None),
        ("POST", f"/records/{name}/authorisations", {"professional": STRANGER}),
        ("DELETE", f"/records/{name}/authorisations/{DOCTOR}", None),
        ("POST", f"/records/{name}/blocks", {"professional": DOCTOR}),
        ("DELETE", f"/records/{name}/blocks/{STRANGER}", None),
        ("POST", f"/records/{name}/attending-doctors", {"professional": STRANGER}),
        ("DELETE", f"/records/{name}/attending-doctors/{STRANGER}", None),
        ("PUT", f"/records/{name}/emergency", {"bris_de_glace": True, "centre_15": True}),
        ("PUT", f"/records/{name}/documents/{document}/labels", ["MASQUE_PS"]),
        ("GET", f"/records/{name}/dicomweb/studies", None),
        ("GET", f"/records/{name}/dicomweb/studies/1.2.3/series", None),
        ("GET", f"/records/{name}/dicomweb/studies/1.2.3/instances", None),
        ("GET", f"/records/{name}/dicomweb/studies/1.2.3/series/1.2/instances", None),
        ("POST", "/grants", {"record": name, "recipient": b64(recipient)}),
        ("POST", "/grants", {"record": name, "recipient": b64(recipient), "documents": [document]}),
        ("POST", "/grants", {"record": name, "recipient": b64(recipient), "studies": ["1.2.3"]}),
    ]


class TestRights:
    @pytest.mark.parametrize("role", ["stranger", "lab", "other"])
    def test_a_forbidden_record_answers_like_an_absent_one_on_every_path(
        self,
        coffre: Coffre,
        person: Patient,
        other: Patient,
        role: str,
        stranger: str,
        lab: str,
    ) -> None:
        token = {"stranger": stranger, "lab": lab, "other": other.token}[role]
        document = person.documents()[0]["id"]
        names = (person.ins, str(person.public_id), new_ins(), str(uuid4()), str(NOWHERE))
        state = person.call("GET", "/authorisations").json()
        for calls in zip(*(record_calls(name, document) for name in names), strict=True):
            answers = [
                coffre.http.request(method, path, json=body, headers=bearer(token))
                for method, path, body in calls
            ]
            assert {answer.status_code for answer in answers} == {403}, calls[0]
            assert {answer.content for answer in answers} == {answers[0].content}, calls[0]
            assert problem(answers[0]) == "not_authorised"
            shapes = [{k: v for k, v in a.headers.items() if k not in VARYING} for a in answers]
            assert all(shape == shapes[0] for shape in shapes)
            assert len({frozenset(a.headers) for a in answers}) == 1
        assert person.call("GET", "/authorisations").json() == state
        assert [d["labels"] for d in person.documents()] == [[], []]

    def test_a_forbidden_record_costs_as_much_as_an_absent_one(
        self, coffre: Coffre, person: Patient, stranger: str
    ) -> None:
        """Medians of interleaved calls; a factor of two is far beyond what telling them apart would give."""
        times: dict[str, list[float]] = {"forbidden": [], "absent": []}
        absent = new_ins()
        for _ in range(25):
            for kind, name in (("forbidden", person.ins), ("absent", absent)):
                started = time.perf_counter()
                coffre.http.get(f"/records/{name}/documents", headers=bearer(stranger))
                times[kind].append(time.perf_counter() - started)
        forbidden, absent_time = (sorted(found)[len(found) // 2] for found in times.values())
        assert 0.5 < forbidden / absent_time < 2

    def test_both_ways_to_name_a_record_answer_the_same(self, person: Patient, coffre: Coffre) -> None:
        by_id = coffre.http.get(f"/records/{person.public_id}/documents", headers=bearer(person.token))
        assert by_id.json() == person.call("GET", "/documents").json()
        found = coffre.http.post("/records/find", json={"ins": person.ins}, headers=bearer(person.token))
        assert found.json()["record"] == str(person.public_id)

    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("1", "bad_ins"),
            ("277079999900168", "bad_ins"),
            ("277079999900167|1.2.250.1.213.1.4.8", "bad_oid"),
            ("277079999900167|1.2.250.1.213.1.4.9", "bad_oid"),
            ("x" * 3000, "bad_ins"),
            ("%00", "bad_ins"),
        ],
    )
    def test_a_name_that_is_no_ins_is_told_without_a_word_about_records(
        self, coffre: Coffre, stranger: str, name: str, code: str
    ) -> None:
        answer = coffre.http.get(f"/records/{name}/documents", headers=bearer(stranger))
        assert (answer.status_code, problem(answer)) == (400, code)
        assert name not in answer.text or len(name) < 3

    def test_a_professional_cannot_authorise_itself(
        self, coffre: Coffre, other: Patient, stranger: str
    ) -> None:
        path = f"/records/{other.ins}/authorisations"
        answer = coffre.http.post(path, json={"professional": STRANGER}, headers=bearer(stranger))
        assert answer.status_code == 403
        assert other.call("GET", "/authorisations").json()["authorisations"] == []

    def test_an_authorised_professional_changes_nothing_in_the_record(
        self, coffre: Coffre, person: Patient, doctor: str
    ) -> None:
        document = person.documents()[0]["id"]
        for method, path, body in record_calls(person.ins, document)[3:12]:
            if method == "GET":
                continue
            answer = coffre.http.request(method, path, json=body, headers=bearer(doctor))
            assert answer.status_code == 403, (method, path)
        log = coffre.http.get(f"/records/{person.ins}/access-log", headers=bearer(doctor))
        assert log.status_code == 403

    def test_a_document_of_another_record_is_not_found(
        self, coffre: Coffre, person: Patient, other: Patient, doctor: str
    ) -> None:
        foreign = other.documents()[0]["id"]
        study = other.documents()[0]["study_uid"]
        masked = person.call("PUT", f"/documents/{foreign}/labels", json=["MASQUE_PS"])
        absent = person.call("PUT", f"/documents/{uuid4()}/labels", json=["MASQUE_PS"])
        assert masked.status_code == absent.status_code == 404
        assert masked.text == absent.text
        assert other.documents()[0]["labels"] == []
        for body in ({"documents": [foreign]}, {"documents": [str(uuid4())]}, {"studies": [study]}):
            answer = coffre.grant(doctor, person.ins, **body).answer
            assert (answer.status_code, problem(answer)) == (404, "no_such_document")

    def test_one_bad_id_refuses_the_whole_grant(
        self, coffre: Coffre, person: Patient, other: Patient, doctor: str
    ) -> None:
        own = [document["id"] for document in person.documents()]
        answer = coffre.grant(doctor, person.ins, documents=[*own, other.documents()[0]["id"]]).answer
        assert answer.status_code == 404

    def test_another_structure_reads_no_submission_of_the_laboratory(
        self, coffre: Coffre, person: Patient, lab: str, doctor: str
    ) -> None:
        answer = coffre.stow(lab, [b"junk"], person.ins)
        path = answer.headers["content-location"]
        assert coffre.http.get(path, headers=bearer(lab)).status_code == 200
        for token in (coffre.depositor(HOSPITAL), doctor, person.token):
            hidden = coffre.http.get(path, headers=bearer(token))
            absent = coffre.http.get(f"/submissions/{uuid4()}", headers=bearer(token))
            assert hidden.status_code == absent.status_code == 404
            assert hidden.text == absent.text

    def test_what_is_not_the_patients_to_state_is_not_kept_from_her(
        self, coffre: Coffre, person: Patient
    ) -> None:
        before = person.documents()
        assert coffre.stow(person.token, person.ct(slices=1, size=16), person.ins).status_code == 409
        assert coffre.publish_pdf(person.token, person.ins, demo_data.report_pdf()).status_code == 422
        assert person.documents() == before


class TestBodies:
    @pytest.mark.parametrize(
        ("labels", "code"),
        [
            (["SECRET"], "unknown_label"),
            (["masque_ps"], "unknown_label"),
            (["MASQUE_PS", "INVISIBLE_PATIENT"], "labels_conflict"),
            ([1], "bad_request"),
            ({"labels": []}, "bad_request"),
            ("MASQUE_PS", "bad_request"),
            (None, "bad_request"),
        ],
    )
    def test_labels_that_are_none_are_refused(self, person: Patient, labels: Any, code: str) -> None:
        document = person.documents()[0]["id"]
        answer = person.call("PUT", f"/documents/{document}/labels", json=labels)
        assert (answer.status_code, problem(answer)) == (422, code)
        assert person.documents()[0]["labels"] == []

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "/authorisations", {"professional": DOCTOR, "role": "attending"}),
            ("POST", "/authorisations", {}),
            ("POST", "/authorisations", {"professional": ["899700024450"]}),
            ("POST", "/authorisations", {"professional": "8" * 65}),
            ("POST", "/authorisations", {"professional": "abc"}),
            ("POST", "/authorisations", {"professional": DOCTOR, "until": 5}),
            ("POST", "/authorisations", {"professional": DOCTOR, "until": 2**53 - 1}),
            ("POST", "/authorisations", {"professional": "89970002"}),
            ("POST", "/blocks", {"professional": "10100123456"}),
            ("POST", "/attending-doctors", {"professional": "099700024450"}),
            ("POST", "/authorisations", {"professional": DOCTOR, "until": 2e9, "permanent": True}),
            ("POST", "/blocks", {"professional": "abc"}),
            ("POST", "/blocks", {"professional": STRANGER, "because": "x"}),
            ("POST", "/attending-doctors", {"professional": "-1"}),
            ("PUT", "/emergency", {"bris_de_glace": False}),
            ("PUT", "/emergency", {"bris_de_glace": False, "centre_15": True, "x": 1}),
            ("PUT", "/emergency", {"bris_de_glace": "perhaps", "centre_15": True}),
            ("DELETE", "/authorisations/abc", None),
            ("DELETE", "/blocks/" + "8" * 2000, None),
            ("DELETE", "/attending-doctors/abc", None),
        ],
    )
    def test_a_body_with_unknown_missing_or_malformed_members_changes_nothing(
        self, person: Patient, method: str, path: str, body: Any
    ) -> None:
        before = person.call("GET", "/authorisations").json()
        answer = person.call(method, path, json=body)
        assert answer.status_code == 422, answer.text
        assert problem(answer)
        assert person.call("GET", "/authorisations").json() == before

    @pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b'{"ins": NaN}', b"null"])
    def test_a_body_that_is_no_json_is_refused(self, coffre: Coffre, person: Patient, content: bytes) -> None:
        headers = {**bearer(person.token), "Content-Type": "application/json"}
        for path in ("/grants", "/records/find"):
            answer = coffre.http.post(path, content=content, headers=headers)
            assert answer.status_code in (400, 422)
            assert problem(answer)

    @pytest.mark.parametrize("token", [True, False], ids=["signed in", "not"])
    def test_a_body_without_end_is_refused_while_it_comes(
        self, coffre: Coffre, person: Patient, token: bool
    ) -> None:
        def two_mebibytes() -> Iterator[bytes]:
            for _ in range(32):
                yield b" " * 2**16

        headers = {"Content-Type": "application/json", **(bearer(person.token) if token else {})}
        for path in ("/grants", "/records/find", f"/records/{person.ins}/authorisations"):
            answer = coffre.http.post(path, content=two_mebibytes(), headers=headers)
            expected = (413, "too_large") if token else (401, "token_missing")  # judged before the body
            assert (answer.status_code, problem(answer)) == expected

    @pytest.mark.parametrize(
        "query", ["before=" + "9" * 40, "before=-1", "limit=-1", "limit=" + "9" * 5000, "limit=x"]
    )
    def test_pages_of_the_log_have_bounds(self, person: Patient, query: str) -> None:
        answer = person.call("GET", f"/access-log?{query}")
        assert (answer.status_code, problem(answer)) == (422, "bad_request")

    @pytest.mark.parametrize(
        "path",
        ["/audit/tile/9/" + "9" * 30, "/audit/tile/-1/0", "/audit/tile/64/0", "/audit/proof/" + "0" * 64],
    )
    def test_what_the_log_has_not_is_not_found(self, coffre: Coffre, path: str) -> None:
        assert coffre.http.get(path).status_code == 404

    @pytest.mark.parametrize(
        ("purpose", "reason", "status", "code"),
        [
            ("INGEST", "Patient inconscient", 400, "bad_purpose"),
            ("BRIS_DE_GLACE", "Patient inconscient", 400, "bad_purpose"),
            ("bris_de_glace", "%ff%fe%ff%fe%ff%fe%ff%fe", 400, "bad_reason"),
            ("bris_de_glace", "x" * 1001, 400, "bad_reason"),
            ("bris_de_glace", "%20" * 30, 422, "reason_missing"),
            ("bris_de_glace", "urgent", 422, "reason_missing"),
            ("centre_15", "Patient inconscient", 403, "not_authorised"),  # not of a regulation centre
        ],
    )
    def test_headers_of_the_emergency_modes_are_checked(
        self,
        coffre: Coffre,
        person: Patient,
        stranger: str,
        purpose: str,
        reason: str,
        status: int,
        code: str,
    ) -> None:
        sent = {**bearer(stranger), "Coffre-Purpose": purpose, "Coffre-Reason": reason}
        answer = coffre.http.get(f"/records/{person.ins}/documents", headers=sent)
        assert (answer.status_code, problem(answer)) == (status, code)

    def test_an_unknown_address_and_a_wrong_method_have_the_shape_of_every_error(
        self, coffre: Coffre
    ) -> None:
        assert problem(coffre.http.get("/nothing/here")) == "no_such_address"
        wrong = coffre.http.delete("/records/find")
        assert (problem(wrong), wrong.headers["Allow"]) == ("method_not_allowed", "OPTIONS, POST")
        answer = coffre.http.get("/fhir/Nothing")
        assert answer.json()["resourceType"] == "OperationOutcome"


# grants


class TestGrants:
    @pytest.mark.parametrize(
        ("recipient", "code"),
        [
            (b64(bytes(32)), "bad_recipient"),
            (b64(b"\x01" + bytes(31)), "bad_recipient"),  # of order 1
            (b64(bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")), None),
            (b64(b"\xff" * 31), None),
            (b64(b"\x09" * 33), None),
            ("", None),
            ("A" * 42 + "=", None),
            ("é" * 43, None),
        ],
    )
    @pytest.mark.parametrize("suite", [1, 2])
    def test_a_recipient_that_protects_nothing_is_refused(
        self, coffre: Coffre, person: Patient, recipient: str, code: str | None, suite: int
    ) -> None:
        body = {"record": person.ins, "recipient": recipient, "suite": suite}
        answer = coffre.http.post("/grants", json=body, headers=bearer(person.token))
        assert answer.status_code in (400, 422), answer.text
        if code is not None:
            assert problem(answer) == code

    @pytest.mark.parametrize(
        "more",
        [
            {"everything": True},
            {"suite": 3},
            {"purpose": "INGEST"},
            {"purpose": "MAINTENANCE"},
            {"documents": ["not an id"]},
            {"studies": [""]},
            {"studies": ["1" * 65]},
            {"studies": ["1.2"] * 1001},
        ],
        ids=str,
    )
    def test_a_request_with_unknown_or_malformed_members_is_refused(
        self, coffre: Coffre, person: Patient, more: dict[str, Any]
    ) -> None:
        answer = coffre.grant(person.token, person.ins, **more).answer
        assert (answer.status_code, problem(answer)) == (422, "bad_request")

    def test_another_recipient_opens_nothing(self, coffre: Coffre, grant: Grant) -> None:
        grant.open()
        body = grant.answer.json()
        stolen, public = new_recipient()
        for altered in (body, body | {"recipient": b64(public)}):
            with pytest.raises(CoffreError) as refused:
                open_grant(altered, stolen, coffre.grant_keys(), body["issued"])
            assert refused.value.code in ("grant_other_recipient", "grant_unsigned", "grant_tampered")

    def test_an_expired_grant_opens_nothing(self, coffre: Coffre, grant: Grant) -> None:
        body = grant.answer.json()
        assert body["expires"] - body["issued"] <= 900
        with pytest.raises(CoffreError) as refused:
            open_grant(body, grant.private, coffre.grant_keys(), body["expires"] + 61)
        assert refused.value.code == "grant_expired"

    @pytest.mark.parametrize(
        "member", ["id", "issued", "expires", "record", "purpose", "actor", "recipient", "head", "nonce"]
    )
    def test_an_altered_grant_opens_nothing(self, coffre: Coffre, grant: Grant, member: str) -> None:
        body = grant.answer.json()
        value = body[member]
        other_value: Any = value + 1 if isinstance(value, int) else _flipped(value)
        with pytest.raises(CoffreError) as refused:
            open_grant(body | {member: other_value}, grant.private, coffre.grant_keys(), body["issued"])
        assert refused.value.code in ("grant_unsigned", "grant_tampered", "bad_member")

    def test_a_grant_shows_neither_patient_nor_key(self, person: Patient, grant: Grant) -> None:
        for secret in (person.ins, demo_data.PATIENT.family_name, person.documents()[0].get("title", "")):
            assert secret not in grant.answer.text

    def test_only_its_actor_renews_a_grant(
        self, coffre: Coffre, person: Patient, doctor: str, grant: Grant
    ) -> None:
        path = f"/grants/{grant.answer.json()['id']}/urls"
        assert coffre.http.post(path, headers=bearer(doctor)).status_code == 200
        for token in (person.token, coffre.professional(STRANGER)):
            answer = coffre.http.post(path, headers=bearer(token))
            absent = coffre.http.post(f"/grants/{uuid4()}/urls", headers=bearer(token))
            assert (answer.status_code, problem(answer)) == (404, "no_such_grant")
            assert answer.text == absent.text

    def test_a_revoked_doctor_reads_no_further_range_and_renews_nothing(
        self, coffre: Coffre, person: Patient
    ) -> None:
        rpps = "899700012340"
        person.authorise(rpps)
        token = coffre.professional(rpps, LABORATORY[:-1] + "7")
        grant = coffre.grant(token, person.ins)
        url = next(iter(grant.answer.json()["urls"].values()))
        assert httpx.get(url).status_code == 200
        assert person.call("DELETE", f"/authorisations/{rpps}").status_code == 204
        answer = httpx.get(url)
        assert (answer.status_code, problem(answer)) == (403, "grant_ended")
        renewed = coffre.http.post(f"/grants/{grant.answer.json()['id']}/urls", headers=bearer(token))
        assert renewed.status_code == 403


def _flipped(text: str) -> str:
    """The same text with its first character changed for another of the same alphabet."""
    return ("1" if text[0] != "1" else "2") + text[1:]


# presigned addresses


class TestAddresses:
    def test_each_part_of_an_address_is_signed(self, coffre: Coffre, urls: list[str]) -> None:
        url, another = urls[:2]
        query = parse_qs(urlsplit(url).query)
        blob, version = urlsplit(url).path.split("/")[-2:]
        changes = {
            "blob": url.replace(blob, urlsplit(another).path.split("/")[-2]),
            "unknown blob": url.replace(blob, str(uuid4())),
            "version": url.replace(f"/{version}?", "/2?"),
            "version 0": url.replace(f"/{version}?", "/0?"),
            "version beyond 32 bits": url.replace(f"/{version}?", "/4294967297?"),
            "grant": url.replace(query["grant"][0], str(uuid4())),
            "expiry": url.replace(query["exp"][0], str(int(query["exp"][0]) + 60)),
            "expiry beyond 64 bits": url.replace(query["exp"][0], "9" * 30),
            "negative expiry": url.replace(query["exp"][0], "-1"),
            "signature": url.replace(query["sig"][0], _flipped(query["sig"][0])),
            "short signature": url.replace(query["sig"][0], query["sig"][0][:-4]),
            "no signature": re.sub("sig=.*", "sig=", url),
            "signature of bytes": re.sub("sig=.*", "sig=%00%ff", url),
        }
        for what, altered in changes.items():
            answer = httpx.get(altered)
            assert (answer.status_code, problem(answer)) == (403, "url_invalid"), what
        for missing in ("grant", "exp", "sig"):
            kept = "&".join(f"{k}={v[0]}" for k, v in query.items() if k != missing)
            assert httpx.get(url.partition("?")[0] + "?" + kept).status_code == 422
        assert httpx.get(url).status_code == 200

    def test_an_address_of_the_past_is_told(self, coffre: Coffre, urls: list[str]) -> None:
        query = parse_qs(urlsplit(urls[0]).query)
        blob = UUID(urlsplit(urls[0]).path.split("/")[-2])
        grant = UUID(query["grant"][0])
        key = read_secret(outsider.places(coffre).url_key)
        exp = int(time.time()) - 1
        signature = b64(sign_url(key, grant, blob, 1, exp))
        answer = coffre.http.get(f"/objects/{blob}/1?grant={grant}&exp={exp}&sig={signature}")
        assert (answer.status_code, problem(answer)) == (403, "url_expired")
        later = int(time.time()) + 3600
        signature = b64(sign_url(key, grant, blob, 1, later))
        answer = coffre.http.get(f"/objects/{blob}/1?grant={grant}&exp={later}&sig={signature}")
        assert (answer.status_code, problem(answer)) == (403, "url_invalid")

    def test_a_well_signed_address_without_a_grant_gives_nothing(
        self, coffre: Coffre, urls: list[str]
    ) -> None:
        key = read_secret(outsider.places(coffre).url_key)
        blob, grant, exp = UUID(urlsplit(urls[0]).path.split("/")[-2]), uuid4(), int(time.time()) + 60
        signature = b64(sign_url(key, grant, blob, 1, exp))
        answer = coffre.http.get(f"/objects/{blob}/1?grant={grant}&exp={exp}&sig={signature}")
        assert (answer.status_code, problem(answer)) == (403, "grant_ended")

    def test_ranges_follow_rfc_9110(self, urls: list[str]) -> None:
        whole = httpx.get(urls[0])
        size = len(whole.content)
        assert whole.status_code == 200
        assert whole.headers["accept-ranges"] == "bytes"
        for asked, start, stop in (
            ("bytes=0-0", 0, 1),
            ("bytes=10-19", 10, 20),
            ("bytes=-7", size - 7, size),
            (f"bytes=-{size + 5}", 0, size),
            (f"bytes={size - 1}-", size - 1, size),
            (f"bytes=5-{size + 1000}", 5, size),
        ):
            answer = httpx.get(urls[0], headers={"Range": asked})
            assert answer.status_code == 206, asked
            assert answer.content == whole.content[start:stop]
            assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"

    def test_a_range_behind_the_end_names_the_size(self, urls: list[str]) -> None:
        size = len(httpx.get(urls[0]).content)
        for asked in (f"bytes={size}-", f"bytes={size + 9}-{size + 10}", "bytes=-0"):
            answer = httpx.get(urls[0], headers={"Range": asked})
            assert (answer.status_code, problem(answer)) == (416, "range_not_satisfiable")
            assert answer.headers["content-range"] == f"bytes */{size}"

    @pytest.mark.parametrize(
        "asked",
        ["bytes=0-1,5-6", "items=0-1", "bytes=-", "bytes=9-5", "bytes=a-b", "bytes=0-" + "9" * 5000, "0-1"],
    )
    def test_a_range_that_is_not_understood_is_the_whole(self, urls: list[str], asked: str) -> None:
        answer = httpx.get(urls[0], headers={"Range": asked})
        assert answer.status_code == 200
        assert answer.content == httpx.get(urls[0]).content

    def test_head_tells_sizes_without_bytes(self, urls: list[str]) -> None:
        size = len(httpx.get(urls[0]).content)
        answer = httpx.head(urls[0])
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-length"] == str(size)
        part = httpx.head(urls[0], headers={"Range": "bytes=0-9"})
        assert (part.status_code, part.headers["content-length"]) == (206, "10")

    def test_objects_are_not_written_over_http(self, urls: list[str]) -> None:
        for method in ("PUT", "POST", "DELETE", "PATCH"):
            assert httpx.request(method, urls[0]).status_code == 405

    def test_what_an_address_gives_is_ciphertext(self, person: Patient, urls: list[str]) -> None:
        for url in urls:
            content = httpx.get(url).content
            for clear in (b"DICM", b"%PDF", person.ins.encode(), b"\x1f\x8b\x08\x00\x00\x00\x00\x00"):
                assert clear not in content


def test_every_answer_forbids_caching_sniffing_and_framing(coffre: Coffre, person: Patient) -> None:
    for answer in (
        person.call("GET", "/documents"),
        coffre.http.get("/nothing"),
        coffre.http.get(f"/records/{person.ins}/documents"),
        coffre.http.post("/grants", content=b"{"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["x-frame-options"] == "DENY"
        assert "server" not in answer.headers


def test_no_answer_takes_its_address_from_the_host_header(
    coffre: Coffre, person: Patient, doctor: str
) -> None:
    _, recipient = new_recipient()
    answer = coffre.http.post(
        "/grants",
        json={"record": person.ins, "recipient": b64(recipient)},
        headers={**bearer(doctor), "Host": "evil.example", "X-Forwarded-Host": "evil.example"},
    )
    assert "evil.example" not in json.dumps(answer.json()["urls"])
    stored = coffre.stow(
        coffre.depositor(), person.ct(slices=1, size=16, seed=5), person.ins, Host="evil.example"
    )
    assert "evil.example" not in stored.text
