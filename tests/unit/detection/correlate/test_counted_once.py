"""However often events are judged, live and by hunts, an alert of a correlation counts each of them once."""

from contextlib import closing
from pathlib import Path
from random import Random

from sec_ops.detection.alerts.store import keep_hits
from sec_ops.detection.correlate.correlator import Correlator
from sec_ops.detection.database import Database, open_database
from sec_ops.detection.events import Occurrence
from sec_ops.detection.hits import Hit
from tests.unit.detection.correlate.support import correlation, rule

SECOND = 1_000_000
BEGIN = 1_000_000 * SECOND
TOLD = correlation(
    {"type": "event_count", "rules": ["a"], "group-by": ["user"], "timespan": "5m", "condition": {"gte": 5}}
)


def events(count: int) -> list[Occurrence]:
    dice, time_us = Random(3), BEGIN
    found = []
    for number in range(count):
        time_us += dice.choice([1, 1, 1, 40, 90]) * SECOND
        event = {"user": f"u{dice.randrange(2)}"}
        found.append(Occurrence(event=event, shape="ecs", record=f"0001/{number + 1}/0", time_us=time_us))
    return found


def judged(found: list[Occurrence], delay_us: int) -> list[Hit]:
    correlator = Correlator([TOLD], [rule("a")])
    hits: list[Hit] = []
    for occurrence in found:
        hits += correlator.advance((occurrence.time_us or 0) + delay_us)
        hits += correlator.feed(rule("a"), occurrence)
    return [*hits, *correlator.flush()]


def counts(database: Database) -> list[tuple[str, int]]:
    with database.reading() as connection:
        return connection.execute("SELECT id, count FROM alerts ORDER BY 1").fetchall()


def test_a_hunt_after_live_detection_changes_no_count(tmp_path: Path) -> None:
    found = events(400)
    with closing(open_database(tmp_path / "detection.db")) as database:
        keep_hits(database, judged(found, delay_us=17 * SECOND), now_ms=1)
        before = counts(database)
        assert sum(count for _id, count in before) > 300
        keep_hits(database, judged(found, delay_us=0), now_ms=2)
        assert counts(database) == before
