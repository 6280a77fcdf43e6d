"""The Merkle tree of RFC 6962 over the tiles of C2SP tlog-tiles.

Hashes are 32 bytes of SHA-256, positions count from 0, sizes are numbers of leaves. A tree is stored as
tiles alone: tile (level, number) holds up to 256 consecutive hashes of the nodes at height 8·level. Tiles
only grow, so the tiles of a tree hold every smaller tree too, and of a tile only the part asked for is read.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple, Protocol

from records.errors import CoffreError

HASH_SIZE = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
EMPTY_ROOT = sha256(b"").digest()
_Hashes = list[bytes]


class TreeError(CoffreError):
    """A question the tree has no answer to, tiles that lack it, or a proof that proves nothing."""


class TileId(NamedTuple):
    """Place of a tile: level 0 holds leaf hashes, number counts tiles of 256 from the left."""

    level: int
    number: int


class HashReader(Protocol):
    """Gives the stored bytes of a tile (1 to 256 hashes of 32 bytes), None where there is none."""

    def __call__(self, tile: TileId, /) -> bytes | None: ...


def leaf_hash(entry: bytes) -> bytes:
    """Hash of a leaf, 32 bytes (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node, 32 bytes (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def extend(size: int, leaves: Iterable[bytes], read_tile: HashReader) -> list[tuple[TileId, bytes]]:
    """Append leaf hashes to a tree of `size` leaves; returns every tile that changes, whole, lowest first.

    Reads only the rightmost tile of each level that grows. Nothing is stored here: repeated after a crash,
    with some of its tiles already written, it gives the same bytes. TreeError `bad_hash`, `tile_missing`.
    """
    fresh = [_checked(leaf) for leaf in leaves]
    changed: list[tuple[TileId, bytes]] = []
    level = 0
    while fresh:
        tiles = _grown(level, size >> (TILE_HEIGHT * level), fresh, read_tile)
        changed += [(tile, b"".join(hashes)) for tile, hashes in tiles]
        fresh = [_fold(hashes) for _, hashes in tiles if len(hashes) == TILE_WIDTH]
        level += 1
    return changed


def root(size: int, read_tile: HashReader) -> bytes:
    """Root of the tree of the first `size` leaves, from one tile per level. TreeError `tile_missing`."""
    if size == 0:
        return EMPTY_ROOT
    _check_index(0, size)
    return _Nodes(read_tile).range_hash(0, size)


def inclusion_proof(index: int, size: int, read_tile: HashReader) -> list[bytes]:
    """Audit path of leaf `index` in the tree of `size` leaves, leaf's sibling first (RFC 6962 2.1.1)."""
    _check_index(index, size)
    nodes, path, start, end = _Nodes(read_tile), [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(nodes.range_hash(middle, end))
            end = middle
        else:
            path.append(nodes.range_hash(start, middle))
            start = middle
    return path[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that a leaf hash stands at `index` in the tree of `size` leaves under `root` (RFC 9162 2.1.3.2).

    TreeError `not_included`, `no_such_leaf`, `bad_hash`.
    """
    _check_index(index, size)
    siblings = [_checked(item) for item in proof]
    inner = (index ^ (size - 1)).bit_length()
    if len(siblings) != inner + (index >> inner).bit_count() or not compare_digest(
        _climb(_checked(leaf), siblings, inner, index, node_hash), root
    ):
        raise TreeError("The proof does not lead from this entry to the signed root.", code="not_included")


def consistency_proof(old: int, new: int, read_tile: HashReader) -> list[bytes]:
    """Proof that the tree of `new` leaves begins with the tree of `old` ≥ 1 leaves (RFC 6962 2.1.2)."""
    _check_growth(old, new)
    nodes, path, start, end = _Nodes(read_tile), [], 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(nodes.range_hash(middle, end))
            end = middle
        else:
            path.append(nodes.range_hash(start, middle))
            start = middle
    if start:  # otherwise the old root is this very node, and the verifier has it
        path.append(nodes.range_hash(start, end))
    return path[::-1]


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the newer root extends the older one. TreeError `inconsistent`, `bad_hash`, `empty_tree`."""
    _check_growth(old, new)
    hashes = [_checked(item) for item in proof]
    if old == new:
        proved = not hashes and compare_digest(old_root, new_root)
    else:
        proved = _extends(old, old_root, new, new_root, hashes)
    if not proved:
        raise TreeError("The newer tree does not begin with the older one.", code="inconsistent")


def _extends(old: int, old_root: bytes, new: int, new_root: bytes, hashes: list[bytes]) -> bool:
    # Both roots hang over the last perfect subtree of the old tree: climb from it twice, once with every
    # sibling, once with those on the left alone (RFC 9162 section 2.1.4.2).
    shift = (old & -old).bit_length() - 1
    inner = ((old - 1) ^ (new - 1)).bit_length() - shift
    border = ((old - 1) >> (inner + shift)).bit_count()
    chain = [_checked(old_root), *hashes] if old == 1 << shift else hashes
    if len(chain) != 1 + inner + border:
        return False
    seed, siblings, index = chain[0], chain[1:], (old - 1) >> shift
    before = _climb(seed, siblings, inner, index, lambda left, _: left)
    after = _climb(seed, siblings, inner, index, node_hash)
    return compare_digest(before, old_root) and compare_digest(after, new_root)


def _climb(
    seed: bytes, siblings: list[bytes], inner: int, index: int, join_right: Callable[[bytes, bytes], bytes]
) -> bytes:
    computed = seed
    for height, sibling in enumerate(siblings):
        if height >= inner or index >> height & 1:
            computed = node_hash(sibling, computed)
        else:
            computed = join_right(computed, sibling)
    return computed


class _Nodes:
    """Nodes of a stored tree; each tile is read once however many of its hashes serve."""

    def __init__(self, read_tile: HashReader) -> None:
        self._read_tile = read_tile
        self._tiles: dict[TileId, list[bytes]] = {}

    def range_hash(self, start: int, end: int) -> bytes:
        """Hash of leaves start to end, where RFC 6962 makes them one subtree (or the whole tree)."""
        peaks, width = [], end - start
        while width:
            lowest = width & -width
            width -= lowest
            height = lowest.bit_length() - 1
            peaks.append(self._perfect(height, (start + width) >> height))
        return reduce(lambda right, left: node_hash(left, right), peaks)

    def _perfect(self, height: int, index: int) -> bytes:
        level, above = divmod(height, TILE_HEIGHT)
        number, offset = divmod(index << above, TILE_WIDTH)
        tile, end = TileId(level, number), offset + (1 << above)
        if tile not in self._tiles:
            self._tiles[tile] = _hashes(tile, self._read_tile)
        if len(self._tiles[tile]) < end:
            raise _missing(tile)
        return _fold(self._tiles[tile][offset:end])


def _grown(level: int, held: int, fresh: list[bytes], read_tile: HashReader) -> list[tuple[TileId, _Hashes]]:
    number, width = divmod(held, TILE_WIDTH)
    kept = _hashes(TileId(level, number), read_tile)[:width] if width else []
    if len(kept) < width:
        raise _missing(TileId(level, number))
    hashes = kept + fresh
    pieces = [hashes[start : start + TILE_WIDTH] for start in range(0, len(hashes), TILE_WIDTH)]
    return [(TileId(level, number + further), piece) for further, piece in enumerate(pieces)]


def _hashes(tile: TileId, read_tile: HashReader) -> list[bytes]:
    data = read_tile(tile)
    if data is None or len(data) % HASH_SIZE:
        raise _missing(tile)
    return [data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE)]


def _missing(tile: TileId) -> TreeError:
    where = f"Tile {tile.number} of level {tile.level}"
    return TreeError(
        f"{where} is missing or too short: rebuild the tiles from the leaves.", code="tile_missing"
    )


def _fold(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


def _split(width: int) -> int:
    """Largest power of two below `width` (RFC 6962 section 2.1)."""
    return 1 << ((width - 1).bit_length() - 1)


def _checked(value: bytes) -> bytes:
    if len(value) != HASH_SIZE:
        raise TreeError("A hash of this tree has 32 bytes.", code="bad_hash")
    return value


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise TreeError("The tree has no leaf at this position yet.", code="no_such_leaf")


def _check_growth(old: int, new: int) -> None:
    if old < 1:
        raise TreeError("Nothing can be proved from an empty tree: ask from size 1 on.", code="empty_tree")
    if new < old:
        raise TreeError("The newer tree is the smaller one: exchange the sizes.", code="inconsistent")
