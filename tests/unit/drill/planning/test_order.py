"""Systems come back after all they depend on, and free ones in the order in which they were named."""

from hypothesis import given
from hypothesis import strategies as st

from sec_ops.drill.planning.order import in_order, needed_before

_EDGES = {"web": ("records",), "records": ("identity",), "identity": (), "card": ("identity", "records")}


def test_what_others_depend_on_counts_too() -> None:
    assert needed_before("web", _EDGES) == {"records", "identity"}
    assert needed_before("identity", _EDGES) == set()
    assert needed_before("stranger", _EDGES) == set()


def test_order_follows_dependencies_and_else_the_scenario() -> None:
    assert in_order(("web", "card", "records", "identity"), _EDGES) == ("identity", "records", "web", "card")
    assert in_order(("web", "identity"), _EDGES) == ("identity", "web")


def test_a_dependency_outside_of_the_drill_still_orders() -> None:
    """web needs identity through records, which isn't in the drill."""
    assert in_order(("web", "identity"), {"web": ("records",), "records": ("identity",)}) == ("identity", "web")


@given(st.integers(1, 12), st.data())
def test_nobody_comes_before_what_they_need(count: int, data: st.DataObject) -> None:
    names = [f"s{number}" for number in range(count)]
    edges = {
        name: tuple(data.draw(st.lists(st.sampled_from(names[:index]), unique=True))) if index else ()
        for index, name in enumerate(names)
    }
    asked = data.draw(st.lists(st.sampled_from(names), unique=True, min_size=1))
    ordered = in_order(asked, edges)
    assert sorted(ordered) == sorted(asked)
    for index, name in enumerate(ordered):
        assert needed_before(name, edges) & set(asked) <= set(ordered[:index])


def test_a_circle_loses_nobody() -> None:
    assert set(in_order(("a", "b"), {"a": ("b",), "b": ("a",)})) == {"a", "b"}
