"""Data on stdout, the rest on stderr; one JSON document, or text for people."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sec_ops.cli.invocation import current
from sec_ops.model.messages import Message
from sec_ops.model.outcome import PRECEDENCE, Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import render

__all__ = ["emit", "line", "note"]


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
        sys.stdout.write(text().rstrip("\n") + "\n")
        sys.stdout.flush()
        return
    held = set(outcomes) or {Outcome.CLEAN}
    document: dict[str, Any] = {
        "schema": schema,
        "version": version,
        "outcome": [outcome.label for outcome in PRECEDENCE if outcome in held],
        **body,
    }
    if current().form == "jsonl":
        line("document", document)
    else:
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def line(message_type: str, body: Mapping[str, Any]) -> None:
    """Write one line of a `--jsonl` stream to stdout."""
    sys.stdout.write(json.dumps({"message_type": message_type, **body}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def note(text: Message | str) -> None:
    """Tell a person something that is not data, on stderr."""
    shown = render(text) if isinstance(text, Message) else printable(text)
    sys.stderr.write(shown + "\n")
