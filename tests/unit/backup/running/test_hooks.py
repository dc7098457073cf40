"""Hooks: in order, each within its deadline, none ignored."""

from collections.abc import Mapping, Sequence

import pytest

from sec_ops.backup.running.hooks import When, run_hooks
from sec_ops.backup.verdict import Verdict
from sec_ops.model.backup_plan import Hook
from sec_ops.model.errors import ProgramMissing
from sec_ops.model.messages import message
from sec_ops.model.protocols import Completed

HOOKS = [
    Hook(when="before", command=("fail",)),
    Hook(when="after", command=("fail",)),
    Hook(when="before", command=("good",)),
    Hook(when="after", command=("missing",)),
    Hook(when="failed", command=("good",), deadline_seconds=7),
]


class Programs:
    """Programs by name, and what was asked of them."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, float, Mapping[str, str] | None]] = []

    def __call__(
        self,
        arguments: Sequence[str],
        *,
        stdin: bytes = b"",
        deadline_seconds: float = 60,
        environment: Mapping[str, str] | None = None,
    ) -> Completed:
        self.ran.append((arguments[0], deadline_seconds, environment))
        if arguments[0] == "missing":
            raise ProgramMissing(message("done"))
        code = 3 if arguments[0] == "fail" else 0
        return Completed(exit_code=code, stdout=b"", stderr=b"no \xff", elapsed_ms=1)


@pytest.mark.parametrize(
    ("when", "ran", "failed"),
    [
        ("before", ["fail"], [Verdict.FAILED]),
        ("after", ["fail", "missing"], [Verdict.PARTIAL, Verdict.PARTIAL]),
        ("failed", ["good"], []),
    ],
)
def test_what_may_not_follow_does_not_and_the_rest_does(when: When, ran: list[str], failed: list[Verdict]) -> None:
    programs = Programs()
    found = run_hooks(HOOKS, when, run_program=programs, environment={"A": "b"})
    assert [name for name, _deadline, _environment in programs.ran] == ran
    assert [each.verdict for each in found] == failed
    assert all(environment == {"A": "b"} for _name, _deadline, environment in programs.ran)
    if when == "failed":
        assert programs.ran[0][1] == 7
    if when == "before":
        assert found[0].why == "exit 3\nno �"
