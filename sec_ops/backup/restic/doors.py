"""The doors as the real world has them."""

from pathlib import Path

from sec_ops.backup.restic.calling import Doors
from sec_ops.backup.restic.program import find_restic
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.site import Site
from sec_ops.transport.bound import bound
from sec_ops.transport.process import run_program
from sec_ops.transport.reach import reach
from sec_ops.transport.streaming import stream_program

__all__ = ["real_doors", "site_doors"]


def site_doors(site: Site) -> Doors:
    """Return the doors of a site; restic's cache lies where state that may be lost lies."""
    return real_doors(make_folder(site.state / "restic"))


def real_doors(cache: Path) -> Doors:
    """Return the doors with restic's cache in `cache`; raises ProgramMissing, EngineError for a restic too old."""
    return Doors(
        stream=bound(stream_program),
        run_program=run_program,
        reach=reach,
        clock=SystemClock(),
        program=find_restic(run_program),
        cache=cache,
    )
