"""kill -9 of each process of the server, of its supervisor and of all at once, at random moments of a mixed
load: what was acknowledged is there afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.faults import kill_rounds
from tests.faults.seeds import seeded
from tests.faults.stage import Stage


@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize(
    "rounds", [pytest.param(6), pytest.param(kill_rounds.wanted(), marks=pytest.mark.long)]
)
def test_whatever_was_acknowledged_survives_a_kill_at_any_moment(
    tmp_path: Path, rounds: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COFFRE_LEASE_S", "5")  # of the killed worker, which nobody waits for any longer
    numbers = count()

    @contextmanager
    def new_stage() -> Iterator[Stage]:
        stage = Stage(tmp_path / f"data-{next(numbers)}")
        try:
            yield stage
        finally:
            stage.close()

    def say(line: str) -> None:
        with capsys.disabled():
            print(f"\nembedded: {line}", flush=True)

    assert kill_rounds.run(rounds, seeded(), new_stage, say) > 0
