"""Debian's nginx for the name of machines, as `coffre proxy render` configures it: it asks for a client
certificate of the authority, and hands it over on the sign-in's socket.
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from coffre.demonstration.doors.health_authority import AUTHORITIES, Issued
from coffre.demonstration.doors.machines import NAME
from coffre.proxy.nginx import DEBIAN_MODULES, Proxied, rendered
from coffre.proxy.routing import Process
from tests.services.processes import debian, install
from tests.services.server import Server
from tests.services.service import HOST, certificate, listens

NOBODY = 65_534
"""As whom the workers of an nginx run that root has started, where its configuration names nobody."""


def workers_user() -> int:
    return NOBODY if os.geteuid() == 0 else os.geteuid()


def made(
    directory: Path,
    authority: Path,
    port: int,
    socket: Path,
    processes: Mapping[Process, str],
    *,
    people: str = f"people.{NAME}",
    name: str = NAME,
) -> Server:
    """Serves `people` and the machines, by `name`, on 127.0.0.1:`port` once started; its own certificate is
    tls.crt in the folder. `authority`: the folder that it was published to.
    """
    program = debian("nginx", "nginx-light")
    if not Path(DEBIAN_MODULES, "ngx_http_js_module.so").exists():
        install("nginx's module for JavaScript", "libnginx-mod-http-js")
    directory.mkdir()
    own, key = certificate(directory, people, name)
    site = Proxied(
        people=people,
        machines=name,
        processes={**processes, Process.CERTIFICATES: f"unix:{socket}"},
        certificate=own,
        key=key,
        authorities=authority / AUTHORITIES,
        listen=f"{HOST}:{port}",
    )
    for file, text in rendered(site, directory, foreground=True).items():
        (directory / file).write_text(text)
    command = [program, "-c", directory / "nginx.conf", "-p", directory, "-e", directory / "error.log"]
    return Server("machines", command, directory / "nginx.log", lambda: listens(port))


@dataclass(frozen=True)
class ThroughNginx:
    """The name of machines at that nginx (`coffre.demonstration.doors.machines.Machines`)."""

    directory: Path
    port: int

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}"

    def showing(self, issued: Issued) -> httpx.BaseTransport:
        context = ssl.create_default_context(cafile=self.directory / "tls.crt")
        context.load_cert_chain(*issued.written(self.directory, "shown"))
        return _Named(context)


class _Named(httpx.BaseTransport):
    """Reaches the loopback under that name, which no resolver knows."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._inner = httpx.HTTPTransport(verify=context)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = NAME
        request.url = request.url.copy_with(host=HOST)
        return self._inner.handle_request(request)
