"""Processes that run tests side by side fetch and install one after another."""

import subprocess
import sys
from pathlib import Path

from tests.services.one_at_a_time import ROOT

FETCH = """
import sys, time
from pathlib import Path
from tests.services.one_at_a_time import one_at_a_time
made, log = Path(sys.argv[1]), Path(sys.argv[2])
with one_at_a_time():
    if not made.exists():
        log.open("a").write("fetched\\n")
        time.sleep(0.3)
        made.touch()
"""


def test_what_one_process_fetches_the_others_find(tmp_path: Path) -> None:
    made, log = tmp_path / "made", tmp_path / "log"
    command = [sys.executable, "-c", FETCH, str(made), str(log)]
    for process in [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]:
        assert process.wait(30) == 0
    assert log.read_text() == "fetched\n"
