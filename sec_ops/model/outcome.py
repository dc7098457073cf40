"""What a command ends with: one table of exit codes and their precedence."""

from collections.abc import Iterable
from enum import IntEnum

__all__ = ["PRECEDENCE", "Outcome", "decisive"]


class Outcome(IntEnum):
    """Exit codes of every command. `INCOMPLETE` means a host or fact could not be read; `manual` never does."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    INVALID = 4
    ENGINE = 5
    EVIDENCE_BROKEN = 6
    INTERNAL = 70
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def label(self) -> str:
        """Return the name used in the JSON list `outcome`."""
        return self.name.lower()


PRECEDENCE = (
    Outcome.TERMINATED,
    Outcome.INTERRUPTED,
    Outcome.EVIDENCE_BROKEN,
    Outcome.INTERNAL,
    Outcome.ENGINE,
    Outcome.INVALID,
    Outcome.INCOMPLETE,
    Outcome.FINDINGS,
    Outcome.USAGE,
    Outcome.CLEAN,
)


def decisive(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the outcome that becomes the exit code when several hold; clean when none does."""
    held = set(outcomes)
    return next((outcome for outcome in PRECEDENCE if outcome in held), Outcome.CLEAN)
