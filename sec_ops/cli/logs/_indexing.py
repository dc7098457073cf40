"""The process beside `logs listen` that makes events of what was received.

Begun as `python -m sec_ops.cli.logs._indexing SITE LANGUAGE`.

It may lag behind and catch up, be killed and begin again: how far it came lies with the events in the store. Live
detection is part of it, so one such process works at a time and another stands by. It ends when its standard input
does.
"""

import os
import signal
import sys
import threading
from pathlib import Path

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
    stop = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(stop,), daemon=True).start()
    try:
        _index(Site(Path(sys.argv[1])), stop)
    except SecOpsError as error:
        note(error.what)
        return int(error.outcome)
    return 0


def _wait_for_the_end(stop: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    stop.set()


def _index(site: Site, stop: threading.Event) -> None:
    library, clock = Library.open(site.root), SystemClock()
    understand = load_understanding(library, load_configuration(site).logs.zone)
    with (
        take_turn(site, stop.is_set) as mine,
        open_store(site, field_types(library)) as store,
        detecting(site) as watcher,
        rare_collections(),
    ):
        if watcher and mine:
            watcher.ready()
            if watcher.trouble:
                note(watcher.trouble)
        if mine:
            follower = Follower(
                site.logs,
                store=store,
                understand=understand,
                clock=clock,
                failed=_told,
                limits=_LIMITS,
                watcher=watcher,
            )
            follower.run(stop)


def _told(error: SecOpsError) -> None:
    note(error.what)


if __name__ == "__main__":
    sys.exit(main())
