"""Examine an installation as far as its owner sees it: each check that cannot be made is a finding, too."""

import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from coffre.command_line.opening import settings_of_installation
from coffre.deploying import environment_file
from coffre.deploying.processes import PROCESSES
from coffre.doctor.findings import Finding, of_certificate, of_disk, of_proxies, of_revocation_list, of_status
from coffre.setting_rules import takes_proxy_for_callers
from coffre.settings import Settings
from keyvault.credentials.private_files import check_mode
from keyvault.process.sockets import check_folder, folder_of
from keyvault.process.tls import days_left
from records.errors import CoffreError

ETC = Path("/etc/coffre")
CERTIFICATES = (
    "vault_tls_certificate",
    "vault_tls_authority",
    "proxy_certificate",
    "proxy_authorities",
    "card_authorities",
    "organisation_authorities",
)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_READ_FIRST = "Do what this sentence says, and ask again."


def examine(data: Path | None, etc: Path = ETC) -> list[Finding]:
    """Everything that is wrong, in the order of `findings.CHECKS`."""
    try:
        settings = settings_of_installation(data)
    except CoffreError as error:
        return [Finding("settings", error.sentence, _READ_FIRST), *_secret_files(etc, None)]
    return [
        *_secret_files(etc, settings.proxy_key),
        *_certificates(settings),
        *_revocation_lists(settings),
        *_sockets(settings),
        *_proxies(settings, etc),
        *_disk(settings),
        *_status(settings),
    ]


def _secret_files(etc: Path, proxy_key: Path | None) -> Iterator[Finding]:
    """The key of the proxy among them: nginx reads it, and says nothing of who else may."""
    key = [proxy_key] if proxy_key is not None and proxy_key.exists() else []
    for path in (*sorted((*etc.glob("roles/*.env"), *etc.glob("secrets/*.env"))), *key):
        try:
            check_mode(path, _OTHERS)
        except CoffreError as error:
            yield Finding("secret_files", error.sentence, "Draw anew what it holds: others may have read it.")


def _certificates(settings: Settings) -> Iterator[Finding]:
    """Those that the owner sees, and the authorities by which others are believed."""
    named = {getattr(settings, name) for name in CERTIFICATES}
    for path in sorted(named - {None}):
        yield from of_certificate(str(path), days_left(path))


def _revocation_lists(settings: Settings) -> Iterator[Finding]:
    if settings.revocation_lists is None:
        return
    from sign_in.certificates.revocation_folder import RevocationFolder  # noqa: PLC0415 - for sites with cards

    ends = RevocationFolder(settings.revocation_lists).lists().ends()
    if not ends:
        yield from of_revocation_list(str(settings.revocation_lists), None)
    now = datetime.now(UTC)
    for authority, end in ends:
        yield from of_revocation_list(authority, (end - now).total_seconds() / 3600 if end else None)


def _sockets(settings: Settings) -> Iterator[Finding]:
    """A folder that belongs to another user than the vault's files is no place of its sockets."""
    if not settings.vault_url.startswith("unix:"):
        return
    folder = folder_of(settings.vault_url)
    try:
        owner = settings.vault_dir.stat().st_uid
    except OSError:
        return
    try:
        check_folder(folder, owner)
    except CoffreError as error:
        yield Finding("sockets", error.sentence, "Whoever made it can listen in the vault's place.")


def _proxies(settings: Settings, etc: Path) -> Iterator[Finding]:
    try:
        yield from of_proxies(_taking_proxies_for_callers(settings, etc))
    except OSError:
        yield Finding(
            "proxies", f"The settings in {etc} cannot be read.", "Ask with the rights of the owner."
        )


def _taking_proxies_for_callers(settings: Settings, etc: Path) -> list[str]:
    """By the files of settings of a site, where it has some; else by the settings that the owner has."""
    files = {name: etc / f"settings/{name}.env" for name, each in PROCESSES.items() if each.port}
    told = {name: _proxied(path) for name, path in files.items() if path.exists()}
    own = {"coffre serve": (settings.public_url or "", settings.trusted_proxies)}
    return [name for name, each in (told or own).items() if takes_proxy_for_callers(*each)]


def _proxied(path: Path) -> tuple[str, str]:
    """The public address and the proxies that a file of settings names, as `coffre deploy render` writes."""
    named = environment_file.read(path.read_text("utf-8", "replace"))
    return named.get("COFFRE_PUBLIC_URL", ""), named.get("COFFRE_TRUSTED_PROXIES", "")


def _disk(settings: Settings) -> Iterator[Finding]:
    room = shutil.disk_usage(settings.data)
    yield from of_disk(str(settings.data), room.free, room.total)


def _status(settings: Settings) -> Iterator[Finding]:
    from coffre.installation.status import installation_status  # noqa: PLC0415 - loads the engines

    try:
        yield from of_status(installation_status(settings))
    except CoffreError as error:
        yield Finding("status", f"{error.code}: {error.sentence}", _READ_FIRST)
