"""The trees against the vectors of RFC 6962's reference tests, and against a naive tree."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.evidence.tree import (
    ALGORITHMS,
    HASHES,
    Hash,
    Tree,
    consistency_holds,
    consistency_proof,
    inclusion_holds,
    inclusion_proof,
    leaf_hash,
    perfect_ranges,
)

# Leaves and roots that every Certificate Transparency implementation is tested with.
CT_LEAVES = [
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
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_INCLUSION = {
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
}
CT_CONSISTENCY = {
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}


def root(hash_: Hash, leaves: Sequence[bytes]) -> bytes:
    """Return the root by the recursive definition, RFC 9162, 2.1.1."""
    if not leaves:
        return hash_(b"")
    if len(leaves) == 1:
        return hash_(b"\x00" + leaves[0])
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return hash_(b"\x01" + root(hash_, leaves[:middle]) + root(hash_, leaves[middle:]))


def grown(algorithm: str, leaves: Sequence[bytes]) -> Tree:
    tree = Tree(algorithm)
    for leaf in leaves:
        tree.append(leaf)
    return tree


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size: int) -> None:
    assert grown("sha256", CT_LEAVES[:size]).root().hex() == CT_ROOTS[size - 1]


def test_empty_tree() -> None:
    assert Tree("sha256").root() == hashlib.sha256(b"").digest()


@pytest.mark.parametrize(("place", "proof"), CT_INCLUSION.items())
def test_known_inclusion_proofs(place: tuple[int, int], proof: tuple[str, ...]) -> None:
    hash_, (index, size) = HASHES["sha256"], place
    made = inclusion_proof(index, size, lambda start, end: root(hash_, CT_LEAVES[start:end]))
    assert [node.hex() for node in made] == list(proof)


@pytest.mark.parametrize(("sizes", "proof"), CT_CONSISTENCY.items())
def test_known_consistency_proofs(sizes: tuple[int, int], proof: tuple[str, ...]) -> None:
    made = consistency_proof(*sizes, lambda start, end: root(HASHES["sha256"], CT_LEAVES[start:end]))
    assert [node.hex() for node in made] == list(proof)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("size", range(1, 34))
def test_every_proof_of_small_trees(algorithm: str, size: int) -> None:
    hash_ = HASHES[algorithm]
    leaves = [bytes([number]) for number in range(size)]
    whole = root(hash_, leaves)
    assert grown(algorithm, leaves).root() == whole
    for index in range(size):
        path = inclusion_proof(index, size, lambda start, end: root(hash_, leaves[start:end]))
        assert inclusion_holds(hash_, leaf_hash(hash_, leaves[index]), index, size, path, whole)
        assert not inclusion_holds(hash_, leaf_hash(hash_, b"other"), index, size, path, whole)
        assert size == 1 or not inclusion_holds(hash_, leaf_hash(hash_, leaves[index]), index - 1, size, path, whole)
    for old in range(1, size):
        proof = consistency_proof(old, size, lambda start, end: root(hash_, leaves[start:end]))
        old_root = root(hash_, leaves[:old])
        assert consistency_holds(hash_, old, size, proof, old_root, whole)
        assert not consistency_holds(hash_, old, size, proof, root(hash_, [b"x", *leaves[1:old]]), whole)
        assert not consistency_holds(hash_, old, size, [*proof, whole], old_root, whole)
        assert not consistency_holds(hash_, old, size, proof[:-1], old_root, whole)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=70), st.data())
def test_a_tree_goes_on_from_its_nodes(leaves: list[bytes], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(leaves)))
    begun = grown("sm3", leaves[:cut])
    resumed = Tree("sm3", cut, begun.nodes)
    for leaf in leaves[cut:]:
        resumed.append(leaf)
    assert resumed.root() == root(HASHES["sm3"], leaves)


@given(st.integers(1, 300), st.integers(1, 300), st.data())
def test_a_proof_with_one_changed_byte_fails(one: int, other: int, data: st.DataObject) -> None:
    old, new = sorted((one, other))
    leaves = [number.to_bytes(2) for number in range(new)]
    hash_ = HASHES["sha256"]
    proof = consistency_proof(old, new, lambda start, end: root(hash_, leaves[start:end]))
    roots = root(hash_, leaves[:old]), root(hash_, leaves)
    assert consistency_holds(hash_, old, new, proof, *roots)
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        broken = bytearray(proof[place])
        broken[data.draw(st.integers(0, 31))] ^= data.draw(st.integers(1, 255))
        changed = [*proof[:place], bytes(broken), *proof[place + 1 :]]
        assert not consistency_holds(hash_, old, new, changed, *roots)


def test_perfect_ranges() -> None:
    assert perfect_ranges(13) == [(0, 8), (8, 12), (12, 13)]
    assert perfect_ranges(0) == []


def test_a_state_with_a_missing_node_is_refused() -> None:
    with pytest.raises(ValueError, match="perfect subtrees"):
        Tree("sha256", 3, [b"one"])
