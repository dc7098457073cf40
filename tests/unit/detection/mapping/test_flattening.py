"""Nested events become flat ones."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.detection.mapping.flattening import flattened

DOTTED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"a": 1}, {"a": 1}),
    ({"a": {"b": {"c": "x"}}, "d": None}, {"a.b.c": "x", "d": None}),
    ({"a": [{"b": 1}, {"b": 2, "c": 3}]}, {"a.b": [1, 2], "a.c": 3}),
    ({"a": [{"b": [1, 2]}, {"b": 3}]}, {"a.b": [1, 2, 3]}),
    ({"a": ["x", {"b": 1}]}, {"a": "x", "a.b": 1}),
    ({"a": [["x"], ["y"]]}, {"a": [["x"], ["y"]]}),
    ({"a.b": 1, "a": {"b": 2}}, {"a.b": [1, 2]}),
    ({"a": {}}, {}),
    ({"a": {"b": None}}, {"a.b": None}),
]

SYSTEM = {
    "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon", "Guid": "{5770385f}"}},
    "EventID": {"#text": 1, "#attributes": {"Qualifiers": 0}},
    "TimeCreated": {"#attributes": {"SystemTime": "2026-11-26T00:00:00Z"}},
    "Channel": "Microsoft-Windows-Sysmon/Operational",
    "Security": None,
}
FLAT_SYSTEM = {
    "Provider_Name": "Microsoft-Windows-Sysmon",
    "Provider_Guid": "{5770385f}",
    "EventID": 1,
    "EventID_Qualifiers": 0,
    "SystemTime": "2026-11-26T00:00:00Z",
    "Channel": "Microsoft-Windows-Sysmon/Operational",
    "Security": None,
}

EVTX: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"EventData": {"Image": "a.exe"}}, {"Image": "a.exe"}),
    ({"EventData": None}, {"EventData": None}),
    ({"EventData": {"#attributes": {"Name": "x"}, "Data": {"#text": ["one", "two"]}}}, {"Data": ["one", "two"]}),
    ({"EventData": {"Data": "one", "Binary": None}}, {"Data": "one", "Binary": None}),
    ({"EventData": {"Data": [{"#attributes": {"Name": "Image"}, "#text": "a.exe"}]}}, {"Image": "a.exe"}),
    ({"EventData": {"Data": [{"@Name": "Image", "#text": "a.exe"}]}}, {"Image": "a.exe"}),
    ({"EventData": {"Channel": "mine"}}, {"EventData_Channel": "mine"}),
    (
        {"UserData": {"LogFileCleared": {"#attributes": {"xmlns": "x"}, "SubjectUserName": "li"}}},
        {"SubjectUserName": "li"},
    ),
]


@pytest.mark.parametrize(("event", "expected"), DOTTED)
def test_maps_become_dotted_names(event: dict[str, Any], expected: dict[str, Any]) -> None:
    assert flattened(event, "dotted") == expected


@pytest.mark.parametrize(("parts", "expected"), EVTX)
def test_the_wrappers_of_evtx_fall_away(parts: dict[str, Any], expected: dict[str, Any]) -> None:
    event = {"Event": {"#attributes": {"xmlns": "http://example.org"}, "System": SYSTEM, **parts}}
    assert flattened(event, "evtx") == {**FLAT_SYSTEM, **expected}


NAMES = st.sampled_from(["Channel", "Provider", "Provider_Name", "Data", "Name", "#text", "#attributes", "Image", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
PARTS = st.dictionaries(st.sampled_from(["System", "EventData", "UserData", "#attributes"]), VALUES, max_size=3)
ORDINARY = st.fixed_dictionaries(
    {"System": st.dictionaries(NAMES, VALUES), "EventData": st.dictionaries(NAMES, VALUES)}
)


@settings(max_examples=500)
@given(PARTS | ORDINARY)
def test_ordinary_events_become_flat_the_short_way_as_the_long_way_has_it(parts: dict[str, Any]) -> None:
    long_way = {"Event": parts, "x": None}  # what stands beside an event leads there
    short = flattened({"Event": parts}, "evtx")
    expected = dict(flattened(long_way, "evtx"))
    beside = "Record_x" if "Record_x" in expected else "x"
    del expected[beside]
    assert list(map(repr, short.items())) == list(map(repr, expected.items()))


def test_what_stands_beside_the_event_is_kept() -> None:
    event = {"Event": {"System": {"Channel": "Security"}}, "record": {"id": 7}, "Channel": "mine"}
    assert flattened(event, "evtx") == {"Channel": "Security", "record.id": 7, "Record_Channel": "mine"}


def test_a_flat_event_is_itself() -> None:
    event = {"a": "x", "b": ["y"]}
    assert flattened(event, "dotted") is event


def test_depth_is_bounded() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = {"a": deep}
    assert flattened({"top": deep}, "dotted") == {}


def test_lists_may_be_nested_as_deeply_as_json_lets_them() -> None:
    deep: Any = "x"
    for _ in range(1000):
        deep = [deep]
    event = {"top": deep, "a": {"b": 1}}
    assert flattened(event, "dotted") == {"top": ("x",), "a.b": 1}
    assert flattened({"top": deep}, "dotted") == {"top": ("x",)}


def test_a_megabyte_of_small_maps_is_one_list() -> None:
    flat = flattened({"a": [{"b": number, "c": [number, 0]} for number in range(125_000)]}, "dotted")
    assert flat["a.b"] == list(range(125_000))
    assert flat["a.c"][:4] == [0, 0, 1, 0]  # type: ignore[index]


def test_what_an_event_holds_is_left_as_it_is() -> None:
    event = {"a": [{"b": [1]}, {"b": [2]}]}
    assert flattened(event, "dotted") == {"a.b": [1, 2]}
    assert event == {"a": [{"b": [1]}, {"b": [2]}]}


@pytest.mark.parametrize("how", ["dotted", "evtx"])
@pytest.mark.parametrize("more", [{}, {"map": {"a": 1}}])
def test_lists_in_lists_without_end_are_their_values(how: str, more: dict[str, Any]) -> None:
    deep: list[Any] = ["x", "y"]
    for _ in range(3_000):
        deep = [deep]
    assert flattened({"a": deep, "b": [["c"]], **more}, how).items() >= {"a": ("x", "y"), "b": [["c"]]}.items()
    whole = {"Event": {"System": {"Channel": "x"}, "EventData": {"a": deep}, "UserData": {"u": {"b": deep}}}}
    assert flattened(whole, "evtx") == {"Channel": "x", "a": ("x", "y"), "b": ("x", "y")}
