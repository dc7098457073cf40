"""The outbox: a notice is kept until everybody was told, whatever fails or dies in between."""

import multiprocessing
import os
import signal
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sec_ops.model.messages import Message
from sec_ops.model.notice import FileNotifier, Level, Notice, NotifierSettings
from sec_ops.notify.notifiers import NotifierDoors, wants
from sec_ops.notify.outbox import Outbox
from sec_ops.runtime.secrets import Secrets
from sec_ops.transport.process import run_program

START = datetime(2026, 11, 26, tzinfo=UTC)


@dataclass
class Clock:
    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def monotonic_ms(self) -> int:
        return 0


def notice(number: int = 0, level: Level = Level.CRITICAL, kind: str = "schedule.failed") -> Notice:
    title = Message("the job {job} failed: {outcome}", {"job": f"job-{number}", "outcome": Message("critical")})
    return Notice(id=f"{kind}/{number}", kind=kind, level=level, at="2026-11-26T00:00:00.000Z", title=title)


def file_notifier(name: str, path: str, **more: object) -> FileNotifier:
    return FileNotifier.model_validate({"id": name, "kind": "file", "path": path, **more})


@pytest.fixture
def clock() -> Clock:
    return Clock()


def outbox(root: Path, clock: Clock, *notifiers: NotifierSettings) -> Outbox:
    doors = NotifierDoors(root=root, read_secret=Secrets(run_program=run_program), clock=clock)
    return Outbox(root / "notify", notifiers, doors, site="site", translate=str)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize(
    ("least", "kinds", "level", "kind", "expected"),
    [
        ("warning", ["*"], Level.CRITICAL, "schedule.failed", True),
        ("warning", ["*"], Level.INFORMATION, "schedule.failed", False),
        ("information", ["logs.*"], Level.CRITICAL, "schedule.failed", False),
        ("information", ["logs.*", "schedule.*"], Level.INFORMATION, "schedule.recovered", True),
    ],
)
def test_who_wants_what(least: str, kinds: list[str], level: Level, kind: str, expected: bool) -> None:
    assert wants(file_notifier("a", "a", least=least, kinds=kinds), notice(0, level, kind)) is expected


def test_what_nobody_wants_is_not_kept(tmp_path: Path, clock: Clock) -> None:
    box = outbox(tmp_path, clock)
    box.put(notice())
    assert box.waiting() == 0


def test_the_same_notice_is_kept_once(tmp_path: Path, clock: Clock) -> None:
    box = outbox(tmp_path, clock, file_notifier("a", "a.jsonl"))
    box.put(notice())
    box.put(notice())
    assert box.deliver().delivered == 1
    assert len(lines(tmp_path / "a.jsonl")) == 1


@pytest.mark.parametrize("value", [4.0, Path("/x"), "not UTF-8: \udcff", None])
def test_whatever_a_text_names_it_is_told(tmp_path: Path, clock: Clock, value: object) -> None:
    box = outbox(tmp_path, clock, file_notifier("a", "a.jsonl"))
    box.put(replace(notice(), lines=(Message("the server said {value}", {"value": value}),)))
    assert (box.deliver().delivered, len(lines(tmp_path / "a.jsonl"))) == (1, 1)


def test_one_failing_notifier_holds_up_no_other(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "blocked").write_text("not a folder")
    box = outbox(tmp_path, clock, file_notifier("bad", "blocked/x"), file_notifier("good", "good.jsonl"))
    box.put(notice())
    first = box.deliver()
    assert (first.delivered, first.waiting, [each.notifier for each in first.failures]) == (0, 1, ["bad"])
    assert len(lines(tmp_path / "good.jsonl")) == 1
    (tmp_path / "blocked").unlink()
    assert box.deliver().delivered == 0, "its pause is not over"
    clock.moment += timedelta(minutes=1)
    second = box.deliver()
    assert (second.delivered, second.waiting) == (1, 0)
    assert len(lines(tmp_path / "good.jsonl")) == 1, "who has it is not told again"
    assert len(lines(tmp_path / "blocked" / "x")) == 1


def test_pauses_grow_and_after_a_week_it_is_set_aside(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "blocked").write_text("not a folder")
    box = outbox(tmp_path, clock, file_notifier("bad", "blocked/x"))
    box.put(notice())
    attempts = 0
    while box.waiting():
        attempts += bool(box.deliver().failures)
        clock.moment += timedelta(minutes=1)
        assert clock.moment < START + timedelta(days=9)
    assert 25 < attempts < 50
    assert len(list((tmp_path / "notify" / "undelivered").iterdir())) == 1
    assert box.deliver().given_up == 1


def test_a_notifier_taken_out_of_the_settings_is_waited_for_no_more(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "blocked").write_text("not a folder")
    bad, good = file_notifier("bad", "blocked/x"), file_notifier("good", "good.jsonl")
    outbox(tmp_path, clock, bad, good).put(notice())
    outbox(tmp_path, clock, bad, good).deliver()
    clock.moment += timedelta(minutes=1)
    assert outbox(tmp_path, clock, good).deliver().delivered == 1


@pytest.mark.parametrize("torn", [b"", b"[]", b"{}", b"\xff", b'{"notice": 1, "pending": []}'])
def test_what_is_no_notice_is_set_aside_not_lost(tmp_path: Path, clock: Clock, torn: bytes) -> None:
    box = outbox(tmp_path, clock, file_notifier("a", "a.jsonl"))
    box.put(notice())
    (tmp_path / "notify" / "outbox" / "0.json").write_bytes(torn)
    delivery = box.deliver()
    assert (delivery.delivered, delivery.given_up) == (1, 1)


def _killed(root: Path, seed: int) -> None:
    box = outbox(root, Clock(), file_notifier("a", "a.jsonl"))
    calls = 0

    def dying(*_arguments: object) -> None:
        nonlocal calls
        calls += 1
        if calls > seed:
            os.kill(os.getpid(), signal.SIGKILL)

    import sys

    sys.setprofile(lambda frame, event, _argument: dying() if "outbox" in frame.f_code.co_filename else None)
    for number in range(3):
        box.put(notice(number))
    box.deliver()


def test_killed_at_any_point_every_kept_notice_is_delivered(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    endings = set()
    for seed in range(0, 120, 3):
        root = tmp_path / str(seed)
        root.mkdir()
        process = context.Process(target=_killed, args=(root, seed))
        process.start()
        process.join()
        endings.add(process.exitcode)
        box = outbox(root, Clock(START + timedelta(minutes=2)), file_notifier("a", "a.jsonl"))
        for number in range(3):
            box.put(notice(number))  # whoever noticed the thing tells it again after the crash
        box.deliver()
        ids = {line.split('"id": "')[1].split('"')[0] for line in lines(root / "a.jsonl")}
        assert ids == {f"schedule.failed/{number}" for number in range(3)}
        assert box.waiting() == 0
    assert -signal.SIGKILL in endings, "nothing was killed"
