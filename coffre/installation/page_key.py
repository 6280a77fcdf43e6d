"""The page process's own key: drawn once, kept in a file, and named in the credentials of the pages."""

import os
import secrets
from contextlib import suppress

from coffre.installation.places import Places, read_secret
from keyvault.credentials import private_files
from keyvault.credentials.proving import ProofKey
from records.errors import CoffreError

OWNER_ONLY = 0o700


def draw_page_key(places: Places) -> None:
    """A new key, a copy for the reader, and its thumbprint for everybody; where there is one, what is missing
    beside it. May be repeated.
    """
    folder = places.page_key.parent
    folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    if not places.page_key.exists():
        private_files.create(places.page_key, secrets.token_hex(32))
    drawn, copy = places.page_key.read_bytes(), places.readers_page_key
    if not copy.exists() or copy.read_bytes() != drawn:
        private_files.replace(copy, drawn)
        beside = places.url_key.stat()  # of a site whose folders were handed over: the reader's
        os.chown(copy, beside.st_uid, beside.st_gid)
    thumbprint = ProofKey(read_secret(places.page_key)).thumbprint
    places.page_thumbprint.write_text(thumbprint + "\n")
    places.page_thumbprint.chmod(0o644)


def page_key(places: Places) -> ProofKey | None:
    """The key, for a process that may read it; None for one that may not, or where none was drawn yet."""
    for path in (places.page_key, places.readers_page_key):
        with suppress(CoffreError, OSError):
            return ProofKey(read_secret(path))
    return None


def page_thumbprint(places: Places) -> str | None:
    """What the credentials of the pages are bound to (RFC 7638); None where no key was drawn yet."""
    try:
        return places.page_thumbprint.read_text("ascii").strip()
    except OSError:
        return None
