"""What is set aside: seen by operators without content, released by two of them, destroyed by two of them."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from coffre.plaintext_search.search import prove_and_search
from tests.integration.operators import WHY, Operators, answer_of, command, soon
from tests.integration.running import process
from tests.integration.support import LABORATORY, Coffre, Patient, problem
from tests.services.processes import free_port


@pytest.fixture
def operators(coffre: Coffre, tmp_path: Path) -> Operators:
    return Operators(coffre, tmp_path)


@pytest.fixture
def other(coffre: Coffre) -> Patient:
    return coffre.open_record()


@pytest.fixture
def lab(coffre: Coffre) -> str:
    return coffre.depositor(LABORATORY)


def in_the_wrong_record(coffre: Coffre, lab: str, patient: Patient, other: Patient) -> dict[str, Any]:
    """The other patient's image, deposited in this patient's record."""
    return coffre.submission(lab, coffre.stow(lab, other.ct(slices=1), patient.ins))


@pytest.fixture
def aside(coffre: Coffre, lab: str, patient: Patient, other: Patient) -> dict[str, Any]:
    found = in_the_wrong_record(coffre, lab, patient, other)
    assert found["state"] == "quarantined"
    return found


@pytest.fixture
def item(operators: Operators, aside: dict[str, Any]) -> dict[str, Any]:
    (found,) = operators.items_of(aside["id"])
    return found


def now_of(coffre: Coffre, lab: str, submission: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {lab}"}
    found: dict[str, Any] = coffre.http.get(f"/submissions/{submission['id']}", headers=headers).json()
    return found


class TestSeeing:
    def test_an_operator_sees_code_time_size_and_depositor_and_nothing_of_the_content(
        self, operators: Operators, item: dict[str, Any], other: Patient, patient: Patient
    ) -> None:
        assert item["code"] == "other_patient"
        assert item["structure"] == LABORATORY
        assert item["size"] == len(other.ct(slices=1)[0])
        assert set(item) == {"id", "submission", "part", "code", "reason", "received", "size", "structure"}
        told = json.dumps([item, operators.get("anne", f"/{item['id']}").json()])
        assert not any(each in told for each in (other.ins, patient.ins, "DUPONT", str(other.public_id)))

    def test_the_list_is_paged(
        self, coffre: Coffre, operators: Operators, lab: str, patient: Patient, other: Patient
    ) -> None:
        for _ in range(2):
            coffre.stow(lab, coffre.open_record().ct(slices=2), patient.ins)
        first = operators.get("anne", "?limit=3").json()
        assert len(first["quarantined"]) == 3
        second = operators.get("anne", f"?limit=3&after={first['next']}").json()
        ids = [each["id"] for page in (first, second) for each in page["quarantined"]]
        assert len(ids) == len(set(ids)) > 3

    @pytest.mark.parametrize("number", ["9" * 20, "-1", "1_0", "１", ""])
    def test_a_place_in_the_list_that_was_never_given_is_refused(
        self, operators: Operators, number: str
    ) -> None:
        answer = operators.get("anne", f"?after={uuid4()}.{number}")
        assert (answer.status_code, problem(answer)) == (400, "bad_query")

    def test_nobody_else_sees_it(
        self, coffre: Coffre, lab: str, patient: Patient, item: dict[str, Any]
    ) -> None:
        for token in (lab, patient.token, coffre.professional()):
            headers = {"Authorization": f"Bearer {token}"}
            for path in ("/quarantine", f"/quarantine/{item['id']}"):
                answer = coffre.http.get(path, headers=headers)
                assert (answer.status_code, problem(answer)) == (403, "role_not_entitled")
        assert coffre.http.get("/quarantine").status_code == 401

    def test_a_document_of_a_record_is_not_found_here(
        self, coffre: Coffre, operators: Operators, lab: str, patient: Patient
    ) -> None:
        coffre.stow(lab, patient.ct(slices=1), patient.ins)
        (document,) = patient.documents()
        assert operators.get("anne", f"/{document['id']}").status_code == 404
        answer = operators.post("anne", f"/{document['id']}/destroy")
        assert (answer.status_code, problem(answer)) == (404, "not_quarantined")


class TestRelease:
    @pytest.mark.requirement("R41")
    def test_two_operators_release_into_the_right_record(
        self,
        coffre: Coffre,
        operators: Operators,
        lab: str,
        patient: Patient,
        other: Patient,
        aside: dict[str, Any],
        item: dict[str, Any],
    ) -> None:
        path = f"/{item['id']}/release"
        first = operators.post("anne", path, record=other.ins)
        assert (first.status_code, first.json()["state"]) == (200, "proposed")
        assert now_of(coffre, lab, aside)["state"] == "quarantined"
        assert operators.get("bruno", f"/{item['id']}").json()["job"]["state"] == "proposed"
        assert operators.post("bruno", path, record=str(other.public_id)).json()["state"] == "queued"
        soon(lambda: now_of(coffre, lab, aside)["state"] == "published")
        (part,) = now_of(coffre, lab, aside)["parts"]
        assert (part["outcome"], part["code"]) == ("published", "released")
        (document,) = other.documents()
        assert document["id"] == part["document"]
        assert document["structure"] == LABORATORY
        assert patient.documents() == []
        grant = coffre.grant(other.token, other.ins)
        (series,) = grant.open().series
        assert series.blobs
        assert operators.items_of(aside["id"]) == []
        lines = [line for line in other.log() if line["action"] == "release"]
        assert [line.get("step") for line in lines].count("agreed") == 2
        assert {line["actor"]["role"] for line in lines} == {"operator"}
        assert any(line["action"] == "deposit" for line in other.log())

    @pytest.mark.parametrize(
        ("second", "record", "code"),
        [("anne", "right", "second_operator"), ("bruno", "wrong", "other_proposal")],
    )
    def test_one_operator_is_not_two_and_both_name_the_same_record(
        self,
        operators: Operators,
        patient: Patient,
        other: Patient,
        item: dict[str, Any],
        second: str,
        record: str,
        code: str,
    ) -> None:
        path = f"/{item['id']}/release"
        assert operators.post("anne", path, record=other.ins).status_code == 200
        named = {"right": other.ins, "wrong": patient.ins}[record]
        answer = operators.post(second, path, record=named)
        assert (answer.status_code, problem(answer)) == (409, code)
        answer = operators.post("bruno", f"/{item['id']}/destroy")
        assert problem(answer) == "other_proposal"

    def test_an_ins_that_contradicts_the_record_is_not_overruled(
        self,
        coffre: Coffre,
        operators: Operators,
        lab: str,
        patient: Patient,
        aside: dict[str, Any],
        item: dict[str, Any],
    ) -> None:
        for name in ("anne", "bruno"):
            operators.post(name, f"/{item['id']}/release", record=patient.ins)
        soon(lambda: operators.get("anne", f"/{item['id']}").json()["job"]["state"] == "refused")
        assert operators.get("anne", f"/{item['id']}").json()["refusal"]["code"] == "other_patient"
        assert now_of(coffre, lab, aside) == aside
        assert patient.documents() == []

    def test_what_the_record_has_already_stays_to_be_destroyed(
        self, coffre: Coffre, operators: Operators, lab: str, patient: Patient, other: Patient
    ) -> None:
        coffre.stow(lab, other.ct(slices=1), other.ins)
        aside = in_the_wrong_record(coffre, lab, patient, other)
        (item,) = operators.items_of(aside["id"])
        for name in ("anne", "bruno"):
            operators.post(name, f"/{item['id']}/release", record=other.ins)
        soon(lambda: "refusal" in operators.get("anne", f"/{item['id']}").json())
        assert operators.get("anne", f"/{item['id']}").json()["refusal"]["code"] == "duplicate"
        assert now_of(coffre, lab, aside) == aside
        for name in ("anne", "bruno"):
            operators.post(name, f"/{item['id']}/destroy")
        soon(lambda: now_of(coffre, lab, aside)["state"] == "destroyed")
        checked = command(coffre, "check")
        assert checked.returncode == 0, checked.stdout

    @pytest.mark.parametrize(
        ("record", "reason", "status", "code"),
        [
            ("277079999900000", WHY, 400, "bad_ins"),
            ("00000000-0000-4000-8000-000000000000", WHY, 403, "no_such_record"),
            (None, "short", 422, "reason_missing"),
        ],
    )
    def test_what_is_asked_badly_changes_nothing(
        self,
        operators: Operators,
        other: Patient,
        item: dict[str, Any],
        record: str | None,
        reason: str,
        status: int,
        code: str,
    ) -> None:
        asked = {"record": record or other.ins, "reason": reason}
        answer = operators.post("anne", f"/{item['id']}/release", **asked)
        assert (answer.status_code, problem(answer)) == (status, code)
        assert "job" not in operators.get("anne", f"/{item['id']}").json()

    def test_on_the_command_line_both_at_once(
        self, coffre: Coffre, operators: Operators, other: Patient, item: dict[str, Any]
    ) -> None:
        asked = ["quarantine", "release", item["id"], "--record", other.ins, "--reason", WHY, "--json"]
        dry = answer_of(command(coffre, *asked, "--operator", operators.file("anne"), "--dry-run"))
        assert dry["code"] == "other_patient"
        both = ["--operator", operators.file("anne"), "--second-operator", operators.file("bruno")]
        done = answer_of(command(coffre, *asked, *both))
        assert (done["state"], done["outcome"], done["code"]) == ("done", "published", "released")
        assert [each["id"] for each in other.documents()] == [done["document"]]


class TestDestruction:
    def test_two_operators_destroy_it_and_the_depositor_reads_so(
        self,
        coffre: Coffre,
        operators: Operators,
        lab: str,
        other: Patient,
        patient: Patient,
        aside: dict[str, Any],
        item: dict[str, Any],
    ) -> None:
        asked = ["quarantine", "destroy", item["id"], "--reason", WHY, "--json"]
        files = [("--operator", operators.file(name)) for name in ("anne", "bruno")]
        dry = command(coffre, *asked, *files[0], "--dry-run")
        assert dry.returncode == 0, dry.stderr
        assert "job" not in operators.get("anne", f"/{item['id']}").json()
        assert answer_of(command(coffre, *asked, *files[0], "--yes"))["state"] == "proposed"
        done = answer_of(command(coffre, *asked, *files[1], "--yes"))
        assert (done["state"], done["outcome"]) == ("done", "destroyed")
        now = now_of(coffre, lab, aside)
        assert (now["state"], [part["outcome"] for part in now["parts"]]) == ("destroyed", ["destroyed"])
        assert operators.items_of(aside["id"]) == []
        assert operators.get("anne", f"/{item['id']}").status_code == 404
        # the same bytes again are a deposit like any other
        again = coffre.submission(lab, coffre.stow(lab, other.ct(slices=1), other.ins))
        assert [part["outcome"] for part in again["parts"]] == ["published"]

    def test_it_asks_first(self, coffre: Coffre, operators: Operators, item: dict[str, Any]) -> None:
        asked = ["quarantine", "destroy", item["id"], "--reason", WHY, "--operator", operators.file("anne")]
        assert command(coffre, *asked).returncode == 1
        assert "job" not in operators.get("anne", f"/{item['id']}").json()


def test_the_command_line_lists_and_shows(coffre: Coffre, operators: Operators, item: dict[str, Any]) -> None:
    shown = answer_of(command(coffre, "quarantine", "show", item["id"], "--json"))
    assert shown == item
    listed = command(coffre, "quarantine", "list", "--limit", "500")
    assert item["id"] in listed.stdout
    unknown = command(coffre, "quarantine", "show", "00000000-0000-4000-8000-000000000000")
    assert (unknown.returncode, "not_quarantined" in unknown.stderr) == (1, True)


def test_afterwards_nothing_is_in_clear_the_log_verifies_and_everything_agrees(
    coffre: Coffre, operators: Operators, lab: str, patient: Patient, other: Patient
) -> None:
    aside = in_the_wrong_record(coffre, lab, patient, other)
    (found,) = operators.items_of(aside["id"])
    for name in ("anne", "bruno"):
        operators.post(name, f"/{found['id']}/release", record=other.ins)
    soon(lambda: now_of(coffre, lab, aside)["state"] == "published")
    needles = {"right record": other.ins, "wrong record": patient.ins, "why": WHY}
    content = other.ct(slices=1)[0]
    assert prove_and_search(coffre.data, needles, [("slice", content)]).found == ()
    assert command(coffre, "audit", "verify").returncode == 0
    checked = command(coffre, "check", "--scrub")
    assert checked.returncode == 0, checked.stdout


def test_operators_have_a_process_of_their_own(
    coffre: Coffre, operators: Operators, item: dict[str, Any]
) -> None:
    port = free_port()
    data = str(coffre.data)
    with process("serve", "--only", "operator", "--data", data, "--port", str(port), env={}):
        headers = {"Authorization": f"Bearer {operators.token('anne')}"}
        url = f"http://127.0.0.1:{port}"
        assert httpx.get(f"{url}/quarantine/{item['id']}", headers=headers).json() == item
        for path in ("/records/find", "/grants", "/dicomweb/studies", "/submissions/x"):
            assert httpx.post(url + path, headers=headers).status_code == 404
