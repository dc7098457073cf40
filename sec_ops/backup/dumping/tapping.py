"""Command lines through the tap: where secrets go in, and where it reports to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Literal

from sec_ops.backup.source import Arguments, Doors, Dumped, Report, Table
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.runtime.secrets import Secret
from sec_ops.transport.streaming import Handed

__all__ = ["Told", "Words", "quiet", "tapped", "told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A command and its secrets: as environment variables, or as files.

    The path of a file becomes the variable of its name, and stands for `@NAME@` in the arguments. `ends` are words
    that close a whole dump.
    """

    arguments: Sequence[str]
    environment: Mapping[str, Secret] = field(default_factory=dict)
    files: Mapping[str, Secret] = field(default_factory=dict)
    count: Literal["mariadb", "ldif"] | None = None
    ends: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the tap reported of a dump that went through it whole."""

    dumped: Dumped
    tables: Sequence[Table]


def quiet(words: Words, doors: Doors) -> Arguments:
    """Return the command with its secrets, its output left alone."""
    return (*_head(words, doors), "--", *words.arguments)


def tapped(words: Words, doors: Doors, report: Report) -> Arguments:
    """Return the command with its secrets, its output measured; the tap reports when the dump was whole."""
    more = [*(("--count", words.count) if words.count else ()), *(("--ends", words.ends) if words.ends else ())]
    return (*_head(words, doors), "--metered", "--report", report.path, *more, "--", *words.arguments)


def told(report: Report, filename: str) -> Told:
    """Return what the tap reported; raises ProgramFailed when it never did, so the dump doesn't count."""
    try:
        document: dict[str, Any] = json.loads(report.read())
        dumped = Dumped(filename=filename, bytes=document["bytes"], sha256=document["sha256"])
        tables = tuple(Table(name=name, rows=rows) for name, rows in sorted(document["tables"].items()))
    except (ValueError, KeyError) as error:
        raise ProgramFailed(message("the dump {name} did not end well; it does not count", name=filename)) from error
    return Told(dumped=dumped, tables=tables)


def _head(words: Words, doors: Doors) -> Arguments:
    variables = [Handed(secret, f"--environment={name}=") for name, secret in words.environment.items()]
    files = [Handed(secret, f"--file={name}=") for name, secret in words.files.items()]
    script = resources.files("sec_ops.backup.dumping").joinpath("tap.py").read_text("utf-8")
    return (doors.python, "-I", "-c", script, *variables, *files)
