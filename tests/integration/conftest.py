import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.support import Coffre, Patient
from tests.services.installed import installed
from tests.services.warm import WarmServer


@pytest.fixture(scope="session")
def coffre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coffre]:
    """A real server on a fresh data directory, shared by the tests; each test opens its own records."""
    data = tmp_path_factory.mktemp("coffre") / "data"
    installed(data)
    with WarmServer(data) as server:
        yield Coffre(data, server)


@pytest.fixture
def fresh_coffre(tmp_path: Path) -> Iterator[Coffre]:
    """A server of the test's own, for what changes or stops it."""
    data = tmp_path / "data"
    installed(data)
    with WarmServer(data) as server:
        yield Coffre(data, server)


@pytest.fixture
def patient(coffre: Coffre) -> Patient:
    return coffre.open_record()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that nobody serves; tests copy it."""
    from tests.integration.commands import DONE, quick

    data = tmp_path_factory.mktemp("made") / "D"
    quick("init", "--data", data, status=DONE)
    return data


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "D"))
