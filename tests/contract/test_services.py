"""Engines are installed from packages; without root, the exact line to run is named."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.services import ceph, processes, redis, softhsm

Start = Callable[[Path], AbstractContextManager[object]]
LINE = "As root: apt-get install -y --no-install-recommends"


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize(
    ("start", "packages"),
    [
        (redis.running, "redis-server"),
        (softhsm.running, "softhsm2"),
        (ceph.running, "ceph-mon ceph-osd radosgw ceph-common"),
    ],
    ids=["redis", "softhsm", "ceph"],
)
def test_without_root_the_line_is_named(start: Start, packages: str, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="is missing") as told, start(tmp_path / "engine"):
        pass
    assert str(told.value).endswith(f"{LINE} {packages}")


def test_a_server_where_a_plain_users_path_does_not_lead_is_found() -> None:
    assert processes.debian("nologin", "login") == "/usr/sbin/nologin"
