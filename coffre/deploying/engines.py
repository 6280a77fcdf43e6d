"""The engines of a site on one machine, as containers of one image: engines.yaml beside compose.yaml.

Each is alone in the network that is named after it, with whoever asks it. Postgres is there three times, so
that who takes over one opens nothing of another.
"""

from dataclasses import dataclass
from typing import Any

from coffre.deploying.compose import (
    CONTAINER_PORT,
    HARDENED,
    OWNER,
    ROOT_CERTIFICATE,
    healthy,
    networks_of,
    replaceable,
)
from coffre.deploying.processes import PROCESSES, PROXY

IMAGE = "localhost/coffre-engines"
USER = 60_700
"""Of every engine, each in its own container."""
_CERTIFICATE = f"./secrets/root.pem:{ROOT_CERTIFICATE}:ro"
"""By which the root is known to those who ask it, as `ca=/run/root.pem` in its address."""
_PYTHON = "/usr/bin/python3.11"
_ANSWERS = "import socket as s; s.create_connection(('127.0.0.1', %d), 5).close()"


@dataclass(frozen=True, slots=True)
class Engine:
    """`arguments` of the image; its secret is a file of its name."""

    arguments: tuple[str, ...]
    port: int
    memory_mib: int = 1024


ENGINES = {
    "index": Engine(("postgres", "coffre_index"), 5432, memory_mib=2048),
    "keys": Engine(("postgres", "coffre_vault", "coffre_days"), 5432),
    "accounts": Engine(("postgres", "coffre_accounts"), 5432),
    "broker": Engine(("broker",), 5672),
    "objects": Engine(("objects",), 8333, memory_mib=2048),
    "root": Engine(("root",), 8200),
}
"""By network, which is its name there, too."""


def engines() -> dict[str, Any]:
    """What is added to compose.yaml: the engines, and that processes wait for those that they ask."""
    return {
        "services": {
            **{name: _service(name, engine) for name, engine in ENGINES.items()},
            **{name: {"depends_on": _waits(name)} for name in PROCESSES if name != "vault"},
            "vault": {"depends_on": _waits("vault"), "volumes": [_CERTIFICATE]},
            OWNER: {"volumes": [_CERTIFICATE]},
            PROXY: {"image": IMAGE, "healthcheck": replaceable(_PYTHON, "-c", _ANSWERS % CONTAINER_PORT)},
        },
        "volumes": {f"{name}_kept": {} for name in ENGINES},
        "secrets": {f"{name}_engine": {"file": f"./secrets/engines/{name}"} for name in ENGINES},
    }


def _service(name: str, engine: Engine) -> dict[str, Any]:
    return {
        **HARDENED,
        "image": IMAGE,
        "command": [*engine.arguments],
        "user": f"{USER}:{USER}",
        "networks": [name],
        "volumes": [f"{name}_kept:/var/lib/engine"],
        "tmpfs": ["/tmp"],  # noqa: S108 - the container's own, in memory
        "mem_limit": f"{engine.memory_mib}m",
        "pids_limit": 512,
        "stop_grace_period": "60s",
        "healthcheck": healthy(_PYTHON, "-c", _ANSWERS % engine.port),
        "secrets": [{"source": f"{name}_engine", "target": "engine"}],
    }


def _waits(process: str) -> dict[str, Any]:
    """For its engines; who calls the vault, for the vault as well."""
    asked = [*networks_of(process), *(["vault"] if PROCESSES[process].doors else [])]
    return {name: {"condition": "service_healthy"} for name in asked}
