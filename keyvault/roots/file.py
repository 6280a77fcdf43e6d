"""A root in a file: 32 random bytes, optionally under a passphrase (Argon2id, RFC 9106).

The file is JSON, mode 0600, written once: `{"format": "coffre-root-file-v1", "kdf": …|null, "key": …}`. With
a passphrase `key` is a wrap whose associated data is the label and the canonical parameters; without one it
is the root itself, and whoever copies the file has everything.
"""

import secrets
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from audit.canonical import canonical, parse
from keyvault.crypto.envelope import KEY_SIZE, WRAP_SIZE, KeyvaultError, new_key, unwrap, wrap
from keyvault.roots.local import LARGEST_FILE, LocalRoot, read_private, write_private
from keyvault.roots.ports import RootError
from records.errors import Invalid
from records.text.base64url import b64, unb64

FORMAT = "coffre-root-file-v1"
# RFC 9106 section 4, second recommended option: 64 MiB, 3 passes, 4 lanes.
_ARGON2ID = {"iterations": 3, "lanes": 4, "memory_kib": 65536}
_ARGON2ID_MOST = {"iterations": 16, "lanes": 16, "memory_kib": 1 << 20}


class FileRoot(LocalRoot):
    """The embedded default's root. Make with `create`, then `open` at every start of the vault."""

    @classmethod
    def create(cls, path: Path, passphrase: str | None) -> Self:
        """Draws a new root and writes its file durably, 0600. Raises `Conflict` "root_file_exists"."""
        key = new_key()
        write_private(path, canonical(_document(key, passphrase)) + b"\n")
        return cls(key, f"file:{path}")

    @staticmethod
    def is_bare(path: Path) -> bool:
        """Whether the file gives the root away to who copies it. Raises like `open`."""
        return _checked(read_private(path))["kdf"] is None

    @classmethod
    def open(cls, path: Path, passphrase: str | None) -> Self:
        """Reads a root's file.

        Raises `NotFound` "root_file_missing" and `RootError` "root_file_exposed" (others may read the file),
        "root_file_invalid", "root_passphrase_missing" or "root_passphrase_wrong".
        """
        document = _checked(read_private(path))
        if document["kdf"] is None:
            return cls(unb64(document["key"], KEY_SIZE), f"file:{path}")
        if not passphrase:
            raise RootError(
                "This root is under a passphrase: set COFFRE_VAULT_PASSPHRASE.",
                code="root_passphrase_missing",
            )
        try:
            key = unwrap(_stretch(passphrase, document["kdf"]), unb64(document["key"]), _aad(document["kdf"]))
        except KeyvaultError:
            raise RootError(
                "COFFRE_VAULT_PASSPHRASE is not the passphrase of this root; correct it.",
                code="root_passphrase_wrong",
            ) from None
        return cls(key, f"file:{path}")


def _document(key: bytes, passphrase: str | None) -> dict[str, Any]:
    if passphrase is None:
        return {"format": FORMAT, "kdf": None, "key": b64(key)}
    if not passphrase:
        raise Invalid(
            "COFFRE_VAULT_PASSPHRASE is empty; leave it out to go without a passphrase.",
            code="root_passphrase_missing",
        )
    kdf = {"name": "argon2id", "salt": b64(secrets.token_bytes(16)), **_ARGON2ID}
    return {"format": FORMAT, "kdf": kdf, "key": b64(wrap(_stretch(passphrase, kdf), key, _aad(kdf)))}


def _aad(kdf: dict[str, Any]) -> bytes:
    return FORMAT.encode("ascii") + b"\0" + canonical(kdf)


def _stretch(passphrase: str, kdf: dict[str, Any]) -> bytes:
    function = Argon2id(
        salt=unb64(kdf["salt"], 16),
        length=KEY_SIZE,
        iterations=kdf["iterations"],
        lanes=kdf["lanes"],
        memory_cost=kdf["memory_kib"],
    )
    return function.derive(passphrase.encode("utf-8"))


def _checked(data: bytes) -> dict[str, Any]:
    try:
        document = parse(data) if len(data) <= LARGEST_FILE else None
        if isinstance(document, dict) and set(document) == {"format", "kdf", "key"}:
            kdf = document["kdf"]
            unb64(document["key"], KEY_SIZE if kdf is None else WRAP_SIZE)
            if document["format"] == FORMAT and (kdf is None or _bearable(kdf)):
                return document
    except Invalid:
        pass
    raise RootError(
        "This is not a root file of Coffre, or it is damaged; restore it from its backup.",
        code="root_file_invalid",
    ) from None


def _bearable(kdf: Any) -> bool:
    """Parameters are checked before memory is spent on them; below the recommended ones nothing is opened."""
    if not isinstance(kdf, dict) or set(kdf) != {"name", "salt", *_ARGON2ID} or kdf["name"] != "argon2id":
        return False
    unb64(kdf["salt"], 16)
    return all(
        type(kdf[name]) is int and least <= kdf[name] <= _ARGON2ID_MOST[name]
        for name, least in _ARGON2ID.items()
    )
