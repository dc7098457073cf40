"""The meaning of every kind of correlation, in cases a person can read (`cases/*.yml`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sec_ops.detection.correlate.correlator import Correlator
from sec_ops.detection.correlate.limits import Limits
from sec_ops.detection.hits import Hit
from sec_ops.detection.rule import Correlation
from tests.unit.detection.correlate.support import correlation, occurrences, shown, told

PAGES = sorted((Path(__file__).parent / "cases").glob("*.yml"))


def _cases() -> Iterator[Any]:
    for path in PAGES:
        page = yaml.safe_load(path.read_text(encoding="utf-8"))
        correlations = [correlation(page["correlation"]), *map(correlation, page.get("others", ()))]
        for case in page["cases"]:
            yield pytest.param(correlations, case["events"], case["told"], id=f"{path.stem}: {case['about']}")


CASES = list(_cases())


@pytest.mark.parametrize(("correlations", "events", "wanted"), CASES)
def test_the_correlator_tells(correlations: list[Correlation], events: list[str], wanted: list[str]) -> None:
    found = occurrences(events)
    correlator = Correlator(correlations, [each for each, _ in found])
    assert shown(told(correlator, found), correlations[0].header.id) == wanted


@pytest.mark.parametrize(("correlations", "events", "wanted"), CASES)
def test_it_tells_the_same_when_every_event_meets_a_new_process(
    correlations: list[Correlation], events: list[str], wanted: list[str]
) -> None:
    found = occurrences(events)
    rules = [each for each, _ in found]
    hits: list[Hit] = []
    kept: dict[tuple[str, str], Any] = {}
    for each, occurrence in [*found, (None, None)]:
        correlator = Correlator(correlations, rules, limits=Limits())
        correlator.restore(kept.values(), 0)
        hits += correlator.feed(each, occurrence) if each and occurrence else correlator.flush()
        kept.update({(change.correlation, change.key): change for change in correlator.changes()})
        kept = {key: change for key, change in kept.items() if change.document}
    assert shown(hits, correlations[0].header.id) == wanted


def test_every_kind_has_cases() -> None:
    assert {yaml.safe_load(path.read_text(encoding="utf-8"))["correlation"]["type"] for path in PAGES} == {
        "event_count",
        "value_count",
        "temporal",
        "temporal_ordered",
        "value_sum",
        "value_avg",
        "value_median",
        "value_percentile",
    }
