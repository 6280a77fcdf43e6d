"""A root in no file: any `needed` of its `shares` holders bring it back (Shamir's sharing, over GF(256)).

`pyshamir`, a port of HashiCorp Vault's sharing, cuts 32 random bytes into shares. Each share is a line for
one holder: `coffre-share-v1.<root's id>.<number>.<of>.<needed>.<part>.<digest>`. The file beside the vault
holds what is no secret: the id, the numbers and a check value (HMAC-SHA-256 of them under the root), by which
a wrong share is told from a right one. Fewer than `needed` shares say nothing about the root.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from audit.canonical import canonical, parse
from keyvault.crypto.envelope import KEY_SIZE, new_key
from keyvault.roots.local import LARGEST_FILE, LocalRoot, read_private, write_private
from keyvault.roots.ports import RootError
from records.errors import Invalid
from records.text.base64url import b64, unb64

FORMAT = "coffre-root-quorum-v1"
SHARE = "coffre-share-v1"
MOST_SHARES = 32
_PART_SIZE = KEY_SIZE + 1  # Shamir's x stands behind the bytes


@dataclass(frozen=True, slots=True)
class Share:
    """One holder's share."""

    root_id: str
    number: int
    of: int
    needed: int
    part: bytes = field(repr=False)

    def line(self) -> str:
        """The share as the line that its holder keeps."""
        body = f"{SHARE}.{self.root_id}.{self.number}.{self.of}.{self.needed}.{b64(self.part)}"
        return f"{body}.{_digest(body)}"


def read_share(line: str) -> Share:
    """Reads a holder's line. Raises `RootError` "root_share_invalid"."""
    body, _, digest = line.strip().rpartition(".")
    fields = body.split(".")
    try:
        if len(fields) == 6 and fields[0] == SHARE and hmac.compare_digest(_digest(body), digest):
            number, of, needed = map(int, fields[2:5])
            return Share(fields[1], number, of, needed, unb64(fields[5], _PART_SIZE))
    except (Invalid, ValueError, TypeError):
        pass
    raise RootError(
        "This is not a share of a root, or a character of it is wrong; copy it again.",
        code="root_share_invalid",
    )


class QuorumRoot(LocalRoot):
    """A root that `needed` holders open together at every start of the vault."""

    @classmethod
    def create(cls, path: Path, *, needed: int, shares: int) -> tuple[Self, tuple[str, ...]]:
        """Draws a root; answers it with the holders' lines, which exist nowhere else.

        Raises `Conflict` "root_file_exists" and `Invalid` "bad_quorum".
        """
        from pyshamir import split  # noqa: PLC0415 - in the extra `engines`

        if not 2 <= needed <= shares <= MOST_SHARES:
            raise Invalid(f"A quorum needs at least 2 of at most {MOST_SHARES} shares.", code="bad_quorum")
        key = new_key()
        public = {"id": secrets.token_hex(8), "needed": needed, "shares": shares}
        parts = [bytes(part) for part in split(key, shares, needed)]
        lines = tuple(
            Share(str(public["id"]), number, shares, needed, part).line()
            for number, part in enumerate(parts, start=1)
        )
        write_private(
            path, canonical({"format": FORMAT, **public, "check": b64(_check(key, public))}) + b"\n"
        )
        return cls(key, f"quorum:{path}"), lines

    @classmethod
    def open(cls, path: Path, lines: Sequence[str], ask: Callable[[str], str | None] | None = None) -> Self:
        """Brings the root back from the holders' lines; `ask` prompts for those still missing.

        Raises `NotFound` "root_file_missing" and `RootError` "root_file_invalid", "root_share_invalid",
        "root_share_of_another", "root_shares_missing" or "root_shares_wrong".
        """
        document = _checked(read_private(path))
        parts = _gather(document, lines, ask)
        key = _combine(parts)
        public = {name: document[name] for name in ("id", "needed", "shares")}
        if not hmac.compare_digest(_check(key, public), unb64(document["check"], 32)):
            raise RootError(
                "These shares do not make this root: one of them was altered; try other holders.",
                code="root_shares_wrong",
            )
        return cls(key, f"quorum:{path}")


def _gather(
    document: dict[str, Any], lines: Sequence[str], ask: Callable[[str], str | None] | None
) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    pending = list(lines)
    while len(found) < document["needed"]:
        needed = document["needed"]
        line = pending.pop(0) if pending else ask and ask(f"Share {len(found) + 1} of the {needed} needed")
        if line is None:
            raise RootError(
                f"{len(found)} of the {needed} shares needed are here; bring more holders.",
                code="root_shares_missing",
            )
        share = read_share(line)
        if share.root_id != document["id"]:
            raise RootError("A share belongs to another root.", code="root_share_of_another")
        found[share.number] = share.part
    return found


def _combine(parts: dict[int, bytes]) -> bytes:
    from pyshamir import combine  # noqa: PLC0415 - in the extra `engines`

    try:
        return bytes(combine([bytearray(part) for part in parts.values()]))
    except (ValueError, ZeroDivisionError):
        return bytes(KEY_SIZE)  # two shares with one x: no root, and the check says so


def _check(key: bytes, public: dict[str, Any]) -> bytes:
    return hmac.digest(key, FORMAT.encode("ascii") + b"\0" + canonical(public), "sha256")


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()[:8]


def _checked(data: bytes) -> dict[str, Any]:
    try:
        document = parse(data) if len(data) <= LARGEST_FILE else None
        if isinstance(document, dict) and set(document) == {"format", "id", "needed", "shares", "check"}:
            unb64(document["check"], 32)
            numbers = document["needed"], document["shares"]
            if (document["format"], type(document["id"])) == (FORMAT, str) and all(
                type(n) is int and 2 <= n <= MOST_SHARES for n in numbers
            ):
                return document
    except Invalid:
        pass
    raise RootError(
        "This is not a quorum file of Coffre, or it is damaged; restore it from its backup.",
        code="root_file_invalid",
    )
