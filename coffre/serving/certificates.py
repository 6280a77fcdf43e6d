"""The socket on which the sign-in process takes certificates from the proxy, where a site has one."""

import os
from pathlib import Path

from coffre.installation.sign_in import SignIn
from coffre.serving.callers.caller_address import of_proxy
from coffre.serving.http_server import Served, from_proxy
from coffre.settings import Settings
from keyvault.process.sockets import check_folder, claim
from records.errors import Invalid


def certificate_servers(doors: SignIn, settings: Settings, origin: str) -> list[Served]:
    """None without COFFRE_CERTIFICATES_SOCKET. `origin` is that of the name of people.

    Raises `CoffreError` "foreign_socket" where its folder is somebody else's, who could listen there, or
    something lies or listens there already; `Invalid` "bad_setting" where there is no such folder.
    """
    if settings.certificates_socket is None:
        return []
    _claim(settings.certificates_socket)
    user = os.getuid() if settings.proxy_user is None else settings.proxy_user
    app = doors.certificates(origin, of_proxy)
    return [(from_proxy(app, settings.certificates_socket, user), None)]


def _claim(path: Path) -> None:
    check_folder(path.parent)
    if not path.parent.exists():
        raise Invalid(
            f"COFFRE_CERTIFICATES_SOCKET lies in {path.parent}, which is not there: make that folder, as "
            "this process's user.",
            code="bad_setting",
        )
    claim(path)
