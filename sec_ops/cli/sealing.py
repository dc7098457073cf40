"""The site's evidence log for commands that change something: opened before the change, sealed after it."""

import secrets
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from sec_ops.runtime.site import Site

if TYPE_CHECKING:
    from sec_ops.evidence.log import EvidenceLog

__all__ = ["evidence_of"]


def evidence_of(site: Site) -> "AbstractContextManager[EvidenceLog]":
    """Return the site's open log; raises UsageError when the site has none, before anything is changed."""
    from sec_ops.evidence.log import open_evidence
    from sec_ops.runtime.clock import SystemClock
    from sec_ops.transport.process import run_program

    return open_evidence(site.evidence, clock=SystemClock(), randomness=secrets.token_bytes, run_program=run_program)
