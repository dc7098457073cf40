"""Programs to be killed in the middle: `import FOLDER FILE` with the real store, `send FOLDER FIRST LAST` with ids.

`send` acknowledges on stdout, an id a line, what the raw log acknowledged.
"""

import sys
import threading
from contextlib import closing
from pathlib import Path

from sec_ops.model.errors import SecOpsError
from sec_ops.runtime.archives.finding import find
from sec_ops.runtime.clock import SystemClock
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import FieldTypes
from sec_ops.siem.importing import lines
from sec_ops.siem.importing.importer import Importer, ImportOptions
from sec_ops.siem.importing.intake import Intake
from sec_ops.siem.index.follow import Follower
from sec_ops.siem.index.stream import IndexLimits
from sec_ops.siem.raw.log import Limits, RawLog
from tests.unit.siem.importing.support import joining, no_worker
from tests.unit.siem.index.support import line_by_line
from tests.unit.siem.raw.support import batch_of

LIMITS = IndexLimits(rows=2_000, age_ms=100)


def stored(folder: Path) -> EmbeddedStore:
    """Open the store."""
    return EmbeddedStore(folder, types=FieldTypes(), clock=SystemClock())


def take(folder: Path, path: Path) -> None:
    """Import a file, in many small batches, as the command does; raises what went wrong."""
    lines._GROUP_BYTES = 4_000
    clock = SystemClock()
    with (
        closing(stored(folder)) as store,
        RawLog.open(folder, clock=clock, limits=Limits(segment_bytes=20_000)) as log,
    ):
        with Intake(folder, log, store=store, understand=joining, clock=clock, limits=LIMITS) as intake:
            importer = Importer(intake, options=ImportOptions(), ask=no_worker, progress=lambda name, count: None)
            for found in find([path]):
                importer.take(found)
        Follower(folder, store=store, understand=joining, clock=clock, failed=_raise, limits=LIMITS).finish()


def _raise(error: SecOpsError) -> None:
    raise error


def send(folder: Path, first: int, last: int) -> None:
    """Append records with ids from four threads, index beside them, acknowledge each."""
    clock, store, stop = SystemClock(), stored(folder), threading.Event()
    follower = Follower(
        folder, store=store, understand=line_by_line, clock=clock, failed=lambda error: sys.exit(3), limits=LIMITS
    )
    indexing = threading.Thread(target=follower.run, args=(stop,))
    with RawLog.open(folder, clock=clock, limits=Limits(segment_bytes=4_000)) as log:
        indexing.start()

        def work(share: int) -> None:
            for number in range(first + share, last, 4):
                received_ms = int(clock.now().timestamp() * 1000)
                log.append(batch_of(b"record %d" % number, ids=[str(number)], received_ms=received_ms))
                sys.stdout.write(f"{number}\n")
                sys.stdout.flush()

        threads = [threading.Thread(target=work, args=(share,)) for share in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    stop.set()
    indexing.join()
    store.close()


if __name__ == "__main__":
    if sys.argv[1] == "import":
        take(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        send(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
