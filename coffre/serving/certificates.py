"""The socket on which the sign-in process takes certificates from the proxy, where a site has one."""

import os

from coffre.installation.sign_in import SignIn
from coffre.notifying.carriers import carrier_of
from coffre.serving.http_server import Served, from_proxy
from coffre.wiring import System


def certificate_servers(system: System, origin: str) -> list[Served]:
    """None without COFFRE_CERTIFICATES_SOCKET. `origin` is that of the name of people."""
    settings = system.settings
    if settings.certificates_socket is None:
        return []
    user = os.getuid() if settings.proxy_user is None else settings.proxy_user
    app = SignIn(system, carrier_of(settings, origin)).certificates(origin)
    return [(from_proxy(app, settings.certificates_socket, user), None)]
