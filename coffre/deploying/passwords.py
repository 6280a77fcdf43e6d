"""Passwords of the engines of a site on one machine, drawn once, in files of those who need them alone.

Nothing is printed and nothing has a default: without these files no engine starts.
"""

import json
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

from coffre import credential_files
from coffre.deploying.compose import OWNER
from coffre.deploying.engines import ENGINES, USER
from coffre.deploying.processes import PROCESSES, SETTINGS, number_of
from keyvault.credentials import private_files
from keyvault.credentials.certificates import own_certificate
from records.errors import Conflict

_FOLDER_MODE = 0o711
_ROOT = 0
_LAST = f"roles/{OWNER}.env"
Files = dict[str, tuple[int, str]]


def write(folder: Path, bucket: str) -> list[Path]:
    """Below `folder`, beside compose.yaml: `secrets/` and the owner's addresses in `roles/`. As root each
    file belongs to its reader. The owner's comes last: a run that was cut off before it draws all anew.
    Raises `Conflict` "passwords_drawn" where it is there: engines know those.
    """
    if (folder / _LAST).exists():
        raise Conflict(
            f"{folder / _LAST} is there: engines know these passwords, so they stay. How one changes is "
            "in docs/operate.md, A secret changes.",
            code="passwords_drawn",
        )
    files = _drawn(bucket)
    for name in sorted({"keys", *(str(Path(each).parent) for each in files)}):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    for name, (user, text) in files.items():
        path = folder / name
        private_files.replace(path, text.encode())
        if os.geteuid() == _ROOT:
            os.chown(path, user, user)
    return [folder / name for name in files]


def _drawn(bucket: str) -> Files:
    passwords = {name: secrets.token_hex(24) for name in ("index", "keys", "accounts", "broker")}
    keys = {name: (secrets.token_hex(10).upper(), secrets.token_urlsafe(30)) for name in _users_of_objects()}
    certificate, private = own_certificate("root", int(time.time()))
    told = {name: _of_process(name, passwords["broker"], keys) for name in PROCESSES}
    told[OWNER] = _of_process(OWNER, passwords["broker"], keys)
    return {
        **{f"secrets/engines/{name}": (USER, password) for name, password in passwords.items()},
        "secrets/engines/objects": (USER, _identities(keys, bucket)),
        "secrets/engines/root": (USER, (private + certificate).decode()),
        "secrets/root.pem": (number_of("vault"), certificate.decode()),
        **{f"secrets/{name}.env": (_user(name), credential_files.text(each)) for name, each in told.items()},
        _LAST: (_ROOT, credential_files.text(_addresses(passwords))),
    }


def _users_of_objects() -> list[str]:
    return [*(name for name, part in PROCESSES.items() if part.objects), OWNER]


def _user(name: str) -> int:
    return _ROOT if name == OWNER else number_of(name)


def _of_process(name: str, broker: str, keys: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    found = {}
    if name == OWNER or name in SETTINGS["COFFRE_QUEUE_URL"].told:
        found["COFFRE_QUEUE_URL"] = f"amqp://coffre:{broker}@broker:{ENGINES['broker'].port}//"
    if name in keys:
        found["COFFRE_S3_ACCESS_KEY_ID"], found["COFFRE_S3_SECRET_ACCESS_KEY"] = keys[name]
    return found


def _addresses(passwords: Mapping[str, str]) -> dict[str, str]:
    where = {
        "COFFRE_INDEX_URL": ("index", "coffre_index"),
        "COFFRE_VAULT_STORE_URL": ("keys", "coffre_vault"),
        "COFFRE_DAY_KEYS_URL": ("keys", "coffre_days"),
        "COFFRE_ACCOUNTS_URL": ("accounts", "coffre_accounts"),
    }
    return {
        name: f"postgresql+psycopg://coffre:{passwords[engine]}@{engine}:{ENGINES[engine].port}/{database}"
        for name, (engine, database) in where.items()
    }


def _identities(keys: Mapping[str, tuple[str, str]], bucket: str) -> str:
    """Users of SeaweedFS, each with its rights on the one bucket; the owner makes it."""
    rights = {name: PROCESSES[name].objects if name in PROCESSES else ("Admin",) for name in keys}
    found = [
        {
            "name": name,
            "credentials": [{"accessKey": access, "secretKey": secret}],
            "actions": [f"{right}:{bucket}" for right in rights[name]],
        }
        for name, (access, secret) in keys.items()
    ]
    return json.dumps({"identities": found})
