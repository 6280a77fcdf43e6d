"""What others say of the opener: TypeScript's checker of its types, and another HPKE of its own."""

import json
import subprocess

import pytest

from tests.opener import node


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    node.tools()


def test_types() -> None:
    command = [node.program(), node.FOLDER / "node_modules/typescript/bin/tsc", "-p", node.FOLDER]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_hpke_beside_another_implementation() -> None:
    assert node.run("cross_check.js", None) == {"opened": 4, "refused": 20}


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((node.FOLDER / "package-lock.json").read_text("utf-8"))
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
