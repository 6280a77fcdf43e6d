"""kill -9 of each process of the full set and of its engines, at random moments of a mixed load: what was
acknowledged is there afterwards.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults import kill_rounds
from tests.faults.full_stage import SETTINGS, FullStage
from tests.faults.seeds import seeded
from tests.log_search import keep_logs
from tests.services import full


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_whatever_was_acknowledged_survives_kill_after_kill(
    every_log_is_clean: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def new_stage() -> Iterator[FullStage]:
        folder = Path(tempfile.mkdtemp(prefix="coffre-kills-"))  # where Postgres' own user may go
        try:
            with full.running(folder, more=SETTINGS) as running:
                stage = FullStage(running)
                yield stage
                stage.close()
        finally:
            keep_logs(folder, every_log_is_clean)
            shutil.rmtree(folder)

    def say(line: str) -> None:
        with capsys.disabled():
            print(f"\nfull set: {line}", flush=True)

    assert kill_rounds.run(kill_rounds.wanted(), seeded(), new_stage, say) > 0
