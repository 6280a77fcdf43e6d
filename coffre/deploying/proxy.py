"""nginx before a site's processes, as files for its machine and for its containers: `coffre/proxy` writes the
configuration, this says where each thing lies.
"""

from pathlib import Path

from coffre.deploying import units
from coffre.deploying.compose import CONTAINER_PORT
from coffre.deploying.processes import PROCESSES, PROXY, user_of
from coffre.deploying.site import Site
from coffre.proxy.nginx import Proxied, host_of, read_processes, rendered
from coffre.proxy.routing import Process

_CREDENTIALS = Path("/run/credentials")


def is_described(site: Site) -> bool:
    """Whether the site says by which certificate its proxy is known; without it nothing of it is rendered."""
    return {"COFFRE_PROXY_CERTIFICATE", "COFFRE_PROXY_KEY"} <= site.proxy.keys()


def files(site: Site) -> dict[str, str]:
    """By path: the configuration and its script, once for the unit and once for compose, and the unit."""
    if not is_described(site):
        return {}
    unit = f"{user_of(PROXY)}.service"
    on_machine = _proxied(site, _CREDENTIALS / unit, "443")
    in_container = _proxied(site, Path("/run/secrets"), str(CONTAINER_PORT))
    own = Path("/tmp")  # noqa: S108 - the container's own, in memory
    run = Path("/run") / user_of(PROXY)
    placed = {
        "nginx": rendered(on_machine, run, foreground=True, scripts=site.etc / "nginx"),
        "container/nginx": rendered(in_container, own, foreground=True, scripts=Path("/etc/nginx")),
    }
    return {
        f"systemd/{unit}": units.proxy_service(site),
        **{f"{folder}/{name}": text for folder, found in placed.items() for name, text in found.items()},
    }


def _proxied(site: Site, credentials: Path, listen: str) -> Proxied:
    told = {**site.settings["signin"], **site.proxy}
    machines, authorities = told.get("COFFRE_MACHINES_URL"), told.get("COFFRE_PROXY_AUTHORITIES")
    return Proxied(
        people=host_of(told["COFFRE_PUBLIC_URL"]),
        machines=host_of(machines) if machines else None,
        processes=_processes(site),
        certificate=credentials / "certificate.pem",
        key=credentials / "key.pem",
        authorities=Path(authorities) if authorities else None,
        listen=listen,
    )


def _processes(site: Site) -> dict[Process, str]:
    """Of the table: those with a port on the loopback, and the socket where certificates are believed."""
    if given := site.proxy.get("COFFRE_PROXY_PROCESSES"):
        return read_processes(given)
    found = {Process(name): f"127.0.0.1:{part.port}" for name, part in PROCESSES.items() if part.port}
    if socket := site.settings["signin"].get("COFFRE_CERTIFICATES_SOCKET"):
        found[Process.CERTIFICATES] = f"unix:{socket}"
    return found
