"""What is wrong with suppressions beyond their shape: conditions that can't be read."""

from collections.abc import Iterable

from sec_ops.content.library import Library, LintRule
from sec_ops.model.errors import Fault

__all__ = ["RULES"]


def _conditions(library: Library) -> Iterable[Fault]:
    from sec_ops.detection.alerts.suppressing import faults_of

    return faults_of(library)


RULES: tuple[LintRule, ...] = (_conditions,)
