"""One process that makes events again: `python -m tests.integration.rebuild_worker FOLDER`, killed at any time."""

import sys
from pathlib import Path

from tests.unit.siem.raw.support import SetClock
from tests.unit.siem.rebuilding.support import Logs, shipped

ROWS = 100


def main() -> None:
    """Rebuild in small portions; `begun` on stdout says that the parsers are loaded, `done` that all is there."""
    folder = Path(sys.argv[1])
    clock = SetClock()
    shipped()
    print("begun", flush=True)
    Logs(folder / "logs", folder / "evidence", clock).rebuild(rows=ROWS)
    print("done", flush=True)


if __name__ == "__main__":
    main()
