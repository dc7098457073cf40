"""People told of alerts: once each, and not too often."""

import pytest

from sec_ops.detection.alerts.closing import close_alert
from sec_ops.detection.alerts.reading import Wanted, alerts_of
from sec_ops.detection.alerts.store import keep_hits
from sec_ops.detection.alerts.telling import PAUSE_MS, SINGLY, Telling, tell_alerts
from sec_ops.detection.alerts.values import Verdict
from sec_ops.detection.database import Database
from sec_ops.detection.hits import Hit
from sec_ops.detection.rule import Level
from sec_ops.model.errors import StorageError
from sec_ops.model.messages import message
from sec_ops.model.notice import Level as Gravity
from sec_ops.model.notice import Notice
from sec_ops.notify.spoken import speak
from sec_ops.runtime.language import translator
from tests.unit.detection.alerts.makers import NOW_MS, hit, rule

HOUR_MS = 3_600_000


class Box:
    """Notices that were put."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.telling = Telling(least=Level.HIGH, language="zh", put=self.notices.append)

    def told(self, database: Database, now_ms: int = NOW_MS) -> list[Notice]:
        before = len(self.notices)
        tell_alerts(database, self.telling, now_ms=now_ms)
        return self.notices[before:]


def keep(database: Database, *hits: Hit) -> None:
    keep_hits(database, hits, now_ms=NOW_MS)


def test_what_is_told(database: Database) -> None:
    keep(database, hit(1), hit(2, of=rule(id="quiet", level=Level.MEDIUM)))
    (notice,) = Box().told(database)
    (alert, _quiet) = alerts_of(database, Wanted())
    assert (notice.id, notice.kind, notice.level) == (f"alert/{alert.id}/0", "detection.alert", Gravity.WARNING)
    chinese = speak(notice, "教育局", translator("zh"))
    assert chinese.title == "[警告] 教育局: 告警（高）：口令猜测"
    assert "对象：host=web-1" in chinese.text
    assert f"sec-ops alerts show {alert.id}" in chinese.text
    english = speak(notice, "bureau", str)
    assert "events: 1, from 2026-11-26T" in english.text


def test_each_alert_once_and_again_when_it_opens_again(database: Database) -> None:
    box = Box()
    keep(database, hit(1))
    assert len(box.told(database)) == 1
    keep(database, hit(2))
    assert box.told(database) == []
    (alert,) = alerts_of(database, Wanted())
    close_alert(database, alert.id, person="lin", at="x", verdict=Verdict.BENIGN, reason="y", seal=lambda _alert: None)
    keep(database, hit(3))
    (again,) = box.told(database)
    assert again.id == f"alert/{alert.id}/1"
    assert "此前已关闭，现重新打开" in speak(again, "x", translator("zh")).text


def test_a_storm_is_a_few_notices_and_tells_of_all(database: Database) -> None:
    box = Box()
    keep(database, *(hit(number, host=f"h-{number}") for number in range(100)))
    keep(database, hit(200, of=rule(id="worst", level=Level.CRITICAL)))
    first = box.told(database)
    assert [notice.kind for notice in first] == ["detection.alert"] * SINGLY + ["detection.alerts"]
    assert first[0].level is Gravity.CRITICAL
    assert first[-1].data["alerts"] == 101 - SINGLY
    assert "规则 r-1：81 条" in speak(first[-1], "x", translator("zh")).text
    keep(database, *(hit(300 + number, host=f"i-{number}") for number in range(5)))
    assert box.told(database, NOW_MS + PAUSE_MS - 1) == []
    (together,) = box.told(database, NOW_MS + PAUSE_MS)
    assert together.data["alerts"] == 5
    assert box.told(database, NOW_MS + HOUR_MS) == []
    keep(database, hit(400, host="later"))
    assert [notice.kind for notice in box.told(database, NOW_MS + HOUR_MS + 1)] == ["detection.alert"]


def test_suppressed_and_low_ones_are_never_told_of(database: Database) -> None:
    box = Box()
    keep_hits(database, [hit(1)], now_ms=NOW_MS, suppress=lambda _hit: "s-1")
    keep(database, hit(2, of=rule(level=Level.LOW)))
    assert box.told(database) == []
    box.telling = Telling(least=Level.LOW, language="en", put=box.notices.append)
    assert box.told(database) == []


def test_what_could_not_be_put_is_told_later(database: Database) -> None:
    keep(database, hit(1))

    def full(_notice: Notice) -> None:
        raise StorageError(message("could not write {path}: {reason}", path="x", reason="full"))

    with pytest.raises(StorageError):
        tell_alerts(database, Telling(least=Level.HIGH, language="en", put=full), now_ms=NOW_MS)
    assert len(Box().told(database)) == 1


def test_a_clock_set_back_does_not_silence(database: Database) -> None:
    box = Box()
    keep(database, *(hit(number, host=f"h-{number}") for number in range(30)))
    assert len(box.told(database)) == SINGLY + 1
    keep(database, hit(99, host="h-99"))
    assert len(box.told(database, NOW_MS - 5 * HOUR_MS)) == 1
