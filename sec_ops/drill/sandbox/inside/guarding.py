"""What keeps programs in the sandbox from the one that reports, and their files within bounds."""

from __future__ import annotations

import os
import resource
from typing import Any

from sec_ops.drill.sandbox.inside.facts import LIBRARY, call

PR_SET_DUMPABLE = 4
TAKEN, TOLD = 3, 4
"""Descriptors of the dialogue, as `layout.own_program` lays them out."""


def guard() -> None:
    """Let no other process of this user read or steer this one; raises OSError.

    What is started from here is not bound by it: the kernel forgets it when a program is executed. The dialogue moves
    to where it is used; the first process of the sandbox, which others can look into, never held it.
    """
    call(LIBRARY.prctl, PR_SET_DUMPABLE, 0, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for held, used in ((TAKEN, 0), (TOLD, 1)):
        os.dup2(held, used)
        os.close(held)


def bound(asked: dict[str, Any]) -> dict[str, Any]:
    """Let no file that is written in here from now on grow larger than so many bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (asked["bytes"], asked["bytes"]))
    return {}
