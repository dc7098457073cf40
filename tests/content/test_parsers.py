"""Every parser in rules/parsers/ is whole, and its samples give the events it expects.

For authors: `.venv/bin/python -m pytest tests/content/test_parsers.py -k <parser id> -q`; `--regenerate` writes
`expected/` anew from what the parsers say now, to be read before it is committed.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sec_ops.siem.events import MISFIT, UNPARSED
from tests.content.parser_samples import PARSERS, SAMPLES, expected_of, library, understood

RULES = Path(__file__).parents[2] / "rules"
NOT_OF_THEIR_TYPE = ("json",)  # their samples show values that do not fit

every_sample = pytest.mark.parametrize(
    "sample", SAMPLES, ids=lambda sample: f"{sample.parent.parent.name}/{sample.name}"
)
every_parser = pytest.mark.parametrize("name", sorted(PARSERS))


def test_there_are_parsers() -> None:
    assert len(PARSERS) >= 3
    assert library().faults() == ()


@every_sample
def test_sample_gives_its_events(sample: Path, request: pytest.FixtureRequest) -> None:
    events = understood(sample)
    expected = expected_of(sample)
    lines = [json.dumps(event, ensure_ascii=False, sort_keys=True) for event in events]
    if request.config.getoption("--regenerate"):
        expected.parent.mkdir(exist_ok=True)
        expected.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert expected.is_file(), f"{expected} is missing: run with --regenerate and read what it says"
    wanted: list[Any] = [json.loads(line) for line in expected.read_text(encoding="utf-8").splitlines()]
    assert [json.loads(line) for line in lines] == wanted


@every_sample
def test_sample_breaks_nothing(sample: Path) -> None:
    for event in understood(sample):
        assert event.get("sec_ops.parser") is not None or event["event.dataset"] == UNPARSED
        assert not (event["event.dataset"] == UNPARSED and "error.type" in event), event


@every_parser
def test_has_samples_it_understands(name: str) -> None:
    own = [sample for sample in SAMPLES if sample.parent.parent.name == name]
    events = [event for sample in own for event in understood(sample)]
    assert events, f"{name} has no samples"
    assert any(event.get("sec_ops.parser") == name for event in events)


@every_parser
def test_every_mapped_field_is_catalogued(name: str) -> None:
    events = [e for s in SAMPLES if s.parent.parent.name == name for e in understood(s)]
    odd = {
        field for event in events for field in event if field.startswith(MISFIT) and not field.startswith("misfit.@")
    }
    assert not odd or name in NOT_OF_THEIR_TYPE, odd


def test_no_expectation_without_its_sample() -> None:
    wanted = {expected_of(sample) for sample in SAMPLES}
    assert set(RULES.glob("parsers/*/expected/*")) <= wanted
