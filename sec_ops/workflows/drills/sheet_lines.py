"""Lines of the printed sheet, as a drill types them: pure text. Streams are kept as files, whoever was to take them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sec_ops.backup.by_hand import word
from sec_ops.backup.naming import MANIFEST
from sec_ops.backup.sheet.values import Block, Sheet
from sec_ops.model.errors import EngineError
from sec_ops.model.messages import Message, message

__all__ = ["Typed", "asked_for", "fetches", "kept", "part_of", "typed_lines"]

_PART = re.compile(r"part:([\w.-]+)")
_ASKED = re.compile(r"read (?:-\w+ )*(?:'[^']*'|\S+) (\w+)")
_INTO_A_CLIENT = re.compile(r" [|>] ")
_CHAPTER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The lines of a sheet that open a repository, list a system's runs, and bring back each of its sources."""

    opening: Sequence[str]
    listing: str
    manifest: str
    sources: Mapping[str, Sequence[str]]


def typed_lines(sheet: Sheet, system: str, repository: str) -> Typed:
    """Return what a person types for a system from one of its repositories; raises EngineError when nothing is said."""
    blocks = list(_chapter(sheet, system))
    opening = [
        line for each in blocks if _is(each, "repository {repository}", repository=repository) for line in _lines(each)
    ]
    run = [line for each in blocks if _is(each, "choose the run") for line in _lines(each)]
    sources = {str(each.title).partition(": ")[2]: _lines(each) for each in blocks if isinstance(each.title, str)}
    if not opening or not run:
        what = message(
            "the sheet doesn't tell how {system} comes back from {repository}", system=system, repository=repository
        )
        raise EngineError(what, advice=message("print it again: sec-ops backup sheet"))
    manifest = next(line for line in run if f"part:{MANIFEST}" in line and line.startswith("restic dump "))
    return Typed(opening=opening, listing=run[0], manifest=manifest, sources=sources)


def _chapter(sheet: Sheet, system: str) -> Iterator[Block]:
    """Return the blocks of a system's chapter."""
    inside = False
    for each in sheet.blocks:
        if each.level == 2:
            inside = _is(each, "system {system}", system=system)
        elif inside:
            yield each


def _is(block: Block, text: str, **values: str) -> bool:
    return isinstance(block.title, Message) and block.title.text == text and dict(block.title.values) == values


def _lines(block: Block) -> list[str]:
    return [line for step in block.steps for line in step.commands]


def fetches(line: str) -> bool:
    """Return whether a line brings data back."""
    return line.startswith(("restic dump ", "restic restore "))


def kept(line: str) -> str:
    """Return a line that keeps what it fetches: a stream as a file called by its part, whatever was to take it."""
    if line.startswith("restic restore "):
        return line
    fetch = _INTO_A_CLIENT.split(line, maxsplit=1)[0]
    return f'{fetch} > "$TO"/{word("." + part_of(fetch))}'


def part_of(line: str) -> str:
    """Return the part of a snapshot that a line names."""
    part = _PART.search(line)
    return part[1] if part else "stream"


def asked_for(lines: Sequence[str]) -> list[str]:
    """Return the names of what lines ask a person for, in their order."""
    return [found[1] for line in lines if (found := _ASKED.match(line))]
