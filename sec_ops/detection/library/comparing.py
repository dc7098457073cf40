"""What a release changes: rules added, changed and removed, by id."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sec_ops.detection.library.documents import Document

__all__ = ["Difference", "compared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Documents by id (the path for those without one), each once; `changed` are pairs of before and after."""

    added: tuple[Document, ...]
    changed: tuple[tuple[Document, Document], ...]
    removed: tuple[Document, ...]
    same: int


def compared(before: Iterable[Document], after: Iterable[Document]) -> Difference:
    """Return how two states of a release differ; a rule that only moved to another file is the same."""
    old, new = _by_key(before), _by_key(after)
    kept = [key for key in new if key in old]
    changed = [(old[key], new[key]) for key in kept if old[key].data != new[key].data]
    return Difference(
        added=tuple(document for key, document in new.items() if key not in old),
        changed=tuple(changed),
        removed=tuple(document for key, document in old.items() if key not in new),
        same=len(kept) - len(changed),
    )


def _by_key(documents: Iterable[Document]) -> Mapping[str, Document]:
    found: dict[str, Document] = {}
    for document in documents:
        found.setdefault(document.id or document.path.rpartition("/")[2], document)
    return found
