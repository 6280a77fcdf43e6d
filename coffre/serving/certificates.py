"""The socket on which the sign-in process takes certificates from the proxy, where a site has one."""

import os

from coffre.installation.sign_in import SignIn
from coffre.serving.callers.caller_address import of_proxy
from coffre.serving.http_server import Served, from_proxy
from coffre.settings import Settings


def certificate_servers(doors: SignIn, settings: Settings, origin: str) -> list[Served]:
    """None without COFFRE_CERTIFICATES_SOCKET. `origin` is that of the name of people."""
    if settings.certificates_socket is None:
        return []
    user = os.getuid() if settings.proxy_user is None else settings.proxy_user
    app = doors.certificates(origin, of_proxy)
    return [(from_proxy(app, settings.certificates_socket, user), None)]
