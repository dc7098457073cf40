"""Both paths of lines give the naive evaluator's answers, whatever the lines are, and refuse the same lines."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.detection.mapping.flattening import flattened
from sec_ops.detection.mapping.mapped import CannotFire, mapped
from sec_ops.detection.mapping.recognition import recognised
from sec_ops.detection.match.matcher import Matcher
from sec_ops.detection.naive import finds
from sec_ops.detection.rule import ANY_MANY, KEYWORD, Expression, Glob, Rule, Test
from sec_ops.detection.sieve import choosing
from sec_ops.detection.sieve.answering import CompiledSieve
from sec_ops.detection.sieve.choosing import path_of, sieve_for
from sec_ops.detection.sieve.half import Half
from sec_ops.detection.sieve.sieving import Sieve, event_of, parsed
from sec_ops.runtime.compiled.library import Broken, library
from tests.unit.detection.match.test_matcher import BARE, RULES, SHAPES, SYSMON, contains, flat_events, rule

ZONE = ZoneInfo("Asia/Shanghai")
Chosen = Callable[[Matcher], Sieve]
EVENT = {"EventID": 1, "Channel": SYSMON, "Image": "C:\\Windows\\notepad.exe", "User": "学生"}
LINE = orjson.dumps(EVENT)
CALM = tuple(each for each in RULES if each.header.id != "same")
"""Rules that leave nothing open: what they don't find goes through for one reason only, that it is unusual."""


@pytest.fixture(scope="module", params=["python", "compiled"])
def path(request: pytest.FixtureRequest) -> Chosen:
    if request.param == "python":
        return lambda _matcher: parsed
    if library() is None:
        pytest.skip("no Rust compiler when the project was installed")
    return sieve_for


def compiled_sieve(judge: Matcher) -> CompiledSieve:
    built = library()
    if built is None:
        pytest.skip("no Rust compiler when the project was installed")
    return CompiledSieve(Half(built), judge)


def matcher(rules: Sequence[Rule] = RULES) -> Matcher:
    return Matcher(rules, SHAPES, ZONE)


def found(path: Chosen, *batches: Sequence[bytes], judge: Matcher | None = None) -> list[dict[int, list[str]]]:
    """Return what rules find in each batch by place, after the sieve sorted its lines as they are."""
    judge = judge or matcher()
    sieve = path(judge)
    results = []
    for lines in batches:
        sieved = sieve(lines)
        objects = [place for place, line in enumerate(lines) if event_of(line) is not None]
        assert sorted([*sieved.others, *objects]) == list(range(len(lines)))
        assert list(sieved.places) == sorted(set(sieved.places) & set(objects))
        assert [event_of(lines[place]) for place in sieved.places] == list(sieved.events)
        assert sieved.quiet + len(sieved.events) == len(objects)
        hits = judge.run(sieved.events)
        results.append({sieved.places[at]: [each.header.id for each in rules] for at, _, rules in hits})
    return results


def expected(lines: Sequence[bytes], rules: Sequence[Rule] = RULES) -> dict[int, list[str]]:
    ways = {shape.id: [(each.header.id, mapped(each, shape)) for each in rules] for shape in SHAPES}
    events = [(place, event) for place, line in enumerate(lines) if (event := event_of(line)) is not None]
    return {place: names for place, event in events if (names := naively(event, ways))}


def naively(event: dict[str, Any], ways: Mapping[str, list[tuple[str, Expression | CannotFire]]]) -> list[str]:
    shape = recognised(SHAPES, event)
    if shape is None:
        return []
    flat = flattened(event, shape.content.flatten)
    return [name for name, way in ways[shape.id] if not isinstance(way, CannotFire) and finds(way, flat, ZONE)]


