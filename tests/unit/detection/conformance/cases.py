"""The cases: what a rule finds and what it ignores, with the reason, from the files here and from the docs' page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml

from sec_ops.detection.sigma.reading import RuleSet
from tests.unit.detection.support import read

__all__ = ["CASES", "Case"]

HERE: Final = Path(__file__).parent
PAGE: Final = HERE.parents[3] / "docs/explanation/what-a-rule-means.md"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One statement about the language."""

    name: str
    text: str
    placeholders: dict[str, list[str | int]]
    zone: ZoneInfo
    finds: list[dict[str, Any]]
    ignores: list[dict[str, Any]]
    refused: str

    def rules(self) -> RuleSet:
        return read(self.text, placeholders=self.placeholders)


def _cases(where: str, whole: dict[str, Any]) -> Iterator[Case]:
    assert whole.keys() <= {"about", "zone", "placeholders", "cases"}
    for number, case in enumerate(whole["cases"], start=1):
        assert case.keys() <= {"selection", "detection", "why", "finds", "ignores", "refused"}, case
        detection = case.get("detection") or {"selection": case["selection"], "condition": "selection"}
        rule = {"title": case["why"], "logsource": {"product": "any"}, "detection": detection}
        yield Case(
            name=f"{where}-{number}: {case['why']}",
            text=yaml.safe_dump(rule, allow_unicode=True, sort_keys=False),
            placeholders=whole.get("placeholders", {}),
            zone=ZoneInfo(whole.get("zone", "UTC")),
            finds=case.get("finds", []),
            ignores=case.get("ignores", []),
            refused=case.get("refused", ""),
        )


def _all() -> Iterator[Case]:
    for path in sorted(HERE.glob("*.yml")):
        yield from _cases(path.stem, yaml.safe_load(path.read_text()))
    for block in re.findall(r"^```yaml fragment\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE):
        yield from _cases("page", {"cases": yaml.safe_load(block), "zone": "Asia/Shanghai"})


CASES: Final = list(_all())
