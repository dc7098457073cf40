"""All layers' documents brought together: those in force, and why others are not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sec_ops.detection.library.documents import Document
from sec_ops.detection.library.files import Files, shipped_files, site_files
from sec_ops.detection.library.layering import layered
from sec_ops.detection.library.releases import Release, release_files, releases
from sec_ops.detection.sigma.reading import Refused
from sec_ops.model.errors import Fault
from sec_ops.model.messages import Message, message

__all__ = ["Gathered", "foreign", "gathered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The rules' documents in force and the site's filters; `replaced` are the documents others stand in for, by id."""

    rules: tuple[Document, ...]
    filters: tuple[Document, ...]
    replaced: Mapping[str, Document]
    refused: tuple[Refused, ...]
    notes: tuple[Message, ...]
    releases: tuple[Release, ...]


def gathered(shipped: Path, site: Path | None) -> Gathered:
    """Return the documents of the shipped layer below `shipped` and of the site's; raises ContentInvalid."""
    own = site_files(site) if site else Files(documents=(), faults=())
    known = releases(site)
    imported = [release_files(site, each) for each in known.releases] if site else []
    brought = list(chain.from_iterable(each.documents for each in imported))
    layers = layered(shipped_files(shipped), _rules(brought), _rules(own.documents))
    faults = chain(own.faults, known.faults, *(each.faults for each in imported))
    return Gathered(
        rules=layers.in_force,
        filters=tuple(each for each in own.documents if each.is_filter),
        replaced=layers.replaced,
        refused=(
            *(_faulty(each) for each in faults),
            *(foreign(each) for each in brought if each.is_filter),
            *(_refused(each.document, each.reason) for each in layers.refused),
        ),
        notes=layers.notes,
        releases=known.releases,
    )


def _rules(documents: Iterable[Document]) -> Sequence[Document]:
    return [each for each in documents if not each.is_filter]


def foreign(document: Document) -> Refused:
    """Return why a filter of a release isn't used."""
    what = message("a filter of a release could silence any rule; copy it to rules/detection/filters if it is wanted")
    return _refused(document, what)


def _refused(document: Document, reason: Message) -> Refused:
    return Refused(path=document.path, id=document.id, title="", reason=reason)


def _faulty(fault: Fault) -> Refused:
    return Refused(path=fault.file, id="", title="", reason=fault.message)
