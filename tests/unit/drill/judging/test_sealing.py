"""What is sealed of a drill: figures without names, a summary that counts nothing twice, and the trend before it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.drill.judging import drill_summary, judged, sealed_drill, sealed_note
from sec_ops.drill.judging.judging import Readiness
from sec_ops.model.canonical import canonical_json
from sec_ops.model.drill_record import DrillRecord
from sec_ops.model.drill_scenario import DrillKind
from sec_ops.model.evidence import Entry, validated
from sec_ops.model.evidence_drill import DrillNote, DrillRun, DrillSummary, SystemDrills
from tests.unit.drill.judging.samples import check, drill, note, people, source, system

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)


def _entry(kind: str, data: dict[str, Any], age: timedelta) -> Entry:
    t = (NOW - age).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    known = {"seq": 1, "actor": "root", "role": "", "assurance": "os_user", "writer": "in_process", "case": ""}
    return Entry(t=t, kind=kind, system="", blob=None, prev="0" * 64, data=validated(kind, data), **known)  # type: ignore[arg-type]


def _drilled(record: DrillRecord, days: int) -> Entry:
    age = timedelta(days=days)
    ended = (NOW - age).isoformat().replace("+00:00", "Z")
    sealed = sealed_drill(record.model_copy(update={"ended": ended, "run": f"r{days}"}))
    return _entry(DrillRun.kind, sealed.model_dump(mode="json"), age)


def _noted(days: int, kind: Any, later: int = 1) -> Entry:
    return _entry(
        DrillNote.kind, sealed_note(f"r{days}", note(kind)).model_dump(mode="json"), timedelta(days=days - later)
    )


def _summary(*entries: Entry, systems: Sequence[str] = ("student-records",)) -> DrillSummary:
    return drill_summary(systems, entries, NOW_MS)


def _system(*entries: Entry) -> SystemDrills:
    return _summary(*entries).systems[0]


FAILED = system(verdict="failed", checks=(check(verdict="failed"),))
NEAR = system(far=False)


def test_names_of_people_are_never_in_an_entry() -> None:
    secret = (note("participant", "Chen", role="officer", by="chen"), note("sign_off", "I, Chen, agree", by="chen"))
    record = drill(notes=secret)
    data = canonical_json(sealed_drill(record).model_dump(mode="json")).decode().lower()
    assert "chen" not in data
    assert "officer" not in data
    assert "chen" not in canonical_json(sealed_note("r", secret[0]).model_dump(mode="json")).decode()


def test_an_entry_holds_what_the_record_says() -> None:
    record = drill(system(), FAILED.model_copy(update={"system": "web"}), verdict="failed")
    sealed = sealed_drill(record, {"drill.json": "ab" * 32})
    assert validated(DrillRun.kind, sealed.model_dump(mode="json")) == sealed.model_dump(mode="json")
    assert (sealed.isolated, sealed.probes, sealed.verdict) == (True, 1, "failed")
    assert [(each.id, each.whole, each.checks_passed, each.checks) for each in sealed.systems] == [
        ("student-records", True, 1, 1),
        ("web", True, 0, 1),
    ]
    assert (sealed.people.participants, sealed.people.training, sealed.people.plan) == (2, 1, True)
    assert sealed.manifest == {"drill.json": "ab" * 32}


@pytest.mark.parametrize(
    ("changes", "whole"),
    [
        ({}, True),
        ({"trusted": ()}, False),
        ({"sources": (source(), source("uploads", missing=1))}, False),
        ({"sources": (source(), source("uploads", extra=1))}, True),
        ({"sources": ()}, False),
    ],
)
def test_whole_means_every_source_as_a_trusted_manifest_says(changes: dict[str, Any], whole: bool) -> None:
    (sealed,) = sealed_drill(drill(system(**changes))).systems
    assert sealed.whole is whole


def test_one_file_is_never_whole() -> None:
    assert not sealed_drill(drill(kind=DrillKind.FILE)).systems[0].whole


def test_people_count_once() -> None:
    notes = (note("participant", "Chen"), note("participant", "Chen"), note("sign_off"), note("sign_off"))
    counted = sealed_drill(drill(notes=notes)).people
    assert (counted.participants, counted.sign_offs) == (1, 1)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((), {}),
        ((_drilled(drill(), 10),), {"whole": 1, "whole_days": 10, "far": 1, "far_days": 10}),
        ((_drilled(drill(NEAR), 10),), {"whole": 1, "whole_days": 10}),
        ((_drilled(drill(FAILED), 10),), {"whole": 1, "failed": True, "far": 1, "far_failed": True}),
        (
            (_drilled(drill(), 30), _drilled(drill(FAILED), 10)),
            {"whole": 2, "whole_days": 30, "failed": True, "far": 2, "far_days": 30, "far_failed": True},
        ),
        (
            (_drilled(drill(FAILED), 30), _drilled(drill(NEAR), 10)),
            {"whole": 2, "whole_days": 10, "far": 1, "far_failed": True},
        ),
        ((_drilled(drill(system(far=False, trusted=())), 10),), {"whole": 1, "failed": True}),
        ((_drilled(drill(kind=DrillKind.FILE), 10),), {"drills": 1}),
        ((_drilled(drill(), 367),), {"drills": 0}),
        ((_drilled(drill(), 366),), {"whole": 1, "whole_days": 366, "far": 1, "far_days": 366}),
        ((_drilled(drill(), -3),), {"whole": 1, "whole_days": 0, "far": 1, "far_days": 0}),
        ((_drilled(drill(system("web")), 10),), {"drills": 0}),
    ],
)
def test_a_system_stands_as_its_last_drills_left_it(entries: Sequence[Entry], expected: dict[str, Any]) -> None:
    found = _system(*entries).model_dump(exclude={"id", "rto_ms", "rpo_ms", "rto_target_ms", "rpo_target_ms"})
    nothing = SystemDrills(id="").model_dump(include=set(found))
    assert found == nothing | {"drills": expected.get("whole", 0)} | expected


def test_times_are_those_of_the_last_whole_drill() -> None:
    found = _system(_drilled(drill(system(rto_ms=1)), 30), _drilled(drill(system(rpo_ms=None)), 20))
    assert (found.rto_ms, found.rpo_ms, found.rpo_target_ms) == (19_250, -1, 3_600_000)


def test_an_exercise_is_a_drill_with_people_and_what_they_added_later() -> None:
    alone = _summary(_drilled(drill(notes=()), 5))
    assert (alone.drills, alone.exercises, alone.exercise_days) == (1, 0, -1)
    with_people = drill(notes=people()[:2])
    found = _summary(_drilled(with_people, 5), _noted(5, "training"), _noted(5, "summary"), _noted(99, "summary"))
    assert (found.exercises, found.exercise_days, found.exercise_passed) == (1, 5, True)
    assert (found.exercise.participants, found.exercise.training, found.exercise.summaries) == (2, 1, 1)
    assert found.exercise.plan


def test_people_who_are_named_afterwards_make_an_exercise() -> None:
    found = _summary(_drilled(drill(notes=()), 5), _noted(5, "participant"))
    assert (found.exercises, found.exercise.participants) == (1, 1)


def test_every_key_system_is_in_the_summary() -> None:
    found = _summary(_drilled(drill(), 5), systems=("web", "student-records"))
    assert [(each.id, each.drills) for each in found.systems] == [("web", 0), ("student-records", 1)]
    assert validated(DrillSummary.kind, found.model_dump(mode="json")) == found.model_dump(mode="json")


@given(st.lists(st.tuples(st.integers(0, 800), st.booleans(), st.booleans()), max_size=8))
def test_a_summary_never_says_more_than_the_drills_do(drills: list[tuple[int, bool, bool]]) -> None:
    ordered = sorted(drills, reverse=True)
    entries = [
        _drilled(drill(system(far=far, **({} if passed else {"verdict": "failed"}))), days)
        for days, passed, far in ordered
    ]
    found = _system(*entries)
    young = {days: (passed, far) for days, passed, far in ordered if days <= 366}
    passed_days = [days for days, (passed, _far) in young.items() if passed]
    assert found.whole_days == min(passed_days, default=-1)
    assert found.far <= found.whole == len(young)
    assert found.far_days == min((d for d, (passed, far) in young.items() if passed and far), default=-1)


def test_the_trend_compares_with_the_drill_before_of_the_same_scenario() -> None:
    def sealed(run: str, started: str, scenario: str, rto_ms: int) -> DrillRun:
        changes = {"run": run, "started": started, "scenario": scenario}
        return sealed_drill(drill(system(rto_ms=rto_ms)).model_copy(update=changes))

    earlier = [
        sealed("a", "2025-11-01T00:00:00Z", "site-loss", 30_000),
        sealed("b", "2026-02-01T00:00:00Z", "ransomware", 10_000),
        sealed("later", "2027-01-01T00:00:00Z", "site-loss", 1),
        sealed_drill(drill()),
    ]
    (trend,) = judged(drill(), [], Readiness(), earlier).trend
    assert [each.run for each in trend.points] == ["a", "b", drill().run]
    assert (trend.rto_change_ms, trend.rpo_change_ms) == (19_250 - 30_000, 0)


def test_a_first_drill_has_no_change() -> None:
    (trend,) = judged(drill(), [], Readiness()).trend
    assert (len(trend.points), trend.rto_change_ms) == (1, None)
