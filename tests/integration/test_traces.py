"""`coffre audit traces`: what one professional did over a period, each line checked against the log."""

import csv
import json
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.operators import command, soon
from tests.integration.support import HOSPITAL, PRACTICE, Coffre, Patient, bearer, new_ins

RPPS = "899740000001"


def run(coffre: Coffre, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    key = coffre.data.with_name(f"{coffre.data.name}-officer.key")
    return command(coffre, "audit", "traces", "--key", str(key), "--out", str(out), "--json", *more)


def read(out: Path) -> list[dict[str, Any]]:
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def looked(coffre: Coffre) -> Patient:
    """A record that one professional opened at one structure and was refused at another."""
    patient = coffre.open_record()
    patient.authorise(RPPS)
    for token, ins in (
        (coffre.professional(RPPS), patient.ins),
        (coffre.professional(RPPS, HOSPITAL), new_ins()),
    ):
        coffre.http.get(f"/records/{ins}/documents", headers=bearer(token))
    leaf = patient.log()[0]["leaf"]
    soon(lambda: coffre.http.get(f"/audit/proof/{leaf}").status_code == 200)
    return patient


@pytest.mark.requirement("R56")
def test_every_line_of_one_person_is_in_the_file_wherever_it_was(
    coffre: Coffre, looked: Patient, tmp_path: Path
) -> None:
    done = run(coffre, tmp_path / "traces.csv", "--professional", RPPS)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lines"] == 2 and json.loads(done.stdout)["structures"] >= 2
    found = {line["structure"]: line for line in read(tmp_path / "traces.csv")}
    assert found.keys() == {PRACTICE, HOSPITAL}
    assert (found[PRACTICE]["action"], found[PRACTICE]["outcome"]) == ("search", "permit")
    assert found[PRACTICE]["record"] == str(looked.public_id) and found[PRACTICE]["position"]
    assert (found[HOSPITAL]["outcome"], found[HOSPITAL]["reason"]) == ("deny", "no_such_record")
    assert stat.S_IMODE((tmp_path / "traces.csv").stat().st_mode) == 0o600


def test_a_period_and_a_structure_bound_it_and_json_has_a_line_each(
    coffre: Coffre, looked: Patient, tmp_path: Path
) -> None:
    out = tmp_path / "traces.json"
    more = ["--professional", RPPS, "--structure", PRACTICE, "--format", "json"]
    assert run(coffre, out, *more).returncode == 0
    (line,) = map(json.loads, out.read_text("utf-8").splitlines())
    assert line["structure"] == PRACTICE and len(line["leaf"]) == 64
    assert run(coffre, tmp_path / "none", *more, "--since", "2999-01-01").returncode == 0
    assert (tmp_path / "none").read_text("utf-8") == ""


def test_a_file_is_never_written_over_and_bad_input_is_one_sentence(
    coffre: Coffre, looked: Patient, tmp_path: Path
) -> None:
    out = tmp_path / "there"
    out.write_text("mine")
    for more, code in ((["--since", "hier"], "bad_time"), ([], "out_exists")):
        done = run(coffre, out, "--professional", RPPS, "--structure", PRACTICE, *more)
        assert (done.returncode, done.stderr.split(":")[0]) == (2, code)
    assert out.read_text() == "mine" and [*tmp_path.iterdir()] == [out]
