"""`coffre init`: make the data directory with its databases, root, authority and keys; done once."""

import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from coffre.installation.given_keys import first_operators, pinned_authority
from coffre.installation.identity import Identity
from coffre.installation.page_key import draw_page_key
from coffre.installation.places import Places
from coffre.installation.sign_in_keys import make_keys
from coffre.settings import Settings
from keyvault.credentials import private_files
from keyvault.credentials.issuers import DEMO_ISSUER
from keyvault.crypto.boxes import new_box_key
from keyvault.crypto.signing import new_signing_key
from keyvault.process.guard import Guard
from keyvault.roots.opening import create_root
from keyvault.roots.ports import Root
from records.errors import Conflict
from records.vocabulary.codes import Environment
from storage.accounts.tables import ACCOUNTS
from storage.engines.opening import engine_for
from storage.engines.postgres.roles import on_postgres
from storage.migrations.migrate import Planned, planned, upgrade
from storage.migrations.revisions import Branch
from storage.objects.opening import open_locked_notes, open_objects, prepare_objects
from storage.vault_store.store import SqlVaultStore

OWNER_ONLY = 0o700
FORMAT = "coffre-data-v1"
NOBODY = "none"
"""The issuer of an installation that began with operators alone."""


def initialise(settings: Settings) -> Places:
    """Make everything.

    Raises `Conflict` "already_initialised" or "half_initialised", `Invalid` "not_for_production".
    """
    places = Places(settings.checked(for_init=True))
    _check_free(settings, places)
    if not places.objects.startswith("file:"):
        open_objects(places.objects)  # a wrong address is told before anything is made; no server is asked
    pinned, operators = pinned_authority(settings), first_operators(settings)
    for folder in (settings.data, settings.vault_dir, places.url_key.parent):
        _make_folder(folder)
    production = settings.environment is Environment.PRODUCTION
    created = create_root(
        settings.root_url, settings.passphrase(), environ=settings.root_environ(), sealed=production
    )
    authority_public = pinned if production else _demo_authority(settings, places)
    officer_public = _make_keys(settings, places, created.shares)
    _make_database(places.index, "index")
    _make_database(places.accounts, "accounts")
    _prepare_objects(settings, places, create=True)
    _prepare_second_place(settings)
    identity = _make_vault(settings, places, created.root, authority_public, officer_public, operators)
    places.complete.write_text(json.dumps(identity, indent=1) + "\n")
    return places


def _check_free(settings: Settings, places: Places) -> None:
    if places.complete.exists():
        raise Conflict(
            f"{settings.data} holds a Coffre already: use it, or name another.", code="already_initialised"
        )
    if settings.data.exists() and any(settings.data.iterdir()):
        raise Conflict(
            f"{settings.data} isn't empty and holds no complete Coffre: remove it, or name another.",
            code="half_initialised",
        )
    if places.officer_key.exists():
        raise Conflict(
            f"{places.officer_key} is left from an earlier installation: move it away first.",
            code="key_file_exists",
        )


def _make_keys(settings: Settings, places: Places, shares: Sequence[str]) -> bytes:
    """Those of files, with the shares of the root where it has any; the officer's public key."""
    officer_private, officer_public = new_box_key()
    private_files.create(places.url_key, secrets.token_hex(32))
    draw_page_key(places)
    private_files.create(places.officer_key, officer_private.hex())
    for number, share in enumerate(shares, 1):
        private_files.create(places.share(number), share)
    make_keys(places, settings.environment)
    return officer_public


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    folder.chmod(OWNER_ONLY)


def _demo_authority(settings: Settings, places: Places) -> bytes:
    """The authority of demo and test: its key stays in the data directory, for the command line."""
    private, public = new_signing_key()
    _make_folder(settings.authority_dir)
    private_files.create(places.authority_key, private.hex())
    return public


def migrate(settings: Settings) -> bool:
    """Bring all databases to this version's tables, and have the bucket admit the pages' origins.

    Raises CoffreError "not_initialised"; nothing to do is fine. Answers whether a database has
    roles, which then must be given their rights again.
    """
    places = Places(settings)
    places.check_complete()
    databases = _databases(places)
    _make_folder(places.accounts_key.parent)  # its database lies in it
    for branch, url in databases.items():
        _make_database(url, branch)
    _make_sign_in(places)
    draw_page_key(places)
    if settings.pages():
        _prepare_objects(settings, places, create=False)
    _prepare_second_place(settings)
    return any(on_postgres(url) for url in databases.values())


def planned_migrations(settings: Settings) -> dict[Branch, list[Planned]]:
    """What `migrate` would apply to each database. CoffreError "not_initialised", "schema_ahead"."""
    places = Places(settings)
    places.check_complete()
    found: dict[Branch, list[Planned]] = {}
    for branch, url in _databases(places).items():
        file = url.removeprefix("sqlite:///")
        if file != url and not Path(file).exists():  # of before there were accounts: opening would make it
            found[branch] = planned(None, branch)
            continue
        database = engine_for(url)
        found[branch] = planned(database, branch)
        database.close()
    return found


def _databases(places: Places) -> dict[Branch, str]:
    return {
        "index": places.index,
        "vault": places.vault,
        "day_keys": places.day_keys,
        "accounts": places.accounts,
    }


def _make_sign_in(places: Places) -> None:
    """Of before there was one. Never keys beside accounts that others have sealed: those must be brought."""
    database = engine_for(places.accounts)
    try:
        with SqlVaultStore(database, ACCOUNTS).reading() as tx:
            has_accounts = bool(tx.find("account", limit=1))
        if not has_accounts:
            make_keys(places, Identity.read(places.complete).environment)
    finally:
        database.close()


def _prepare_objects(settings: Settings, places: Places, *, create: bool) -> None:
    keys = settings.s3_credentials()
    prepare_objects(places.objects, origins=settings.pages(), create=create, credentials=keys)


def _prepare_second_place(settings: Settings) -> None:
    """A bucket locks notes only if it was made for it; one that is there is left as it is."""
    if settings.second_place_url:
        open_locked_notes(settings.second_place_url, credentials=settings.s3_credentials()).prepare(
            create=True
        )


def _make_database(url: str, branch: Branch) -> None:
    database = engine_for(url)
    upgrade(database, branch)
    database.close()


def _make_vault(
    settings: Settings,
    places: Places,
    root: Root,
    authority_public: bytes | None,
    officer_public: bytes,
    operators: list[tuple[str, ...]],
) -> dict[str, str]:
    """Answers what every process may know: whose tokens are accepted, which keys sign."""
    _make_database(places.day_keys, "day_keys")
    database = engine_for(places.vault)
    upgrade(database, "vault")
    store = SqlVaultStore(database)
    Guard.initialise(store, root)
    host = urlsplit(settings.public_url or "http://localhost").hostname
    values = {
        "environment": settings.environment.value,
        "origin": f"audit.{host}/{settings.environment.value}",
        "issuer": _issuer(settings),
        "audience": f"coffre/{settings.environment.value}",
        "officer_public": officer_public.hex(),
    }
    if authority_public is not None:
        values["authority_public"] = authority_public.hex()
    if operators:
        values["operators"] = json.dumps(operators)
    with store.writing() as tx:
        tx.insert("meta", *({"name": name, "value": value} for name, value in values.items()))
    values |= {f"{use}_public": public.hex() for use, public in Guard.public_halves(store).items()}
    database.close()
    return {"format": FORMAT, **values}


def _issuer(settings: Settings) -> str:
    if settings.environment is not Environment.PRODUCTION:
        return DEMO_ISSUER
    return settings.authority_issuer or NOBODY
