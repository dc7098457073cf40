"""Events made column by column are the same as those made of maps, whatever the values and the catalogue."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.model.log_parser import LogParser
from sec_ops.model.values import Text
from sec_ops.siem.engines.json import read_object
from sec_ops.siem.events import TIME, Event, FieldType, FieldTypes
from sec_ops.siem.parse.compiled import Compiled
from sec_ops.siem.parse.loading import field_types
from sec_ops.siem.parse.plans import Structure
from sec_ops.siem.parse.settling import Columns
from tests.content.parser_samples import PARSERS, library

SHIPPED = Structure(field_types(library()))
OTHERWISE = Structure(
    FieldTypes(
        {
            "winlog.event_data.Image": FieldType.LONG,
            "winlog.event_data.ProcessId": FieldType.LONG,
            "winlog.event_data.User": FieldType.IP,
            "winlog.event_data.Query.Name": FieldType.KEYWORD,
            "winlog.opcode": FieldType.DATE,
            "winlog.channel": FieldType.BOOLEAN,
            "process.pid": FieldType.IP,
            "event.category": FieldType.LONG,
        }
    )
)
NAMES = [
    "Image",
    "ProcessId",
    "User",
    "Query",
    "Query.Name",
    "Data",
    "Hashes",
    "CommandLine",
    "IpAddress",
    "QueryResults",
]
scalars = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.sampled_from(["", "-", "0x10", "7", "a\\b.exe"])
)
values = (
    scalars | st.text(max_size=8) | st.lists(scalars, max_size=3) | st.sampled_from(["192.0.2.1", "MD5=aa,SHA1=bb"])
)
systems: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"Provider_Name": st.sampled_from(["Microsoft-Windows-Sysmon", "Microsoft-Windows-Security-Auditing", "Other"])},
    optional={
        "EventID": st.sampled_from([1, 3, 11, 13, 22, "4624", 4625, 4688, 5156, None, {}, 10**30]),
        "Channel": st.sampled_from(["Security", "x", "true", None]),
        "Level": scalars,
        "Keywords": scalars,
        "EventRecordID": scalars,
        "Opcode": scalars,
        "Computer": st.sampled_from(["pc", 1, None]),
        "SystemTime": st.sampled_from(["2026-11-26T00:00:00Z", "NoneZ", None]),
        "log.file.path": st.just("x"),
    },
)
RECORDS = st.builds(
    lambda system, data: {"EventID": 1, **system, **data}, systems, st.dictionaries(st.sampled_from(NAMES), values)
)


def compiled(structure: Structure, **changes: Any) -> Compiled:
    parser = PARSERS["windows-event-flat"].value
    return Compiled(
        LogParser.model_validate({**parser.model_dump(), "title": Text(zh="x", en="x"), **changes}), structure
    )


def by_map(parser: Compiled, record: dict[str, Any]) -> Event | None:
    found = parser.read(json.dumps(record))
    if found is None:
        return None
    event: Event = {}
    parser._plans.apply(found, event)
    return event


def in_columns(parser: Compiled, records: list[dict[str, Any]]) -> list[Event | None]:
    """Return the events of records made with all others of the same names; those that must be mapped, by their map."""
    assert parser.columnwise
    found: list[Event | None] = [None] * len(records)
    groups: dict[tuple[str, ...], list[int]] = {}
    flat = [parser.columnwise.flat(read_object(json.dumps(record)) or {}) or {} for record in records]
    for number, each in enumerate(flat):
        groups.setdefault(tuple(each), []).append(number)
    for names, numbers in groups.items():
        assert parser.columnwise.claims(names)
        for places, made in parser.columnwise.composed([flat[number] for number in numbers]):
            events = parser.settle(made, len(places))
            for row, place in enumerate(places):
                number = numbers[place]
                found[number] = by_map(parser, records[number]) if events is None else event_of(events, row)
    return found


def event_of(events: Columns, row: int) -> Event:
    own = {name: values[row] for name, values in events.columns.items() if name != TIME and values[row] is not None}
    return {**events.constants, **own}


@settings(max_examples=150, deadline=None)
@given(records=st.lists(RECORDS, min_size=1, max_size=6))
def test_both_ways_give_the_same(records: list[dict[str, Any]]) -> None:
    for structure in (SHIPPED, OTHERWISE):
        parser = compiled(structure)
        assert in_columns(parser, records * 2) == [by_map(parser, record) for record in records * 2]


def test_names_that_a_parser_maps_are_mapped() -> None:
    parser = compiled(SHIPPED, map={"winlog.event_data.Image": "file.path"})
    record = {"Provider_Name": "p", "EventID": 1, "Image": "x"}
    assert parser.columnwise
    ((_, made),) = parser.columnwise.composed([record])
    assert parser.settle(made, 1) is None
    assert (by_map(parser, record) or {})["file.path"] == "x"
