"""A site on one machine as containers: compose.yaml from the table of processes. JSON, which YAML reads.

Networks are who speaks with whom and nothing more: a process is in the network of each thing that it asks.
HTTP processes and the proxy listen to each other on one loopback. A container that does nothing else holds
it, so that none of them takes it away from the others when it is restarted.
"""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from coffre.deploying.named_files import files_of
from coffre.deploying.processes import CALLERS, PROCESSES, PROXY, SETTINGS, Process, number_of
from coffre.deploying.site import Site, of_all
from coffre.deploying.units import PROXY_MEMORY_MIB, PROXY_TASKS, STOP_S
from coffre.processes import pulse
from coffre.proxy.nginx import host_of

DATA, DOORS = "/var/lib/coffre", "/run/coffre-vault"
CERTIFICATES = "certificates"
PULSE = "/tmp/pulse"  # noqa: S108 - in the container's own, in memory
IMAGE = "localhost/coffre"
CONTAINER_PORT = 8443
"""Of the proxy, which may take no port below 1024."""
ASKS = {
    "index": "COFFRE_INDEX_URL",
    "keys": "COFFRE_VAULT_STORE_URL",
    "broker": "COFFRE_QUEUE_URL",
    "objects": "COFFRE_OBJECTS_URL",
    "root": "COFFRE_VAULT_ROOT",
    "accounts": "COFFRE_ACCOUNTS_URL",
}
"""Networks, each with an engine in it and the processes that are told where it is."""
HARDENED: dict[str, Any] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "restart": "unless-stopped",
    "ulimits": {"core": 0, "nofile": 16_384},
}
ROOT_CERTIFICATE = "/run/root.pem"
"""Of the root beside the processes; engines.yaml has it."""
OUTSIDE = "outside"
"""The network of who is told an address that is no engine's here: a cloud's store or root, a mail server."""
FAR = ("COFFRE_OBJECTS_URL", "COFFRE_VAULT_ROOT", "COFFRE_SECOND_PLACE_URL", "COFFRE_NOTICES_URL")
_NEAR = ("file:", "pkcs11:", "page:")
FRONT = "front"
OWNER = "owner"
"""Who makes the installation and runs the commands; it is started by hand alone."""


def compose(site: Site) -> dict[str, Any]:
    """Services of the processes and the proxy; engines are whose you choose, in these networks."""
    found: dict[str, Any] = _literal(_services(site))
    return found


def _literal(found: Any) -> Any:
    """Compose puts variables in place of what follows a $: two of them are one."""
    if isinstance(found, Mapping):
        return {name: _literal(value) for name, value in found.items()}
    if isinstance(found, list):
        return [_literal(each) for each in found]
    return found.replace("$", "$$") if isinstance(found, str) else found


def _services(site: Site) -> dict[str, Any]:
    return {
        "name": "coffre",
        "services": {
            FRONT: _front(),
            PROXY: _proxy(site),
            **{process: _service(site, process) for process in PROCESSES},
            OWNER: _owner(site),
        },
        "networks": {"edge": {}, OUTSIDE: {}, **{name: {"internal": True} for name in ASKS}},
        "volumes": {"data": {}, "doors": {}, **({CERTIFICATES: {}} if _of_certificates(site) else {})},
        "secrets": {
            f"{process}_{kind}": {"file": f"./{kind}/{process}.env"}
            for process in (*PROCESSES, OWNER)
            for kind in ("roles", "secrets")
        }
        | {f"proxy_{each}": {"file": path} for each, path in _certificate(site).items()},
    }


def networks_of(process: str) -> list[str]:
    """Those of the engines that it asks."""
    return sorted(name for name, setting in ASKS.items() if process in SETTINGS[setting].told)


