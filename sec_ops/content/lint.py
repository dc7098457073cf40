"""What is wrong with content beyond a single object: files that nothing reads."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sec_ops.content.kinds import CHECKS, KINDS, Kind
from sec_ops.content.layer import shown_path
from sec_ops.content.library import Library, LintRule
from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import message

__all__ = ["RULES", "lint"]

_SEARCHED = ("rules", "inventory", "backup")
_ANSIBLE = ("hosts.yml", "group_vars", "host_vars")
_DETECTION = ("rules/detection/", "rules/pipelines/")
"""Read by the detection room, whose own rules tell what is wrong there."""
_YAML = (".yml", ".yaml")


def lint(library: Library, rules: Iterable[LintRule], *kinds: Kind[Any]) -> tuple[Fault, ...]:
    """Return every fault of the kinds (all when none is named), and what the rules see in what could be read."""
    faults = list(library.faults(*kinds))
    readable = library.readable(CHECKS)
    for rule in rules:
        try:
            faults.extend(rule(readable))
        except ContentInvalid as error:
            faults.extend(fault for fault in error.faults if fault not in faults)
    return tuple(sorted(faults, key=lambda fault: (fault.file, fault.line)))


def _unread_files(library: Library) -> Iterator[Fault]:
    """Tell of YAML files that belong to no kind: whoever wrote them believes that they count."""
    for root in filter(None, (library.shipped_root, library.site_root)):
        read = {path for kind in KINDS.values() for each in kind.files for path in (root / kind.folder).glob(each)}
        for path in _yaml_files(root):
            if path not in read:
                what = message("no kind of content lies here under this name; the file is not read")
                advice = message("content files end in .yml; see where each kind lies: sec-ops content list")
                yield Fault(file=shown_path(path), line=0, path="", message=what, advice=advice)


def _yaml_files(root: Path) -> Iterator[Path]:
    for folder in _SEARCHED:
        for path in sorted((root / folder).rglob("*")):
            below = path.relative_to(root / folder).parts
            elsewhere = folder == "inventory" and below[0] in _ANSIBLE
            if path.suffix in _YAML and path.is_file() and not elsewhere and not _is_detection(path.relative_to(root)):
                yield path


def _is_detection(path: Path) -> bool:
    return path.as_posix().startswith(_DETECTION)


RULES: Sequence[LintRule] = (_unread_files,)
"""The rules of this room; other rooms bring their own."""