def written(event: dict[str, Any], style: int) -> bytes:
    if style == 0:
        return json.dumps(event, ensure_ascii=True).encode()
    if style == 1:
        return json.dumps(event, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\r"


lines_of_events = st.builds(written, flat_events, st.integers(0, 2))
puts = (b"", b'"', b"\\", b"\0", b"\xff", b"{", b"\xed\xa0\x80", b",", b"1", b"\\ud800", b"\\u0041", b":")
mutations = st.lists(st.tuples(st.integers(0, 400), st.sampled_from(puts)), max_size=3)
almost_json = st.one_of(st.binary(max_size=40), st.text('{}[]":,\\u0d8eE+-.1truefalsn ', max_size=40).map(str.encode))


def mutated(line: bytes, changes: Sequence[tuple[int, bytes]]) -> bytes:
    for at, put in changes:
        place = at % (len(line) + 1)
        line = line[:place] + put + line[place + 1 :]
    return line


@settings(max_examples=100)
@given(lines=st.lists(lines_of_events, min_size=1, max_size=12))
def test_lines_are_answered_as_the_naive_evaluator_does(path: Chosen, lines: list[bytes]) -> None:
    wanted = expected(lines)
    assert found(path, lines, lines, lines[::-1]) == [wanted, wanted, expected(lines[::-1])]


@settings(max_examples=150)
@given(lines=st.lists(lines_of_events, min_size=1, max_size=12))
def test_so_they_are_without_a_keyword_when_few_names_of_a_line_matter(path: Chosen, lines: list[bytes]) -> None:
    rules = [each for each in RULES if each.header.id != "keyword"]
    wanted = expected(lines, rules)
    assert found(path, lines, lines, judge=matcher(rules)) == [wanted, wanted]


def test_a_value_is_taken_from_where_its_name_stands(path: Chosen) -> None:
    rules = (rule("user", contains("User", "eve")),)
    events = [
        {"x": "li", "EventID": 1, "y": "eve", "Channel": SYSMON, "z": "li", "User": user} for user in ("eve", "li")
    ]
    lines = [orjson.dumps({**event, **more}) for event in events for more in ({}, {"w": "eve"})]
    assert found(path, lines, lines, judge=matcher(rules)) == [{0: ["user"], 1: ["user"]}] * 2


@settings(max_examples=150)
@given(lines=st.lists(st.builds(mutated, lines_of_events, mutations), min_size=1, max_size=8))
def test_damaged_lines_are_refused_or_read_as_by_the_other_path(path: Chosen, lines: list[bytes]) -> None:
    assert found(path, lines, lines, judge=matcher(CALM)) == [expected(lines, CALM)] * 2


@settings(max_examples=150)
@given(lines=st.lists(almost_json, max_size=8))
def test_no_bytes_are_taken_for_an_event_that_json_refuses(path: Chosen, lines: list[bytes]) -> None:
    around = [b'{"EventID":1,"Channel":"x","y":' + line + b"}" for line in (b"7", b'"x"', *lines)]
    wanted = [expected(lines, CALM), expected(around, CALM)]
    assert found(path, lines, around, judge=matcher(CALM)) == wanted


def event_with(value: bytes, name: bytes = b"y") -> bytes:
    return b'{"EventID":1,"Channel":"x","%s":%s}' % (name, value)


HOSTILE = {
    "a name twice": b'{"EventID":1,"Image":"cmd.exe","Channel":"x","Image":"a"}',
    "a name twice, the last counts": b'{"EventID":1,"Image":"a","Channel":"x","Image":"cmd.exe"}',
    "a name twice, once escaped": b'{"EventID":1,"Channel":"x","Image":"a","Im\\u0061ge":"cmd.exe"}',
    "names that differ in case": b'{"EventID":1,"Channel":"x","Image":"a","image":"cmd.exe","IMAGE":"cmd.exe"}',
    "no name": b'{"":"lsadump::x","EventID":1,"Channel":"x"}',
    "an escaped value": event_with(b'"\\u006csadump\\u003a:x"'),
    "escaped signs": event_with(b'"\\"\\\\\\/\\b\\f\\n\\r\\tlsadump::"'),
    "signs that may hide letters": event_with(b'"l\\bsadump::"'),
    "a pair of surrogates": event_with(b'"\\ud83d\\ude00 lsadump::"'),
    "half a pair": event_with(b'"\\ud83d lsadump::"'),
    "the other half": event_with(b'"\\udc00"'),
    "half a pair in bytes": event_with(b'"\xed\xa0\x80"'),
    "no UTF-8": event_with(b'"\xff"'),
    "no UTF-8 in a name": event_with(b"1", b"\xc3("),
    "a NUL": event_with(b'"\0"'),
    "an escaped NUL": event_with(b'"\\u0000lsadump::"'),
    "a tab": event_with(b'"\t"'),
    "the Kelvin sign": event_with('"mimidrv.sys \u212a"'.encode()),
    "a large number": event_with(b"123456789012345678901234567890"),
    "beyond 64 bits": event_with(b"18446744073709551616"),
    "no finite number": event_with(b"1e400"),
    "a tiny number": event_with(b"1e-400"),
    "minus nought": event_with(b"-0"),
    "minus nought as a fraction": event_with(b"-0.0"),
    "a fraction": event_with(b"1.50"),
    "leading nought": event_with(b"01"),
    "half a fraction": event_with(b"1."),
    "no digit": event_with(b"-"),
    "not a number": event_with(b"NaN"),
    "a truth value": event_with(b"true"),
    "half a word": event_with(b"tru"),
    "a word and more": event_with(b"nullx"),
    "nesting": event_with(b'{"a":[1,{"b":"lsadump::x"}]}'),
    "nesting without end": event_with(b'{"a":[1,'),
    "deep nesting": event_with(b"[" * 500 + b"]" * 500),
    "nesting beyond bounds": event_with(b"[" * 2_000 + b"]" * 2_000),
    "a list of values": event_with(b'["lsadump::x"]'),
    "an id in a list": b'{"EventID":[1],"Channel":"%s","Image":"cmd.exe"}' % SYSMON.encode(),
    "an id that is true": b'{"EventID":true,"Channel":"%s","Image":"cmd.exe"}' % SYSMON.encode(),
    "5,000 names": orjson.dumps({**EVENT, **{f"n{at}": at for at in range(4_995)}, "z": "lsadump::x"}),
    "a value of a megabyte": event_with(b'"%slsadump::x"' % (b"x" * 1_000_000)),
    "an image of a megabyte": orjson.dumps({**EVENT, "Image": "x" * 1_000_000 + "cmd.exe"}),
    "a cut line": LINE[:-1],
    "a line cut in a value": LINE[:40],
    "more after it": LINE + b"x",
    "two in a line": LINE * 2,
    "a comma at the end": LINE[:-1] + b",}",
    "a comma at the start": b"{," + LINE[1:],
    "a byte order mark": b"\xef\xbb\xbf" + LINE,
    "blanks around": b" \t\r\n" + LINE + b"\r\n",
    "another kind of blank": b"\x0b" + LINE,
    "a NUL at the end": LINE + b"\0",
    "a list": b"[1]",
    "a text": b'"x"',
    "an empty object": b"{}",
    "nothing": b"",
    "blanks": b"  ",
}


@pytest.mark.parametrize("about", HOSTILE)
def test_hostile_lines_are_read_as_by_the_other_path(path: Chosen, about: str) -> None:
    known = [LINE, event_with(b"7"), event_with(b'"x"'), event_with(b"null")]
    lines = [*known, HOSTILE[about], *known, HOSTILE[about]]
    wanted = expected(lines, CALM)
    assert found(path, lines, lines, judge=matcher(CALM)) == [wanted, wanted]


def test_hostile_lines_hold_what_they_name() -> None:
    loud = {about for about, line in HOSTILE.items() if expected([line])}
    assert {"an escaped value", "escaped signs", "an escaped NUL", "a list of values", "5,000 names"} <= loud
    assert {"a value of a megabyte", "the Kelvin sign", "a pair of surrogates"} <= loud


def test_ordinary_lines_that_no_rule_finds_make_no_python_object() -> None:
    judge = matcher(CALM)
    sieve = compiled_sieve(judge)
    times = [orjson.dumps({**EVENT, "SystemTime": f"2026-11-26T00:00:00.{at:06}Z", "Id": at}) for at in range(3_000)]
    assert sieve(times[:1]).quiet == 1
    assert sieve(times).quiet == 3_000
    assert "2026-11-26T00:00:00.001000Z" not in judge._engines["windows_flat"]._state.keyword_memo("SystemTime")


def test_what_is_forgotten_is_never_wrong(path: Chosen) -> None:
    judge = matcher()
    sieve = path(judge)
    for turn in range(5):
        ends = ("cmd" if at % 7 == turn else "x" for at in range(100))
        lines = [orjson.dumps({**EVENT, "Image": f"C:\\{turn}{at}\\{end}.exe"}) for at, end in enumerate(ends)]
        assert found(lambda _matcher: sieve, lines, lines, judge=judge) == [expected(lines)] * 2
        judge._engines["windows_flat"]._state.budget.room = 3_000
    assert judge.forgettings >= 4


def test_events_of_no_known_shape_are_counted(path: Chosen) -> None:
    judge = matcher()
    lines = [b'{"a":1}', LINE, b'{"b":1}', b'{"a":2}']
    assert found(path, lines, lines, judge=judge) == [{}, {}]
    assert judge.counts.unknown_shape == 6


@given(
    texts=st.lists(st.text('abl\\:sdump./é\n" ', max_size=12), min_size=1, max_size=8),
    words=st.lists(st.text('lsad:\\\n"é', min_size=1, max_size=3), min_size=1, max_size=2),
)
def test_keywords_are_found_in_every_way_of_writing(path: Chosen, texts: list[str], words: list[str]) -> None:
    rules = (rule("keyword", contains(KEYWORD, *words), BARE),)
    lines = [written({"EventID": 5, "Channel": SYSMON, "y": text}, at % 3) for at, text in enumerate(texts)]
    wanted = expected(lines, rules)
    assert found(path, lines, lines, judge=matcher(rules)) == [wanted, wanted]


def test_many_kinds_of_events_are_forgotten_in_time(path: Chosen) -> None:
    lines = [orjson.dumps({**EVENT, f"n{at}": "lsadump::x" if at % 100 == 0 else at}) for at in range(3_000)]
    assert found(path, lines, lines) == [expected(lines)] * 2


def test_what_breaks_inside_leaves_the_work_to_python(monkeypatch: pytest.MonkeyPatch) -> None:
    sieve = compiled_sieve(matcher())
    assert path_of(sieve) == "compiled"
    monkeypatch.setattr(Half, "node", broken)
    assert sieve([LINE]) == parsed([LINE])
    assert sieve.broken
    assert path_of(sieve) == "python"


def broken(*_: object) -> int:
    raise Broken


def test_without_a_build_lines_take_the_other_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "library", lambda: None)
    assert sieve_for(matcher()) is parsed
    assert path_of(parsed) == "python"


def test_tests_of_one_field_and_keywords_meet_in_a_value(path: Chosen) -> None:
    rules = (rule("keyword", contains(KEYWORD, "kali"), BARE), rule("user", Test("User", Glob(("k", ANY_MANY))), BARE))
    lines = [orjson.dumps({"EventID": 1, "Channel": SYSMON, "User": user}) for user in ("kali", "Kalif", "k", "x", 7)]
    wanted = {0: ["keyword", "user"], 1: ["keyword", "user"], 2: ["user"]}
    assert found(path, lines, lines, judge=matcher(rules)) == [wanted, wanted]
