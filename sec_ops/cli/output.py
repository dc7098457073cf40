"""Data on stdout, the rest on stderr; one JSON document, or text for people."""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sec_ops.cli.invocation import current
from sec_ops.cli.termination import was_terminated
from sec_ops.model.messages import Message
from sec_ops.model.outcome import PRECEDENCE, Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.files import storage_error
from sec_ops.runtime.language import render

__all__ = ["document", "emit", "end_output", "line", "note", "put", "record"]


def emit(
    schema: str,
    body: Mapping[str, Any],
    *,
    outcomes: Iterable[Outcome] = (),
    text: Callable[[], str],
    version: int = 1,
) -> None:
    """Show a result: with `--json` the document, with `--jsonl` its line, else `text()`.

    Documents carry `schema` (such as `sec-ops/audit-run`), `version` and `outcome`, the labels that hold, worst first.
    """
    if current().form == "text":
        put(text().rstrip("\n") + "\n")
        return
    held = set(outcomes) | ({Outcome.TERMINATED} if was_terminated() else set()) or {Outcome.CLEAN}
    labels = [outcome.label for outcome in PRECEDENCE if outcome in held]
    document({"schema": schema, "version": version, "outcome": labels, **body})


def document(body: Mapping[str, Any]) -> None:
    """Write a whole document to stdout: by itself, or as the line `document` of a `--jsonl` stream."""
    if current().form == "jsonl":
        line("document", body)
    else:
        put(_json(body, indent=2) + "\n")


def line(message_type: str, body: Mapping[str, Any]) -> None:
    """Write one line of a `--jsonl` stream to stdout."""
    record({"message_type": message_type, **body})


def record(body: Mapping[str, Any]) -> None:
    """Write one JSON object to stdout as a line."""
    put(_json(body) + "\n")


def put(text: str) -> None:
    """Write data to stdout, at once; raises StorageError when it can't be written.

    A reader that has gone changes nothing: the command goes on, and its exit code says what it came to.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        end_output()
    except OSError as error:
        end_output()
        raise storage_error(Path("/dev/stdout"), error) from error


def note(text: Message | str) -> None:
    """Tell a person something that is not data, on stderr; when nobody reads it, it is not told."""
    shown = render(text) if isinstance(text, Message) else printable(text)
    with contextlib.suppress(OSError):
        sys.stderr.write(shown + "\n")


def end_output() -> None:
    """Let what is still buffered for stdout, and what follows, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _json(body: Mapping[str, Any], indent: int | None = None) -> str:
    """Return JSON that any terminal may show: what a terminal would act on is escaped, which JSON reads as the same."""
    utf8 = (sys.stdout.encoding or "utf-8").replace("-", "").lower() == "utf8"
    text = json.dumps(body, ensure_ascii=not utf8, indent=indent)
    odd = {ord(each): _escaped(each) for each in set(text) if each != "\n" and not each.isprintable()}
    return text.translate(odd) if odd else text


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[index : index + 2].hex()}" for index in range(0, len(units), 2))
