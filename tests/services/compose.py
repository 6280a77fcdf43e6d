"""A site in containers, made as docs/deploy.md says: podman and podman-compose, engines beside the processes.

Everything has the name of one project, and is gone at the end. Podman has systemd run health checks; where no
systemd is, whoever waits here runs them.
"""

import json
import os
import resource
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coffre.deploying.compose import FRONT, OWNER
from coffre.deploying.engines import ENGINES
from coffre.deploying.processes import PROCESSES, PROXY
from tests.services.processes import debian, free_port, install

LOCK = Path(__file__).parents[2] / "deploy/container/compose.txt"
SECONDS, HEALTHY_WITHIN = 300, 300
MOST_TASKS = 20_000
SERVED = (FRONT, PROXY, *PROCESSES)
BAO = ("/opt/engines/bin/bao",)
BAO_HERE = {
    "BAO_ADDR": "https://127.0.0.1:8200",
    "BAO_CACERT": "/run/secrets/engine",
    "BAO_TLS_SERVER_NAME": "root",
}
POLICY = """\
path "transit/keys/coffre-root" { capabilities = ["create", "update", "read"] }
path "transit/encrypt/coffre-root" { capabilities = ["create", "update"] }
path "transit/decrypt/coffre-root" { capabilities = ["create", "update"] }
"""


