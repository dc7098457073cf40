"""What the reference evaluator tells about each part."""

from datetime import UTC
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sec_ops.detection.naive import Judged, finds, judged
from sec_ops.detection.rule import All, AnyOf, Expression, Not, Regex, Selection, Test
from tests.strategies.detection import events, expressions
from tests.unit.detection.support import rule


def test_every_part_is_judged_and_named() -> None:
    wanted = rule("""
        image: {Image|endswith: '.exe', Size|gt: 5}
        words: [evil, worse]
        out: {User: bot}
        condition: image and 1 of words and not out
        """).condition
    told = judged(wanted, {"Image": "A.EXE", "Size": 3, "Note": "so evil"}, UTC)
    assert not told.held
    image, words, out = told.parts
    assert [part.held for part in (image, words, out)] == [False, True, True]
    assert isinstance(image.expression, Selection)
    assert image.expression.name == "image"
    suffix, size = image.parts[0].parts
    assert (suffix.held, suffix.values) == (True, (("Image", "A.EXE"),))
    assert (size.held, size.values) == (False, (("Size", 3),))
    evil, worse = words.parts[0].parts
    assert (evil.held, evil.values) == (True, (("Note", "so evil"),))
    assert not worse.held
    (bot,) = out.parts[0].parts
    assert (bot.held, bot.values) == (False, ())


def test_of_a_list_the_values_that_passed_are_told() -> None:
    told = judged(rule("{s: {a|contains: x}, condition: s}").condition, {"a": ["xa", "b", "ax"]}, UTC)
    assert told.parts[0].values == (("a", "xa"), ("a", "ax"))


def test_a_search_that_gave_up_is_counted_and_not_found() -> None:
    slow = Test("a", Regex("^(?=a)(?:a|aa)+$"))
    told = judged(AnyOf((slow, Not(Test("b", Regex("x"))))), {"a": ["a" * 100 + "!", "b"]}, UTC)
    assert told.held
    assert told.given_up == 1
    assert not told.parts[0].held


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
EVENTS = st.dictionaries(
    st.text(max_size=3), st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3)), max_size=5
)


@given(EVENTS)
def test_no_event_raises(event: dict[str, object]) -> None:
    wanted = rule("""
        s:
          a: [x, 1, true, null, 'a*?']
          b|re: x
          c|cidr: 10.0.0.0/8
          d|gt: 1
          e|exists: true
          f|fieldref: a
          g|hour: 1
        k: [x, 1]
        '': {'': 1}
        condition: s or k or not s
        """).condition
    assert isinstance(finds(wanted, event, UTC), bool)  # type: ignore[arg-type]


@given(expressions, events)
def test_what_is_found_is_what_is_judged(expression: Expression, event: dict[str, Any]) -> None:
    assert finds(expression, event, UTC) is judged(expression, event, UTC).held


def test_nothing_joined() -> None:
    assert finds(All(()), {}, UTC)
    assert not finds(AnyOf(()), {}, UTC)
    assert judged(All(()), {}, UTC) == Judged(expression=All(()), held=True)
