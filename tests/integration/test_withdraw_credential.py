"""`coffre identity withdraw`, as somebody types it whose card was stolen."""

import subprocess
from pathlib import Path

from tests.integration.operators import command
from tests.integration.support import DOCTOR, PRACTICE, Coffre, Patient, bearer, problem


def withdraw(coffre: Coffre, *arguments: object) -> subprocess.CompletedProcess[str]:
    return command(coffre, "identity", "withdraw", *map(str, arguments))


def test_a_stolen_credential_is_refused_from_the_next_call_on(
    coffre: Coffre, patient: Patient, tmp_path: Path
) -> None:
    path, kept = f"/records/{patient.ins}/documents", tmp_path / "stolen.token"
    stolen = coffre.professional()
    patient.authorise(DOCTOR)
    kept.write_text(stolen)
    assert coffre.http.get(path, headers=bearer(stolen)).status_code == 200
    assert withdraw(coffre, "--token-file", kept).returncode == 1  # nobody answered
    assert coffre.http.get(path, headers=bearer(stolen)).status_code == 200
    done = withdraw(coffre, "--token-file", kept, "--yes")
    assert done.returncode == 0, done.stderr
    refused = coffre.http.get(path, headers=bearer(stolen))
    assert (refused.status_code, problem(refused)) == (401, "credential_withdrawn")
    assert coffre.http.get(path, headers=bearer(coffre.professional())).status_code == 200


def test_exactly_one_way_to_name_it(coffre: Coffre) -> None:
    for arguments in ((), ("--jti", "a", "--subject", DOCTOR, "--structure", PRACTICE)):
        done = withdraw(coffre, *arguments, "--yes")
        assert (done.returncode, done.stderr.split(":")[0]) == (2, "bad_request")
