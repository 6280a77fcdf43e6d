"""schemathesis asks what our OpenAPI description allows, as every role: nothing is answered as our failure.

It fills the path with what is in the record as well as with text of its own.
"""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pydicom
import pytest

from coffre.demo_authority.identities import Identities
from coffre.demonstration.files import data as demo_data
from tests.integration.support import DOCTOR, STRANGER, Coffre

ROLES = ("patient", "authorised doctor", "stranger doctor", "depositor", "operator", "nobody")
OPERATOR_S = 240
DOCUMENTED = frozenset({(503, "rendering_busy"), (503, "reading_busy")})
"""What a server of sound stores may answer to whoever asks for much at once (docs/problems.md)."""
IN_QUERY = {
    "/rendered": ("window", "viewport", "quality", "accept"),
    "/thumbnail": ("viewport", "accept"),
    "/dicomweb/": ("limit", "offset", "includefield", "fuzzymatching", "PatientID", "StudyDate", "00080061"),
    "/fhir/": (
        *("patient", "patient.identifier", "date", "status", "type", "code", "related", "sourceId"),
        *("identifier", "_id", "_include", "_revinclude", "_count", "_after", "_format"),
    ),
}
"""What is read of the query and stands in no signature, by a part of the path."""


@dataclass(frozen=True)
class Stage:
    """A server with a record that holds images and a report."""

    coffre: Coffre
    tokens: dict[str, str]
    description: Path


@pytest.fixture(scope="module")
def stage(coffre: Coffre, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    patient, depositor = coffre.open_record(), coffre.depositor()
    scan = patient.ct(slices=2, size=32)
    assert coffre.stow(depositor, scan, patient.ins).status_code == 200
    assert coffre.publish_pdf(depositor, patient.ins, demo_data.report_pdf()).status_code == 201
    patient.authorise()
    first = pydicom.dcmread(BytesIO(scan[0]))
    document = patient.documents()[0]["id"]
    known = {
        "ins": str(patient.public_id),
        "record": str(patient.public_id),
        "study": first.StudyInstanceUID,
        "uid": first.SeriesInstanceUID,
        "sop": first.SOPInstanceUID,
        "frames": "1",
        "path": "7FE00010",
        "id": document,
        "document_id": document,
        "name": patient.public_id.hex + UUID(document).hex,
    }
    path: Path = tmp_path_factory.mktemp("schemathesis") / "openapi.json"
    path.write_text(json.dumps(with_known(coffre.http.get("/openapi.json").json(), known)))
    tokens = {
        "patient": patient.token,
        "authorised doctor": coffre.professional(DOCTOR),
        "stranger doctor": coffre.professional(STRANGER),
        "depositor": depositor,
    }
    return Stage(coffre, tokens, path)


def with_known(described: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    """The description, with values that exist beside any text, and with the names in the query."""
    for path, operation in operations(described):
        parameters = operation.setdefault("parameters", [])
        for parameter in parameters:
            if parameter["in"] == "path" and parameter["name"] in known:
                anything, real = parameter["schema"], {"enum": [known[parameter["name"]]]}
                parameter["schema"] = {"anyOf": [real, anything]}
        told = {each["name"] for each in parameters}
        asked = {name for part, names in IN_QUERY.items() if part in path for name in names}
        parameters += [
            {"name": name, "in": "query", "schema": {"type": "string"}} for name in sorted(asked - told)
        ]
    return described


def operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for operation in methods.values():
            yield path, operation


def operator_of(coffre: Coffre) -> str:
    """A token of the command line, for `OPERATOR_S`."""
    with coffre.system() as system:
        return str(Identities(system).operator().token)


def asked_by_schemathesis(
    stage: Stage, role: str, folder: Path, examples: int, seconds: int | None = None
) -> set[int]:
    """The statuses of all answers of one run: each operation once with so many examples or, within
    `seconds`, again and again.
    """
    token = operator_of(stage.coffre) if role == "operator" else stage.tokens.get(role)
    head = ["--header", f"Authorization: Bearer {token}"] if token else []
    bounds = ["--max-examples", str(examples), "--phases", "fuzzing"]
    bounds += ["--max-time", str(seconds)] if seconds else []
    options = [
        "--generation-database",
        "none",
        "--no-color",
        "--mode",
        "all",
        "--checks",
        "not_a_server_error",
    ]
    report = folder / "report.ndjson"
    answer = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            *("run", stage.description, "--url", stage.coffre.url, *head, *bounds, *options),
            *("--report", "ndjson", "--report-ndjson-path", report),
        ],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=(seconds or 0) + 180,
    )
    assert "Schema Error" not in answer.stdout and "generated" in answer.stdout, answer.stdout + answer.stderr
    assert seconds or re.search(r"Selected: (\d+)/\1\s+Tested: \1\b", answer.stdout), answer.stdout
    found = {*answers(report)}
    assert not {each for each in found if each[0] >= 500} - DOCUMENTED, answer.stdout
    return {status for status, _ in found}


def answers(report: Path) -> Iterator[tuple[int, str | None]]:
    """Status of each answer, and of our failures the code."""
    for line in report.read_text().splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for each in recorder.get("interactions", {}).values():
            if answer := each["response"]:
                status = answer["status_code"]
                yield status, code_of(answer) if status >= 500 else None


def code_of(answer: dict[str, Any]) -> str | None:
    try:
        told = json.loads(base64.b64decode(answer["content"]["$base64"]))
        return str(told.get("code") or told["issue"][0]["details"]["coding"][0]["code"])
    except (KeyError, TypeError, ValueError):
        return None


def test_every_name_in_a_path_is_described(coffre: Coffre) -> None:
    for path, operation in operations(coffre.http.get("/openapi.json").json()):
        told = [each["name"] for each in operation.get("parameters", []) if each["in"] == "path"]
        assert sorted(told) == sorted(re.findall(r"{(\w+)}", path)), path


@pytest.mark.parametrize("role", ROLES)
def test_no_request_is_answered_as_our_failure(stage: Stage, role: str, tmp_path: Path) -> None:
    found = asked_by_schemathesis(stage, role, tmp_path, 1)
    assert (401 if role == "nobody" else 400) in found


@pytest.mark.long
@pytest.mark.parametrize("role", ROLES)
def test_nor_any_of_many(stage: Stage, role: str, tmp_path: Path) -> None:
    asked_by_schemathesis(stage, role, tmp_path, 100, OPERATOR_S if role == "operator" else 600)
