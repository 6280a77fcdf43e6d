"""Secrets that open the vault's root and databases reach the vault's process alone, not those beside it.

Processes that are forked from one share its memory and the environment it was started with. So `coffre serve`
puts these variables into a file that has no name (memfd_create(2)), starts its program anew without them, and
lets the vault alone read the file, each time it is started.
"""

import json
import os
import sys
from collections.abc import Mapping

_FILE = "COFFRE_VAULT_SECRETS_DESCRIPTOR"
_ROOT = "COFFRE_VAULT_ROOT"  # an address of PKCS#11 may carry a PIN
_NAMES = frozenset(
    {
        _ROOT,
        "COFFRE_VAULT_PASSPHRASE",
        "COFFRE_VAULT_PIN",
        "COFFRE_VAULT_TOKEN",
        "COFFRE_VAULT_SHARES",
        "COFFRE_VAULT_STORE_URL",
        "COFFRE_DAY_KEYS_URL",
    }
)
_NEW_ROOT = "COFFRE_VAULT_NEW_"
_AWS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})


def of_the_vault(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that no other process needs. Those of AWS are the root's own where the objects have
    keys of theirs, COFFRE_S3_….
    """
    is_root_s = environ.get(_ROOT, "").startswith("aws-kms:") and "COFFRE_S3_ACCESS_KEY_ID" in environ
    names = _NAMES | (_AWS if is_root_s else frozenset())
    return {name: value for name, value in environ.items() if name in names or name.startswith(_NEW_ROOT)}


def set_apart() -> None:
    """Start this program anew without them, where there are any and the system can; else return."""
    found = of_the_vault(os.environ)
    if not found or not hasattr(os, "memfd_create"):
        return
    file = os.memfd_create("vault", 0)  # not closed by exec
    os.write(file, json.dumps(found).encode())
    others = {name: value for name, value in os.environ.items() if name not in found}
    # -P: what lies in the present directory is not imported
    program = [sys.executable, "-P", "-m", "coffre.cli", *sys.argv[1:]]
    os.execve(sys.executable, program, {**others, _FILE: str(file)})  # noqa: S606 - this program itself


def take() -> None:
    """Of the vault: have them back in its environment."""
    if (file := _file()) is not None:
        os.environ.update(json.loads(os.pread(file, os.fstat(file).st_size, 0)))
        forget()


def forget() -> None:
    """Of every other process: hold what they can be read from no longer."""
    if (file := _file()) is not None:
        os.close(file)
        del os.environ[_FILE]


def _file() -> int | None:
    said = os.environ.get(_FILE)
    return None if said is None else int(said)
