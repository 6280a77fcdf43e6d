"""The units as systemd itself judges them."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from coffre.deploying import rendering
from coffre.deploying.processes import PROCESSES, user_of
from tests.services import warm
from tests.services.processes import debian
from tests.unit.coffre.deploying.test_site import site

EXPOSURE = 2.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units, with a program that is there."""
    folder = tmp_path_factory.mktemp("units")
    rendering.write(rendering.rendered(site()), folder)
    for unit in (folder / "systemd").glob("*.service"):
        unit.write_text(unit.read_text().replace("/opt/coffre/bin/coffre", "/bin/true"))
    return folder / "systemd"


def analyze(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    program = debian("systemd-analyze", "systemd")
    return subprocess.run([str(program), *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("process", PROCESSES)
def test_little_of_the_system_is_exposed_to_it(folder: Path, process: str) -> None:
    said = analyze("security", "--offline=true", "--no-pager", folder / f"{user_of(process)}.service").stdout
    (level,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert float(level) <= EXPOSURE, said


def test_the_doctor_is_as_bounded_though_it_is_the_owner(folder: Path) -> None:
    said = analyze("security", "--offline=true", "--no-pager", folder / "coffre-doctor.service").stdout
    (level,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert float(level) <= EXPOSURE, said


def test_the_doctor_runs_as_its_unit_says_and_fails_where_something_is_wrong(tmp_path: Path) -> None:
    """The command line of the unit, with the paths of a test: status 1, and a file of metrics."""
    data, out = tmp_path / "data", tmp_path / "run"
    out.mkdir()
    unit = rendering.rendered(replace(site(), etc=tmp_path, data=data))["systemd/coffre-doctor.service"]
    (line,) = re.findall(r"^ExecStart=\S+ (.*)$", unit, re.M)
    words = line.replace("/run/coffre-doctor", str(out)).split()
    done = warm.run(*words)
    assert done.returncode == 1
    assert [each["check"] for each in json.loads(done.stdout)["findings"]] == ["settings"]
    assert 'coffre_doctor_finding{check="settings"} 1' in (out / "coffre.prom").read_text()


def test_systemd_understands_every_line(folder: Path) -> None:
    said = analyze("verify", "--man=no", "--recursive-errors=no", *sorted(folder.iterdir()))
    assert said.stderr == ""
    assert said.returncode == 0


def test_it_would_say_what_it_does_not_understand(folder: Path, tmp_path: Path) -> None:
    unit = tmp_path / "coffre-vault.service"
    unit.write_text(
        (folder / "coffre-vault.service").read_text().replace("NoNewPrivileges", "NoNewPrivilege")
    )
    assert "NoNewPrivilege" in analyze("verify", "--man=no", unit).stderr
