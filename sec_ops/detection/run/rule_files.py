"""The rules of one run: the library's, or those of files and releases that are named for this run alone."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sec_ops.content.library import Library
from sec_ops.detection.library.loading import load_rules
from sec_ops.detection.library.unpacking import unpacked
from sec_ops.detection.placeholders import load_placeholders
from sec_ops.detection.rule import Correlation, Rule
from sec_ops.detection.sigma.cache import read_rules
from sec_ops.detection.sigma.reading import Refused, RuleText
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message

__all__ = ["RunRules", "run_rules"]

_YAML = (".yml", ".yaml")
_NAMED = "named-rules"
"""Apart from the library's: one set is remembered in each folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRules:
    """Rules, correlations, what was refused, and one SHA-256 that tells this set from another."""

    rules: tuple[Rule, ...]
    correlations: tuple[Correlation, ...]
    refused: tuple[Refused, ...]
    digest: str


def run_rules(content: Library, named: Sequence[str], cache: Path | None) -> RunRules:
    """Return the rules of the library, or those that are named: by their ids, or files, folders and archives of rules.

    `cache` is a folder that what was read is kept in; None keeps nothing. Raises UsageError for a name that is neither,
    ContentInvalid for an archive that can't be read or content with faults.
    """
    paths = [Path(name) for name in named if Path(name).exists()]
    ids = [name for name in named if not Path(name).exists()]
    chosen = [_of_library(content, ids, cache)] if ids or not paths else []
    return _together([*chosen, *([_of_paths(content, paths, cache)] if paths else [])])


def _of_library(content: Library, ids: Sequence[str], cache: Path | None) -> RunRules:
    found = load_rules(content, cache)
    whole = RunRules(rules=found.rules, correlations=found.correlations, refused=found.refused, digest=found.digest)
    return _only(whole, ids) if ids else whole


def _only(found: RunRules, ids: Sequence[str]) -> RunRules:
    """Return the rules of these ids and, for correlations, those they look at."""
    below: dict[str, tuple[str, ...]] = {rule.header.id.lower(): () for rule in found.rules}
    below |= {each.header.id.lower(): tuple(name.lower() for name in each.rules) for each in found.correlations}
    unknown = [name for name in ids if name.lower() not in below]
    if unknown:
        what = message("there is no rule, file or folder {names}", names=", ".join(unknown))
        raise UsageError(what, advice=message("see: {command}", command="sec-ops detect list"))
    wanted, waiting = set[str](), [name.lower() for name in ids]
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += below.get(name, ())
    return RunRules(
        rules=tuple(each for each in found.rules if each.header.id.lower() in wanted),
        correlations=tuple(each for each in found.correlations if each.header.id.lower() in wanted),
        refused=(),
        digest=hashlib.sha256(f"{found.digest} {' '.join(sorted(wanted))}".encode()).hexdigest(),
    )


def _of_paths(content: Library, paths: Sequence[Path], cache: Path | None) -> RunRules:
    texts = [text for path in paths for text in _texts(path)]
    read = read_rules(texts, load_placeholders(content), cache / _NAMED if cache else None)
    lines = sorted(f"{hashlib.sha256(text.data).hexdigest()}  {text.path}\n" for text in texts)
    digest = hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
    return RunRules(rules=read.rules, correlations=read.correlations, refused=read.refused, digest=digest)


def _together(several: Sequence[RunRules]) -> RunRules:
    if len(several) == 1:
        return several[0]
    return RunRules(
        rules=tuple(rule for each in several for rule in each.rules),
        correlations=tuple(rule for each in several for rule in each.correlations),
        refused=tuple(rule for each in several for rule in each.refused),
        digest=hashlib.sha256(" ".join(each.digest for each in several).encode()).hexdigest(),
    )


def _texts(path: Path) -> Iterator[RuleText]:
    if path.is_file() and path.suffix in _YAML:
        yield RuleText(path=str(path), data=_bytes(path))
        return
    found = unpacked(path)
    for name, data in found.files.items():
        yield RuleText(path=f"{path}/{name}", data=data)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        what = message("could not read {path}: {reason}", path=path, reason=error.strerror or "?")
        raise UsageError(what, where=str(path)) from error
