"""`vault`: a `VaultBench` of the test's own, copied from databases that are migrated once."""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from keyvault.credentials.authority import Authority
from keyvault.crypto.boxes import new_box_key
from keyvault.process.guard import Guard
from keyvault.roots.file import FileRoot
from records.vocabulary.codes import Environment
from storage.engines.opening import engine_for
from storage.migrations.migrate import upgrade
from storage.migrations.schema_version import Branch
from storage.vault_store.store import SqlVaultStore
from tests.integration.vault.bench import Person, VaultBench
from tests.integration.vault.on_postgres import WITH_THE_FILE, Installed

ON_POSTGRES = os.environ.get("COFFRE_TEST_STORE") == "postgres"
OFFICER_PUBLIC = new_box_key()[1]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not ON_POSTGRES:
        return
    here = Path(__file__).parent
    of_sqlite = [each for each in items if each.path.parent == here and each.name.startswith(WITH_THE_FILE)]
    items[:] = [each for each in items if each not in of_sqlite]
    config.hook.pytest_deselected(items=of_sqlite)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority(secrets.token_bytes(32), environment=Environment.TEST)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Path:
    """A vault with its keys and today's reception keys, and nothing else."""
    folder = tmp_path_factory.mktemp("installation")
    root = FileRoot.create(folder / "root.json", None)
    for branch in get_args(Branch):
        database = engine_for(f"sqlite:///{folder / branch}.db")
        upgrade(database, branch)
        if branch == "vault":
            Guard.initialise(SqlVaultStore(database), root, shards=4)
        database.close()
    bench = VaultBench(folder, authority, OFFICER_PUBLIC)
    bench.publish_day_keys()
    bench.close()
    return folder


@pytest.fixture(scope="session")
def installed_on_postgres(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Installed:
    folder = tmp_path_factory.mktemp("on_postgres")
    return Installed(request.getfixturevalue("postgres"), folder, authority, OFFICER_PUBLIC)


@pytest.fixture
def vault(
    request: pytest.FixtureRequest, installation: Path, authority: Authority, tmp_path: Path
) -> Iterator[VaultBench]:
    folder = tmp_path / "vault"
    if ON_POSTGRES:
        shutil.copytree(installation, folder)
        installed: Installed = request.getfixturevalue("installed_on_postgres")
        shutil.copy(installed.folder / "root.json", folder)
        with installed.copied(folder) as found:
            yield found
        return
    shutil.copytree(installation, folder)
    bench = VaultBench(folder, authority, OFFICER_PUBLIC)
    yield bench
    bench.close()


@pytest.fixture
def person(vault: VaultBench) -> Person:
    return vault.person()
