"""Proofs over the log's lines, from the state at an earlier size."""

from collections.abc import Mapping, Sequence

from sec_ops.evidence.checkpoints import load_state
from sec_ops.evidence.files import Files
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.reading import read_lines
from sec_ops.evidence.state import LogState, empty_state
from sec_ops.evidence.tree import ALGORITHMS, HASHES, RangeHash, Tree, consistency_proof, leaf_hash, perfect_ranges

__all__ = ["consistency_proofs", "range_hash", "state_at"]


def state_at(layout: Layout, files: Files, size: int) -> LogState:
    """Return the state at a size: the one kept with its checkpoint, else counted from the log's beginning."""
    state = load_state(layout, files, size)
    if state is None:
        state = empty_state()
        for line in read_lines(layout, files, 0, size):
            state.add(line)
    return state


def consistency_proofs(old: LogState, lines: Sequence[bytes]) -> Mapping[str, list[bytes]]:
    """Return, for both trees, the proof that the old log is the beginning of the log with these lines behind it."""
    size = old.size + len(lines)
    return {name: consistency_proof(old.size, size, range_hash(old.trees[name], lines)) for name in ALGORITHMS}


def range_hash(old: Tree, lines: Sequence[bytes]) -> RangeHash:
    """Return the hash of ranges that are perfect subtrees of the old tree or lie in the lines behind it."""
    hash_ = HASHES[old.algorithm]
    known = dict(zip(perfect_ranges(old.size), old.nodes, strict=True))

    def find(start: int, end: int) -> bytes:
        if (start, end) in known:
            return known[start, end]
        if end - start == 1:
            return leaf_hash(hash_, lines[start - old.size])
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        return hash_(b"\x01" + find(start, middle) + find(middle, end))

    return find
