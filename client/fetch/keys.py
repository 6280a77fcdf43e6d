"""Keys that a fetcher accepts: pinned by hand, remembered from the first visit, or on the server's word."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from client.http_client import CoffreClient, bad_answer
from keyvault.crypto.signing import key_id
from records.errors import CoffreError, Invalid
from records.text.base64url import b64, unb64
from records.text.plain_text import text_of

NOTE_UNPINNED = "The key that signs grants came from the server itself; pin it with --pin or --known-keys."
NOTE_REMEMBERED = "The server's keys were kept in the file of known keys; from now on others are refused."


def published_keys(client: CoffreClient) -> dict[str, bytes]:
    """Returns the keys that sign grants, by id, as `GET /audit/keys` gives them."""
    found = client.read("GET", "/audit/keys")
    try:
        keys = {
            key_id(public): public
            for key in found["keys"]
            if key["use"] == "grant" and (public := unb64(key["public"], 32))
        }
    except (LookupError, TypeError, Invalid):
        raise bad_answer() from None
    return keys


def trusted_keys(
    client: CoffreClient, pins: Collection[str] = (), known: Path | None = None
) -> tuple[dict[str, bytes], str]:
    """Returns the keys to accept and a note for people, empty where nothing is to be said.

    `pins` are key ids or whole public keys, `known` a file of keys kept since the first visit. Raises
    `CoffreError` "key_not_pinned" if the server has none of them.
    """
    published = published_keys(client)
    if pins:
        return _only(
            published, {name for name, public in published.items() if {name, b64(public)} & {*pins}}
        ), ""
    if known is None:
        return published, NOTE_UNPINNED
    file = _read(known)
    if client.url in file:
        kept = file[client.url]
        return _only(published, {n for n, public in published.items() if kept.get(n) == b64(public)}), ""
    file[client.url] = {name: b64(public) for name, public in published.items()}
    _write(known, file)
    return published, NOTE_REMEMBERED


def _only(published: Mapping[str, bytes], verified: Collection[str]) -> dict[str, bytes]:
    if not verified:
        raise CoffreError(
            "The server signs with none of the keys you pinned. Ask its operator before you go on.",
            code="key_not_pinned",
        )
    return {name: published[name] for name in verified}


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        found: Any = json.loads(text_of(path.read_bytes())) if path.exists() else {}
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(keys, dict) for keys in found.values()):
        raise Invalid(
            f"The file of known keys {path} cannot be read; correct or remove it.", code="bad_known_keys"
        )
    return found


def _write(path: Path, keys: Mapping[str, Mapping[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(keys, indent=2) + "\n", "utf-8")
    partial.replace(path)
