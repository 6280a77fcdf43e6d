"""The examples of docs/integrate.md, run as they stand against a real server."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.support import Coffre, Patient
from tests.services.processes import debian, install

PAGE = Path(__file__).resolve().parents[2] / "docs/integrate.md"
EXAMPLES = dict(re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL))
RUN: dict[str, Callable[[Path], list[str]]] = {
    "sh": lambda path: ["sh", str(path)],
    "python": lambda path: [sys.executable, str(path)],
    "java": lambda path: ["java", "-XX:TieredStopAtLevel=1", str(path)],
    "csharp": lambda path: [
        "sh",
        "-c",
        'mcs -r:System.Net.Http -out:"$0.exe" "$0" && mono "$0.exe"',
        str(path),
    ],
}
MONO = ("mono-mcs", "mono-runtime", "libmono-system-net-http4.0-cil")


def test_every_example_is_run() -> None:
    assert EXAMPLES.keys() == RUN.keys()


@pytest.mark.parametrize("language", RUN)
def test_it_deposits(coffre: Coffre, patient: Patient, tmp_path: Path, language: str) -> None:
    command = RUN[language]
    if language == "java" and shutil.which("java") is None:
        pytest.skip("Java is not installed: too large to be fetched for one example")
    if language == "sh":
        debian("curl", "curl")
    if language == "csharp" and shutil.which("mcs") is None:
        install("mcs", *MONO)
    example = tmp_path / "Send.java"
    example.write_text(EXAMPLES[language])
    (tmp_path / "image.dcm").write_bytes(patient.ct(1, seed=len(language))[0])
    environment = {
        "COFFRE": coffre.url,
        "INS": patient.ins,
        "TOKEN": coffre.depositor(),
        "FILE": str(tmp_path / "image.dcm"),
    }
    done = subprocess.run(
        command(example), env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if language != "sh":  # curl prints the body
        assert "/submissions/" in done.stdout
    patient.authorise()
    assert len(patient.documents()) == 1
