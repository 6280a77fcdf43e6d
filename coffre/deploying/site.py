"""The description of a site: settings by process, and which of them lie in files because they are secret.

It is TOML, or the JSON of `terraform output -json`, with the same names:

    [settings.all]                      # told to each process that reads it
    COFFRE_ENVIRONMENT = "production"
    [settings.vault]
    COFFRE_VAULT_ROOT = "pkcs11:…"
    [settings.proxy]                    # of nginx, which is none of the processes
    COFFRE_PROXY_CERTIFICATE = "/etc/coffre/tls/certificate.pem"
    COFFRE_PROXY_KEY = "/etc/coffre/tls/key.pem"
    [secrets]
    vault = ["COFFRE_VAULT_PIN"]        # in /etc/coffre/secrets/vault.env
    [site]
    networks = ["10.20.0.0/16"]         # whom processes may speak with, beside this machine
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coffre.deploying import site_forms
from coffre.deploying.processes import PROCESSES, PROXY, SETTINGS
from records.errors import Invalid

ALL = "all"
TABLES = ("settings", "secrets", "site")
ROLES_WRITE = frozenset(
    {"COFFRE_INDEX_URL", "COFFRE_VAULT_STORE_URL", "COFFRE_DAY_KEYS_URL", "COFFRE_ACCOUNTS_URL"}
)
"""What `coffre roles --out /etc/coffre/roles` puts into files, so that nobody has to name it."""


@dataclass(frozen=True, slots=True)
class Site:
    """`settings` and `secrets` have every process; `secrets` are names alone. `proxy`: what nginx is told."""

    settings: Mapping[str, Mapping[str, str]]
    secrets: Mapping[str, frozenset[str]]
    networks: tuple[str, ...] = ()
    data: Path = Path("/var/lib/coffre")
    program: Path = Path("/opt/coffre/bin/coffre")
    etc: Path = field(default=Path("/etc/coffre"))
    proxy: Mapping[str, str] = field(default_factory=dict)


LOOKED_AT = ("COFFRE_PROXY_CERTIFICATE", "COFFRE_PROXY_AUTHORITIES")
"""Of the proxy, for `coffre doctor`."""


def of_all(site: Site) -> dict[str, str]:
    """What the owner's commands are told: all that is the same for whoever is told it."""
    named = {name for each in site.settings.values() for name in each}
    values = {name: {each[name] for each in site.settings.values() if name in each} for name in named}
    looked_at = {name: site.proxy[name] for name in LOOKED_AT if name in site.proxy}
    return looked_at | {name: next(iter(found)) for name, found in values.items() if len(found) == 1}


def read(text: str) -> Site:
    """Raises `Invalid` "bad_site" where it is no such description."""
    found = _plain(site_forms.parsed(text))
    site_forms.check_names(found, TABLES)
    given, secrets = site_forms.table(found, "settings"), site_forms.table(found, "secrets")
    if strange := sorted({*given, *secrets} - {*PROCESSES, ALL, PROXY} | ({PROXY} & secrets.keys())):
        raise Invalid(
            f"There is no process {', '.join(strange)}: name {', '.join(PROCESSES)}.", code="bad_site"
        )
    if not given:
        raise Invalid(
            "It names no settings: give TOML with [settings.…], or terraform output -json.", code="bad_site"
        )
    about = site_forms.table(found, "site", ("data", "networks", "program"))
    return Site(
        settings={process: _told(given, process) for process in PROCESSES},
        secrets={process: _named(secrets, process) for process in PROCESSES},
        networks=tuple(site_forms.strings(about, "networks", "10.20.0.0/16")),
        data=site_forms.path(about, "data", "/var/lib/coffre"),
        program=site_forms.path(about, "program", "/opt/coffre/bin/coffre"),
        proxy=site_forms.settings(given, PROXY),
    )


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    """Terraform wraps each output; whatever else a configuration puts out is not for us."""
    if all(isinstance(each, dict) and "value" in each and "sensitive" in each for each in found.values()):
        return {name: each["value"] for name, each in found.items() if name in TABLES}
    return dict(found)


def _told(given: Mapping[str, Any], process: str) -> dict[str, str]:
    """Of what all are told, that which this process reads; then its own, whatever it is."""
    shared = {name: value for name, value in site_forms.settings(given, ALL).items() if _reads(process, name)}
    return shared | site_forms.settings(given, process)


def _named(secrets: Mapping[str, Any], process: str) -> frozenset[str]:
    """Those of all that it reads, its own, and what is written for it."""
    shared = {name for name in site_forms.setting_names(secrets, ALL) if _reads(process, name)}
    written = {name for name in ROLES_WRITE if process in SETTINGS[name].told}
    return frozenset(shared | written | {*site_forms.setting_names(secrets, process)})


def _reads(process: str, name: str) -> bool:
    return name not in SETTINGS or process in SETTINGS[name].told
