"""The conditions that pipelines add, as expressions."""

from collections.abc import Iterator, Mapping

from sec_ops.detection.rule import (
    ANY_MANY,
    ANY_ONE,
    All,
    AnyOf,
    Exists,
    Expression,
    Glob,
    Null,
    Number,
    Operand,
    Test,
    Truth,
    Wildcard,
)
from sec_ops.model.sigma_pipeline import ConditionValue

__all__ = ["conditions"]

_BEFORE, _AFTER = ("contains", "endswith"), ("contains", "startswith")


def conditions(tests: Mapping[str, ConditionValue]) -> Expression:
    """Return the expression that all these fields (`name` or `name|modifier`) have one of their values."""
    return All(tuple(_any_of(*name.partition("|")[::2], value) for name, value in tests.items()))


def _any_of(field: str, modifier: str, value: ConditionValue) -> Expression:
    values = value if isinstance(value, list) else [value]
    tests = tuple(Test(field, _operand(modifier, each)) for each in values)
    return tests[0] if len(tests) == 1 else AnyOf(tests)


def _operand(modifier: str, value: str | int | bool | None) -> Operand:  # noqa: FBT001 - any YAML scalar
    if modifier == "exists":
        return Exists(bool(value))
    if value is None:
        return Null()
    if isinstance(value, bool):
        return Truth(value)
    if isinstance(value, int) and not modifier:
        return Number(value)
    parts = list(_parts(str(value)))
    before = [ANY_MANY] if modifier in _BEFORE and parts[:1] != [ANY_MANY] else []
    after = [ANY_MANY] if modifier in _AFTER and parts[-1:] != [ANY_MANY] else []
    return Glob((*before, *parts, *after))


def _parts(text: str) -> Iterator[str | Wildcard]:
    """Yield the pieces of a Sigma text: `*` and `?` stand for something unless a backslash stands before them."""
    literal, position = "", 0
    while position < len(text):
        character = text[position]
        following = text[position + 1 : position + 2]
        if character == "\\" and following in ("*", "?", "\\") and following:
            literal, position = literal + following, position + 1
        elif character in "*?":
            if literal:
                yield literal
            yield ANY_MANY if character == "*" else ANY_ONE
            literal = ""
        else:
            literal += character
        position += 1
    if literal or not text:
        yield literal
