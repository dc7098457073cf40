"""Ctrl-C outside of a drill's own work: whether anything was begun is told, as no record says it yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sec_ops.cli.output import note
from sec_ops.model.messages import message
from sec_ops.runtime.run import MANIFEST

__all__ = ["telling_if_cut_short"]

_ASKED = "asked.json"


@contextmanager
def telling_if_cut_short(runs: Path) -> Iterator[None]:
    """Say on Ctrl-C or SIGTERM that nothing was begun, or which drill was: `runs` is the site's folder of runs.

    A drill has begun once its run says what was asked; before that nothing is fetched, made or started.
    """
    before = _begun(runs)
    try:
        yield
    except KeyboardInterrupt:
        begun = _begun(runs) - before
        if not begun:
            note(message("nothing of the drill was begun, so there is no record of it"))
        for each in sorted(begun):
            _tell(runs / each)
        raise


def _begun(runs: Path) -> set[str]:
    return {each.parent.name for each in runs.glob(f"*-drill-*/{_ASKED}")}


def _tell(folder: Path) -> None:
    if (folder / MANIFEST).exists():
        note(message("the drill {run} is sealed: sec-ops drill show {run}", run=folder.name))
    else:
        note(message("the drill {run} was begun; it is sealed by: sec-ops drill list", run=folder.name))
