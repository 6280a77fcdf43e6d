"""Look for secrets in clear in everything below a folder: file contents at every offset, and file names.

It finds the secrets that a thief of the disk would find by looking. Compressed or encrypted copies are not
opened, which is the point for ciphertext and a limit for archives. A canary, planted before a search, proves
that the search can find: one that misses it is refused (`search_blind`).
"""

import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coffre.plaintext_search.patterns import WINDOW, Match, Needles, Windows
from records.errors import CoffreError

__all__ = ["Canary", "Found", "PlaintextReport", "plant_canary", "prove_and_search", "search"]

BLOCK = 1 << 20
"""Bytes examined at a time; a multiple of 64."""
MOST_FOUND = 1000
"""Places that are listed; the search goes on counting bytes beyond them, not places."""
CHECKOUT = "pyproject.toml"
IN_CLEAR = frozenset({"opened", "coffre-identities"})
"""Where the README has people fetch to, and identities go by default; git ignores both."""
CANARY_NAME = "canary-of-the-plaintext-search"

Progress = Callable[[int, int], None]
"""Called with (bytes searched, bytes to search)."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a secret stands in clear: `offset` in bytes, None for the name of the file. Never the secret."""

    path: Path
    offset: int | None
    label: str
    form: str


@dataclass(frozen=True, slots=True)
class PlaintextReport:
    """What was searched, and found. `windows` counts the plaintext windows looked for."""

    found: tuple[Found, ...]
    files: int
    bytes: int
    windows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Canary:
    """A file holding a random name in several spellings and a random plaintext across a block's border."""

    path: Path
    name: str
    plaintext: bytes

    def remove(self) -> None:
        """Deletes the file."""
        self.path.unlink(missing_ok=True)


def search(
    directory: Path,
    needles: Mapping[str, str | bytes],
    plaintexts: Iterable[tuple[str, bytes]] = (),
    progress: Progress | None = None,
) -> PlaintextReport:
    """Searches all regular files below `directory`; symbolic links are not followed.

    Of a checkout, the folders where `coffre fetch` and `coffre identity issue` leave what is meant to be in
    clear are passed over (`IN_CLEAR`); of a data directory nothing is.

    `needles` maps a label to a secret, `plaintexts` are (label, bytes); labels appear in the report. A file
    that vanishes meanwhile is passed over. Raises `Invalid` "needle_too_short".
    """
    started = time.perf_counter()
    seeker = _Seeker(Needles(needles), Windows(plaintexts))
    paths = sorted(_files(directory))
    total = sum(size for _, size in paths)
    found: list[Found] = []
    done = 0
    for path, _ in paths:
        for place, step in _search_file(seeker, directory, path):
            done += step
            if place is not None and len(found) < MOST_FOUND:
                found.append(place)
            if step and progress is not None:
                progress(done, max(done, total))
    return PlaintextReport(tuple(found), len(paths), done, len(seeker.windows), time.perf_counter() - started)


def plant_canary(directory: Path) -> Canary:
    """Writes a file that any search of `directory` must find, by name and by plaintext."""
    name = f"Canari-{secrets.token_hex(8)}"
    plaintext = bytes(np.random.default_rng().permutation(256).astype(np.uint8)[: 2 * WINDOW])
    spelled = b"".join(name.encode(form) for form in ("utf-8", "utf-16-le"))
    before = spelled + os.urandom(BLOCK - len(spelled) - WINDOW - 5)
    path = directory / CANARY_NAME
    path.write_bytes(before + plaintext + os.urandom(WINDOW))
    return Canary(path, name, plaintext)


def prove_and_search(
    directory: Path,
    needles: Mapping[str, str | bytes],
    plaintexts: Iterable[tuple[str, bytes]] = (),
    progress: Progress | None = None,
) -> PlaintextReport:
    """Plants a canary, searches as `search` does, and takes the canary out of the folder and the report.

    Raises `CoffreError` "search_blind" if the canary was not found in each of its forms: the report of such a
    search would mean nothing.
    """
    canary = plant_canary(directory)
    try:
        sought = [*plaintexts, ("canary", canary.plaintext)]
        report = search(directory, {**needles, "canary": canary.name}, sought, progress)
    finally:
        canary.remove()
    seen = {each.form for each in report.found if each.label == "canary" and each.path == canary.path}
    if not {"utf-8", "utf-16-le", "plaintext"} <= seen:
        raise CoffreError("The search missed what was planted for it; do not trust it.", code="search_blind")
    found = tuple(each for each in report.found if each.path != canary.path)
    return PlaintextReport(found, report.files - 1, report.bytes, report.windows - 2, report.seconds)


@dataclass(frozen=True, slots=True)
class _Seeker:
    needles: Needles
    windows: Windows

    @property
    def reach(self) -> int:
        """Bytes beyond an offset that must be at hand to judge it."""
        return max(self.needles.longest, WINDOW)

    def matches(self, block: bytes, starts: int) -> Iterator[Match]:
        """Yields what begins at the first `starts` offsets of a block that ends in `reach` bytes more."""
        buffer = np.frombuffer(block, dtype=np.uint8)
        for lane in range(8):
            words = np.frombuffer(block, dtype="<u8", count=-(-(starts - lane) // 8) + 1, offset=lane).copy()
            offsets = self.needles.candidates(words[:-1]) * 8 + lane
            yield from self.needles.confirm(block, offsets)
            yield from self.windows.confirm(buffer, self.windows.candidates(words) * 8 + lane)


def _files(directory: Path) -> Iterator[tuple[Path, int]]:
    for folder, below, names in os.walk(directory):
        if Path(folder) == directory and (directory / CHECKOUT).is_file():
            below[:] = [name for name in below if name not in IN_CLEAR]
        for name in names:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path, path.stat().st_size


def _search_file(seeker: _Seeker, directory: Path, path: Path) -> Iterator[tuple[Found | None, int]]:
    for match in seeker.needles.within(str(path.relative_to(directory))):
        yield Found(path, None, match.label, match.form), 0
    for position, block, starts in _blocks(path, seeker.reach):
        for match in seeker.matches(block, starts):
            yield Found(path, position + match.offset, match.label, match.form), 0
        yield None, starts


def _blocks(path: Path, reach: int) -> Iterator[tuple[int, bytes, int]]:
    """Yields (position, bytes, how many offsets to judge); zeros stand in for what follows the file's end."""
    try:
        with path.open("rb") as file:
            block = file.read(BLOCK + reach)
            position = 0
            while block:
                starts = min(BLOCK, len(block))
                yield position, block + bytes(16 + reach), starts
                position += starts
                block = block[starts:] + file.read(BLOCK) if len(block) > BLOCK else b""
    except FileNotFoundError:
        return
