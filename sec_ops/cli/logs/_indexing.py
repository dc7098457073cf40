"""The process beside `logs listen` that makes events of what was received.

Begun as `python -m sec_ops.cli.logs._indexing SITE LANGUAGE`.

It may lag behind and catch up, be killed and begin again: how far it came lies with the events in the store. Live
detection is part of it, so one such process works at a time and another stands by. It ends when its standard input
does; whatever is written there has it look whether rules changed.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from sec_ops.cli.failure import warn
from sec_ops.cli.logs._detecting import detecting, take_turn
from sec_ops.cli.logs._store import open_store
from sec_ops.cli.output import note
from sec_ops.content.library import Library
from sec_ops.model.errors import SecOpsError
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.garbage import rare_collections
from sec_ops.runtime.language import use_language
from sec_ops.runtime.site import Site
from sec_ops.siem.index.follow import Follower
from sec_ops.siem.index.stream import IndexLimits
from sec_ops.siem.parse.loading import field_types, load_understanding

__all__ = ["main"]

_NICENESS = 5
_LIMITS = IndexLimits(rows=10_000)
"""Nothing is judged while the store takes events: it gets fewer at a time than an import brings."""


def main() -> int:
    """Index the site that is named until standard input ends; return the exit code."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # whoever started us says when it is over
    os.nice(_NICENESS)
    use_language(sys.argv[2])
    told = _Told()
    threading.Thread(target=told.wait_for_the_end, daemon=True).start()
    try:
        _index(Site(Path(sys.argv[1])), told)
    except SecOpsError as error:
        warn(error)
        return int(error.outcome)
    return 0


class _Told:
    """What whoever started us says over standard input: to look again, and by its end to finish."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.look_again: Callable[[], None] = lambda: None

    def wait_for_the_end(self) -> None:
        """Take what is said until nothing more comes."""
        while os.read(0, 4096):
            self.look_again()
        self.stop.set()


def _index(site: Site, told: _Told) -> None:
    library, clock = Library.open(site.root), SystemClock()
    understand = load_understanding(library, load_configuration(site).logs.zone)
    with (
        take_turn(site, told.stop.is_set) as mine,
        open_store(site, field_types(library)) as store,
        detecting(site) as watcher,
        rare_collections(),
    ):
        if watcher and mine:
            told.look_again = watcher.look_again
            watcher.ready()
            if watcher.trouble:
                note(watcher.trouble)
        if mine:
            follower = Follower(
                site.logs,
                store=store,
                understand=understand,
                clock=clock,
                failed=warn,
                limits=_LIMITS,
                watcher=watcher,
            )
            follower.run(told.stop)


if __name__ == "__main__":
    sys.exit(main())
