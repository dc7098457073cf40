"""A last drill in a word and as JSON shows it."""

from typing import Any

from sec_ops.drill.past import LastDrill, Standing
from sec_ops.model.messages import message
from sec_ops.runtime.language import render

__all__ = ["last_document", "standing_word"]

_WORDS = {
    Standing.NEVER: message("✗ NEVER"),
    Standing.FRESH: message("✓ fresh"),
    Standing.STALE: message("✗ TOO OLD"),
    Standing.FAILED: message("✗ FAILED"),
}


def last_document(last: LastDrill) -> dict[str, Any]:
    """Return the last drill as JSON shows it; times in milliseconds."""
    drill, part = last.drill, last.system
    return {
        "state": last.standing.value,
        "run": drill.run if drill else None,
        "last_scenario": drill.scenario if drill else None,
        "verdict": (part.verdict if part else drill.verdict) if drill else None,
        "ended": drill.ended if drill else None,
        "age_ms": last.age_ms,
        "rto_ms": part.rto_ms if part else None,
        "rto_target_ms": part.rto_target_ms if part else None,
        "rpo_ms": part.rpo_ms if part else None,
        "rpo_target_ms": part.rpo_target_ms if part else None,
        "cut_short": last.cut_short.run if last.cut_short else None,
    }


def standing_word(last: LastDrill) -> str:
    """Return the word for how a drill stands."""
    return render(_WORDS[last.standing])
