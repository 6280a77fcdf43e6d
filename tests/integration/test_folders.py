"""Whose the folders of a data directory are: systemd, by the rendered files, and the command do the same."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coffre.cli import app
from coffre.deploying.processes import CALLERS, PROCESSES, number_of
from tests.integration import folders_given
from tests.integration.folders_given import Whose, made
from tests.services import rooted

NOBODY, REFUSED = 65_534, 1


@pytest.fixture(scope="module")
def given() -> dict[str, Whose]:
    found = json.loads(rooted.run(folders_given.__name__))
    return {way: {path: tuple(each) for path, each in whose.items()} for way, whose in found.items()}


def without_root(data: Path) -> int:
    """The command's end for somebody who is not root; its sentence is on standard error."""
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        found = CliRunner().invoke(app, ["deploy", "folders", "--data", str(data)])
        os._exit(found.exit_code if "not_root" in found.stderr else 99)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_root_alone_gives_files_to_others(tmp_path: Path) -> None:
    assert without_root(made(tmp_path)) == REFUSED


def test_both_give_every_folder_to_whose_it_is(given: dict[str, Whose]) -> None:
    found = given["systemd"]
    assert found == given["command"]
    intake, gateway, vault = number_of("intake"), number_of("gateway"), number_of("vault")
    assert found["pages"] == (intake, gateway, 0o750)
    assert found["pages/proof.key"] == (intake, gateway, 0o640), "the pages prove their calls by it"
    reader = number_of("reader")
    assert found["reader/proof.key"] == (reader, reader, 0o600), "and what viewers ask in a session"
    assert found["vault"] == (vault, vault, 0o700)
    assert found["authority"][:2] == (0, 0)
    assert found["coffre"][2] == 0o644
    assert found["."][2] == 0o711


def test_doors_and_roles_go_to_whose_they_are(given: dict[str, Whose]) -> None:
    found = given["beside"]
    assert found["doors"] == (number_of("vault"), number_of(CALLERS), 0o2750), "sockets inherit the group"
    assert {found[f"roles/{name}.env"][0] for name in PROCESSES} == {*map(number_of, PROCESSES)}
    assert (found["certificates"][0], found["certificates"][2]) == (number_of("signin"), 0o755)
