"""The page process's own key: drawn once, kept in a file, and named in the credentials of the pages."""

import secrets

from coffre.installation.places import Places, read_secret
from keyvault.credentials import private_files
from keyvault.credentials.proving import ProofKey
from records.errors import CoffreError

OWNER_ONLY = 0o700


def draw_page_key(places: Places) -> None:
    """A new key, and its thumbprint for everybody; nothing where there is one. May be repeated."""
    folder = places.page_key.parent
    folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    if not places.page_key.exists():
        private_files.create(places.page_key, secrets.token_hex(32))
    thumbprint = ProofKey(read_secret(places.page_key)).thumbprint
    places.page_thumbprint.write_text(thumbprint + "\n")
    places.page_thumbprint.chmod(0o644)


def page_key(places: Places) -> ProofKey | None:
    """The key, for a process that may read it; None for one that may not, or where none was drawn yet."""
    try:
        return ProofKey(read_secret(places.page_key))
    except (CoffreError, OSError):
        return None


def page_thumbprint(places: Places) -> str | None:
    """What the credentials of the pages are bound to (RFC 7638); None where no key was drawn yet."""
    try:
        return places.page_thumbprint.read_text("ascii").strip()
    except OSError:
        return None
