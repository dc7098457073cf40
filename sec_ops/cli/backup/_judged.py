"""A verdict as people and programs read it."""

from typing import Any

from sec_ops.backup.verdict import Judged
from sec_ops.backup.words import VERDICT_WORDS
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

__all__ = ["judged_document", "judged_lines"]


def judged_document(judged: Judged) -> dict[str, Any]:
    """Return the verdict with what is said about it."""
    return {
        "verdict": judged.verdict.value,
        "what": render(judged.what),
        "why": printable(judged.why),
        "next": render(judged.advice) if judged.advice else None,
        "paths": [printable(each) for each in judged.paths],
    }


def judged_lines(judged: Judged) -> list[str]:
    """Return the verdict, why, and the next command."""
    lines = [f"{render(VERDICT_WORDS[judged.verdict])}  {render(judged.what)}"]
    if judged.why:
        lines.append(_("  why: {why}").format(why=printable(judged.why)))
    if judged.advice:
        lines.append(_("  next: {advice}").format(advice=render(judged.advice)))
    return lines
