"""Open the root that a URL names. No URL ever holds a secret; one that seems to is refused and not repeated.

    file:PATH                                         passphrase: argument, or COFFRE_VAULT_PASSPHRASE
    quorum:PATH[?needed=3&shares=5]                   shares: COFFRE_VAULT_SHARES=FILE:FILE…, else prompts
    pkcs11:token=NAME;object=KEY?module-path=LIBRARY  (RFC 7512)  COFFRE_VAULT_PIN_FILE or COFFRE_VAULT_PIN
    aws-kms:ARN|ID|alias/NAME[?region=R&endpoint=U]   the AWS variables, profile or role
    transit:https://HOST:PORT/MOUNT/KEY[?ca=FILE]     COFFRE_VAULT_TOKEN_FILE or COFFRE_VAULT_TOKEN
    combined:URL+URL                                  two of the above, both needed

The numbers of a quorum count at its creation and default to 3 of 5. Secrets are read when used: a PIN or
token file may be renewed while the vault runs.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from keyvault.roots.combined import CombinedRoot
from keyvault.roots.file import FileRoot
from keyvault.roots.ports import Root, RootError
from records import exposed
from records.errors import Invalid
from records.text.numbers import whole
from records.text.plain_text import text_of

SCHEMES = ("file", "quorum", "pkcs11", "aws-kms", "transit")
_JOINT = re.compile(rf"\+(?=(?:{'|'.join(SCHEMES)}):)")
_SEVERAL = 2

Ask = Callable[[str], str]


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


def roots_of(url: str) -> list[str]:
    """The URL itself, or of a combined root its two."""
    scheme, _, rest = url.partition(":")
    return _JOINT.split(rest) if scheme == "combined" else [url]


def check_url(url: str) -> None:
    """That it can be a root's address; no root is asked. Raises `Invalid` "root_url_invalid"."""
    scheme, _, rest = url.partition(":")
    if scheme == "combined":
        for each in _two(url):
            check_url(each)
    elif scheme not in SCHEMES or not rest:
        raise _bad_url(
            f"The URL of a root, as in COFFRE_VAULT_ROOT, begins with {':, '.join(SCHEMES)}: or combined:."
        )
    elif scheme == "aws-kms":
        _query(rest, "region", "endpoint")
    elif scheme == "transit":
        from keyvault.roots.transit import checked  # noqa: PLC0415 - loaded where a URL asks for it

        checked(_query(rest, "ca")[0])


def _root(url: str, secrets: Secrets, *, create: bool) -> Created:
    check_url(url)
    scheme, _, rest = url.partition(":")
    return (
        _combined(url, secrets, create=create)
        if scheme == "combined"
        else _KINDS[scheme](rest, secrets, create)
    )


def _combined(url: str, secrets: Secrets, *, create: bool) -> Created:
    first, second = (_root(each, secrets, create=create) for each in _two(url))
    return Created(CombinedRoot(first.root, second.root), first.shares + second.shares)


def _two(url: str) -> list[str]:
    urls = roots_of(url)
    if len(urls) != _SEVERAL or any(each.partition(":")[0] not in SCHEMES for each in urls):
        raise _bad_url("Two roots are written combined:URL+URL.")
    return urls


def _file(rest: str, secrets: Secrets, create: bool) -> Created:
    path = _path(rest)
    if secrets.sealed and (not secrets.passphrase if create else FileRoot.is_bare(path)):
        raise RootError(
            "Production takes no root file without a passphrase: rotate to a root that has one.",
            code="root_file_bare",
        )
    make = FileRoot.create if create else FileRoot.open
    return Created(make(path, secrets.passphrase))


def _quorum(rest: str, secrets: Secrets, create: bool) -> Created:
    from keyvault.roots.quorum import QuorumRoot  # noqa: PLC0415 - with the extra `engines`

    text, given = _query(rest, "needed", "shares")
    numbers = {"needed": "3", "shares": "5"} | given
    try:
        needed, number = whole(numbers["needed"]), whole(numbers["shares"])
    except ValueError:
        raise _bad_url("A quorum is written quorum:PATH?needed=3&shares=5.") from None
    if not create:
        return Created(QuorumRoot.open(_path(text), secrets.shares(), secrets.ask))
    root, lines = QuorumRoot.create(_path(text), needed=needed, shares=number)
    return Created(root, lines)


def _pkcs11(rest: str, secrets: Secrets, create: bool) -> Created:
    from keyvault.roots.pkcs11 import Pkcs11Root  # noqa: PLC0415 - with the extra `engines`

    text, given = _query(rest, "module-path")
    named = dict(part.partition("=")[::2] for part in text.split(";"))
    if set(named) != {"token", "object"} or "module-path" not in given:
        raise _bad_url("An HSM is written pkcs11:token=NAME;object=KEY?module-path=LIBRARY.")
    make = Pkcs11Root.create if create else Pkcs11Root.open
    token, label = unquote(named["token"]), unquote(named["object"])
    return Created(make(given["module-path"], token, label, lambda: secrets.read("COFFRE_VAULT_PIN")))


def _aws_kms(rest: str, secrets: Secrets, create: bool) -> Created:
    from keyvault.roots.aws_kms import AwsKmsRoot  # noqa: PLC0415 - with the extra `engines`

    key, given = _query(rest, "region", "endpoint")
    make = AwsKmsRoot.create if create else AwsKmsRoot.open
    return Created(make(key, region=given.get("region"), endpoint=given.get("endpoint")))


def _transit(rest: str, secrets: Secrets, create: bool) -> Created:
    from keyvault.roots.transit import TransitRoot  # noqa: PLC0415 - loaded where a URL asks for it

    address, given = _query(rest, "ca")
    make = TransitRoot.create if create else TransitRoot.open
    return Created(make(address, lambda: secrets.read("COFFRE_VAULT_TOKEN"), given.get("ca")))


_KINDS: Mapping[str, Callable[[str, Secrets, bool], Created]] = {
    "file": _file,
    "quorum": _quorum,
    "pkcs11": _pkcs11,
    "aws-kms": _aws_kms,
    "transit": _transit,
}


def _query(text: str, *names: str) -> tuple[str, dict[str, str]]:
    head, _, query = text.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    if not head or not set(given) <= set(names) or not all(given.values()) or len(given) != len(pairs):
        raise _bad_url(
            f"After the question mark this root takes {', '.join(names)}, each once, and never a secret."
        )
    return head, given


def _path(text: str) -> Path:
    """`file:relative`, `file:/absolute` or `file:///absolute`."""
    return Path(text.removeprefix("//") if text.startswith("///") else text)


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


def _bad_url(sentence: str) -> Invalid:
    return Invalid(sentence, code="root_url_invalid")
