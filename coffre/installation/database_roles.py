"""Database roles: each process has one of its own, and a file with the addresses that it starts with.

The files are the truth and the servers follow: a run that was cut short is repeated and changes nothing more.
"""

import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coffre import credential_files
from coffre.installation.places import Places
from coffre.settings import Settings
from keyvault.credentials import private_files
from records.errors import CoffreError, Invalid
from storage.accounts import roles as accounts
from storage.engines.opening import Database, engine_for
from storage.engines.postgres import roles
from storage.index import roles as index
from storage.migrations.revisions import Branch
from storage.migrations.schema_version import check
from storage.vault_store import roles as vault

ALL = "all"
FOLDER_MODE = 0o700
PASSWORD_BYTES = 32

Password = Literal["new", "kept", "untouched", "none"]


@dataclass(frozen=True, slots=True)
class DatabaseUser:
    """A process's role, and the settings in which it finds the databases it may reach."""

    role: str
    settings: Mapping[str, Branch]


_INDEX: Mapping[str, Branch] = {"COFFRE_INDEX_URL": "index"}
PROCESSES: Mapping[str, DatabaseUser] = {
    "intake": DatabaseUser(index.INTAKE, _INDEX),
    "worker": DatabaseUser(index.WORKER, _INDEX),
    "reader": DatabaseUser(index.READER, _INDEX),
    "gateway": DatabaseUser(index.GATEWAY, _INDEX),
    "housekeeper": DatabaseUser(index.HOUSEKEEPER, _INDEX),
    "signin": DatabaseUser(index.SIGN_IN, {"COFFRE_INDEX_URL": "index", "COFFRE_ACCOUNTS_URL": "accounts"}),
    "vault": DatabaseUser(
        vault.VAULT, {"COFFRE_VAULT_STORE_URL": "vault", "COFFRE_DAY_KEYS_URL": "day_keys"}
    ),
}
RIGHTS: Mapping[Branch, roles.Rights] = {
    "index": index.RIGHTS,
    "vault": vault.RIGHTS,
    "day_keys": vault.DAY_KEY_RIGHTS,
    "accounts": accounts.RIGHTS,
}


@dataclass(frozen=True, slots=True)
class Given:
    """What was done for a process. `file` is None where nobody asked for files; a role that is new has no
    password then ("none"), and one that was there keeps its own ("untouched").
    """

    process: str
    role: str
    file: Path | None
    password: Password


def give(settings: Settings, out: Path | None, rotate: Collection[str] = ()) -> list[Given]:
    """Give every role exactly its rights; with `out` also its password, in `out/<process>.env`.

    A file that is there says the password, unless its process is in `rotate` (`ALL`: every one). CoffreError
    `bad_setting` where no database is on Postgres, `role_file_missing`, `role_file_damaged`, and those of
    `storage.engines.postgres.roles.apply`.
    """
    _check_names(rotate, out)
    with _databases(settings) as databases:
        absent = {role for branch in databases for role in roles.missing(databases[branch], RIGHTS[branch])}
        parts = _parts(databases)
        # every decision before the first change
        decided = [_decide(process, part, out, absent, rotate) for process, part in parts.items()]
        for given, password in decided:
            if given.file is not None and password is not None:
                _write(given.file, parts[given.process], _addresses(settings), password)
        passwords = {given.role: password for given, password in decided if password is not None}
        for branch, database in databases.items():
            mine = {role: word for role, word in passwords.items() if role in RIGHTS[branch].grants}
            roles.apply(database, RIGHTS[branch], mine)
    return [given for given, _ in decided]


def planned(settings: Settings) -> dict[str, list[str]]:
    """The statements that `give` would run, by database; nothing is changed, no password is shown."""
    with _databases(settings) as databases:
        known: set[str] = set()
        found: dict[str, list[str]] = {}
        for branch, database in databases.items():
            lines = roles.statements(database, RIGHTS[branch])
            found[str(database.engine.url.database)] = [line for line in lines if line not in known]
            known.update(line for line in lines if line.startswith("CREATE ROLE"))
        return found


def _check_names(rotate: Collection[str], out: Path | None) -> None:
    if unknown := set(rotate) - {*PROCESSES, ALL}:
        raise Invalid(
            f"There is no process {', '.join(sorted(unknown))}: name {', '.join(PROCESSES)} or {ALL}.",
            code="bad_request",
        )
    if rotate and out is None:
        raise Invalid("A new password needs a file to stand in: give --out.", code="bad_request")


def _addresses(settings: Settings) -> dict[Branch, str]:
    places = Places(settings)
    return {
        "index": places.index,
        "vault": places.vault,
        "day_keys": places.day_keys,
        "accounts": places.accounts,
    }


@contextmanager
def _databases(settings: Settings) -> Iterator[dict[Branch, Database]]:
    """Those on Postgres, each with this version's tables. SQLite is kept by the mode of its file."""
    with ExitStack() as stack:
        found: dict[Branch, Database] = {}
        for branch, url in _addresses(settings).items():
            if not roles.on_postgres(url):
                continue
            found[branch] = engine_for(url)
            stack.callback(found[branch].close)
            check(found[branch], branch)
        if not found:
            raise CoffreError(
                "Every database here is SQLite, which has no roles: its files belong to one user. For roles, "
                "set COFFRE_INDEX_URL, COFFRE_VAULT_STORE_URL, COFFRE_DAY_KEYS_URL and COFFRE_ACCOUNTS_URL "
                "to Postgres.",
                code="bad_setting",
            )
        yield found


def _parts(databases: Mapping[Branch, Database]) -> dict[str, DatabaseUser]:
    return {
        process: part
        for process, part in PROCESSES.items()
        if all(branch in databases for branch in part.settings.values())
    }


def _decide(
    process: str, part: DatabaseUser, out: Path | None, absent: Collection[str], rotate: Collection[str]
) -> tuple[Given, str | None]:
    """A process's password: drawn now, that of its file, or None where it is not asked for."""
    if out is None:
        return Given(process, part.role, None, "none" if part.role in absent else "untouched"), None
    file = out / f"{process}.env"
    if process in rotate or ALL in rotate or (part.role in absent and not file.exists()):
        return Given(process, part.role, file, "new"), secrets.token_urlsafe(PASSWORD_BYTES)
    if file.exists():
        return Given(process, part.role, file, "kept"), _password(file, part)
    raise CoffreError(
        f"{part.role} exists already, and {file} does not: give the folder of before, or have a new password "
        f"with --rotate {process} and start that process again with it.",
        code="role_file_missing",
    )


def _password(path: Path, part: DatabaseUser) -> str:
    """Of the first address in the file; all of one file have the same."""
    told = credential_files.read(path)
    found = roles.password_in(told.get(next(iter(part.settings)), ""))
    if found is None:
        raise CoffreError(
            f"{path} holds no address with a password: correct it, or remove it and give --rotate.",
            code="role_file_damaged",
        )
    return found


def _write(path: Path, part: DatabaseUser, addresses: Mapping[Branch, str], password: str) -> None:
    told = {
        setting: roles.address_for(addresses[branch], part.role, password)
        for setting, branch in part.settings.items()
    }
    content = credential_files.text(told).encode()
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        private_files.replace(path, content)