def _asks_far(site: Site, process: str) -> bool:
    """Whether it is told an address of another machine, in the open or in its file of secrets."""
    if site.secrets[process] & {*FAR}:
        return True
    told = [site.settings[process][name] for name in FAR if name in site.settings[process]]
    return not all(each.startswith(_NEAR) or any(f"://{name}:" in each for name in ASKS) for each in told)


def _front() -> dict[str, Any]:
    """What is reached from outside, and the networks of all who answer behind it."""
    asked = {name for process, part in PROCESSES.items() if part.port for name in networks_of(process)}
    return {
        **HARDENED,
        **_bounds(64, 8),
        "image": IMAGE,
        "entrypoint": [_PYTHON, "-c", _WAIT],
        "user": f"{number_of(PROXY)}:{number_of(PROXY)}",
        "ports": [f"443:{CONTAINER_PORT}"],
        "networks": ["edge", *sorted(asked)],
        "healthcheck": healthy(_PYTHON, "-c", _LOOPBACK),
    }


def _proxy(site: Site) -> dict[str, Any]:
    return {
        **HARDENED,
        **_bounds(PROXY_MEMORY_MIB, PROXY_TASKS),
        "image": "nginx",
        "command": ["nginx", "-c", "/etc/nginx/nginx.conf", "-e", "stderr"],
        "user": f"{number_of(PROXY)}:{number_of(PROXY)}",
        "secrets": [{"source": f"proxy_{each}", "target": f"{each}.pem"} for each in _certificate(site)],
        "network_mode": f"service:{FRONT}",
        "volumes": [
            "./nginx:/etc/nginx:ro",
            *_files(site.proxy),
            *(f"{each}:ro" for each in _of_certificates(site)),
        ],
        "tmpfs": ["/tmp"],  # noqa: S108 - the container's own, in memory
        "healthcheck": replaceable(*_answers(site)),
    }


def _answers(site: Site) -> list[str]:
    """Of nginx's own image, which has curl; the answer may be that a process is away."""
    host = host_of(site.settings["signin"]["COFFRE_PUBLIC_URL"])
    at = f"{host}:{CONTAINER_PORT}"
    return ["curl", "-sk", "-o", "/dev/null", "--resolve", f"{at}:127.0.0.1", f"https://{at}/health/live"]


def _certificate(site: Site) -> dict[str, str]:
    """Files of the machine that the proxy's user reads."""
    names = {"certificate": "COFFRE_PROXY_CERTIFICATE", "key": "COFFRE_PROXY_KEY"}
    return {each: site.proxy[name] for each, name in names.items() if name in site.proxy}


def _service(site: Site, process: str) -> dict[str, Any]:
    part = PROCESSES[process]
    group = number_of(CALLERS) if process == "vault" else number_of(process)
    service = {
        **HARDENED,
        **_bounds(part.memory_mib, part.tasks),
        "image": IMAGE,
        "command": [*part.arguments, *_told(part)],
        "user": f"{number_of(process)}:{group}",
        "environment": dict(site.settings[process]),
        "secrets": _secrets(process),
        "volumes": list(_volumes(site, process)),
        "tmpfs": ["/tmp"],  # noqa: S108 - the container's own, in memory
        "stop_grace_period": f"{STOP_S}s",
    }
    if part.doors:
        service["group_add"] = [str(number_of(CALLERS))]
        service["depends_on"] = {"vault": {"condition": "service_healthy"}}
    if part.port:
        ready = healthy(_PYTHON, "-c", _READY % part.port)
        return {**service, "network_mode": f"service:{FRONT}", "healthcheck": ready}
    alive = (_PYTHON, "-m", pulse.__name__, PULSE) if part.pulse else (_PYTHON, "-c", _DOOR)
    return {
        **service,
        "networks": [*networks_of(process), *([OUTSIDE] if _asks_far(site, process) else [])],
        "healthcheck": healthy(*alive),
    }


def _told(part: Process) -> list[str]:
    if part.port:
        return ["--port", str(part.port)]
    return ["--pulse", PULSE] if part.pulse else []


