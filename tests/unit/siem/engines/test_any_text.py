"""No engine raises, loops or invents types, whatever the text: with the options of each parser that uses it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sec_ops.siem.engines import engine, engine_names
from tests.content.parser_samples import PARSERS, SAMPLES

READERS = {name: engine(loaded.value.engine).compile_engine(loaded.value.options) for name, loaded in PARSERS.items()}
SAMPLE_TEXTS = sorted({text for path in SAMPLES for text in [path.read_bytes().decode("gb18030", "replace")]})
NASTY = (
    "",
    "\0",
    "\ufeff",
    "\ud800",
    "<189>",
    "{" * 5_000,
    "[" * 200_000,
    '{"Event":' * 900 + "1" + "}" * 900,
    '{"Event":{"System":' + '{"a":' * 500 + "1" + "}" * 502,
    json.dumps({"Event": {"System": {"EventID": {"#text": []}, "Provider": 7, "Channel": {}}, "EventData": [[[]]]}}),
    json.dumps({"EventID": {}, "Channel": [], "Computer": None, "Keywords": {"a": [1]}, "": 1}),
    json.dumps({"winlog": {"channel": {}, "event_id": [], "event_data": []}, "event": None}),
    json.dumps({"EventID": 2**64 - 1, "Channel": "x", "Computer": "y", "EventRecordID": 2**64 - 1, "Level": -(2**63)}),
    json.dumps({"EventID": 1, "Channel": "Security", "Computer": "y", **{f"k{at}": at for at in range(5_000)}}),
    json.dumps(
        {"Event": {"System": {"EventID": 1}, "EventData": {"Data": [{"@Name": "same", "#text": "x"}] * 20_000}}}
    ),
    json.dumps({"EventID": 1, "Channel": "c", "Computer": "y", "SystemTime": "/Date(99999999999999999999)/"}),
    "CEF:0|" + "|" * 100_000,
    "CEF:0|a|b|c|d|e|5|" + "a=" * 100_000,
    "CEF:0|a|b|c|d|e|5|" + "\\" * 100_001,
    "LEEF:2.0|a|b|c|d|" + "^" * 100_000,
    "LEEF:1.0|a|b|c|d|" + "k=\t" * 100_000,
    "#Fields: " + "a " * 200 + "\n" + "1 " * 100_000,
    "#Fields: a b\n" + '"' * 100_001,
    "a,b\n" + '"' * 100_001,
    "a,b\n" + "x," * 100_000,
    'k="' * 50_000,
    "k=" + " " * 100_000 + '"',
    "=" * 100_000,
    " ," * 100_000,
    "%%01" + "A" * 100_000 + "/5/B(l):c",
    "%%01A/5/B(l):" + ", k=" * 50_000,
    "%%10A/5/B: " + "-k=v" * 50_000 + ";",
    "%A-5-B: " + "x" * 200_000,
    "Nov 26 08:00:00 " * 30 + "%A-5-B: x",
    "TimeCreated  : " + "\n" * 50_000,
    "Message : x\n" + "Id : 1\n" * 20_000,
    "TimeCreated : 1\nId : 7\nMessage : " + "a: b\n" * 50_000,
)


def _is_json(value: Any) -> bool:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping):
            assert all(isinstance(name, str) for name in each)
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif not (each is None or isinstance(each, str | int | float | bool)):
            return False
    return True


def test_every_engine_says_what_its_options_are() -> None:
    for name in engine_names():
        assert isinstance(engine(name).OPTIONS, frozenset)


@pytest.mark.parametrize("name", sorted(READERS))
@pytest.mark.parametrize("at", range(len(NASTY)))
def test_nasty_text(name: str, at: int) -> None:
    found = READERS[name](NASTY[at])
    assert found is None or _is_json(found)


WORDS = """
    Event System EventData UserData Data #text #attributes @Name Name Value winlog EventID Channel Computer Provider
    Provider_Name TimeCreated SystemTime event_data Level Keywords Hostname SourceName event code Id ProviderName
    LogName MachineName message ProcessId Image IpAddress User Hashes TargetFilename MemberName log_name event_id
"""
_words = st.sampled_from(["", *WORDS.split()])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_words, inner, max_size=6),
    max_leaves=25,
)
windows = st.builds(json.dumps, st.dictionaries(_words, json_values, max_size=8))


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=300) | windows)
def test_any_text(text: str) -> None:
    for read in READERS.values():
        found = read(text)
        assert found is None or _is_json(found)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_samples_that_were_cut_and_changed(data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(SAMPLE_TEXTS))
    line = data.draw(st.sampled_from(sample.splitlines() or [""]))
    at = data.draw(st.integers(0, len(line)))
    text = line[:at] + data.draw(st.text(max_size=5)) + line[at + data.draw(st.integers(0, 5)) :]
    for read in READERS.values():
        found = read(text)
        assert found is None or _is_json(found)
