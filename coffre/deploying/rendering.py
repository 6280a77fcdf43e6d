"""Everything that a machine of a site needs, as files by their place below the folder they are written to."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from coffre.alerting.alerts import rules
from coffre.alerting.dashboard import dashboard
from coffre.deploying import environment_file, proxy, units
from coffre.deploying.compose import compose
from coffre.deploying.engines import engines
from coffre.deploying.processes import PROXY, number_of, peers
from coffre.deploying.site import Site, of_all
from coffre.deploying.site_check import check
from records.errors import Conflict


def rendered(site: Site) -> dict[str, str]:
    """Text by path: units, users, folders, settings. Raises `Invalid` "bad_site"."""
    complete = _with_proxy(_with_peers(site))
    check(complete)
    return {
        **{f"systemd/{name}": text for name, text in units.units(complete).items()},
        "sysusers.d/coffre.conf": units.users(complete),
        "tmpfiles.d/coffre.conf": units.folders(complete),
        "container/compose.yaml": _json(compose(complete)),
        **proxy.files(complete),
        "container/engines.yaml": _json(engines()),
        "watching/rules.yaml": _json(rules()),
        "watching/dashboard.json": _json(dashboard()),
        **{f"settings/{name}.env": environment_file.text(told) for name, told in _settings(complete).items()},
    }


def write(files: Mapping[str, str], folder: Path) -> int:
    """Writes them below `folder` and says how many differ from what was there.

    Raises `Conflict` "foreign_files" where `folder` holds anything that was not rendered.
    """
    there = (
        {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        if folder.exists()
        else set()
    )
    if strange := sorted(there - files.keys()):
        raise Conflict(
            f"{folder} holds {strange[0]}, which is none of these files: name an empty folder.",
            code="foreign_files",
        )
    changed = 0
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            changed += 1
    return changed


def _with_peers(site: Site) -> Site:
    """On one machine the vault knows its callers by the users of the units."""
    vault = site.settings["vault"]
    if not vault.get("COFFRE_VAULT_URL", "").startswith("unix:") or "COFFRE_VAULT_PEERS" in vault:
        return site
    settings = {**site.settings, "vault": {**vault, "COFFRE_VAULT_PEERS": peers()}}
    return replace(site, settings=settings)


def _with_proxy(site: Site) -> Site:
    """The socket where certificates are believed is the proxy's user's alone."""
    told = site.settings["signin"]
    if not proxy.is_described(site) or "COFFRE_CERTIFICATES_SOCKET" not in told:
        return site
    signin = {"COFFRE_PROXY_USER": str(number_of(PROXY)), **told}
    return replace(site, settings={**site.settings, "signin": signin})


def _settings(site: Site) -> dict[str, Mapping[str, str]]:
    """By file: of the processes, and of whoever runs the commands."""
    return {"owner": {**of_all(site), **site.proxy}, **site.settings}


def _json(found: Mapping[str, Any]) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
