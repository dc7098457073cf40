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


def run_rules(content: Library, named: Sequence[Path], cache: Path | None) -> RunRules:
    """Return the rules of the library, or those of rule files, folders and archives when some are named.

    `cache` is a folder that what was read is kept in; None keeps nothing.

    Raises UsageError for a path that has no rule, ContentInvalid for an archive that can't be read or content with
    faults.
    """
    if not named:
        found = load_rules(content, cache)
        return RunRules(rules=found.rules, correlations=found.correlations, refused=found.refused, digest=found.digest)
    texts = [text for path in named for text in _texts(path)]
    read = read_rules(texts, load_placeholders(content), cache / _NAMED if cache else None)
    lines = sorted(f"{hashlib.sha256(text.data).hexdigest()}  {text.path}\n" for text in texts)
    digest = hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
    return RunRules(rules=read.rules, correlations=read.correlations, refused=read.refused, digest=digest)


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
