"""Fixtures that every test may ask for."""

import gc
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import log_search

settings.register_profile("coffre", deadline=None, max_examples=60)  # where others run, time says nothing
settings.register_profile("quick", settings.get_profile("coffre"), max_examples=25)  # of `make unit`
settings.register_profile("many", settings.get_profile("coffre"), max_examples=1000)  # of `make test-long`
settings.load_profile("coffre")

pytest_plugins = [
    "tests.services.fixtures_brokers",
    "tests.services.fixtures_postgres",
    "tests.services.fixtures_roots",
    "tests.services.fixtures_s3",
]


# the dearest files, which begin first, so that no worker is left with one of them at the end
DEAREST = [
    *("faults/test_full_set.py", "integration/test_command_line.py", "faults/test_kills.py"),
    *("faults/test_supervised.py", "clients/test_ohif_worker.py", "faults/test_stop.py"),
    *("integration/test_every_route_logs.py", "faults/test_job_steps.py", "integration/test_fairness.py"),
    *("integration/test_pixel_children.py", "clients/test_real_files_retrieved.py"),
    *("clients/test_schemathesis.py", "clients/test_ohif.py", "viewer/test_viewer_controls.py"),
    *("integration/vault/test_all_or_nothing.py", "integration/test_backup.py"),
    "integration/test_deploy_walk.py",
]
_TURNS = {f"tests/{file}": turn for turn, file in enumerate(DEAREST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _TURNS.get(item.nodeid.partition("::")[0], len(_TURNS)))


def pytest_collection_finish() -> None:
    gc.freeze()  # thousands of tests, which no collection of garbage looks through from here on


@pytest.fixture
def unmeasured() -> Iterator[None]:
    """For what goes, thousands of times, where other tests have been: coverage would take as long again."""
    tracing = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracing)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT and SIGHUP as on a terminal, here and in processes started from here.

    Under nohup, and in the background of a shell, they are inherited as ignored.
    """
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
        signal.SIGHUP: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


_said: dict[tuple[str, str], None] = {}  # the reports of a test repeat what it said before


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _said.update(dict.fromkeys(log_search.said(report)))


@pytest.fixture(scope="session", autouse=True)
def every_log_is_clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Before all others, so that it ends after them; hands out a folder for logs that would be removed."""
    kept = tmp_path_factory.mktemp("kept-logs")
    yield kept
    log_search.write_down(_said, kept)
    found = log_search.plaintext_in(tmp_path_factory.getbasetemp())
    assert not found, "what no log may hold stands in\n" + "\n".join(found)
