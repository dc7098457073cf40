"""The order systems come back in."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from sec_ops.backup.sheet.ordering import restore_order
from sec_ops.model.organisation import KeySystem
from tests.unit.backup.planning.plans import system

_NAMES = "abcdefgh"


def _systems(needs: Mapping[str, tuple[str, ...]]) -> dict[str, KeySystem]:
    return {
        name: KeySystem.model_validate(system(name, depends_on=[each for each in others if each in needs]))
        for name, others in needs.items()
    }


def test_what_others_need_comes_first_and_this_program_before_all() -> None:
    systems = _systems({"records": ("identity",), "identity": (), "cards": ("records", "identity")})
    assert restore_order(["cards", "records", "sec-ops", "identity"], systems) == [
        "sec-ops",
        "identity",
        "records",
        "cards",
    ]


def test_a_system_without_a_plan_still_orders_others() -> None:
    systems = _systems({"a": ("middle",), "middle": ("z",), "z": ()})
    assert restore_order(["a", "z"], systems) == ["z", "a"]


def test_a_circle_leaves_the_order_of_names() -> None:
    assert restore_order(["b", "a"], _systems({"a": ("b",), "b": ("a",)})) == ["a", "b"]


@given(st.dictionaries(st.sampled_from(_NAMES), st.lists(st.sampled_from(_NAMES), max_size=3).map(tuple)))
def test_every_planned_system_stands_once_after_what_it_needs(needs: dict[str, tuple[str, ...]]) -> None:
    forward = {name: tuple(each for each in others if each < name) for name, others in needs.items()}
    systems = _systems(forward)
    order = restore_order(systems, systems)
    assert sorted(order) == sorted(systems)
    for name, each in systems.items():
        assert all(order.index(other) < order.index(name) for other in each.depends_on)
