"""Files of an issued identity, and the sign-in link for the pages."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coffre.installation.address_forms import is_origin
from coffre.installation.places import read_secret
from coffre.wiring import System
from keyvault.credentials import private_files
from keyvault.credentials.certificates import issue_certificate
from keyvault.credentials.proving import ProofKey
from keyvault.credentials.sign_in_links import new_sign_in, stated
from records.errors import Invalid
from storage.rows.sign_ins import SignedIn


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes = field(repr=False)

    @property
    def thumbprint(self) -> str:
        """Of the key, for a token that is bound to it."""
        return ProofKey.from_pem(self.key).thumbprint


def certify(system: System, name: str) -> Certified:
    """Draw a key and certify it for `name`."""
    authority = read_secret(system.places.authority_key)
    return Certified(*issue_certificate(authority, system.identity.issuer, name, int(time.time())))


def write(system: System, out: Path, name: str, token: str, certified: Certified) -> dict[str, Any]:
    """Write token, certificate and key (0600) under `out`; answers what `--json` prints."""
    if Path(os.path.realpath(out)).is_relative_to(os.path.realpath(system.settings.data)):
        raise Invalid("Identities don't belong into the data directory: give another --out.", code="bad_out")
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths = {
        "token_file": out / f"{name}.token",
        "certificate": out / f"{name}.crt",
        "key": out / f"{name}.key",
    }
    private_files.replace(paths["token_file"], token.encode() + b"\n")
    private_files.replace(paths["certificate"], certified.certificate)
    private_files.replace(paths["key"], certified.key)
    expires = stated(token)["exp"]
    return {"token": token, **{kind: str(path) for kind, path in paths.items()}, "expires": expires}


def sign_in_link(system: System, token: str, origin: str) -> str:
    """A link that signs in to the pages until the token expires. Raises `Invalid` "bad_url"."""
    if not is_origin(origin.rstrip("/")):
        raise Invalid("--link is the origin of the pages, such as http://127.0.0.1:8080.", code="bad_url")
    made = new_sign_in(token)
    expires = stated(token)["exp"] * 1000
    system.index.put_sign_in(SignedIn(digest=made.digest, sealed=made.sealed, expires=expires))
    return f"{origin.rstrip('/')}/link/{made.code}"
