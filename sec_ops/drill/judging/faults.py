"""What is wrong with what a site declares of the seven elements: references that lead nowhere, levels nobody has."""

from collections.abc import Iterator

from sec_ops.content.kinds import LEVELS, PEOPLE, READINESS, SYSTEMS
from sec_ops.content.library import Library
from sec_ops.content.model_faults import did_you_mean
from sec_ops.content.yaml_reader import Path
from sec_ops.model.errors import Fault
from sec_ops.model.messages import Message, message
from sec_ops.model.recovery_level import DeclaredElement, Edition

__all__ = ["readiness_faults"]

_Found = tuple[Path, Message, Message | None]


def readiness_faults(library: Library) -> Iterator[Fault]:
    """Tell every fault of declarations and editions; raises ContentInvalid for unread kinds."""
    editions = {name: each.value for name, each in library.objects(LEVELS).items()}
    for name, edition in editions.items():
        by = edition.superseded_by
        if by is not None and by not in editions:
            what = message("no edition of the standard has the id {id}", id=by)
            yield library.fault(LEVELS, name, ("superseded_by",), what, did_you_mean(by, editions))
    people, systems = library.objects(PEOPLE), library.objects(SYSTEMS)
    for name, loaded in library.objects(READINESS).items():
        said = loaded.value
        for path, what, advice in _edition(said, editions):
            yield library.fault(READINESS, name, path, what, advice)
        if said.by not in people:
            what = message("no person has the id {id}", id=said.by)
            yield library.fault(READINESS, name, ("by",), what, did_you_mean(said.by, people))
        for index, system in enumerate(said.systems):
            if system not in systems:
                what = message("no key system has the id {id}", id=system)
                yield library.fault(READINESS, name, ("systems", index), what, did_you_mean(system, systems))


def _edition(said: DeclaredElement, editions: dict[str, Edition]) -> Iterator[_Found]:
    edition = editions.get(said.edition)
    if edition is None:
        what = message("no edition of the standard has the id {id}", id=said.edition)
        yield ("edition",), what, did_you_mean(said.edition, editions)
    elif edition.open:
        what = message(
            "the text of {standard} was not at hand, so no element has a level in it", standard=edition.standard
        )
        yield ("edition",), what, message("lay its levels down in backup/levels/{id}.yml", id=edition.id)
    elif said.level > len(edition.levels):
        what = message("{standard} has {count} levels", standard=edition.standard, count=len(edition.levels))
        yield ("level",), what, None
    elif all(each.elements[said.element].facts for each in edition.levels):
        what = message("plans and drills tell of this element; what is said of it is not heard")
        yield ("element",), what, message("remove it")
