"""Rules as plain JSON values and back; each test stands once and is called by its number."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from sec_ops.detection.rule import (
    ANY_MANY,
    ANY_ONE,
    Aggregate,
    All,
    AnyOf,
    Compare,
    Correlation,
    Exists,
    Expression,
    Glob,
    Header,
    Level,
    LogSource,
    Network,
    Not,
    Null,
    Number,
    Operand,
    Order,
    Reference,
    Regex,
    Rule,
    Selection,
    Test,
    TimePart,
    Together,
    Truth,
    Wildcard,
)
from sec_ops.detection.sigma.reading import Refused, RuleSet
from sec_ops.model.messages import Message

__all__ = ["packed", "unpacked"]

_KINDS: Final[tuple[type[Operand], ...]] = (
    Glob,
    Regex,
    Network,
    Number,
    Truth,
    Compare,
    Null,
    Exists,
    Reference,
    TimePart,
)
_WILDCARDS: Final = {ANY_MANY: 0, ANY_ONE: 1}
_SAFE: Final = 2**53


def packed(found: RuleSet) -> dict[str, Any]:
    """Return a rule set as values that JSON knows."""
    pack = _Packing()
    rules = [
        [_header(rule.header), _values(rule.source), pack.expression(rule.condition), rule.listed_fields]
        for rule in found.rules
    ]
    return {
        "tests": pack.tests,
        "rules": rules,
        "correlations": [[_header(each.header), _correlation(each)] for each in found.correlations],
        "refused": [[each.path, each.id, each.title, each.reason] for each in found.refused],
    }


def unpacked(value: Mapping[str, Any]) -> RuleSet:
    """Return the rule set again; raises TypeError, ValueError or LookupError for what is none."""
    tests = [Test(field, _operand(kind, given)) for field, kind, *given in value["tests"]]
    return RuleSet(
        rules=tuple(
            Rule(
                header=_headed(header),
                source=LogSource(*source),
                condition=_expression(condition, tests),
                listed_fields=tuple(listed),
            )
            for header, source, condition, listed in value["rules"]
        ),
        correlations=tuple(_correlated(header, each) for header, each in value["correlations"]),
        refused=tuple(
            Refused(path=path, id=name, title=title, reason=Message(reason["text"], reason["values"]))
            for path, name, title, reason in value["refused"]
        ),
    )


class _Packing:
    def __init__(self) -> None:
        self.tests: list[list[Any]] = []
        self._known: dict[tuple[Test, type], int] = {}

    def expression(self, expression: Expression) -> Any:  # noqa: ANN401 - any JSON value
        match expression:
            case Test():
                return self._test(expression)
            case All(parts):
                return [0, *map(self.expression, parts)]
            case AnyOf(parts):
                return [1, *map(self.expression, parts)]
            case Not(part):
                return [2, self.expression(part)]
            case Selection(name, part):
                return [3, name, self.expression(part)]

    def _test(self, test: Test) -> int:
        at = self._known.setdefault((test, _kind_of_value(test.operand)), len(self.tests))
        if at == len(self.tests):
            operand = test.operand
            self.tests.append([test.field, _KINDS.index(type(operand)), *map(_plain, _values(operand))])
        return at


def _kind_of_value(operand: Operand) -> type:
    return type(getattr(operand, "value", None))


def _values(value: Any) -> list[Any]:  # noqa: ANN401 - a dataclass of ours
    return [getattr(value, each.name) for each in fields(value)]


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_WILDCARDS[part] if isinstance(part, Wildcard) else part for part in value]
    if isinstance(value, int) and abs(value) >= _SAFE:
        return {"integer": str(value)}
    return value


def _operand(kind: int, given: list[Any]) -> Operand:
    made = _MAKERS.get(kind)
    return made(*given) if made else _KINDS[kind](*given)


def _glob(parts: list[str | int], cased: bool) -> Glob:  # noqa: FBT001 - as the value has it
    return Glob(tuple([part if part.__class__ is str else _SIGNS[part] for part in parts]), cased)  # type: ignore[index]


def _number(value: Any) -> Any:  # noqa: ANN401
    return int(value["integer"]) if isinstance(value, dict) else value


_SIGNS: Final = (ANY_MANY, ANY_ONE)
_MAKERS: Final[Mapping[int, Callable[..., Operand]]] = {
    _KINDS.index(Glob): _glob,
    _KINDS.index(Number): lambda value: Number(_number(value)),
    _KINDS.index(Compare): lambda order, value: Compare(Order(order), _number(value)),
    _KINDS.index(TimePart): lambda part, value, order: TimePart(part, value, Order(order)),
}


def _expression(value: Any, tests: Sequence[Test]) -> Expression:  # noqa: ANN401 - any JSON value
    if value.__class__ is int:
        return tests[value]
    kind, *parts = value
    if kind == 3:
        name, part = parts
        return Selection(name, _expression(part, tests))
    if kind == 2:
        (part,) = parts
        return Not(_expression(part, tests))
    return (All, AnyOf)[kind](tuple([_expression(part, tests) for part in parts]))


def _header(header: Header) -> list[Any]:
    return _values(header)


def _headed(values: list[Any]) -> Header:
    given = dict(zip(_HEADER, values, strict=True))
    spoken = {language: tuple(texts) for language, texts in given["false_positives"].items()}
    given.update(
        level=Level(given["level"]),
        false_positives=spoken,
        tags=tuple(given["tags"]),
        references=tuple(given["references"]),
        alert_by=tuple(given["alert_by"]),
    )
    return Header(**given)


_HEADER: Final = tuple(each.name for each in fields(Header))


def _correlation(each: Correlation) -> dict[str, Any]:
    given = {name.name: getattr(each, name.name) for name in fields(each) if name.name != "header"}
    alternatives = [[way.rules, way.without] for way in each.alternatives]
    return {**given, "threshold": _plain(each.threshold), "alternatives": alternatives}


def _correlated(header: list[Any], given: dict[str, Any]) -> Correlation:
    tuples = {name: tuple(given[name]) for name in ("rules", "group_by", "fields")}
    own = {
        "aggregate": Aggregate(given["aggregate"]),
        "order": Order(given["order"]),
        "threshold": _number(given["threshold"]),
        "alternatives": tuple(Together(rules=tuple(each), without=tuple(gone)) for each, gone in given["alternatives"]),
    }
    return Correlation(header=_headed(header), **{**given, **tuples, **own})
