"""Case files read: `<rule>.cases.yml` beside the rule they test, every fault of a file at once."""

from pathlib import PurePosixPath

from pydantic import ValidationError

from sec_ops.content.model_faults import model_faults
from sec_ops.content.yaml_reader import read_yaml
from sec_ops.model.detection_case import DetectionCases
from sec_ops.model.errors import ContentInvalid

__all__ = ["CASES", "cases_beside", "read_cases", "rule_beside"]

CASES = ".cases.yml"


def cases_beside(rule: str) -> str:
    """Return where the cases of a rule lie; `#2` and the like, a document of its file, make no difference."""
    path = PurePosixPath(rule.partition("#")[0])
    return str(path.with_name(path.stem + CASES))


def rule_beside(cases: str) -> str:
    """Return which rule file a case file is for."""
    return cases.removesuffix(CASES) + ".yml"


def read_cases(data: bytes, name: str) -> DetectionCases:
    """Return the cases in a file's bytes; `name` is what faults show. Raises ContentInvalid."""
    document = read_yaml(data, name)
    try:
        return DetectionCases.model_validate(document.value)
    except ValidationError as error:
        raise ContentInvalid(model_faults(error, document, (), DetectionCases)) from error
