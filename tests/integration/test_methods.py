"""Every address answers OPTIONS, and HEAD wherever it answers GET; a 405 names what it takes (RFC 9110)."""

import re
from collections.abc import Iterator
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.serving.answers.methods import SHARED, USED_UP, TakenMethods
from coffre.serving.app import build
from coffre.serving.callers.limits import BURST
from coffre.serving.parts.served import ServedPart
from coffre.settings import load
from coffre.wiring import System
from tests.integration.support import DOCTOR, Coffre, Patient, bearer, problem
from tests.integration.test_callers import client

VARYING = {"date", "x-request-id", "transfer-encoding"}  # the last is for a body alone
FEW = BURST // 4
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT", "TRACE")


def addresses(app: FastAPI) -> dict[str, set[str]]:
    """Every route template with the methods of its routes, and of others that the same addresses match."""
    routes = [each for each in iter_route_contexts(app.router.routes) if each.path is not None]
    return {
        each.path: {
            method
            for other in routes
            if other.path_regex.match(filled(each.path))
            for method in other.methods or ()
        }
        for each in routes
    }


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    settings = load(data=tmp_path_factory.mktemp("methods") / "data")
    initialise(settings)
    with System(settings) as system:
        yield system


@pytest.fixture(scope="module")
def app(system: System) -> FastAPI:
    return build(system, "http://127.0.0.1:8080")


@pytest.fixture(scope="module")
def person(coffre: Coffre) -> Patient:
    """A patient with a study and a report, who authorised the doctor."""
    patient = coffre.open_record()
    assert coffre.stow(coffre.depositor(), patient.ct(slices=2, size=16), patient.ins).status_code == 200
    assert coffre.publish_pdf(coffre.depositor(), patient.ins, demo_data.report_pdf()).status_code == 201
    patient.authorise(DOCTOR)
    return patient


def filled(template: str) -> str:
    """The template as an address at which there is nothing."""
    path = re.sub(r"\{\w+_id\}|\{blob\}|\{team\}", str(UUID(int=0)), template)
    path = re.sub(r"\{declared(:\w+)?\}", "Immunization", path)
    return re.sub(r"\{[^}]+\}", "1", path)


def _asked(caller: httpx.Client, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    """As a browser asks that was never here: what an answer sets is not sent along with the next."""
    caller.cookies.clear()
    return caller.request(method, path, headers=headers)


class TestEveryAddress:
    def test_options_name_what_is_taken_without_a_token(self, coffre: Coffre, app: FastAPI) -> None:
        for template, methods in addresses(app).items():
            answer = coffre.http.options(filled(template))
            assert (answer.status_code, answer.content) == (204, b""), template
            assert answer.headers["allow"] == ", ".join(sorted(methods | {"OPTIONS"})), template
            assert "x-request-id" in answer.headers

    def test_a_get_has_its_head(self, app: FastAPI) -> None:
        lacking = {
            path for path, methods in addresses(app).items() if "GET" in methods and "HEAD" not in methods
        }
        assert lacking == USED_UP

    def test_another_method_is_405_and_names_those_there_are(self, coffre: Coffre, app: FastAPI) -> None:
        for template, methods in addresses(app).items():
            allowed = ", ".join(sorted(methods | {"OPTIONS"}))
            for method in set(METHODS) - methods:
                answer = coffre.http.request(method, filled(template))
                assert answer.status_code == 405, (method, template)
                assert answer.headers["allow"] == allowed, (method, template)

    def test_head_answers_as_get_without_the_body(
        self, coffre: Coffre, app: FastAPI, person: Patient
    ) -> None:
        """With a token and without, there or not there."""
        paths = self._addresses(coffre, app, person)
        for begin in range(0, len(paths), FEW):  # the limit of an address is another test's
            with client(coffre, f"127.0.2.{1 + begin // FEW}") as caller:
                for path in paths[begin:][:FEW]:
                    for headers in ({}, bearer(person.token)):
                        got, head = (_asked(caller, each, path, headers) for each in ("GET", "HEAD"))
                        assert (head.status_code, head.content) == (got.status_code, b""), path
                        assert _shape(head.headers) == _shape(got.headers), path

    def _addresses(self, coffre: Coffre, app: FastAPI, person: Patient) -> list[str]:
        study = next(each["study_uid"] for each in person.documents() if each["kind"] == "study")
        record = f"/records/{person.ins}"
        real = [
            f"{record}/documents",
            f"{record}/authorisations",
            f"{record}/dicomweb/studies",
            f"{record}/dicomweb/studies?Nonsense=1",
            f"{record}/dicomweb/studies/{study}/series",
            f"{record}/dicomweb/studies/{study}/instances",
            f"/dicomweb/studies?PatientID={person.ins}",
            *coffre.grant(person.token, person.ins).answer.json()["urls"].values(),
        ]
        # times and counts that go on between two calls are not compared
        moving = {"/metrics", "/audit/checkpoint"}
        nowhere = (path for path, methods in addresses(app).items() if {"GET", "HEAD"} <= methods)
        return real + [filled(path) for path in nowhere if path not in moving]

    def test_what_is_not_there_has_no_options(self, coffre: Coffre) -> None:
        answer = coffre.http.options("/records")
        assert (answer.status_code, problem(answer)) == (404, "no_such_address")


def _shape(headers: object) -> dict[str, str]:
    found = {name: text for name, text in dict(headers).items() if name not in VARYING}  # type: ignore[call-overload]
    if "set-cookie" in found:  # a first visit gets a name of its own
        found["set-cookie"] = re.sub(r"=[\w-]{43};", "=;", found["set-cookie"])
    return found


class TestHead:
    def test_it_is_decided_and_logged_as_the_get(self, coffre: Coffre, person: Patient) -> None:
        doctor, path = coffre.professional(), f"/records/{person.ins}/documents"

        def lines() -> int:
            return sum(event["actor"].get("rpps") == DOCTOR for event in person.log())

        before = lines()
        assert coffre.http.head(path, headers=bearer(doctor)).status_code == 200
        assert lines() == before + 1
        stranger = coffre.professional("899700099990")
        assert coffre.http.head(path, headers=bearer(stranger)).status_code == 403

    def test_a_link_that_is_used_up_by_opening_it_is_not_used_up_by_looking(
        self, coffre: Coffre, app: FastAPI
    ) -> None:
        for path in USED_UP:
            assert path in addresses(app)
            assert coffre.http.head(filled(path)).status_code == 405


class TestProcessesApart:
    """Behind one origin each process names what the others take at the same address, too."""

    def test_what_is_posted_to_intake_is_known_to_whoever_gets_the_other_methods(
        self, system: System
    ) -> None:
        intake = build(system, "http://127.0.0.1:8080", ServedPart.INTAKE)
        deposits = {"POST", "PUT"}
        assert SHARED.keys() == {path for path, methods in addresses(intake).items() if methods & deposits}

    @pytest.mark.parametrize("part", ServedPart)
    def test_each_names_the_methods_of_all(self, system: System, app: FastAPI, part: ServedPart) -> None:
        alone = build(system, "http://127.0.0.1:8080", part)
        for template in addresses(app):
            path = filled(template)
            assert TakenMethods(alone.router).of(path) in (frozenset(), TakenMethods(app.router).of(path)), (
                template
            )
