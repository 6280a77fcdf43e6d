"""A root made of two, both needed: one of them alone, run or stolen, opens nothing.

Each key gets two random halves, one wrapped by each root under the key's context; HKDF-SHA256 (first half,
second half as salt) makes the key that wraps it, with AES-256-GCM and the context as associated data. A plain
XOR would need no cipher, but it would take a half out of another wrap unseen. Losing either root loses
everything. A wrap is `be16(n) first's wrap(n) be16(m) second's wrap(m) wrap(60)`.
"""

from collections.abc import Sequence

from keyvault.crypto.envelope import WRAP_SIZE, KeyvaultError, derive, new_key, unwrap, wrap
from keyvault.roots.ports import CONTEXT_LABEL, Root, check_keys, unwrap_failed

_INFO = b"coffre-root-combined-v1\0"


class CombinedRoot(Root):
    """Opens with the first and the second root together."""

    def __init__(self, first: Root, second: Root) -> None:
        self._first = first
        self._second = second

    def __repr__(self) -> str:
        return f"CombinedRoot({self._first!r}, {self._second!r})"

    @property
    def name(self) -> str:
        """Both roots' names."""
        return f"combined:{self._first.name}+{self._second.name}"

    def wrap_many(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Two batches, one per root."""
        check_keys(items)
        halves = [(new_key(), new_key()) for _ in items]
        firsts = self._first.wrap_many(
            [(half, context) for (half, _), (_, context) in zip(halves, items, strict=True)]
        )
        seconds = self._second.wrap_many(
            [(half, context) for (_, half), (_, context) in zip(halves, items, strict=True)]
        )
        return [
            _framed(first) + _framed(second) + wrap(_both(*pair), key, CONTEXT_LABEL + context)
            for first, second, pair, (key, context) in zip(firsts, seconds, halves, items, strict=True)
        ]

    def unwrap_many(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Two batches, one per root."""
        split = [_split(wrapped) for wrapped, _ in items]
        contexts = [context for _, context in items]
        firsts = self._first.unwrap_many([(s[0], c) for s, c in zip(split, contexts, strict=True)])
        seconds = self._second.unwrap_many([(s[1], c) for s, c in zip(split, contexts, strict=True)])
        try:
            return [
                unwrap(_both(first, second), wrapped, CONTEXT_LABEL + context)
                for first, second, (_, _, wrapped), context in zip(
                    firsts, seconds, split, contexts, strict=True
                )
            ]
        except KeyvaultError:
            raise unwrap_failed() from None


def _both(first: bytes, second: bytes) -> bytes:
    return derive(first, second, _INFO)


def _framed(wrapped: bytes) -> bytes:
    return len(wrapped).to_bytes(2, "big") + wrapped


def _split(wrapped: bytes) -> tuple[bytes, bytes, bytes]:
    parts, rest = [], wrapped
    for _ in range(2):
        size = int.from_bytes(rest[:2], "big")
        parts.append(rest[2 : 2 + size])
        rest = rest[2 + size :]
    if len(rest) != WRAP_SIZE:
        raise unwrap_failed()
    return parts[0], parts[1], rest
