"""The state of an installation, for `coffre status`: what it holds and what waits.

Databases that are files are asked with the driver alone, and their vault by its rows: engines, ciphers and
the root take three times as long to load as all of the answer takes. Elsewhere index and vault are asked.
"""

import time
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

from coffre.installation.identity import Identity
from coffre.installation.places import Places, naming
from coffre.setting_rules import INPROCESS
from coffre.settings import Settings
from keyvault.status import notices_told, vault_status
from sign_in.accounts.purposes import Waiting, waiting
from storage.engines.sqlite.files import IndexFile, VaultFile, looking_into

_FILE = "sqlite:///"


class _Counts(Protocol):
    def counts(self) -> dict[str, int]: ...

    def oldest_received(self) -> int | None: ...

    def sharing_identifiers(self) -> int: ...

    def months_missing(self, now: int, /) -> list[int]: ...


def installation_status(settings: Settings) -> dict[str, Any]:
    """Raises `CoffreError` as `Installation` and the stores do."""
    places = Places(settings)
    identity = Identity.read(places.complete)
    settings = settings.of_installation(identity.environment)
    facts = {"environment": identity.environment.value, "origin": identity.origin}
    files = (places.index, places.vault, places.accounts)
    if settings.vault_url == INPROCESS and all(url.startswith(_FILE) for url in files):
        return facts | _of_files(settings, places)
    return facts | _of_engines(settings)


def installation_notices(settings: Settings) -> dict[str, Any]:
    """What became of notices. Raises `CoffreError` as `Installation` and the stores do."""
    places = Places(settings)
    settings = settings.of_installation(Identity.read(places.complete).environment)
    if settings.vault_url == INPROCESS and places.vault.startswith(_FILE):
        with naming("vault"), looking_into(_path(places.vault), "vault") as connection:
            return notices_told(VaultFile(connection))
    from coffre.installation.installation import Installation  # noqa: PLC0415 - loads the engines

    with Installation(settings) as found:
        notices: dict[str, Any] = found.guard.inspector.notices()
        return notices


def _of_files(settings: Settings, places: Places) -> dict[str, Any]:
    now_ms = int(time.time() * 1000)
    with naming("index"), looking_into(_path(places.index), "index") as connection:
        index = IndexFile(connection)
        found = _of_index(index, index.cpu_of_day(now_ms, settings.cpu_allowance_ms), now_ms)
    with naming("accounts"), looking_into(_path(places.accounts), "accounts") as connection:
        found |= _of_letters(waiting(VaultFile(connection), now_ms))
    with naming("vault"), looking_into(_path(places.vault), "vault") as connection:
        has_second_place = settings.second_place_url is not None
        rows = VaultFile(connection)
        return found | vault_status(rows, settings.root_url, now_ms, has_second_place=has_second_place)


def _of_engines(settings: Settings) -> dict[str, Any]:
    from coffre.installation.installation import Installation  # noqa: PLC0415 - loads the engines

    with Installation(settings) as found:
        now_ms = int(found.clock() * 1000)
        today = found.index.cpu_of_day(now_ms, settings.cpu_allowance_ms)
        uses = (today.cpu_ms, today.structures, today.past_allowance)
        with naming("accounts"), found.accounts.reading() as tx:
            letters = _of_letters(waiting(tx, now_ms))
        return _of_index(found.index, uses, now_ms) | letters | found.guard.inspector.status()


def _of_letters(found: Waiting) -> dict[str, Any]:
    return {"letters": {"waiting": found.letters, "oldest_s": found.oldest_s}}


def _of_index(index: _Counts, today: tuple[int, int, int], now_ms: int) -> dict[str, Any]:
    counts, oldest = index.counts(), index.oldest_received()
    cpu_ms, structures, past = today
    return {
        "submissions": counts,
        "queue": {
            "waiting": counts["received"],
            "oldest_s": None if oldest is None else max(0, now_ms - oldest) // 1000,
        },
        "validation_today": {
            "cpu_s": round(cpu_ms / 1000),
            "structures": structures,
            "past_allowance": past,
        },
        "parts_sharing_identifiers": index.sharing_identifiers(),
        "months_missing": index.months_missing(now_ms),
    }


def _path(url: str) -> Path:
    """Of a database file: `sqlite:///relative` or `sqlite:////absolute`, less what stands behind a `?`."""
    return Path(unquote(url.removeprefix(_FILE).partition("?")[0]))
