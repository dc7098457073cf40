"""A drill that was killed, told from its journal: phases add up, and nothing that was not ended has passed."""

from hypothesis import given
from hypothesis import strategies as st

from sec_ops.drill.measuring.phases import Phase
from sec_ops.drill.running.journal import Step
from sec_ops.model.drill_record import SystemRecord
from sec_ops.model.values import Text
from sec_ops.workflows.drills.interrupted import stopped_system

SYSTEM = SystemRecord(system="a", name=Text(zh="甲", en="A"), verdict="interrupted")
LOST = "2026-11-26T08:00:00.000Z"


def at(seconds: int) -> str:
    return f"2026-11-26T08:00:{seconds:02}.000Z"


def test_phases_go_up_to_the_last_step_of_the_whole_drill() -> None:
    steps = [
        Step(at=at(0), event="phase", phase="detect"),
        Step(at=at(3), event="phase", phase="decide"),
        Step(at=at(4), event="phase", system="a", phase="select"),
        Step(at=at(5), event="phase", system="b", phase="select"),
        Step(at=at(9), event="phase", system="a", phase="fetch"),
        Step(at=at(12), event="phase", system="b", phase="fetch"),
    ]
    found = stopped_system(SYSTEM, steps, LOST)
    assert found.verdict == "interrupted"
    assert found.begun == {"detect": 0, "decide": 3000, "select": 4000, "fetch": 9000}
    assert {name: spent for name, spent in found.phases.items() if spent} == {
        "detect": 3000,
        "decide": 1000,
        "select": 5000,
        "fetch": 3000,
    }


def test_one_that_failed_before_has_failed_and_one_that_passed_counts_as_interrupted() -> None:
    """What it came to stood in memory only: nothing of it could be shown."""
    begun = [Step(at=at(1), event="phase", system="a", phase="select")]
    for verdict, expected in (("failed", "failed"), ("not_run", "not_run"), ("passed", "interrupted")):
        ended = Step(at=at(2), event="ended", system="a", verdict=verdict)
        later = Step(at=at(30), event="phase", system="b", phase="load")
        found = stopped_system(SYSTEM, [*begun, ended, later], LOST)
        assert found.verdict == expected
        assert sum(found.phases.values()) == 2000


@given(st.lists(st.tuples(st.sampled_from([each.value for each in Phase]), st.integers(0, 59)), max_size=12))
def test_phases_add_up_whatever_the_journal_says(told: list[tuple[str, int]]) -> None:
    steps = [Step(at=at(seconds), event="phase", system="a", phase=phase) for phase, seconds in told]
    found = stopped_system(SYSTEM, steps, LOST)
    assert all(each >= 0 for each in found.phases.values())
    assert sum(found.phases.values()) >= max(found.begun.values())
