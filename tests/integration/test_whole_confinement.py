"""In production a file is read by a confined child or by nobody, and the process says so at its start."""

import platform
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.integration.test_production import Production, production_in
from tests.services import no_namespaces
from tests.services.processes import free_port

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="the filter is written for x86-64"
)
INSPECT = """
def read(offset, length):
    return b"%PDF-"[offset : offset + length]
from content.sandbox.confinement import WHOLE, Confinement
from content.sandbox.parent import Sandbox
from content.sandbox.pool import SandboxUnavailable
with Sandbox(children=1, demanded={demanded}) as sandbox:
    for _ in range(2):
        try:
            print(sandbox.inspect("pdf", 5, read).outcome)
        except SandboxUnavailable as error:
            print(error.code, error.sentence)
        print(sandbox._pool._zygote is None)
"""
STATUS = """
from content.sandbox.parent import Sandbox
with Sandbox(children=1) as sandbox:
    sandbox.inspect("pdf", 5, lambda offset, length: b"%PDF-"[offset : offset + length])
    (child,) = sandbox._pool._idle
    print(open(f"/proc/{child.pid}/status").read())
"""


def confined_in_part(
    *command: object, env: dict[str, str] | None = None, by: Callable[[], None] = no_namespaces.deny
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, command)],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=by,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Production:
    production = production_in(tmp_path_factory.mktemp("production"))
    assert production.run("init", "--data", production.data).returncode == 0
    return production


def test_no_child_reads_a_file_where_less_is_granted_than_demanded() -> None:
    done = confined_in_part("-c", INSPECT.format(demanded="WHOLE"))
    told, gone, again, _ = done.stdout.splitlines()
    assert told.startswith("sandbox_unavailable ") and "network is not granted" in told
    assert gone == "True", "it starts no second zygote beside it"
    assert again == told


def test_elsewhere_children_are_confined_as_far_as_it_goes() -> None:
    done = confined_in_part("-c", INSPECT.format(demanded="Confinement(0)"))
    assert done.stdout.splitlines()[::2] == ["reject", "reject"], done.stderr
    assert done.stderr.count("in part only") == 1


def test_who_has_no_capability_gets_none_by_a_namespace_of_its_own() -> None:
    """A new user namespace gives them all, for what is in it."""
    done = confined_in_part("-c", STATUS, by=no_namespaces.without_capabilities)
    for kind in ("Inh", "Prm", "Eff"):
        assert f"\nCap{kind}:\t{0:016x}\n" in done.stdout, done.stderr


@pytest.mark.parametrize(
    "process",
    [["worker"], ["serve", "--only", "reader"], ["serve", "--only", "gateway"], ["serve"]],
    ids=lambda each: each[-1],
)
def test_a_process_with_children_does_not_start(made: Production, process: list[str]) -> None:
    more = ["--port", free_port()] if "serve" in process else []
    words = ("-m", "coffre.cli", *process, *more, "--data", made.data)
    done = confined_in_part(*words, env=made.environment())
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("not_confined: ") and "network is not granted" in done.stderr
    assert done.stderr.count("\n") == 1
