"""What a rule of ours has to say of itself."""

import copy
from typing import Any

import pytest

from sec_ops.detection.cases.wholeness import incomplete

WHOLE: dict[str, Any] = {
    "id": "0f5a7a7e-3c3e-4a55-9a53-0f3f0c1d2e3f",
    "level": "high",
    "description": "x",
    "tags": ["attack.credential-access", "attack.t1110.001"],
    "falsepositives": ["x"],
    "sec_ops": {
        "title": {"zh": "标题"},
        "description": {"zh": "说明"},
        "falsepositives": {"zh": ["误报"]},
        "runbook": "ransomware",
        "alert": {"by": ["host.name"]},
    },
}


def changed(key: str, value: object) -> dict[str, Any]:
    rule = copy.deepcopy(WHOLE)
    place: Any = rule
    *steps, last = key.split(".")
    for step in steps:
        place = place[step]
    place[last] = value
    return rule


def test_a_whole_rule_lacks_nothing() -> None:
    assert list(incomplete(WHOLE)) == []


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("id", None, "id"),
        ("id", "my-rule", "id"),
        ("level", None, "level"),
        ("description", "", "description"),
        ("tags", [], "tags"),
        ("tags", ["attack.credential-access"], "tags"),
        ("tags", ["attack.t1110.001", "attack.t11"], "tags"),
        ("tags", ["attack.t1110.001", "attack.defense-evasion"], "tags"),
        ("tags", ["attack.t1562.001"], "tags"),
        ("falsepositives", None, "falsepositives"),
        ("sec_ops", None, "sec_ops"),
        ("sec_ops.title", {}, "sec_ops"),
        ("sec_ops.description", None, "sec_ops"),
        ("sec_ops.falsepositives", {"zh": []}, "sec_ops"),
        ("sec_ops.runbook", "ransom", "sec_ops"),
        ("sec_ops.alert", {}, "sec_ops"),
    ],
)
def test_what_is_missing_or_wrong_is_told(key: str, value: object, place: str) -> None:
    found = list(incomplete(changed(key, value)))
    assert found
    assert {path[0] for path, _, _ in found} == {place}


def test_advice_names_what_a_technique_became() -> None:
    ((path, _, advice),) = incomplete(changed("tags", ["attack.t1685", "attack.t1562.012"]))
    assert (path, str(advice)) == (("tags", 1), "use: t1685.004")
