"""schemathesis asks what our OpenAPI description allows, as every role: nothing is answered as our failure.

It fills the path with what is in the record as well as with text of its own.
"""

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

from coffre.demonstration import data as demo_data
from tests.integration.support import DOCTOR, STRANGER, Coffre

ROLES = ("patient", "authorised doctor", "stranger doctor", "depositor", "nobody")
DOCUMENTED = frozenset({501, 503})
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


def asked_by_schemathesis(stage: Stage, role: str, folder: Path, examples: int, seconds: int) -> set[int]:
    """The statuses of all answers of one run."""
    head = ["--header", f"Authorization: Bearer {stage.tokens[role]}"] if role in stage.tokens else []
    bounds = ["--max-examples", str(examples), "--max-time", str(seconds), "--phases", "fuzzing"]
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
        timeout=seconds + 120,
    )
    assert "Schema Error" not in answer.stdout and "generated" in answer.stdout, answer.stdout + answer.stderr
    found = {int(status) for status in re.findall(r'"status_code":\s*(\d{3})', report.read_text())}
    assert not {status for status in found if status >= 500} - DOCUMENTED, answer.stdout
    return found


def test_every_name_in_a_path_is_described(coffre: Coffre) -> None:
    for path, operation in operations(coffre.http.get("/openapi.json").json()):
        told = [each["name"] for each in operation.get("parameters", []) if each["in"] == "path"]
        assert sorted(told) == sorted(re.findall(r"{(\w+)}", path)), path


@pytest.mark.parametrize("role", ROLES)
def test_no_request_is_answered_as_our_failure(stage: Stage, role: str, tmp_path: Path) -> None:
    found = asked_by_schemathesis(stage, role, tmp_path, 1, 5)
    assert (401 if role == "nobody" else 400) in found


@pytest.mark.long
@pytest.mark.parametrize("role", ROLES)
def test_nor_any_of_many(stage: Stage, role: str, tmp_path: Path) -> None:
    asked_by_schemathesis(stage, role, tmp_path, 100, 600)