def _owner(site: Site) -> dict[str, Any]:
    """Root in its container, with no more than it takes to give files to whose they are."""
    return {
        **HARDENED,
        "image": IMAGE,
        "profiles": [OWNER],
        "restart": "no",
        "user": "0:0",
        "cap_add": ["CHOWN", "DAC_OVERRIDE", "FOWNER"],
        "environment": of_all(site),
        "secrets": _secrets(OWNER),
        # `init` leaves the audit officer's key beside the data directory: it comes to lie in keys/
        "volumes": [
            "./keys:/var/lib",
            f"data:{DATA}",
            f"doors:{DOORS}",
            "./roles:/roles",
            *_files(of_all(site)),
            *(f"{path}:{path}:ro" for name, path in _certificate(site).items() if name == "certificate"),
            *_of_certificates(site),
        ],
        "tmpfs": ["/tmp"],  # noqa: S108 - the container's own, in memory
        "networks": [*sorted(ASKS), OUTSIDE],
    }


def _secrets(whose: str) -> list[dict[str, str]]:
    return [{"source": f"{whose}_{kind}", "target": f"{kind}.env"} for kind in ("roles", "secrets")]


def _bounds(memory_mib: int, tasks: int) -> dict[str, Any]:
    """No swap: keys stay in memory."""
    return {"mem_limit": f"{memory_mib}m", "memswap_limit": f"{memory_mib}m", "pids_limit": tasks}


_PYTHON = "/opt/coffre/bin/python"
_WAIT = "import signal as s; s.pthread_sigmask(s.SIG_BLOCK, {s.SIGTERM}); s.sigwait({s.SIGTERM})"
_READY = "import urllib.request as u; u.urlopen('http://127.0.0.1:%d/health/ready', timeout=5)"
_LOOPBACK = "import socket as s; s.socket().bind(('127.0.0.1', 0))"
_DOOR = f"import socket as s; s.socket(s.AF_UNIX).connect('{DOORS}/public.sock')"


def healthy(*words: str) -> dict[str, Any]:
    """A program and its arguments: there is no shell."""
    return {"test": ["CMD", *words], "interval": "10s", "timeout": "6s", "retries": 6, "start_period": "30s"}


def replaceable(*words: str) -> dict[str, Any]:
    """Of a service that engines.yaml has as well, in an image with a shell: podman-compose puts a later list
    behind the first, and a later text in its place.
    """
    return {**healthy(), "test": shlex.join(words)}


def _volumes(site: Site, process: str) -> Iterator[str]:
    """The data directory read-only, below it what it writes; the sockets, which the vault alone makes; and
    that of certificates, which the sign-in process makes.
    """
    part = PROCESSES[process]
    yield f"data:{DATA}{'' if part.writes else ':ro'}"
    if part.doors or process == "vault":
        yield f"doors:{DOORS}{':ro' if part.doors else ''}"
    if process == "signin":
        yield from _of_certificates(site)
    yield from _files(_opened(site.settings[process], process))


def _opened(told: Mapping[str, str], process: str) -> Mapping[str, str]:
    """The gateway's pages say whether messages leave: it sends none, and reads no password for that."""
    unopened = "COFFRE_NOTICES_URL" if process == "gateway" else None
    return {name: value for name, value in told.items() if name != unopened}


def _files(told: Mapping[str, str]) -> list[str]:
    """What lies in the data directory is there already."""
    named = {each for each in files_of(told) if not Path(each).is_relative_to(DATA)} - {ROOT_CERTIFICATE}
    return [f"{path}:{path}:ro" for path in sorted(named)]


def _of_certificates(site: Site) -> list[str]:
    """The folder of the socket on which the proxy hands certificates over, where there is one."""
    socket = site.settings["signin"].get("COFFRE_CERTIFICATES_SOCKET")
    return [f"{CERTIFICATES}:{Path(socket).parent}"] if socket else []
