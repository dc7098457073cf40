"""Values the tests of this room share."""

from typing import Any

from sec_ops.model.check import Check

TEXT = {"zh": "文", "en": "text"}


def check(**changes: Any) -> Check:
    return Check.model_validate(
        {
            "id": "linux-sample",
            "title": TEXT,
            "decides": ["8.1.4.1-a.1"],
            "platform": "linux",
            "probe": [{"id": "value", "run": "echo 3", "parse": "integer"}],
            "assert": "fact.value != null && fact.value >= param.least",
            "observed": "fact.value",
            "parameters": {"least": {"default": 8, "title": TEXT}},
            "rationale": TEXT,
            "rectify": {"text": TEXT},
        }
        | changes
    )
