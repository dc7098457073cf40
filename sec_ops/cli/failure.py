"""How an error is shown: what, where, why, and the next command; all faults of a file at once."""

import contextlib
from typing import Any

from sec_ops.cli.invocation import current
from sec_ops.cli.output import document, note
from sec_ops.cli.pointing import pointed
from sec_ops.model.errors import ContentInvalid, Fault, QueryFault, QueryInvalid, SecOpsError, StorageError
from sec_ops.model.messages import Message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

__all__ = ["show", "show_ending", "warn"]

_SHOWN = 5


def show(error: SecOpsError) -> None:
    """Write the error for people to stderr and, when JSON was asked for, as a document to stdout."""
    if current().form != "text":
        with contextlib.suppress(StorageError):  # the error that is shown matters more than where it can't be
            document(_document(error))
    note("\n".join(_lines(error)))


def warn(error: SecOpsError) -> None:
    """Write what went wrong, and what to do about it, beside work that goes on."""
    note(error.what)
    if error.advice:
        note(_("  next: {advice}").format(advice=render(error.advice)))


def show_ending(outcome: Outcome, what: Message) -> None:
    """Write that the command ended without a result, by a signal or by a fault of ours, the same two ways."""
    if current().form != "text":
        error: dict[str, Any] = {
            "name": outcome.label,
            "message": render(what),
            "where": "",
            "why": "",
            "next": None,
            "faults": [],
        }
        with contextlib.suppress(StorageError):
            document({"schema": "sec-ops/error", "version": 1, "outcome": [outcome.label], "error": error})
    note(what)


def _lines(error: SecOpsError) -> list[str]:
    lines = [line for fault in _faults(error) for line in _fault_lines(fault)]
    if isinstance(error, QueryInvalid):
        lines += [line for fault in error.faults[:_SHOWN] for line in _query_lines(error.query, fault)]
    lines.append(_("error: {what}").format(what=render(error.what)))
    if error.where:
        lines.append(_("  where: {where}").format(where=printable(error.where)))
    if error.why:
        lines.append(_("  why: {why}").format(why=printable(error.why)))
    if error.advice:
        lines.append(_("  next: {advice}").format(advice=render(error.advice)))
    return lines


def _faults(error: SecOpsError) -> tuple[Fault, ...]:
    return error.faults if isinstance(error, ContentInvalid) else ()


def _query_lines(query: str, fault: QueryFault) -> list[str]:
    what = _("character {position}: {fault}").format(position=fault.position + 1, fault=render(fault.message))
    lines = [*pointed(query, fault.position), what]
    if fault.advice:
        lines.append(_("  next: {advice}").format(advice=render(fault.advice)))
    return lines


def _fault_lines(fault: Fault) -> list[str]:
    lines = [f"{printable(fault.place)}: {render(fault.message)}"]
    if fault.advice:
        lines.append(_("  next: {advice}").format(advice=render(fault.advice)))
    return lines


def _document(error: SecOpsError) -> dict[str, Any]:
    faults = [_fault_document(fault) for fault in _faults(error)]
    if isinstance(error, QueryInvalid):
        faults = [_query_document(fault) for fault in error.faults]
    return {
        "schema": "sec-ops/error",
        "version": 1,
        "outcome": [error.outcome.label],
        "error": {
            "name": error.name,
            "message": render(error.what),
            "where": error.where,
            "why": error.why,
            "next": _text(error.advice),
            "faults": faults,
        },
    }


def _fault_document(fault: Fault) -> dict[str, Any]:
    return {
        "file": fault.file,
        "line": fault.line,
        "path": fault.path,
        "message": render(fault.message),
        "next": _text(fault.advice),
    }


def _query_document(fault: QueryFault) -> dict[str, Any]:
    return {"position": fault.position + 1, "message": render(fault.message), "next": _text(fault.advice)}


def _text(text: Message | None) -> str | None:
    return render(text) if text else None
