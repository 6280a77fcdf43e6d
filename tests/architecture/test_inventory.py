"""The bill of materials is that of the lock, and no licence in it keeps a host from running the whole."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements/engines.txt"
TAKEN = {
    *(
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MPL-2.0",
    ),
    *("PSF-2.0", "Unlicense", "Zlib"),
    *("LGPL-3.0-only", "LGPL-3.0-or-later"),  # used as libraries that whoever runs it may exchange
}


@pytest.fixture(scope="module")
def printed() -> str:
    command = [sys.executable, "deploy/inventory/sbom.py", str(LOCK)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_it_has_what_the_lock_installs_with_its_digests(printed: str) -> None:
    found = json.loads(printed)
    text = LOCK.read_text("utf-8")
    pinned = re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.M)
    assert [(each["name"], each["version"]) for each in found["components"]] == [
        (canonicalize_name(name), version) for name, version in pinned
    ]
    digests = {row["value"] for each in found["components"] for row in each["properties"]}
    assert digests == set(re.findall(r"--hash=sha256:([0-9a-f]{64})", text))


def test_every_licence_is_known_and_taken(printed: str) -> None:
    said = {each["name"]: each["licenses"][0] for each in json.loads(printed)["components"]}
    for name, licence in said.items():
        words = set(re.findall(r"[A-Za-z0-9.-]+", licence["expression"])) - {"AND", "OR", "WITH"}
        assert words <= TAKEN, name


def test_who_needs_whom_leads_to_components(printed: str) -> None:
    found = json.loads(printed)
    known = {each["bom-ref"] for each in found["components"]}
    needed = {need for each in found["dependencies"] for need in each["dependsOn"]}
    assert needed
    assert needed <= known


def test_it_is_printed_alike_again(printed: str) -> None:
    command = [sys.executable, "deploy/inventory/sbom.py", str(LOCK)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == printed
