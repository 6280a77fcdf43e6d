"""In production each process starts with what the table tells it, and with nothing else."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from coffre.deploying.processes import PROCESSES
from coffre.deploying.site import Site, read
from tests.integration.running import process
from tests.integration.test_production import production_in
from tests.services.processes import free_port
from tests.services.warm import WarmProcess

Running = dict[str, tuple[WarmProcess, int]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Every process of a site with its port; databases and objects lie in the data directory."""
    production = production_in(tmp_path_factory.mktemp("site"))
    assert production.run("init", "--data", production.data).returncode == 0
    site = described(production.env)
    found: Running = {}
    with ExitStack() as stack:
        for name, part in PROCESSES.items():
            port = free_port()
            more = ("--port", str(port)) if part.port else ()
            told = {**site.settings[name]}
            if name == "vault":
                told["COFFRE_VAULT_PASSPHRASE"] = production.env["COFFRE_VAULT_PASSPHRASE"]
            arguments = (*part.arguments, *more, "--data", str(production.data))
            found[name] = (stack.enter_context(process(*arguments, env=told)), port)
        yield found


def described(env: dict[str, str]) -> Site:
    names = ("COFFRE_ENVIRONMENT", "COFFRE_VAULT_URL", "COFFRE_PUBLIC_URL")
    return read(json.dumps({"settings": {"all": {name: env[name] for name in names}}}))


@pytest.mark.parametrize("name", PROCESSES)
def test_it_starts_and_goes_on(running: Running, name: str) -> None:
    started, port = running[name]
    if PROCESSES[name].port:
        assert httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=30).status_code == 200
    assert started.poll() is None
