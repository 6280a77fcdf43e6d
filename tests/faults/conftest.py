from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.pipeline import Pipeline


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path / "data")
    yield made
    made.close()
