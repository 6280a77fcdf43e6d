"""The name of machines in the demo, where cards and certificates of structures are shown.

At a site that is a proxy's, which asks its TLS clients for their certificate and hands it over on a socket
(`coffre proxy render`). Where no proxy runs, whoever shows one stands at that socket himself.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import httpx

from coffre.demonstration.doors.health_authority import HealthAuthority, Issued, header_value

NAME = "machines.localhost"
_AT_THE_SOCKET = frozenset({"/token", "/sign-in/carte"})


class Machines(Protocol):
    """How the name of machines is reached, at `url`."""

    @property
    def url(self) -> str: ...
    def showing(self, issued: Issued) -> httpx.BaseTransport:
        """As whoever holds this certificate and its key."""
        ...


class AtTheSocket:
    """Without a proxy: `socket` is the one of the sign-in, `url` where everything else is answered."""

    def __init__(self, url: str, socket: Path) -> None:
        self.url = url
        self._socket = socket

    def showing(self, issued: Issued) -> httpx.BaseTransport:
        return _HandedOver(issued, self._socket)


class _HandedOver(httpx.BaseTransport):
    """Writes `Client-Cert` as a proxy would that has seen the certificate."""

    def __init__(self, issued: Issued, socket: Path) -> None:
        self._header = header_value(issued.der).decode("ascii")
        self._door = httpx.HTTPTransport(uds=str(socket))
        self._others = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["Client-Cert"] = self._header
        to = self._door if request.url.path in _AT_THE_SOCKET else self._others
        return to.handle_request(request)


def settings_at_the_socket(authority: HealthAuthority, folder: Path, url: str) -> Mapping[str, str | Path]:
    """By field, of a Coffre to which this machine shows certificates. `url`: where browsers bring cards."""
    return {
        **authority.publish(folder),
        "machines_url": url,
        "certificates_socket": socket_in(folder),
        "certificate_proxies": "127.0.0.1",
    }


def environment_of(settings: Mapping[str, str | Path]) -> dict[str, str]:
    return {f"COFFRE_{name.upper()}": str(value) for name, value in settings.items()}


def socket_in(folder: Path) -> Path:
    return folder / "certificates.sock"
