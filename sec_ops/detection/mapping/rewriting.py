"""Expressions with their fields under other names."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sec_ops.detection.rule import (
    KEYWORD,
    All,
    AnyOf,
    Exists,
    Expression,
    Glob,
    Not,
    Null,
    Operand,
    Reference,
    Selection,
    Test,
)
from sec_ops.model.folding import fold

__all__ = ["fields_of", "mapped_texts", "renamed_fields", "tests_of"]

Names = Mapping[str, tuple[str, ...]]
Texts = Mapping[str, tuple[str, ...]]
"""Texts, folded, to those in their place."""


def tests_of(expression: Expression) -> Iterator[Test]:
    """Yield every test of an expression."""
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Test):
            yield part
        elif isinstance(part, All | AnyOf):
            waiting.extend(reversed(part.parts))
        else:
            waiting.append(part.part)


def fields_of(expression: Expression) -> tuple[str, ...]:
    """Return the fields an expression asks, each once, those that others are compared with included; no keywords."""
    found: dict[str, None] = {}
    for test in tests_of(expression):
        if test.field != KEYWORD:
            found[test.field] = None
        if isinstance(test.operand, Reference):
            found[test.operand.other] = None
    return tuple(found)


def renamed_fields(expression: Expression, names: Names) -> Expression:
    """Return the expression over the new names; where a field has several, one of them is enough.

    That a field has no value is true only of all of its names. Tests that together ask one value (`|all`) stay
    together, so that one field passes them all.
    """
    if isinstance(expression, Test):
        tests = tuple(_renamed_test(expression, name, names) for name in names.get(expression.field, ("",)))
        return All(tests) if _asks_for_nothing(expression) and len(tests) > 1 else _one_of(tests)
    if isinstance(expression, All):
        return _renamed_all(expression, names)
    if isinstance(expression, AnyOf):
        return AnyOf(tuple([renamed_fields(part, names) for part in expression.parts]))
    if isinstance(expression, Not):
        return Not(renamed_fields(expression.part, names))
    return Selection(expression.name, renamed_fields(expression.part, names))


def mapped_texts(expression: Expression, texts: Mapping[str, Texts]) -> Expression:
    """Return the expression with the whole texts of fields in others' place; of several, one is enough."""
    if isinstance(expression, Test):
        return _one_of(tuple(Test(expression.field, each) for each in _mapped_operand(expression, texts)))
    if isinstance(expression, All | AnyOf):
        return replace(expression, parts=tuple([mapped_texts(part, texts) for part in expression.parts]))
    return replace(expression, part=mapped_texts(expression.part, texts))


def _mapped_operand(test: Test, texts: Mapping[str, Texts]) -> tuple[Operand, ...]:
    operand = test.operand
    if not isinstance(operand, Glob) or len(operand.parts) != 1 or not isinstance(operand.parts[0], str):
        return (operand,)
    others = texts.get(test.field, {}).get(fold(operand.parts[0]))
    return (operand,) if others is None else tuple(replace(operand, parts=(each,)) for each in others)


def _renamed_all(expression: All, names: Names) -> Expression:
    parts = expression.parts
    field = parts[0].field if parts and isinstance(parts[0], Test) else KEYWORD
    several = names.get(field, ())
    if len(several) > 1 and all(isinstance(part, Test) and part.field == field for part in parts):
        ways = [{**names, field: (name,)} for name in several]
        return AnyOf(tuple(All(tuple(renamed_fields(part, way) for part in parts)) for way in ways))
    return All(tuple([renamed_fields(part, names) for part in parts]))


def _asks_for_nothing(test: Test) -> bool:
    return isinstance(test.operand, Null) or test.operand == Exists(wanted=False)


def _renamed_test(test: Test, name: str, names: Names) -> Expression:
    if not isinstance(test.operand, Reference):
        return test if test.field == name else Test(name, test.operand)
    others = names.get(test.operand.other, (test.operand.other,))
    return _one_of(tuple(Test(name, replace(test.operand, other=other)) for other in others))


def _one_of(parts: tuple[Expression, ...]) -> Expression:
    return parts[0] if len(parts) == 1 else AnyOf(parts)
