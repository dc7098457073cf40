"""Runs a drill that is ended by a signal as it enters a phase: `ended_worker.py SITE SCENARIO PHASE SIGNAL`."""

import os
import signal
import sys

from sec_ops.cli.main import main
from sec_ops.drill.running.journal import Journal

SITE, SCENARIO, PHASE, SIGNAL = sys.argv[1:]
_tell = Journal.tell


def tell(journal: Journal, event: str, **more: str) -> None:
    _tell(journal, event, **more)
    if (event, more.get("phase")) == ("phase", PHASE):
        os.kill(os.getpid(), getattr(signal, SIGNAL))


if __name__ == "__main__":
    Journal.tell = tell  # type: ignore[assignment, method-assign]
    sys.argv = ["sec-ops", "--site", SITE, "drill", "run", SCENARIO, "--json"]
    main()
