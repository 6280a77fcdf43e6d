"""The Merkle tree: RFC 6962 by its vectors and by an independent implementation, tiles by C2SP tlog-tiles."""

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from audit import tree
from audit.tree import TileId, TreeError
from tests.unit.audit.sample_log import Tiles, digest

# Inputs and roots of the Certificate Transparency reference tests
VECTOR_ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
VECTOR_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LARGEST = 65_537
BORDERS = [255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537]


def entry(number: int) -> bytes:
    return number.to_bytes(4, "big")


def grown(size: int) -> Tiles:
    tiles = Tiles()
    tiles.extend(0, [tree.leaf_hash(entry(number)) for number in range(size)])
    return tiles


@pytest.fixture(scope="module")
def tiles() -> Tiles:
    """The tiles of a tree of 65 537 leaves; they hold every smaller tree as well."""
    return grown(LARGEST)


@pytest.fixture(scope="module")
def oracle() -> InmemoryTree:
    return InmemoryTree.init_from_entries([entry(number) for number in range(LARGEST)])


def oracle_inclusion(oracle: InmemoryTree, index: int, size: int) -> list[bytes]:
    return oracle.prove_inclusion(index + 1, size).path[1:]  # its path begins with the leaf


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    split = naive_split(len(leaves))
    return sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    split = naive_split(len(leaves))
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_split(count: int) -> int:
    """The largest power of two below `count`."""
    split = 1
    while split * 2 < count:
        split *= 2
    return split


def code_of(call, *arguments) -> str:
    with pytest.raises(TreeError) as caught:
        call(*arguments)
    return caught.value.code


# Roots


def test_an_empty_tree_has_the_hash_of_nothing_as_root():
    assert tree.root(0, Tiles().read) == tree.EMPTY_ROOT == sha256(b"").digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_equal_the_reference_vectors(size):
    tiles = Tiles()
    tiles.extend(0, [tree.leaf_hash(data) for data in VECTOR_ENTRIES[:size]])
    assert tree.root(size, tiles.read).hex() == VECTOR_ROOTS[size - 1]


@pytest.mark.parametrize("size", [1, 2, 3, 100, *BORDERS])
def test_roots_equal_those_of_an_independent_implementation(tiles, oracle, size):
    assert tree.root(size, tiles.read) == oracle.get_root(size)


def test_a_root_reads_one_tile_per_level(tiles):
    tiles.reads = 0
    tree.root(65_535, tiles.read)
    assert tiles.reads == 2


# Inclusion


