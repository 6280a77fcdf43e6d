"""What a stranger can try against a running Coffre, and how to look for the traces that it left."""

import base64
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from audit.canonical import canonical
from coffre.demonstration.files.data import PATIENT
from coffre.housekeeper.chores import Chores
from coffre.housekeeper.sweeping import Swept
from coffre.installation.places import Places, read_secret
from coffre.settings import load
from records.text.base64url import b64
from storage.engines.opening import engine_for
from storage.index import tables
from tests.integration.support import Coffre, bearer, related


def places(coffre: Coffre) -> Places:
    return Places(load(data=coffre.data))


def counts(coffre: Coffre) -> dict[str, int]:
    """Rows of the index by table."""
    database = engine_for(places(coffre).index)
    try:
        with database.reading() as connection:
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in tables.INDEX.sorted_tables
            }
    finally:
        database.close()


def objects(coffre: Coffre) -> set[Path]:
    """Files of the object store, half-written ones included."""
    return {path for path in (coffre.data / "objects").rglob("*") if path.is_file()}


def sweep(coffre: Coffre) -> Swept:
    """The housekeeper's sweep as it is a day later."""
    with coffre.system() as system:
        chores = Chores(
            system.index,
            system.objects,
            system.guard,
            clock=lambda: time.time() + 60,
            oldest_upload_ms=0,
        )
        return chores.sweep()


@dataclass(frozen=True)
class Before:
    """The store as it was, to tell what an attempt added."""

    coffre: Coffre
    rows: Mapping[str, int]
    files: set[Path]

    @classmethod
    def of(cls, coffre: Coffre) -> "Before":
        sweep(coffre)
        return cls(coffre, counts(coffre), objects(coffre))

    def added(self) -> dict[str, int]:
        """Rows that came since, and files, once the sweeper has been."""
        sweep(self.coffre)
        now = counts(self.coffre)
        found = {name: now[name] - self.rows[name] for name in now if now[name] != self.rows[name]}
        new = objects(self.coffre) - self.files
        return found | ({"files": len(new)} if new else {})


def eventually(check: Any, seconds: float = 15.0) -> None:
    """Repeat an assertion until it holds."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def server_log(coffre: Coffre) -> str:
    """What the server wrote, standard error included."""
    return coffre.data.with_name(f"{coffre.data.name}-server.log").read_text("utf-8", "replace")


def assert_log_is_silent(coffre: Coffre, *secrets: str) -> None:
    """No identity, name, token, UID or address of a record in the server's log."""
    found = server_log(coffre)
    for secret in (
        PATIENT.family_name,
        PATIENT.given_name,
        "/records/",
        "/objects/",
        "eyJ",
        "2.25.",
        *secrets,
    ):
        assert secret not in found, f"the log holds {secret!r}"


# credentials


def signing_key(coffre: Coffre) -> Ed25519PrivateKey:
    """The demo authority's key, as who stole it would use it."""
    return Ed25519PrivateKey.from_private_bytes(read_secret(places(coffre).authority_key))


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def signed(key: Ed25519PrivateKey, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
    """A compact JWS with whatever header and claims."""
    head = {"alg": "EdDSA", "typ": "coffre+jwt"} if header is None else header
    text = f"{b64(canonical(dict(head)))}.{b64(canonical(dict(claims)))}"
    return f"{text}.{b64(key.sign(text.encode()))}"


# raw HTTP


def stow_head(coffre: Coffre, token: str, ins: str | None, *lines: str) -> bytes:
    """The head of a STOW request, written by hand."""
    path = f"/records/{ins}/dicomweb/studies" if ins else "/dicomweb/studies"
    head = [
        f"POST {path} HTTP/1.1",
        "Host: coffre.example",
        f"Authorization: Bearer {token}",
        f"Content-Type: {related()}",
        *lines,
    ]
    return ("\r\n".join(head) + "\r\n\r\n").encode()


def connect(coffre: Coffre) -> socket.socket:
    return socket.create_connection(("127.0.0.1", coffre.server.port), timeout=20)


def answer_of(connection: socket.socket) -> tuple[int, bytes]:
    """Status and all that follows, until the answer is whole or the server closes."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            break
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    wanted = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < wanted:
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
    return int(head.split()[1]), body


def stow_raw(
    coffre: Coffre, token: str, ins: str | None, body: bytes, content_type: str | None = None, **more: str
) -> httpx.Response:
    """A STOW with exactly this body."""
    path = f"/records/{ins}/dicomweb/studies" if ins else "/dicomweb/studies"
    headers = {**bearer(token), "Content-Type": content_type or related(), **more}
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    return coffre.http.post(path, content=body, headers=encoded)


def failed_items(answer: httpx.Response) -> list[dict[str, Any]]:
    """Items of the FailedSOPSequence of a STOW answer."""
    found: list[dict[str, Any]] = answer.json().get("00081198", {}).get("Value", [])
    return found


def stored_items(answer: httpx.Response) -> list[dict[str, Any]]:
    """Items of the ReferencedSOPSequence of a STOW answer."""
    found: list[dict[str, Any]] = answer.json().get("00081199", {}).get("Value", [])
    return found


def first(item: Mapping[str, Any], tag: str) -> Any:
    return item[tag]["Value"][0]
