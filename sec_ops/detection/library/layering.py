"""The site's rules over imported and shipped ones, by id: one document of each id is in force."""

from collections.abc import Iterable
from dataclasses import dataclass

from sec_ops.detection.library.documents import Document, Source
from sec_ops.model.messages import Message, message

__all__ = ["Layered", "Refusal", "layered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A document that isn't in force though it looks it, and why."""

    document: Document
    reason: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Layered:
    """Documents in force, those another stands in for (by the id), and those refused."""

    in_force: tuple[Document, ...]
    replaced: dict[str, Document]
    refused: tuple[Refusal, ...]
    notes: tuple[Message, ...]


def layered(shipped: Iterable[Document], imported: Iterable[Document], site: Iterable[Document]) -> Layered:
    """Lay the site's documents over the imported ones (in order of import) and these over the shipped ones.

    A site's document takes the place of another only when it says `overrides`; of two releases the later one counts; a
    release never takes the place of a shipped rule.
    """
    layers = _Layers()
    for document in shipped:
        layers.add_shipped(document)
    for document in imported:
        layers.add_imported(document)
    for document in site:
        layers.add_own(document)
    return Layered(
        in_force=tuple(layers.found.values()),
        replaced=layers.replaced,
        refused=tuple(layers.refused),
        notes=tuple(layers.notes),
    )


class _Layers:
    def __init__(self) -> None:
        self.found: dict[str, Document] = {}
        self.replaced: dict[str, Document] = {}
        self.refused: list[Refusal] = []
        self.notes: list[Message] = []

    def add_shipped(self, document: Document) -> None:
        if known := self.found.get(_key(document)):
            self._refuse(document, message("id {id} is already taken at {place}", id=document.id, place=known.path))
        else:
            self.found[_key(document)] = document

    def add_imported(self, document: Document) -> None:
        known = self.found.get(_key(document))
        if known and (known.source is Source.SHIPPED or known.release == document.release):
            self._refuse(document, message("id {id} is already taken at {place}", id=document.id, place=known.path))
        else:
            self._place(document, known)

    def add_own(self, document: Document) -> None:
        known = self.found.get(_key(document))
        if known and known.source is Source.SITE:
            self._refuse(document, message("id {id} is already taken at {place}", id=document.id, place=known.path))
        elif known and document.overrides != document.id:
            self._refuse(document, _unsaid(document, known))
        elif document.overrides and document.overrides != document.id:
            what = message("overrides {other}, but has the id {id}", other=document.overrides, id=document.id)
            self._refuse(document, what)
        else:
            self._place(document, known)
            if document.overrides and not known:
                gone = {"path": document.path, "id": document.id}
                self.notes.append(message("{path} overrides {id}, which is neither shipped nor imported", **gone))

    def _place(self, document: Document, known: Document | None) -> None:
        if known:
            self.replaced[document.id] = known
        self.found[_key(document)] = document

    def _refuse(self, document: Document, reason: Message) -> None:
        self.refused.append(Refusal(document=document, reason=reason))


def _unsaid(document: Document, known: Document) -> Message:
    return message("id {id} is that of {place}; to replace it say: overrides: {id}", id=document.id, place=known.path)


def _key(document: Document) -> str:
    return document.id or document.path
