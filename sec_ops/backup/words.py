"""Verdicts as people read them."""

from sec_ops.backup.verdict import Verdict
from sec_ops.model.messages import message

__all__ = ["VERDICT_WORDS"]

VERDICT_WORDS = {
    Verdict.OK: message("OK"),
    Verdict.PARTIAL: message("PARTIAL"),
    Verdict.FAILED: message("FAILED"),
    Verdict.LOCKED: message("LOCKED"),
    Verdict.WRONG_KEY: message("WRONG KEY"),
    Verdict.NO_REPOSITORY: message("NO REPOSITORY"),
    Verdict.UNREACHABLE: message("UNREACHABLE"),
    Verdict.FULL: message("FULL"),
    Verdict.DAMAGED: message("DAMAGED"),
    Verdict.REFUSED: message("REFUSED"),
    Verdict.INTERRUPTED: message("INTERRUPTED"),
}
"""Each verdict in words; in Chinese with the English word beside it, so that nothing hangs on colour."""
