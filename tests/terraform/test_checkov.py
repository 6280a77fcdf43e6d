"""terraform/ as checkov judges it: what a resource does not follow says why beside that resource."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHECKOV = ROOT / ".venv-checkov/bin/checkov"
SKIP = re.compile(r"checkov:skip=(?P<rule>[A-Z0-9_]+)(?::(?P<reason>.*))?")
SETTINGS = {"framework", "skip-download", "download-external-modules", "compact"}


def skips() -> Iterator[tuple[str, str, str]]:
    """File, rule and reason, as checkov reads them."""
    for path in sorted((ROOT / "terraform").rglob("*.tf*")):
        for found in SKIP.finditer(path.read_text("utf-8")):
            yield str(path.relative_to(ROOT / "terraform")), found["rule"], (found["reason"] or "").strip()


def test_each_exception_has_a_reason() -> None:
    assert not [each for each in skips() if len(each[2].split()) < 4]
    assert list(skips())


def test_each_exception_is_one_resources_alone() -> None:
    """None stands in the settings or before a file's resources, where it would be of all of them."""
    settings = yaml.safe_load((ROOT / "terraform/.checkov.yaml").read_text("utf-8"))
    assert settings.keys() == SETTINGS
    assert not list(ROOT.glob(".checkov*"))
    for path in (ROOT / "terraform").rglob("*.tf"):
        within = re.findall(r'^resource "\w+" "\w+" \{\n(?:  # .*\n)+', path.read_text("utf-8"), re.M)
        assert sum(len(SKIP.findall(each)) for each in within) == len(SKIP.findall(path.read_text("utf-8")))


@pytest.mark.long
def test_it_passes_and_no_exception_is_stale() -> None:
    """What asks for the network finds none, and says so in stderr."""
    done = subprocess.run(
        [CHECKOV, "-d", "terraform", "--output", "json"],
        cwd=ROOT,
        env={**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["summary"]["parsing_errors"] == 0
    assert found["summary"]["passed"] > 400
    used = {
        (each["file_path"].removeprefix("/"), each["check_id"], each["check_result"]["suppress_comment"])
        for each in found["results"]["skipped_checks"]
    }
    assert used == set(skips())
