"""Passwords that thieves try first, as a filter: a list of those seen in breaches, without the list.

A Bloom filter never misses one that was put in, and takes one in ten thousand others for known. Beside a
password itself its plain form is looked up: small letters, signs read as the letters that they stand for, one
of a repeated word, no figures at its ends. `deploy/passwords/build.py` makes the file.
"""

import hashlib
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from records.errors import CoffreError

FORMAT = b"coffre-known-passwords-v1\0"
SHIPPED = Path(__file__).with_name("known_passwords.bloom")
_HEADER = len(FORMAT) + 8
_SHORTEST = 4  # of a plain form: what is left of a password that is mostly figures says nothing
_STANDING_FOR = str.maketrans("@4310$5!7", "aaeiossit")
_ENDS = re.compile(r"^[^a-z]+|[^a-z]+$")
_REPEATED = re.compile(r"(.{2,}?)[ _-]?(?:\1[ _-]?)+")


def forms_of(password: str) -> Iterator[str]:
    """The forms under which it may be known."""
    small = password.casefold()
    yield small
    for text in (small, small.translate(_STANDING_FOR)):
        plain = _ENDS.sub("", text)
        whole = _REPEATED.fullmatch(plain)
        for form in (plain, whole[1] if whole else ""):
            if len(form) >= _SHORTEST:
                yield form


def places(form: str, hashes: int, bits: int) -> Iterator[int]:
    """The bits of a form: double hashing of its SHA-256 (Kirsch and Mitzenmacher, 2006)."""
    digest = hashlib.sha256(form.encode()).digest()
    first, step = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:16], "big") | 1
    return ((first + number * step) % bits for number in range(hashes))


class KnownPasswords:
    """A filter in a file: FORMAT, be32(hashes), be32(bytes), then the bits, the lowest of each byte first."""

    def __init__(self, path: Path = SHIPPED) -> None:
        self._path = path

    def __call__(self, password: str) -> bool:
        """Raises CoffreError "password_list_damaged"."""
        return any(self._has(form) for form in forms_of(password))

    def _has(self, form: str) -> bool:
        hashes, bits = self._filter
        return all(bits[at >> 3] >> (at & 7) & 1 for at in places(form, hashes, len(bits) * 8))

    @cached_property
    def _filter(self) -> tuple[int, bytes]:
        try:
            content = self._path.read_bytes()
        except OSError:
            content = b""
        hashes, size = (int.from_bytes(content[at : at + 4], "big") for at in (_HEADER - 8, _HEADER - 4))
        bits = content[_HEADER:]
        if not content.startswith(FORMAT) or not hashes or not bits or len(bits) != size:
            raise CoffreError(
                f"{self._path} is no list of known passwords: install Coffre again.",
                code="password_list_damaged",
            )
        return hashes, bits
