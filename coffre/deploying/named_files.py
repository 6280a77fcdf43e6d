"""Files and folders of the machine that settings name, by themselves or within an address."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from keyvault.roots.addresses import roots_of

FILES = (
    "COFFRE_CARD_AUTHORITIES",
    "COFFRE_ORGANISATION_AUTHORITIES",
    "COFFRE_PRACTICE_SETTINGS",
    "COFFRE_REVOCATION_LISTS",
    "COFFRE_PROXY_AUTHORITIES",
    "COFFRE_VAULT_TLS_CERTIFICATE",
    "COFFRE_VAULT_TLS_KEY",
    "COFFRE_VAULT_TLS_AUTHORITY",
    "COFFRE_OHIF",
    "AWS_CA_BUNDLE",
)
"""Whoever is told one reads it; so it is with each secret's `_FILE`."""
ADDRESSES = (
    "COFFRE_NOTICES_URL",
    "COFFRE_SMS_URL",
    "COFFRE_OBJECTS_URL",
    "COFFRE_SECOND_PLACE_URL",
    "COFFRE_VAULT_ROOT",
)
_OPTIONS = frozenset({"password_file", "token_file", "authority", "ca"})


def files_of(told: Mapping[str, str]) -> set[str]:
    """Their paths, in what a process is told."""
    own = {value for name, value in told.items() if name in FILES or name.endswith("_FILE")}
    return own.union(*(in_address(told[name]) for name in ADDRESSES if name in told))


def in_address(url: str) -> set[str]:
    """Those that the options of an address name, of a combined root those of both."""
    options = (pair for each in roots_of(url) for pair in parse_qsl(each.partition("?")[2]))
    return {path for name, path in options if name in _OPTIONS}
