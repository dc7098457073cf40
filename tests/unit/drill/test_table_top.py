"""A table-top: steps in order, late answers told, silence never a pass."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sec_ops.drill.table_top import Rehearsed, TableTopDoors, rehearse
from sec_ops.model.drill_record import Note
from sec_ops.model.drill_scenario import DrillStep

_TEXT = {"zh": "步骤", "en": "step"}
_STEPS = [DrillStep.model_validate({"id": name, "title": _TEXT, "minutes": 10}) for name in ("alarm", "decide", "back")]


def _answer(step: str) -> Note:
    return Note(kind="answer", at="2026-11-26T08:00:00.000Z", by="chen", text="done", step=step)


@dataclass
class _Table:
    """People who answer a step so many minutes after it was asked (None: never), by a clock that only sleep moves."""

    minutes: Mapping[str, float | None]
    seconds: float = 0.0
    asked: dict[str, float] = field(default_factory=dict)
    also: tuple[Note, ...] = ()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic_ms(self) -> int:
        return round(self.seconds * 1000)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def ask(self, step: DrillStep) -> None:
        self.asked[step.id] = self.seconds

    def notes(self) -> list[Note]:
        came = [
            name
            for name, at in self.asked.items()
            if (after := self.minutes[name]) is not None and self.seconds >= at + after * 60
        ]
        return [*self.also, *map(_answer, came)]


def _held(table: _Table, deadline_minutes: int = 120) -> Rehearsed:
    doors = TableTopDoors(notes=table.notes, ask=table.ask, clock=table, sleep=table.sleep)
    return rehearse(_STEPS, deadline_minutes, doors)


def test_every_step_is_asked_in_order_and_answered() -> None:
    table = _Table({"alarm": 1, "decide": 2, "back": 3})
    assert _held(table) == Rehearsed(verdict="passed")
    assert list(table.asked) == ["alarm", "decide", "back"]
    assert table.asked["decide"] >= 60


def test_a_late_answer_is_an_answer_and_a_problem() -> None:
    held = _held(_Table({"alarm": 1, "decide": 25, "back": 1}))
    assert held.verdict == "passed"
    assert [(each.where, str(each.what)) for each in held.problems] == [
        ("decide", "the answer took 25 min, 10 min were meant")
    ]


def test_silence_is_no_pass() -> None:
    table = _Table({"alarm": 1, "decide": None, "back": 1})
    held = _held(table)
    assert held.verdict == "failed"
    assert [each.where for each in held.problems] == ["decide", "back"]
    assert "back" not in table.asked


def test_what_was_answered_before_is_not_asked() -> None:
    table = _Table({"alarm": 1, "back": 1}, also=(_answer("decide"),))
    assert _held(table).verdict == "passed"
    assert list(table.asked) == ["alarm", "back"]


def test_other_notes_and_answers_to_nothing_answer_no_step() -> None:
    other = Note(kind="event", at="2026-11-26T08:00:00.000Z", by="chen", text="x", step="alarm")
    held = _held(_Table({"alarm": None, "decide": 1, "back": 1}, also=(other, _answer("nothing"))))
    assert held.verdict == "failed"
    assert len(held.problems) == 3
