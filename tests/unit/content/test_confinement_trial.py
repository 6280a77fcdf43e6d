"""The trial of a process's confinement: what it does not clearly say was granted was not."""

import sys
from pathlib import Path

import pytest

from content.sandbox import confinement
from content.sandbox.confinement import Confinement, grantable


@pytest.mark.parametrize(
    "script",
    ["echo rubbish", "exit 1", "sleep 60", "echo"],
    ids=["rubbish", "no word", "no end", "no number"],
)
def test_a_trial_that_says_nothing_was_granted_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    program = tmp_path / "python"
    program.write_text(
        f"#!/bin/sh\nexec {script}\n" if script.startswith("sleep") else f"#!/bin/sh\n{script}\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(confinement, "_TRIED_WITHIN_S", 0.5)
    assert grantable() == Confinement(0)
