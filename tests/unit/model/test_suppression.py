"""What a suppression has to say."""

from typing import Any

import pytest
from pydantic import ValidationError

from sec_ops.model.suppression import Suppression

WHOLE: dict[str, Any] = {
    "id": "scanner-of-the-bureau",
    "reason": "weekly scan",
    "requester": "lin",
    "first_day": "2026-11-01",
    "last_day": "2026-12-01",
    "rules": ["r-1"],
}


def test_a_whole_one() -> None:
    assert Suppression.model_validate(WHOLE).rules == ("r-1",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"last_day": "2026-10-31"}, "before the first"),
        ({"last_day": "2027-05-05"}, "184 days at most"),
        ({"last_day": None}, "last_day"),
        ({"rules": []}, "cover everything"),
        ({"rules": [], "levels": ["low"]}, "cover everything"),
        ({"reason": "  "}, "reason"),
        ({"requester": ""}, "requester"),
        ({"levels": ["worst"]}, "levels"),
        ({"host": ["x"]}, "host"),
    ],
)
def test_what_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Suppression.model_validate(WHOLE | change)


@pytest.mark.parametrize("change", [{"last_day": "2027-05-04"}, {"rules": [], "hosts": ["db-*"]}])
def test_what_is_taken(change: dict[str, Any]) -> None:
    taken = Suppression.model_validate(WHOLE | change).model_dump(mode="json")
    assert {name: taken[name] for name in WHOLE | change} == WHOLE | change
