"""`postgres`: one server for the session. `postgres_database`: an empty, migrated database for one test."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from storage.engines.opening import engine_for
from storage.migrations.migrate import upgrade
from storage.migrations.revisions import Branch
from tests.log_search import keep_logs
from tests.services.postgres import Service, running

ROOM = 2 * 2**30

NewDatabase = Callable[..., str]
"""Makes a database, with a branch's tables or without any, and answers its address."""


class Databases:
    """Databases of one server, copied from templates that are migrated once."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._numbers = count(1)
        self._templates: dict[str, str] = {}
        self._admin = psycopg.connect(service.url().replace("+psycopg", ""), autocommit=True)

    def new(self, branch: Branch | None = None) -> str:
        return self.copy("template1" if branch is None else self._template(branch))

    def copy(self, template: str) -> str:
        """A database like another one, to which nobody may be connected."""
        name = f"test_{next(self._numbers)}"
        self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def _template(self, branch: Branch) -> str:
        if branch not in self._templates:
            name = f"template_{branch}"
            self._admin.execute(f'CREATE DATABASE "{name}"')
            database = engine_for(self.service.url(name))
            upgrade(database, branch)
            database.close()
            self._templates[branch] = name
        return self._templates[branch]

    def drop(self, name: str) -> None:
        self._admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """As the server's owner."""
        self._admin.execute(statement)

    def close(self) -> None:
        self._admin.close()


def _place() -> str | None:
    """Not below pytest's own folder, where only root may go; in memory where there is room, because copying
    a database waits for the disk a hundred times.
    """
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > ROOM else None


@pytest.fixture(scope="session")
def postgres(every_log_is_clean: Path) -> Iterator[Databases]:
    folder = Path(tempfile.mkdtemp(prefix="coffre-postgres-", dir=_place()))
    try:
        with running(folder) as service:
            databases = Databases(service)
            yield databases
            databases.close()
    finally:
        keep_logs(folder, every_log_is_clean)
        shutil.rmtree(folder)


@pytest.fixture
def postgres_database(postgres: Databases) -> Iterator[NewDatabase]:
    made: list[str] = []

    def new(branch: Branch | None = None) -> str:
        made.append(postgres.new(branch))
        return postgres.service.url(made[-1])

    yield new
    for name in made:
        postgres.drop(name)
