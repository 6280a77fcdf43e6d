"""Patterns of plaintext: spellings of names and tokens, and windows of known plaintext.

Both are looked for at every offset of a block at once: a filter over the 64-bit words that start there passes
few offsets on, and only those are compared byte by byte.
"""

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from records.errors import Invalid

WINDOW = 32
"""Bytes of a plaintext window, and the step between windows."""
RICH = 20
"""Distinct byte values that a window must have: poorer ones (padding, air) occur anywhere by themselves."""
SHORTEST = 6
"""Bytes of the shortest spelling searched: shorter ones occur in ciphertext by chance."""
_SHORTEST_BASE64 = 8
_HEAD_MASK = np.uint64(0xFFFF_FFFF_FFFF)  # the first six bytes, little-endian
_ODDS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], "<u8")

Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]
Offsets = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Match:
    """Where in a block something was found, which label it has and in which form it stood there."""

    offset: int
    label: str
    form: str


def spellings(secret: str | bytes) -> dict[bytes, str]:
    """Returns the byte strings as which a secret may stand in a file, each with the name of its form.

    Raises `Invalid` "needle_too_short" for a secret that chance alone would find.
    """
    found: dict[bytes, str] = {}
    texts = dict.fromkeys((secret, secret.upper(), secret.lower())) if isinstance(secret, str) else ()
    for text in texts:
        for form in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
            found.setdefault(text.encode(form, errors="replace"), form)
    raws = [secret] if isinstance(secret, bytes) else [text.encode() for text in texts]
    for raw in raws:
        found.setdefault(raw, "bytes")
        found.setdefault(raw.hex().encode(), "hex")
        for spelled in _base64(raw):
            found.setdefault(spelled, "base64")
    kept = {spelled: form for spelled, form in found.items() if len(spelled) >= SHORTEST}
    if not any(form in {"utf-8", "bytes"} for form in kept.values()):
        raise Invalid(
            f"A secret to search for needs {SHORTEST} bytes: shorter ones occur by chance.",
            code="needle_too_short",
        )
    return kept


def _base64(raw: bytes) -> Iterator[bytes]:
    """The characters that `raw` alone determines, wherever it stands in what was encoded."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        first = -(-before * 4 // 3)
        last = (before + len(raw)) * 8 // 6
        spelled = encoded[first:last]
        if len(spelled) >= _SHORTEST_BASE64:
            yield spelled
            yield spelled.translate(bytes.maketrans(b"+/", b"-_"))


class _Filter:
    """A set of 64-bit words that may answer yes wrongly, never no."""

    def __init__(self, words: Words, bits: int) -> None:
        self._shift = np.uint64(64 - bits)
        self._table: Flags = np.zeros(1 << bits, dtype=np.bool_)
        self._table[self._slots(words)] = True

    def admits(self, words: Words) -> Flags:
        """Tells for each word whether it may be a member."""
        admitted: Flags = self._table[self._slots(words)]
        return admitted

    def _slots(self, words: Words) -> NDArray[np.int64]:
        slots: NDArray[np.int64] = ((words * _ODDS[0]) >> self._shift).view(np.int64)
        return slots


class Needles:
    """Every spelling of every secret, found by its first six bytes."""

    def __init__(self, secrets: Mapping[str, str | bytes]) -> None:
        """`secrets` maps a label, which may be shown, to what may not."""
        self._by_head: dict[bytes, list[tuple[bytes, str, str]]] = defaultdict(list)
        for label, secret in secrets.items():
            for spelled, form in spellings(secret).items():
                self._by_head[spelled[:SHORTEST]].append((spelled, label, form))
        heads = [int.from_bytes(head, "little") for head in self._by_head]
        self._filter = _Filter(np.array(heads, dtype=np.uint64), 17)
        self.longest = max((len(entry[0]) for found in self._by_head.values() for entry in found), default=0)

    def candidates(self, words: Words) -> Offsets:
        """Returns the indexes of words with which a spelling may begin."""
        return np.flatnonzero(self._filter.admits(words & _HEAD_MASK))

    def confirm(self, block: bytes, offsets: Offsets) -> Iterator[Match]:
        """Yields what really stands at these offsets of a block."""
        for offset in offsets.tolist():
            for spelled, label, form in self._by_head.get(bytes(block[offset : offset + SHORTEST]), ()):
                if block.startswith(spelled, offset):
                    yield Match(offset, label, form)

    def within(self, text: str) -> Iterator[Match]:
        """Yields what stands in a file's name."""
        raw = text.encode(errors="surrogateescape")
        for found in self._by_head.values():
            for spelled, label, form in found:
                if (offset := raw.find(spelled)) >= 0:
                    yield Match(offset, label, form)


