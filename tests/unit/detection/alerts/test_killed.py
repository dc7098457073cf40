"""A writer that is killed at any moment loses and doubles nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from sec_ops.detection.alerts.reading import Wanted, alerts_of
from sec_ops.detection.database import open_database

BATCH, HOSTS = 20, 7
WRITER = f"""
import sys
from pathlib import Path
from sec_ops.detection.alerts.store import keep_hits
from sec_ops.detection.database import open_database
from tests.unit.detection.alerts.makers import NOW_MS, hit

database = open_database(Path(sys.argv[1]))
with database.writing() as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS position (done INTEGER)")
while True:
    with database.writing() as connection:
        (done,) = connection.execute("SELECT coalesce(max(done), 0) FROM position").fetchone()
        hits = [hit(number, host=f"h-{{number % {HOSTS}}}") for number in range(done, done + {BATCH})]
        keep_hits(database, hits, now_ms=NOW_MS)
        connection.execute("INSERT INTO position VALUES (?)", (done + {BATCH},))
    print(done + {BATCH}, flush=True)
"""


def test_positions_and_alerts_agree_whenever_the_writer_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "detection.db"
    acknowledged = 0
    for turn in range(6):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[4]) as writer:
            assert writer.stdout is not None
            for _ in range(turn + 1):
                acknowledged = int(writer.stdout.readline())
            time.sleep(0.003 * turn)
            os.kill(writer.pid, signal.SIGKILL)
            last = writer.stdout.read().split()
        acknowledged = max([acknowledged, *map(int, last)])
        database = open_database(path)
        with database.reading() as connection:
            (done,) = connection.execute("SELECT max(done) FROM position").fetchone()
        alerts = alerts_of(database, Wanted())
        database.close()
        assert done >= acknowledged
        assert sum(alert.count for alert in alerts) == done
        expected = {f"h-{host}": len(range(host, done, HOSTS)) for host in range(min(HOSTS, done))}
        assert {alert.hosts[0]: alert.count for alert in alerts} == expected
    assert acknowledged >= 6 * BATCH
