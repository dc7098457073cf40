"""A release taken into the site's rules: what it would change is known before anything is written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sec_ops.content.kinds import RULE_CHANGES
from sec_ops.content.library import Library
from sec_ops.detection.library.comparing import Difference, compared
from sec_ops.detection.library.documents import Document, Source, documents
from sec_ops.detection.library.files import shipped_files, site_files
from sec_ops.detection.library.filters import named
from sec_ops.detection.library.gathering import foreign
from sec_ops.detection.library.releases import Release, ReleaseFiles, release_files, releases
from sec_ops.detection.library.unpacking import Unpacked
from sec_ops.detection.placeholders import load_placeholders
from sec_ops.detection.sigma.reading import Refused, RuleText, read_rules
from sec_ops.model.messages import Message, message

__all__ = ["Planned", "plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A release and what comes of importing it.

    `refused` are its rules that can't be judged, with the reason; they are kept all the same, for a later version that
    may understand them. `pointing` tells what of the site's own speaks of rules that would be gone. `settled` says that
    exactly this release is in force already.
    """

    release: Release
    contents: Unpacked
    difference: Difference
    refused: tuple[Refused, ...]
    pointing: tuple[Message, ...]
    settled: bool


def plan(content: Library, root: Path, release: Release, contents: Unpacked) -> Planned:
    """Return what importing a release into the site at `root` would change."""
    known = releases(root).releases
    states = [release_files(root, each) for each in known]
    after = [
        each for path in release.files for each in documents(path, contents.files[path], Source.IMPORTED, release.name)
    ]
    before = [each for state in states if state.release.name == release.name for each in state.documents]
    others = chain.from_iterable(state.documents for state in states if state.release.name != release.name)
    difference = compared(before, after)
    remaining = _names(chain(after, others, shipped_files(content.shipped_root)))
    gone = _names(difference.removed) - remaining
    return Planned(
        release=release,
        contents=contents,
        difference=difference,
        refused=tuple(_refused(content, after)),
        pointing=tuple(_pointing(content, root, gone)),
        settled=any(_is_whole(state, release) for state in states),
    )


def _is_whole(state: ReleaseFiles, release: Release) -> bool:
    known = state.release
    return known.name == release.name and known.sha256 == release.sha256 and not state.faults


def _refused(content: Library, brought: Iterable[Document]) -> Iterator[Refused]:
    rules = []
    for document in brought:
        if document.is_filter:
            yield foreign(document)
        else:
            rules.append(RuleText(path=document.path, data=document.data, layer=document.source))
    yield from read_rules(rules, load_placeholders(content)).refused


def _pointing(content: Library, root: Path, gone: set[str]) -> Iterator[Message]:
    for document in site_files(root).documents:
        if document.overrides in gone:
            yield message("{path} overrides {rule}, which is removed", path=document.path, rule=document.overrides)
        for name in named(document) if document.is_filter else ():
            if name.lower() in gone:
                yield message("the exception {path} names {rule}, which is removed", path=document.path, rule=name)
    for name in content.objects(RULE_CHANGES):
        if name.lower() in gone:
            yield message("changes.yml names {rule}, which is removed", rule=name)


def _names(brought: Iterable[Document]) -> set[str]:
    return {name.lower() for each in brought for name in (each.id, each.name) if name}
