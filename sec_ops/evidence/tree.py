"""RFC 6962 Merkle trees: incremental roots, inclusion and consistency proofs (RFC 9162, 2.1).

The same tree serves SHA-256 and SM3 (GB/T 32905). A tree grows by its right edge only, so the hashes of its
perfect subtrees are all that appending needs.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "ALGORITHMS",
    "HASHES",
    "Hash",
    "RangeHash",
    "Tree",
    "consistency_holds",
    "consistency_proof",
    "inclusion_holds",
    "inclusion_proof",
    "leaf_hash",
    "perfect_ranges",
]

Hash = Callable[[bytes], bytes]
RangeHash = Callable[[int, int], bytes]
"""Return the Merkle tree hash of the leaves from the first index up to, not with, the second."""

ALGORITHMS = ("sha256", "sm3")


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _make_sm3() -> Hash:
    try:
        base = hashlib.new("sm3")
    except ValueError:
        return _library_sm3

    def sm3(data: bytes) -> bytes:
        # A copy costs less than finding the algorithm by its name again.
        state = base.copy()
        state.update(data)
        return state.digest()

    return sm3


def _library_sm3(data: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes

    state = hashes.Hash(hashes.SM3())
    state.update(data)
    return state.finalize()


HASHES: Mapping[str, Hash] = {"sha256": _sha256, "sm3": _make_sm3()}


def leaf_hash(hash_: Hash, line: bytes) -> bytes:
    """Return the hash of a leaf (RFC 9162, 2.1.1)."""
    return hash_(b"\x00" + line)


class Tree:
    """A growing tree: its size and the hashes of its perfect subtrees, largest first."""

    __slots__ = ("_hash", "algorithm", "nodes", "size")

    def __init__(self, algorithm: str, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        if len(nodes) != size.bit_count():
            raise ValueError("a tree of this size has another number of perfect subtrees")
        self.algorithm = algorithm
        self._hash = HASHES[algorithm]
        self.size = size
        self.nodes = list(nodes)

    def append(self, line: bytes) -> None:
        """Add one leaf."""
        node, size = self._hash(b"\x00" + line), self.size
        while size & 1:
            node = self._hash(b"\x01" + self.nodes.pop() + node)
            size >>= 1
        self.nodes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the Merkle tree hash; of the empty tree, the hash of nothing."""
        if not self.nodes:
            return self._hash(b"")
        root = self.nodes[-1]
        for node in reversed(self.nodes[:-1]):
            root = self._hash(b"\x01" + node + root)
        return root

    def copy(self) -> "Tree":
        """Return a tree that grows by itself."""
        return Tree(self.algorithm, self.size, self.nodes)


def perfect_ranges(size: int) -> list[tuple[int, int]]:
    """Return the leaf ranges of the perfect subtrees of a tree, largest first."""
    ranges, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            ranges.append((start, start + (1 << level)))
            start += 1 << level
    return ranges


def inclusion_proof(index: int, size: int, range_hash: RangeHash) -> list[bytes]:
    """Return the audit path of a leaf in the tree of that size (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError("the leaf is not in the tree")
    return _path(index, 0, size, range_hash)


def consistency_proof(old: int, new: int, range_hash: RangeHash) -> list[bytes]:
    """Return the proof that the tree of size `old` is the beginning of the one of size `new` (RFC 9162, 2.1.4.1).

    Every range asked for is either a perfect subtree of the old tree or lies behind it.
    """
    if not 0 <= old <= new:
        raise ValueError("a tree does not shrink")
    return _subproof(old, 0, new, range_hash, whole=True) if 0 < old < new else []


def inclusion_holds(hash_: Hash, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether the leaf hash stands at the index of the tree with that root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last = leaf, size - 1
    for sibling in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            node = hash_(b"\x01" + sibling + node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = hash_(b"\x01" + node + sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and node == root


def consistency_holds(
    hash_: Hash, old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Return whether the old tree is the beginning of the new one (RFC 9162, 2.1.4.2)."""
    if old == 0:
        return not proof
    if old == new:
        return not proof and old_root == new_root
    if not 0 < old < new:
        return False
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    old_last, new_last = old - 1, new - 1
    while old_last & 1:
        old_last, new_last = old_last >> 1, new_last >> 1
    old_node = new_node = path[0]
    for sibling in path[1:]:
        if new_last == 0:
            return False
        if old_last & 1 or old_last == new_last:
            old_node, new_node = hash_(b"\x01" + sibling + old_node), hash_(b"\x01" + sibling + new_node)
            while not old_last & 1 and old_last:
                old_last, new_last = old_last >> 1, new_last >> 1
        else:
            new_node = hash_(b"\x01" + new_node + sibling)
        old_last, new_last = old_last >> 1, new_last >> 1
    return new_last == 0 and old_node == old_root and new_node == new_root


def _split(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1


def _path(index: int, start: int, end: int, range_hash: RangeHash) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(index, start, middle, range_hash), range_hash(middle, end)]
    return [*_path(index, middle, end, range_hash), range_hash(start, middle)]


def _subproof(old: int, start: int, end: int, range_hash: RangeHash, *, whole: bool) -> list[bytes]:
    if old == end:
        return [] if whole else [range_hash(start, end)]
    middle = start + _split(end - start)
    if old <= middle:
        return [*_subproof(old, start, middle, range_hash, whole=whole), range_hash(middle, end)]
    return [*_subproof(old, middle, end, range_hash, whole=False), range_hash(start, middle)]
