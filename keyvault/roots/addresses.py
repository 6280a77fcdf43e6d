"""Addresses of roots. None ever holds a secret; one that seems to is refused and not repeated.

    file:PATH                                         passphrase: argument, or COFFRE_VAULT_PASSPHRASE
    quorum:PATH[?needed=3&shares=5]                   shares: COFFRE_VAULT_SHARES=FILE:FILE…, else prompts
    pkcs11:token=NAME;object=KEY?module-path=LIBRARY  (RFC 7512)  COFFRE_VAULT_PIN_FILE or COFFRE_VAULT_PIN
    aws-kms:ARN|ID|alias/NAME[?region=R&endpoint=U]   the AWS variables, profile or role
    transit:https://HOST:PORT/MOUNT/KEY[?ca=FILE]     COFFRE_VAULT_TOKEN_FILE or COFFRE_VAULT_TOKEN
    combined:URL+URL                                  two of the above, both needed

The numbers of a quorum count at its creation and default to 3 of 5. What an address says about the place of a
root is in the European Economic Area (R50).
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from records.errors import Invalid
from records.places import check_aws_region, check_host, outside
from records.text.hosts import is_loopback
from records.text.numbers import whole

SCHEMES = ("file", "quorum", "pkcs11", "aws-kms", "transit")
_JOINT = re.compile(rf"\+(?=(?:{'|'.join(SCHEMES)}):)")
_SEVERAL = 2
_REGION = 3  # arn:partition:kms:region:account:key/…


def check_url(url: str) -> None:
    """That it can be a root's address; no root is asked. Raises `Invalid` "root_url_invalid", and
    "non_eea_region" where it says that the root lies elsewhere.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "combined":
        for each in two(url):
            check_url(each)
    elif scheme not in SCHEMES or not rest:
        raise _bad_url(
            f"The URL of a root, as in COFFRE_VAULT_ROOT, begins with {':, '.join(SCHEMES)}: or combined:."
        )
    else:
        _FORMS[scheme](rest)


def roots_of(url: str) -> list[str]:
    """The address itself, or of a combined root its two."""
    scheme, _, rest = url.partition(":")
    return _JOINT.split(rest) if scheme == "combined" else [url]


def two(url: str) -> list[str]:
    """The addresses of the two roots of a combined one. Raises `Invalid` "root_url_invalid"."""
    urls = roots_of(url)
    if len(urls) != _SEVERAL or any(each.partition(":")[0] not in SCHEMES for each in urls):
        raise _bad_url("Two roots are written combined:URL+URL.")
    return urls


def path_of(rest: str) -> Path:
    """`file:relative`, `file:/absolute` or `file:///absolute`."""
    return Path(rest.removeprefix("//") if rest.startswith("///") else rest)


def of_quorum(rest: str) -> tuple[Path, int, int]:
    """Its file, how many shares are needed, and of how many."""
    text, given = _query(rest, "needed", "shares")
    numbers = {"needed": "3", "shares": "5"} | given
    try:
        return path_of(text), whole(numbers["needed"]), whole(numbers["shares"])
    except ValueError:
        raise _bad_url("A quorum is written quorum:PATH?needed=3&shares=5.") from None


def of_token(rest: str) -> tuple[str, str, str]:
    """The library of a token, the token's name, and that of the key in it."""
    text, given = _query(rest, "module-path")
    named = dict(part.partition("=")[::2] for part in text.split(";"))
    if set(named) != {"token", "object"} or "module-path" not in given:
        raise _bad_url("An HSM is written pkcs11:token=NAME;object=KEY?module-path=LIBRARY.")
    return given["module-path"], unquote(named["token"]), unquote(named["object"])


def of_kms(rest: str) -> tuple[str, str | None, str | None]:
    """A key, its region and whom to ask; None: the AWS variables say it."""
    key, given = _query(rest, "region", "endpoint")
    region = given.get("region") or _region_of(key)
    check_kms(key, region, given.get("endpoint"))
    return key, region, given.get("endpoint")


def check_kms(key: str, region: str | None, endpoint: str | None) -> None:
    """That a key, its region and the host that is asked say one place. Raises `Invalid` "non_eea_region", or
    "root_url_invalid" for an endpoint that is no address.
    """
    regions = [each.lower() for each in (_region_of(key), region) if each is not None]
    for each in regions:
        check_aws_region(each)
    if len(set(regions)) > 1:
        raise outside()
    if endpoint is not None:
        parts = _split(endpoint, "The endpoint of a key service is written https://host:port.")
        check_host(str(parts.hostname), regions)


def of_engine(rest: str) -> tuple[str, str | None]:
    """The address of a transit engine's key, and the file of authorities."""
    address, given = _query(rest, "ca")
    checked(address)
    return address, given.get("ca")


def checked(url: str) -> tuple[SplitResult, str, str]:
    """The parts of an engine's address, its mount and its key. Raises as `check_url` does."""
    form = "Write transit:https://host:port/mount/key."
    parts = _split(url, form)
    mount, _, key = parts.path.strip("/").rpartition("/")
    if not mount or parts.username:
        raise _bad_url(form)
    if parts.scheme == "http" and not is_loopback(str(parts.hostname)):
        raise _bad_url("Keys travel over https; plain http is for loopback.")
    check_host(str(parts.hostname))
    return parts, mount, key


def _split(url: str, form: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise _bad_url(form) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _bad_url(form)
    return parts


def _region_of(key: str) -> str | None:
    """Of an ARN; an id or an alias tells none."""
    parts = key.split(":")
    return parts[_REGION] if key.lower().startswith("arn:") and len(parts) > _REGION else None


_FORMS: Mapping[str, Callable[[str], object]] = {
    "file": path_of,
    "quorum": of_quorum,
    "pkcs11": of_token,
    "aws-kms": of_kms,
    "transit": of_engine,
}
"""What stands behind the scheme, read without asking any root."""


def _query(text: str, *names: str) -> tuple[str, dict[str, str]]:
    head, _, query = text.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    if not head or not set(given) <= set(names) or not all(given.values()) or len(given) != len(pairs):
        raise _bad_url(
            f"After the question mark this root takes {', '.join(names)}, each once, and never a secret."
        )
    return head, given


def _bad_url(sentence: str) -> Invalid:
    return Invalid(sentence, code="root_url_invalid")
