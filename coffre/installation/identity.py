"""The values that `coffre init` fixed for good; the file `D/coffre` keeps them in clear."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from records.errors import CoffreError
from records.vocabulary.codes import Environment

if TYPE_CHECKING:
    from keyvault.credentials.issuers import Issuer

PUBLIC_KEY_SIZE = 32


@dataclass(frozen=True, slots=True)
class Identity:
    """What `init` fixed: whose tokens are accepted first, and for what.

    `operators`: JSON of names and public keys, of operators who sign for themselves, with the origin of a
    hardware key. `issuer` is the
    authority that was pinned, or nobody's name where none was.
    """

    environment: Environment
    origin: str
    issuer: str
    audience: str
    authority_public: bytes | None
    officer_public: bytes
    grant_public: bytes
    reception_public: bytes
    checkpoint_public: bytes
    certificate_public: bytes
    operators: str = "[]"

    @property
    def first_issuers(self) -> tuple["Issuer", ...]:
        """Those that the vault's table of issuers begins with."""
        from keyvault.credentials.issuers import first_issuer, own_key  # noqa: PLC0415 - ciphers load slowly

        own = (
            own_key(name, bytes.fromhex(public), self.environment, *origin)
            for name, public, *origin in json.loads(self.operators)
        )
        if self.authority_public is None:
            return tuple(own)
        return (first_issuer(self.issuer, self.authority_public, self.environment), *own)

    @property
    def grant_keys(self) -> dict[str, bytes]:
        """The public keys of the vault's grants, by id."""
        from keyvault.crypto.signing import key_id  # noqa: PLC0415 - ciphers load slowly, for status

        return {key_id(self.grant_public): self.grant_public}

    @classmethod
    def read(cls, path: Path) -> "Identity":
        """Raises `CoffreError` "identity_damaged"."""
        try:
            return cls._read(json.loads(path.read_text("utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise CoffreError(
                f"{path} is damaged: put it back from a backup of the index, which holds a copy.",
                code="identity_damaged",
            ) from None

    @classmethod
    def _read(cls, found: dict[str, str]) -> "Identity":
        keys = {name: bytes.fromhex(value) for name, value in found.items() if name.endswith("_public")}
        if any(len(key) != PUBLIC_KEY_SIZE for key in keys.values()):
            raise ValueError
        return cls(
            environment=Environment(found["environment"]),
            origin=found["origin"],
            issuer=found["issuer"],
            audience=found["audience"],
            authority_public=keys.get("authority_public"),
            officer_public=keys["officer_public"],
            grant_public=keys["grant_public"],
            reception_public=keys["reception_public"],
            checkpoint_public=keys["checkpoint_public"],
            certificate_public=keys["certificate_public"],
            operators=found.get("operators", "[]"),
        )