@pytest.mark.parametrize("size", [1, 2, 3, 7, *BORDERS])
def test_inclusion_proofs_equal_the_oracles(tiles, oracle, size):
    for index in {0, 1, size // 2, size - 2, size - 1, 255, 256} & set(range(size)):
        assert tree.inclusion_proof(index, size, tiles.read) == oracle_inclusion(oracle, index, size)


def test_an_inclusion_proof_reads_a_handful_of_tiles(tiles):
    for index in (0, 255, 30_000, 65_534):
        tiles.reads = 0
        tree.inclusion_proof(index, 65_535, tiles.read)
        assert tiles.reads <= 4  # two levels, at most the leaf's side and the right edge in each


def _flipped(proof: list[bytes], place: int) -> list[bytes]:
    changed = list(proof)
    changed[place] = bytes([changed[place][0] ^ 1]) + changed[place][1:]
    return changed


def test_a_position_outside_the_tree_is_refused(tiles):
    for index, size in ((-1, 5), (5, 5), (0, 0)):
        assert code_of(tree.inclusion_proof, index, size, tiles.read) == "no_such_leaf"
    assert code_of(tree.root, -1, tiles.read) == "no_such_leaf"


def test_a_node_does_not_pass_for_a_leaf():
    """Leaf/node confusion: whoever presents a node as an entry meets another hash."""
    left, right = tree.leaf_hash(entry(0)), tree.leaf_hash(entry(1))
    assert tree.leaf_hash(left + right) != tree.node_hash(left, right)


def test_hashes_of_another_length_are_refused(tiles):
    root = tree.root(2, tiles.read)
    assert code_of(tree.verify_consistency, 1, root, 2, root, [b"short"]) == "bad_hash"
    assert code_of(tree.extend, 0, [b"short"], tiles.read) == "bad_hash"


# Consistency


@pytest.mark.parametrize(("old", "new"), [*pairwise([1, 2, *BORDERS]), (3, 7), (4, 7), (6, 8), (256, 65_537)])
def test_a_grown_tree_proves_that_it_begins_with_the_old_one(tiles, old, new):
    proof = tree.consistency_proof(old, new, tiles.read)
    tree.verify_consistency(old, tree.root(old, tiles.read), new, tree.root(new, tiles.read), proof)


def test_the_example_proofs_of_rfc_6962_have_the_nodes_it_names(tiles):
    """Section 2.1.3: PROOF(3, D[7]) = [c, d, g, l], PROOF(4, D[7]) = [l], PROOF(6, D[7]) = [i, j, k]."""
    a, b, c, d, e, f, j = (tree.leaf_hash(entry(number)) for number in range(7))
    g, h, i = tree.node_hash(a, b), tree.node_hash(c, d), tree.node_hash(e, f)
    k, node_l = tree.node_hash(g, h), tree.node_hash(i, j)
    assert tree.consistency_proof(3, 7, tiles.read) == [c, d, g, node_l]
    assert tree.consistency_proof(4, 7, tiles.read) == [node_l]
    assert tree.consistency_proof(6, 7, tiles.read) == [i, j, k]


@pytest.mark.parametrize("new", range(1, 18))
def test_small_consistency_proofs_verify_and_every_change_to_them_is_refused(tiles, new):
    after = tree.root(new, tiles.read)
    for old in range(1, new + 1):
        before, proof = tree.root(old, tiles.read), tree.consistency_proof(old, new, tiles.read)
        tree.verify_consistency(old, before, new, after, proof)
        wrong = [
            (old, digest("another root"), new, after, proof),
            (old, before, new, digest("another root"), proof),
            (old, before, new, after, [*proof, digest("one more")]),
            *((old, before, new, after, proof[:place] + proof[place + 1 :]) for place in range(len(proof))),
            *((old, before, new, after, _flipped(proof, place)) for place in range(len(proof))),
        ]
        for arguments in wrong:
            assert code_of(tree.verify_consistency, *arguments) == "inconsistent"


def test_consistency_from_size_0_is_refused(tiles):
    root = tree.root(5, tiles.read)
    assert code_of(tree.consistency_proof, 0, 5, tiles.read) == "empty_tree"
    assert code_of(tree.verify_consistency, 0, tree.EMPTY_ROOT, 5, root, []) == "empty_tree"


def test_consistency_with_a_smaller_tree_is_refused(tiles):
    roots = {size: tree.root(size, tiles.read) for size in (4, 5)}
    assert code_of(tree.consistency_proof, 5, 4, tiles.read) == "inconsistent"
    assert code_of(tree.verify_consistency, 5, roots[5], 4, roots[4], []) == "inconsistent"


def test_a_fork_of_equal_size_is_refused(tiles):
    fork = Tiles()
    fork.extend(0, [tree.leaf_hash(entry(number)) for number in (0, 1, 2, 9)])
    mine, other = tree.root(4, tiles.read), tree.root(4, fork.read)
    assert code_of(tree.verify_consistency, 4, mine, 4, other, []) == "inconsistent"


# Growth


@given(st.lists(st.integers(0, 300), max_size=8), st.integers(0, 600))
@settings(max_examples=40, deadline=None)
def test_growing_in_batches_gives_the_tiles_of_growing_at_once(batches, start):
    leaves = [digest(number) for number in range(start + sum(batches))]
    once, piecewise, size = Tiles(), Tiles(), 0
    once.extend(0, leaves)
    for batch in [start, *batches]:
        piecewise.extend(size, leaves[size : size + batch])
        size += batch
    assert piecewise == once
    assert tree.root(size, piecewise.read) == naive_root(leaves)


@given(st.integers(1, 700), st.data())
@settings(max_examples=60, deadline=None)
def test_proofs_of_any_tree_are_those_of_the_rfc(size, data):
    tiles = grown(size)
    leaves, root = [tree.leaf_hash(entry(number)) for number in range(size)], tree.root(size, tiles.read)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert tree.inclusion_proof(index, size, tiles.read) == naive_path(index, leaves)
    consistency = tree.consistency_proof(old, size, tiles.read)
    tree.verify_consistency(old, tree.root(old, tiles.read), size, root, consistency)


def test_growing_by_one_touches_only_the_right_edge(tiles):
    leaf = tree.leaf_hash(entry(65_535))
    tiles.reads = 0
    changed = tree.extend(65_535, [leaf], tiles.read)
    assert [tile for tile, _ in changed] == [TileId(0, 255), TileId(1, 0), TileId(2, 0)]
    assert tiles.reads == 2
    assert tree.extend(65_535, [], tiles.read) == []


def test_growing_again_after_a_crash_gives_the_same_tiles():
    leaves = [digest(number) for number in range(600)]
    for written in range(4):  # how many of the changed tiles reached the store before it
        tiles = Tiles()
        tiles.extend(0, leaves[:200])
        changed = tree.extend(200, leaves[200:], tiles.read)
        tiles.update(changed[:written])
        assert tree.extend(200, leaves[200:], tiles.read) == changed


@pytest.mark.parametrize("damage", [None, b"", b"x" * 31, b"x" * 32])
def test_a_missing_or_short_tile_is_named(damage):
    tiles = grown(300)
    tiles[TileId(0, 1)] = damage
    assert code_of(tree.extend, 300, [digest("leaf")], tiles.read) == "tile_missing"
    assert code_of(tree.root, 300, tiles.read) == "tile_missing"
    assert code_of(tree.inclusion_proof, 299, 300, tiles.read) == "tile_missing"


def test_the_tiles_of_70_000_leaves_are_those_the_specification_counts():
    """C2SP tlog-tiles, "Partial Tiles": 273 full and one of 112, one full and one of 17, one of 1."""
    tiles = Tiles()
    tiles.extend(0, [digest("leaf")] * 70_000)
    widths = {tile: len(data) // 32 for tile, data in tiles.items()}
    assert [widths[TileId(0, number)] for number in range(274)] == [256] * 273 + [112]
    assert {tile: width for tile, width in widths.items() if tile.level} == {
        (1, 0): 256,
        (1, 1): 17,
        (2, 0): 1,
    }