class Windows:
    """All rich 32-byte windows of given plaintexts at 32-byte steps; 48 bytes of memory for each."""

    def __init__(self, plaintexts: Iterable[tuple[str, bytes]]) -> None:
        """Each plaintext comes with a label that may be shown."""
        self._labels: list[str] = []
        rows: list[Words] = []
        owners: list[NDArray[np.int32]] = []
        for label, plaintext in plaintexts:
            kept = _rich_windows(plaintext)
            rows.append(kept)
            owners.append(np.full(len(kept), len(self._labels), dtype=np.int32))
            self._labels.append(label)
        self._sort(np.concatenate(rows or [np.empty((0, 4), "<u8")]), owners)

    def _sort(self, rows: Words, owners: list[NDArray[np.int32]]) -> None:
        digests, first = np.unique(_digest(rows), return_index=True)
        self._digests: Words = digests
        self._rows: Words = rows[first]
        self._owners = np.concatenate(owners or [np.empty(0, dtype=np.int32)])[first]
        # The small table stays in the processor's cache. The large one judges two words: a window that begins
        # with eight zeros must not make every empty page a candidate, and none can begin with sixteen.
        bits = min(21, max(14, len(digests).bit_length() + 2))
        self._small = _Filter(self._rows[:, 0], bits)
        self._large = _Filter(_pair(self._rows[:, 0], self._rows[:, 1]), bits + 3)

    def __len__(self) -> int:
        return len(self._digests)

    def candidates(self, words: Words) -> Offsets:
        """Returns the indexes of words with which a window may begin; the last word only follows another."""
        passed = np.flatnonzero(self._small.admits(words[:-1]))
        return passed[self._large.admits(_pair(words[passed], words[passed + 1]))]

    def confirm(self, block: NDArray[np.uint8], offsets: Offsets) -> Iterator[Match]:
        """Yields the windows that really stand at these offsets of a block."""
        if not len(offsets):
            return
        rows: Words = block[offsets[:, np.newaxis] + np.arange(WINDOW)].view("<u8")
        digests = _digest(rows)
        places = np.minimum(np.searchsorted(self._digests, digests), len(self) - 1)
        equal = (self._rows[places] == rows).all(axis=1)
        for index in np.flatnonzero(equal).tolist():
            yield Match(int(offsets[index]), self._labels[self._owners[places[index]]], "plaintext")


def _rich_windows(plaintext: bytes) -> Words:
    count = len(plaintext) // WINDOW
    table = np.frombuffer(plaintext, dtype=np.uint8, count=count * WINDOW).reshape(count, WINDOW)
    ordered = np.sort(table, axis=1)
    distinct = (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1) + 1
    return np.ascontiguousarray(table[distinct >= RICH]).view("<u8")


def _pair(first: Words, second: Words) -> Words:
    pair: Words = first ^ (second * _ODDS[1])
    return pair


def _digest(rows: Words) -> Words:
    mixed: Words = rows * _ODDS
    mixed ^= mixed >> np.uint64(29)
    digests: Words = np.bitwise_xor.reduce(mixed * _ODDS[::-1], axis=1)
    return digests
