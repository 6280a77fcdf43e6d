"""Open the root that a URL names (`keyvault.roots.addresses`). Secrets are read when used: a PIN or a token's
file may be renewed while the vault runs.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from keyvault.roots.addresses import check_url, of_engine, of_kms, of_quorum, of_token, path_of, two
from keyvault.roots.combined import CombinedRoot
from keyvault.roots.file import FileRoot
from keyvault.roots.ports import Root, RootError
from records import exposed
from records.text.plain_text import text_of

Ask = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Created:
    """A new root, and a quorum's shares, which are shown to their holders now or never."""

    root: Root
    shares: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Secrets:
    """The sources of a root's secrets; `ask` prompts a person for a share of a quorum."""

    passphrase: str | None = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    ask: Ask | None
    sealed: bool

    def read(self, name: str) -> str:
        """A secret by its variable's name, preferring the file that `NAME_FILE` names.

        Raises `RootError` "root_secret_missing".
        """
        if path := self.environ.get(f"{name}_FILE"):
            text = _text(Path(path))
        else:
            text = self.environ.get(name, "").strip()
        if not text or not text.isascii() or not text.isprintable():
            raise RootError(
                f"This root wants a secret: set {name}_FILE or {name}.", code="root_secret_missing"
            )
        return text

    def shares(self) -> list[str]:
        """The holders' lines that COFFRE_VAULT_SHARES names."""
        paths = self.environ.get("COFFRE_VAULT_SHARES", "").split(os.pathsep)
        return [_text(Path(path)) for path in paths if path]


def open_root(
    url: str,
    passphrase: str | None = None,
    *,
    environ: Mapping[str, str],
    ask: Ask | None = None,
    sealed: bool = False,
) -> Root:
    """The root at `url`, checked to answer. Raises `Invalid` "root_url_invalid" or what the root raises.

    `sealed`: no file without a passphrase; raises `RootError` "root_file_bare".
    """
    return _root(url, Secrets(_passphrase(passphrase, environ), environ, ask, sealed), create=False).root


def create_root(
    url: str,
    passphrase: str | None = None,
    *,
    environ: Mapping[str, str],
    sealed: bool = False,
) -> Created:
    """Makes the root at `url`: a file is never overwritten, a key that a module or service holds is taken.

    Raises `Conflict` "root_file_exists", `Invalid` "root_url_invalid", or what the root raises.
    """
    return _root(url, Secrets(_passphrase(passphrase, environ), environ, None, sealed), create=True)


def _root(url: str, secrets: Secrets, *, create: bool) -> Created:
    check_url(url)
    scheme, _, rest = url.partition(":")
    return (
        _combined(url, secrets, create=create)
        if scheme == "combined"
        else _KINDS[scheme](rest, secrets, create)
    )


def _combined(url: str, secrets: Secrets, *, create: bool) -> Created:
    first, second = (_root(each, secrets, create=create) for each in two(url))
    return Created(CombinedRoot(first.root, second.root), first.shares + second.shares)


def _file(rest: str, secrets: Secrets, create: bool) -> Created:
    path = path_of(rest)
    if secrets.sealed and (not secrets.passphrase if create else FileRoot.is_bare(path)):
        raise RootError(
            "Production takes no root file without a passphrase: rotate to a root that has one.",
            code="root_file_bare",
        )
    make = FileRoot.create if create else FileRoot.open
    return Created(make(path, secrets.passphrase))


def _quorum(rest: str, secrets: Secrets, create: bool) -> Created:
    from keyvault.roots.quorum import QuorumRoot  # noqa: PLC0415 - with the extra `engines`

    path, needed, number = of_quorum(rest)
    if not create:
        return Created(QuorumRoot.open(path, secrets.shares(), secrets.ask))
    root, lines = QuorumRoot.create(path, needed=needed, shares=number)
    return Created(root, lines)


def _pkcs11(rest: str, secrets: Secrets, create: bool) -> Created:
    from keyvault.roots.pkcs11 import Pkcs11Root  # noqa: PLC0415 - with the extra `engines`

    module, token, label = of_token(rest)
    make = Pkcs11Root.create if create else Pkcs11Root.open
    return Created(make(module, token, label, lambda: secrets.read("COFFRE_VAULT_PIN")))


def _aws_kms(rest: str, secrets: Secrets, create: bool) -> Created:
    from keyvault.roots.aws_kms import AwsKmsRoot  # noqa: PLC0415 - with the extra `engines`

    key, region, endpoint = of_kms(rest)
    make = AwsKmsRoot.create if create else AwsKmsRoot.open
    return Created(make(key, region=region, endpoint=endpoint))


def _transit(rest: str, secrets: Secrets, create: bool) -> Created:
    from keyvault.roots.transit import TransitRoot  # noqa: PLC0415 - loaded where a URL asks for it

    address, ca = of_engine(rest)
    make = TransitRoot.create if create else TransitRoot.open
    return Created(make(address, lambda: secrets.read("COFFRE_VAULT_TOKEN"), ca))


_KINDS: Mapping[str, Callable[[str, Secrets, bool], Created]] = {
    "file": _file,
    "quorum": _quorum,
    "pkcs11": _pkcs11,
    "aws-kms": _aws_kms,
    "transit": _transit,
}


def _passphrase(given: str | None, environ: Mapping[str, str]) -> str | None:
    return given if given is not None else environ.get("COFFRE_VAULT_PASSPHRASE")


def _text(path: Path) -> str:
    """Raises `RootError` "root_secret_missing", CoffreError "secret_readable"."""
    try:
        exposed.check(path, path.stat().st_mode)
        return text_of(path.read_bytes())
    except (OSError, UnicodeDecodeError):
        raise RootError(
            f"The secret's file {path} cannot be read; name the right one.", code="root_secret_missing"
        ) from None