@dataclass
class Composed:
    """A site below `folder`: what was rendered in `srv`, whose proxy answers at `port` of the loopback."""

    folder: Path
    project: str = field(default_factory=lambda: f"coffre-test-{secrets.token_hex(4)}")
    port: int = field(default_factory=free_port)

    @property
    def srv(self) -> Path:
        return self.folder / "srv"

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "CONTAINERS_CONF": str(self.folder / "containers.conf")}

    def run(self, *words: object, given: str | None = None) -> str:
        """What a command says that must succeed, within five minutes."""
        done = subprocess.run(
            [*map(str, words)],
            cwd=self.srv,
            env=self.env,
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{words[:3]}: {done.stdout[-1_000:]}{done.stderr[-2_000:]}"
        return done.stdout

    def podman(self, *words: object, given: str | None = None) -> str:
        return self.run("podman", *words, given=given)

    def compose(self, *words: object) -> str:
        files = [word for name in ("compose", "engines", "here") for word in ("-f", f"{name}.yaml")]
        tool = self.folder / "tool/bin/podman-compose"
        return self.run(tool, "-p", self.project, *files, *words)

    def owner(self, *words: object, **env: str) -> str:
        """A command of the owner, in its container."""
        told = [word for name, value in env.items() for word in ("-e", f"{name}={value}")]
        return self.compose("--profile", OWNER, "run", "--rm", "-T", *told, OWNER, *words)

    def name(self, service: str) -> str:
        return f"{self.project}_{service}_1"

    def inspected(self, service: str) -> dict[str, Any]:
        (found,) = json.loads(self.podman("inspect", self.name(service)))
        return dict(found)

    def wait_healthy(self, *services: str) -> None:
        """Raises AssertionError with the log of who is not."""
        limit, left = time.monotonic() + HEALTHY_WITHIN, [*services]
        while left:
            left = [each for each in left if not self._is_healthy(each)]
            assert time.monotonic() < limit, self.log(left[0])
            time.sleep(1)

    def log(self, service: str) -> str:
        words = ["podman", "logs", "--tail", "20", self.name(service)]
        done = subprocess.run(words, env=self.env, capture_output=True, text=True, check=False)
        return f"{service}: {done.stdout}{done.stderr}"

    def _is_healthy(self, service: str) -> bool:
        words = ["podman", "healthcheck", "run", self.name(service)]
        asked = subprocess.run(words, env=self.env, capture_output=True, check=False, timeout=SECONDS)
        return asked.returncode == 0

    def bao(self, *words: str, token: str = "", given: str | None = None) -> str:
        told = {**BAO_HERE, "BAO_TOKEN": token}
        env = [word for name, value in told.items() for word in ("-e", f"{name}={value}")]
        return self.podman("exec", "-i", *env, self.name("root"), *BAO, *words, given=given)


@contextmanager
def running(folder: Path, site: str, operators: Mapping[str, Path]) -> Iterator[Composed]:
    """The whole site of this description, with the public halves of `operators`' keys; `down` at the end."""
    made = Composed(folder)
    _prepare(made, site)
    try:
        made.compose("up", "-d", *ENGINES)
        made.wait_healthy(*ENGINES)
        _open_root(made)
        _initialise(made, operators)
        made.compose("up", "-d")
        made.wait_healthy(*SERVED)
        yield made
    finally:
        _remove(made)


def _prepare(made: Composed, site: str) -> None:
    """Tools, files, passwords."""
    debian("podman", "podman")
    if not Path("/usr/lib/podman/aardvark-dns").exists():
        install("networks of podman", "runc", "netavark", "aardvark-dns", "iptables")
    made.srv.mkdir()
    nofile, tasks = resource.getrlimit(resource.RLIMIT_NOFILE)[1], _tasks()
    (made.folder / "containers.conf").write_text(
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        '[network]\nnetwork_backend = "netavark"\n'
        f'[containers]\ndefault_ulimits = ["nofile={nofile}:{nofile}", "nproc={tasks}:{tasks}"]\n'
    )
    made.run(sys.executable, "-m", "venv", made.folder / "tool")
    pip = (made.folder / "tool/bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check")
    made.run(*pip, "install", "--no-deps", "--require-hashes", "-r", LOCK)
    description = made.folder / "site.toml"
    description.write_text(site)
    coffre = (sys.executable, "-m", "coffre.cli")
    made.run(*coffre, "settings", "check", description)
    made.run(*coffre, "deploy", "render", description, "--out", made.folder / "site")
    (made.folder / "site/container").rename(made.srv)
    made.run(*coffre, "deploy", "passwords", "--to", made.srv)
    (made.srv / "here.yaml").write_text(_here(made.port))


def _tasks() -> int:
    """A machine of tests may not be allowed to raise what it has."""
    most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    return MOST_TASKS if most == resource.RLIM_INFINITY else min(most, MOST_TASKS)


def _here(port: int) -> str:
    """What differs on a machine of tests: the loopback alone is listened on, and limits are not raised."""
    limits = "".join(
        f"  {name}:\n    ulimits: {{nproc: {_tasks()}}}\n" for name in (PROXY, OWNER, *PROCESSES, *ENGINES)
    )
    front = (
        f'  {FRONT}:\n    ulimits: {{nproc: {_tasks()}}}\n    ports: !override ["127.0.0.1:{port}:8443"]\n'
    )
    return f"services:\n{front}{limits}"


def _open_root(made: Composed) -> None:
    """Initialised, unsealed, with a key of ours and a token for it alone."""
    shares = ("-key-shares=1", "-key-threshold=1", "-format=json")
    kept = json.loads(made.bao("operator", "init", *shares))
    made.bao("operator", "unseal", kept["unseal_keys_b64"][0])
    token, limit = kept["root_token"], time.monotonic() + 60
    while json.loads(made.bao("status", "-format=json"))["sealed"] and time.monotonic() < limit:
        time.sleep(0.5)
    made.bao("secrets", "enable", "transit", token=token)
    made.bao("policy", "write", "coffre", "-", token=token, given=POLICY)
    asked = ("token", "create", "-policy=coffre", "-orphan", "-period=768h", "-field=token")
    given = made.bao(*asked, token=token)
    for name in ("vault", OWNER):
        with (made.srv / f"secrets/{name}.env").open("a") as file:
            file.write(f"COFFRE_VAULT_TOKEN={given.strip()}\n")


def _initialise(made: Composed, operators: Mapping[str, Path]) -> None:
    for name, public in operators.items():
        (made.srv / f"keys/{name}.pem").write_bytes(public.read_bytes())
    named = ",".join(f"{name}=/var/lib/{name}.pem" for name in operators)
    made.owner("init", COFFRE_OPERATORS=named)
    made.owner("roles", "--out", "/roles")
    folders = ("--doors", "/run/coffre-vault", "--roles", "/roles", "--certificates", "/run/coffre-signin")
    made.owner("deploy", "folders", *folders)


def _remove(made: Composed) -> None:
    """Whatever is left of the project, whether or not `down` knows it."""
    tool = made.folder / "tool/bin/podman-compose"
    if tool.exists():
        words = [
            tool,
            "-p",
            made.project,
            "-f",
            "compose.yaml",
            "-f",
            "engines.yaml",
            "down",
            "-v",
            "-t",
            "20",
        ]
        subprocess.run(words, cwd=made.srv, env=made.env, capture_output=True, timeout=SECONDS, check=False)
    for kind, ids in left(made).items():
        force = ["podman", kind, "rm", "-f", *ids]
        subprocess.run(force, env=made.env, capture_output=True, timeout=SECONDS, check=False)


def left(made: Composed) -> dict[str, list[str]]:
    """Containers, volumes and networks that have the project's name."""
    of_project = f"label=io.podman.compose.project={made.project}"
    listed = {
        "container": ("ps", "-aq", "--filter", of_project),
        "volume": ("volume", "ls", "-q", "--filter", of_project),
        "network": ("network", "ls", "-q", "--filter", of_project),
    }
    found = {kind: made.podman(*words).split() for kind, words in listed.items()}
    return {kind: ids for kind, ids in found.items() if ids}
