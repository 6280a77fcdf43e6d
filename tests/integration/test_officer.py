"""`coffre audit officer`: the officer opens her lines with her own key; nobody else's key opens one."""

import json
import subprocess
import sys
from pathlib import Path

from tests.integration.support import HOSPITAL, PRACTICE, Coffre, Patient, bearer

LOCUM = "899700055555"
"""A professional of this file alone: what she did elsewhere is hers as well."""


def officer(coffre: Coffre, *arguments: object, key: Path | None = None) -> subprocess.CompletedProcess[str]:
    key = key or coffre.data.with_name(f"{coffre.data.name}-officer.key")
    command = [
        sys.executable,
        "-m",
        "coffre.cli",
        "audit",
        "officer",
        "--key",
        str(key),
        *map(str, arguments),
    ]
    return subprocess.run([*command, "--data", str(coffre.data)], capture_output=True, text=True, check=False)


def told(coffre: Coffre, *arguments: object) -> list[dict[str, object]]:
    done = officer(coffre, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    lines: list[dict[str, object]] = json.loads(done.stdout)["lines"]
    return lines


def test_the_officer_reads_what_was_done_to_a_record(coffre: Coffre, patient: Patient) -> None:
    patient.documents()
    doctor = coffre.professional()
    coffre.http.get(f"/records/{patient.ins}/documents", headers=bearer(doctor))
    lines = told(coffre, "--record", patient.public_id)
    assert [line["action"] for line in lines[:2]] == ["open_record", "search"]
    assert {line["public_id"] for line in lines} == {str(patient.public_id)}
    assert told(coffre, "--record", patient.public_id, "--action", "search", "--since", "2999-01-01") == []


def test_all_accesses_of_one_professional_are_found_wherever_she_works(
    coffre: Coffre, patient: Patient
) -> None:
    patient.authorise(LOCUM)
    for structure in (PRACTICE, HOSPITAL):
        token = coffre.professional(LOCUM, structure=structure)
        coffre.http.get(f"/records/{patient.ins}/documents", headers=bearer(token))
    named = ("--subject", LOCUM, "--subject-structure", PRACTICE)
    assert {line["structure"] for line in told(coffre, *named)} == {PRACTICE, HOSPITAL}
    assert {line["structure"] for line in told(coffre, *named, "--structure", HOSPITAL)} == {HOSPITAL}
    assert told(coffre, "--subject", "nobody", "--subject-structure", PRACTICE) == []


def test_asking_is_on_the_log_and_another_key_opens_nothing(coffre: Coffre, tmp_path: Path) -> None:
    before = len(told(coffre))
    assert len(told(coffre)) > before
    other = tmp_path / "other.key"
    other.touch(0o600)
    other.write_text("ab" * 32)
    refused = officer(coffre, key=other)
    assert (refused.returncode, refused.stderr.split(":")[0]) == (1, "officer_key_other")


def test_wrong_input_is_one_sentence(coffre: Coffre, tmp_path: Path) -> None:
    bad = tmp_path / "bad.key"
    bad.touch(0o600)
    bad.write_text("not a key")
    for done, code in (
        (officer(coffre, key=bad), "officer_key_bad"),
        (officer(coffre, "--since", "hier"), "bad_time"),
    ):
        assert (done.returncode, done.stderr.split(":")[0]) == (2, code)
    assert "no_access" in officer(coffre, key=tmp_path / "absent").stderr
