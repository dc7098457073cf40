"""Common options stand anywhere on the line."""

import pytest

from sec_ops.cli.invocation import Invocation, split
from sec_ops.model.errors import UsageError


@pytest.mark.parametrize(
    ("line", "expected", "rest"),
    [
        ("audit run --json", Invocation(form="json"), ["audit", "run"]),
        ("--lang zh audit show X", Invocation(language="zh"), ["audit", "show", "X"]),
        ("audit --site=/s run --level 3", Invocation(site="/s"), ["audit", "run", "--level", "3"]),
        ("a -- --json", Invocation(), ["a", "--", "--json"]),
        ("a --debug --no-color --jsonl", Invocation(debug=True, color="never", form="jsonl"), ["a"]),
    ],
)
def test_table(line: str, expected: Invocation, rest: list[str]) -> None:
    assert split(line.split()) == (expected, rest)


@pytest.mark.parametrize("line", ["a --lang", "a --lang fr", "a --site"])
def test_refusals(line: str) -> None:
    with pytest.raises(UsageError):
        split(line.split())
