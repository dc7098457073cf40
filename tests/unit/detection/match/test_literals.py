"""Both indexes of literals find what looking for each finds, whatever text and literals are."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.detection.match import literals as module
from sec_ops.detection.match.literals import ByLines, Compiled, Literals, literals_of
from sec_ops.runtime.compiled.library import library

Make = Callable[[list[str]], Literals]
pieces = st.text(alphabet="ab.\\登é\n\0\ud800", min_size=1, max_size=12)


@pytest.fixture(scope="module", params=["python", "compiled"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "python":
        return lambda literals: ByLines(sorted(set(literals)))
    if library() is None:
        pytest.skip("no Rust compiler when the project was installed")
    return literals_of


@settings(max_examples=300)
@given(literals=st.lists(pieces, min_size=1, max_size=60), texts=st.lists(st.lists(pieces, max_size=12).map("".join)))
def test_it_finds_what_looking_for_each_finds(make: Make, literals: list[str], texts: list[str]) -> None:
    index = make(literals)
    for text in (*texts, *(text + literals[0] for text in texts), literals[-1], ""):
        found = index.found(text)
        assert sorted(found) == sorted({literal for literal in literals if literal in text})


@pytest.mark.parametrize("length", range(1, 17))
def test_every_length_at_every_place(make: Make, length: int) -> None:
    literal = "abcdefghijklmnopqrst"[:length]
    index = make([literal, *(f"{number:05}" for number in range(90))])
    for before in range(9):
        assert list(index.found("-" * before + literal + "-" * (before % 3))) == [literal]
        assert list(index.found("-" * before + literal[:-1])) == []


def test_long_texts_and_many_literals(make: Make) -> None:
    literals = [f"needle {number}." for number in range(12_000)]
    index = make(literals)
    text = "needle and hay\n" * 20_000 + "needle 11999. needle 7.\nneedle 12000."
    assert sorted(index.found(text)) == ["needle 11999.", "needle 7."]
    assert sorted(index.found(text)) == ["needle 11999.", "needle 7."]


def test_without_literals_nothing_is_found(make: Make) -> None:
    assert list(make([]).found("x")) == []


def test_what_breaks_inside_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    built = library()
    if built is None:
        pytest.skip("no Rust compiler when the project was installed")
    index = Compiled(["", "abc"], built)  # which no index is made of
    assert sorted(index.found("xabc")) == ["", "abc"]
    monkeypatch.setattr(module, "library", lambda: None)
    assert isinstance(literals_of(["a"]), ByLines)
