"""What `content lint` tells of backup: references that lead nowhere, settings that sources refuse."""

from collections.abc import Iterator

from sec_ops.content.library import Library, LintRule
from sec_ops.model.errors import Fault

__all__ = ["RULES"]


def _plans(library: Library) -> Iterator[Fault]:
    from sec_ops.backup.planning.faults import plan_faults

    return plan_faults(library)


RULES: tuple[LintRule, ...] = (_plans,)
