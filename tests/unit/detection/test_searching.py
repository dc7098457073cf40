"""Expressions mean the same with RE2 and without it."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.detection import searching
from sec_ops.detection.rule import Regex
from sec_ops.detection.searching import Search, SearchError, search_of
from tests.content.expressions import SAME
from tests.unit.detection.conformance.cases import CASES, Case
from tests.unit.detection.conformance.evaluators import EVALUATORS, Evaluator


@pytest.fixture
def without_re2(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(searching, "GUARDED", False)
    search_of.cache_clear()
    yield
    search_of.cache_clear()


def bare(wanted: Regex) -> Search:
    """Return the expression as it is searched for without RE2."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "GUARDED", False)
        return Search(wanted)


@pytest.mark.usefixtures("without_re2")
@pytest.mark.parametrize("evaluator", EVALUATORS.values(), ids=EVALUATORS)
@pytest.mark.parametrize("case", [case for case in CASES if "|re" in case.text], ids=lambda case: case.name)
def test_a_rule_finds_without_re2_what_the_case_says(case: Case, evaluator: Evaluator) -> None:
    read = case.rules()
    if case.refused:
        assert read.refused
        return
    assert all(evaluator(read.rules[0], event, case.zone) for event in case.finds)
    assert not any(evaluator(read.rules[0], event, case.zone) for event in case.ignores)


@pytest.mark.parametrize(("source", "text", "found"), SAME)
def test_signs_mean_the_same(source: str, text: str, found: bool) -> None:
    assert search_of(Regex(source)).found_in(text) is found
    assert bare(Regex(source)).found_in(text) is found


@pytest.mark.parametrize(("source", "text", "found"), SAME)
def test_and_beside_what_re2_refuses(source: str, text: str, found: bool) -> None:
    assert search_of(Regex(f"(?!never){source}" if not source.startswith("(?") else source)).found_in(text) is found


signs = st.sampled_from(
    ("a", "B", "é", "登", ".", "$", "^", r"\d", r"\W", r"\s", r"\b", r"\B", r"[a\d]", r"[^\w]", "[[:digit:]x]", r"\.")
)
sources = st.lists(st.tuples(signs, st.sampled_from(("", "", "?", "*", "{1,2}"))).map("".join), max_size=6).map("".join)


@settings(max_examples=300)
@given(sources, st.sampled_from(("", "i", "m", "s", "im")), st.text("aBé登 \n.1٣x", max_size=8))
def test_any_expression_means_the_same(source: str, flags: str, text: str) -> None:
    wanted = Regex(source, flags)
    try:
        with_re2, without = search_of(wanted), bare(wanted)
    except SearchError:
        return
    assert with_re2.found_in(text) is without.found_in(text)


@pytest.mark.usefixtures("without_re2")
def test_without_re2_every_expression_has_a_deadline() -> None:
    assert search_of(Regex("^(?:a|aa)+$")).found_in("a" * 100 + "!") is None
