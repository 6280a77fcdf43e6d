"""Bounded fuzzing in every run, and every crash that was ever found; `make fuzz` goes on for longer."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS

CASES = Path(__file__).with_name("cases")
FOUND = sorted(path for path in CASES.glob("*/*") if path.is_file())
SECONDS = 4


@pytest.mark.skipif(sys.platform != "linux", reason="atheris has wheels for Linux only")
@pytest.mark.parametrize("target", TARGETS)
def test_a_few_seconds_of_fuzzing_find_nothing(target: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", target, "--seconds", str(SECONDS)],
        cwd=Path(__file__).parents[2],
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONHASHSEED": "0", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=200,
        check=False,
    )
    assert run.returncode == 0, "fuzzing found something: run make fuzz, and keep its input as a case"
    runs = re.search(r"Done (\d+) runs", run.stderr)
    assert runs is not None
    assert int(runs.group(1)) > len(list(SEEDS[target]()))
    # what runs is seen by the fuzzer: else it changes bytes blindly, and no input looks better than another
    covered = re.search(r"INITED cov: (\d+)", run.stderr)
    assert covered is not None
    assert int(covered.group(1)) > 50


@pytest.mark.parametrize("case", FOUND, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_fuzzing_found_stays_found(case: Path) -> None:
    TARGETS[case.parent.name](case.read_bytes())
