"""Where the log stands: its size, its last line's digest, both trees, and how a line carries it on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sec_ops.evidence.layout import LINES_PER_FILE
from sec_ops.evidence.tree import ALGORITHMS, Tree
from sec_ops.model.canonical import canonical_json
from sec_ops.model.evidence import FIRST_PREVIOUS

__all__ = ["LogState", "empty_state"]


@dataclass(slots=True, kw_only=True)
class LogState:
    """A position in the log; grows in place. `offset` counts the bytes of the file that the next line goes to."""

    size: int
    offset: int
    previous: str
    trees: Mapping[str, Tree]

    def add(self, line: bytes) -> None:
        """Count one line, given without its line end."""
        for tree in self.trees.values():
            tree.append(line)
        self.previous = hashlib.sha256(line).hexdigest()
        self.size += 1
        self.offset = 0 if self.size % LINES_PER_FILE == 0 else self.offset + len(line) + 1

    def accepts(self, line: bytes) -> bool:
        """Return whether a line, given without its line end, is canonical and follows this state."""
        try:
            document = json.loads(line)
            canonical = canonical_json(document) == line
        except (ValueError, TypeError):
            return False
        return canonical and document.get("seq") == self.size and document.get("prev") == self.previous

    def copy(self) -> "LogState":
        """Return a state that grows by itself."""
        return replace(self, trees={name: tree.copy() for name, tree in self.trees.items()})

    def document(self) -> dict[str, Any]:
        """Return the state as it lies beside a checkpoint."""
        nodes = {name: [node.hex() for node in tree.nodes] for name, tree in self.trees.items()}
        return {"v": 1, "size": self.size, "offset": self.offset, "previous": self.previous, "nodes": nodes}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "LogState":
        """Return the state in a document; raises ValueError, KeyError or TypeError."""
        size = document["size"]
        trees = {
            name: Tree(name, size, [bytes.fromhex(node) for node in document["nodes"][name]]) for name in ALGORITHMS
        }
        return cls(size=size, offset=document["offset"], previous=document["previous"], trees=trees)


def empty_state() -> LogState:
    """Return the state of a log without entries."""
    return LogState(size=0, offset=0, previous=FIRST_PREVIOUS, trees={name: Tree(name) for name in ALGORITHMS})
