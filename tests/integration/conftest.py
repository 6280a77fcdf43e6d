import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.page_visits import PDF, TITLE
from tests.integration.pages import Browser
from tests.integration.support import HOSPITAL, Coffre, Patient
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


@pytest.fixture
def report(coffre: Coffre, patient: Patient) -> str:
    """A report in the patient's record; its id."""
    answer = coffre.publish_pdf(coffre.depositor(HOSPITAL), patient.ins, PDF, title=TITLE)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"].rpartition("/")[2]


@pytest.fixture
def holder(coffre: Coffre, patient: Patient) -> Iterator[Browser]:
    yield Browser(coffre).sign_in(patient.token)


@pytest.fixture
def doctor(coffre: Coffre) -> Browser:
    return Browser(coffre).sign_in(coffre.professional())
