"""One spelling of a value, whatever order it was made in."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.model.canonical import canonical_json, canonical_line

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abcz", max_size=4), inner),
)


@given(values)
def test_it_reads_back_and_is_stable(value: object) -> None:
    spelled = canonical_json(value)
    assert json.loads(spelled) == value
    assert canonical_json(json.loads(spelled)) == spelled


@given(st.dictionaries(st.text("abcz", max_size=4), st.integers()))
def test_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


@pytest.mark.parametrize("value", [1.5, {"a": [1.0]}, float("nan"), {"a": {"b": (0.1,)}}])
def test_floats_are_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


def test_a_line_holds_no_line_end_but_its_own() -> None:
    assert canonical_line({"b": "x\ny", "a": "中"}) == '{"a":"中","b":"x\\ny"}\n'.encode()
