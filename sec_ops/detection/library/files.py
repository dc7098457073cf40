"""The rule files of the shipped and the site's layer: read, bounded, shipped ones as they were built."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sec_ops.content.kinds import KINDS
from sec_ops.content.layer import read_content
from sec_ops.content.shipped import built_digests
from sec_ops.content.yaml_reader import BYTES_BOUND
from sec_ops.detection.cases.reading import CASES
from sec_ops.detection.library.documents import Document, Source, documents
from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import message

__all__ = ["IMPORTED", "RULES", "Files", "is_rule_file", "shipped_files", "site_files"]

RULES = "rules/detection"
IMPORTED = f"{RULES}/imported"
_YAML = (".yml", ".yaml")
_OTHER_KINDS = tuple(
    f"{kind.folder}/{pattern}" for kind in KINDS.values() for pattern in kind.files if kind.folder.startswith(RULES)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The documents of one layer and the faults of files that couldn't be read."""

    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]


def shipped_files(root: Path) -> Sequence[Document]:
    """Return the shipped documents; raises ContentInvalid when they aren't those that were installed."""
    built = built_digests(root)
    files = _read(root, _paths(root), Source.SHIPPED, built)
    missing = [_missing(name) for name in _wanted(built or {}) if not (root / name).is_file()]
    if faults := (*files.faults, *missing):
        raise ContentInvalid(faults)
    return files.documents


def site_files(root: Path) -> Files:
    """Return the site's own documents, filters among them, without its imported releases."""
    own = (path for path in _paths(root) if not path.is_relative_to(root / IMPORTED))
    return _read(root, own, Source.SITE, None)


def is_rule_file(name: str) -> bool:
    """Tell whether a path below `rules/detection/` is a rule's, and neither cases nor a file of another kind."""
    if not name.endswith(_YAML) or name.endswith(CASES):
        return False
    return not any(PurePosixPath(name).match(each) for each in _OTHER_KINDS)


def _paths(root: Path) -> Iterator[Path]:
    for path in sorted((root / RULES).rglob("*")):
        if is_rule_file(path.relative_to(root).as_posix()) and not path.is_dir():
            yield path


def _read(root: Path, paths: Iterator[Path], source: Source, built: Mapping[str, str] | None) -> Files:
    found: list[Document] = []
    faults: list[Fault] = []
    for path in paths:
        name = path.relative_to(root).as_posix()
        try:
            found += documents(name, _bounded(path, name, built), source)
        except ContentInvalid as error:
            faults += error.faults
    return Files(documents=tuple(found), faults=tuple(faults))


def _bounded(path: Path, name: str, built: Mapping[str, str] | None) -> bytes:
    data = read_content(path, name, None if built is None else built.get(name, ""))
    if len(data) > BYTES_BOUND:
        what = message("larger than {bound} bytes", bound=BYTES_BOUND)
        raise ContentInvalid((Fault(file=name, line=0, path="", message=what),))
    return data


def _wanted(built: Mapping[str, str]) -> Iterator[str]:
    return (name for name in built if name.startswith(f"{RULES}/") and is_rule_file(name))


def _missing(name: str) -> Fault:
    what, advice = message("is missing from the installation"), message("install sec-ops again")
    return Fault(file=name, line=0, path="", message=what, advice=advice)
