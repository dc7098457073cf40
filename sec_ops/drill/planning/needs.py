"""Programs that a drill needs on this machine and that are not there."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from sec_ops.drill.checks import check_of
from sec_ops.drill.planning.plan import DrillPlan
from sec_ops.drill.service import Lacking, found
from sec_ops.drill.services import service_of

__all__ = ["lacking_programs"]

_SANDBOX = (("bwrap", "bubblewrap"), ("setpriv", "util-linux"), ("unshare", "util-linux"), ("python3", "python3"))


def lacking_programs(plan: DrillPlan) -> tuple[Lacking, ...]:
    """Return what is missing of a drill's sandbox, services and checks, each program once."""
    missing = {each.program: each for each in _missing(plan)} if plan.systems else {}
    return tuple(missing.values())


def _missing(plan: DrillPlan) -> Iterator[Lacking]:
    beside = str(Path(sys.executable).parent)
    for program, package in _SANDBOX:
        yield from found(program, package, beside)[1]
    for system in plan.systems:
        for service in system.services:
            yield from service_of(service.kind).lacking()
            yield from _named(service.settings)
        for check in system.checks:
            yield from check_of(check.kind).lacking()
            yield from _named(check.settings)


def _named(settings: Mapping[str, object]) -> Iterator[Lacking]:
    """Return the program that settings name as a command, unless it is restored with the data."""
    command = settings.get("command")
    if isinstance(command, list | tuple) and command and "{" not in str(command[0]):
        yield from found(str(command[0]), str(settings.get("package", "")))[1]
