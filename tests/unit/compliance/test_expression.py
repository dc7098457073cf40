"""CEL behind one module: every fault with its place, and no source and no value that raises."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.compliance.expression import Failed, Names, evaluate, expression_faults, scope_of

NAMES = Names(probes={"a", "b"}, parameters={"least"})
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def value_of(source: str, fact: Any = None) -> Any:
    return evaluate(source, scope_of({"fact": {"a": fact}, "param": {"least": 3}, "host": {"family": "debian"}}))


@pytest.mark.parametrize(
    ("source", "places"),
    [
        ("fact.a == 1 && param.least > 2 && host.family == 'debian'", []),
        ("fact.a.all(line, line.startsWith('x'))", []),
        ("fact.a.map(k, k + 'fact.c').exists(k, k == \"param.x\")", []),
        ("fact['a'] == fact[\"b\"]", []),
        ("math.abs(-1) == 1 && ' a'.trim().split(',').size() == 1", []),
        ("to_int(fact.a, 0) + octal('644') + bits(6, 2) > 0 // fact.c", []),
        ("fact.c == 1", [(1, 1, "fact.c")]),
        ("fact.a == 1 &&\n  param.most > 1", [(2, 3, "param.most")]),
        ("host.kernel == ''", [(1, 1, "host.kernel")]),
        ("fct.a == 1", [(1, 1, "fct")]),
        ("fact.a.exists(i, j == 1)", [(1, 18, "j")]),
        ("fact == null", [(1, 1, "fact")]),
        ("lower(fact.a) == 'x' && fact.c", [(1, 1, "lower"), (1, 25, "fact.c")]),
        ("fact.a ==", [(1, 10, "not CEL")]),
        ("", [(1, 1, "not CEL")]),
    ],
)
def test_faults_and_their_places(source: str, places: list[tuple[int, int, str]]) -> None:
    faults = expression_faults(source, NAMES)
    assert [(fault.line, fault.column) for fault in faults] == [(line, column) for line, column, _ in places]
    assert all(word in str(fault.message) for fault, (_, _, word) in zip(faults, places, strict=True))


@pytest.mark.parametrize(
    ("source", "fact", "value"),
    [
        ("to_int(fact.a, -1)", "12", 12),
        ("to_int(fact.a, -1)", "-12 ", -12),
        ("to_int(fact.a, -1)", "12x", -1),
        ("to_int(fact.a, -1)", "9" * 40, -1),
        ("to_int(fact.a, -1)", None, -1),
        ("octal(fact.a)", "0644", 0o644),
        ("bits(fact.a, octal('022'))", 0o666, 0o022),
        ("fact.a.matches('^a.c$')", "abc", True),
        ("fact.a.matches('^a.c$')", "abc\n", False),
        ("matches(fact.a, 'B')", "abc", False),
        ("'matches(' + fact.a", "x", "matches(x"),
        ("fact.a.filter(line, line.matches(r'\\d'))", ["a", "1"], ["1"]),
    ],
)
def test_functions(source: str, fact: Any, value: Any) -> None:
    assert value_of(source, fact) == value


@pytest.mark.parametrize(
    ("source", "fact", "word"),
    [
        ("fact.a.key", {}, "key"),
        ("fact.a + 1", "x", "types"),
        ("octal(fact.a)", "9", "octal"),
        ("fact.a.matches('(')", "x", "missing"),
        ("fact.a[3]", [1], "3"),
        ("int(fact.a)", "x", "int"),
    ],
)
def test_what_comes_to_nothing_says_why(source: str, fact: Any, word: str) -> None:
    failed = value_of(source, fact)
    assert isinstance(failed, Failed)
    assert word in failed.why


def test_a_pattern_made_to_be_slow_is_not() -> None:
    assert value_of("fact.a.matches('^(a+)+$')", "a" * 100_000 + "b") is False


@given(source=st.text() | st.text(alphabet="fact.aparm()[]{}'\"&|!=<>+-,?: 1"))
def test_no_source_raises(source: str) -> None:
    expression_faults(source, NAMES)
    value_of(source)


@given(fact=json_values)
def test_no_value_raises(fact: Any) -> None:
    value_of("fact.a", fact)
    value_of("fact.a == 1 || fact.a.size() > 2", fact)
