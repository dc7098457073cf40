"""What the text of a search means, and what is refused at which character."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.model.errors import QueryFault, QueryInvalid
from sec_ops.siem.query.evaluate import evaluate
from sec_ops.siem.query.parse import parse
from sec_ops.siem.query.tree import ANY, ONE, And, Bound, Everything, Exists, Match, Not, Or, Pattern, Query, Range
from tests.strategies.search import TYPES, corpus, queries
from tests.strategies.writing import written

CORPUS = corpus()


def word(*pattern: str) -> Query:
    return Match("", pattern)


def user(*pattern: str) -> Query:
    return Match("user.name", pattern)


def port(lower: Bound | None, upper: Bound | None) -> Query:
    return Range("source.port", lower, upper)


def closed(text: str) -> Bound:
    return Bound(text, closed=True)


def opened(text: str) -> Bound:
    return Bound(text, closed=False)


def refusal(text: str) -> tuple[QueryFault, ...] | None:
    try:
        parse(text, TYPES, now_us=0)
    except QueryInvalid as refused:
        return refused.faults
    return None


A, B, C, D = word("a"), word("b"), word("c"), word("d")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Everything()),
        (" \t\n", Everything()),
        ("*", Everything()),
        ("*:*", Everything()),
        ("root", word("root")),
        ('"union select"', word("union select")),
        ("登录失败", word("登录失败")),
        ("登录\u3000失败", And((word("登录"), word("失败")))),
        ("用户名：张三，失败（三次）", word("用户名：张三，失败（三次）")),
        ("a b", And((A, B))),
        ("a and b", And((A, word("and"), B))),
        ("a AND b && c", And((A, B, C))),
        ("a OR b || c", Or((A, B, C))),
        ("a b OR c AND d", Or((And((A, B)), And((C, D))))),
        ("a OR b c OR d", Or((A, And((B, C)), D))),
        ("(a OR b) c", And((Or((A, B)), C))),
        ("NOT a b", And((Not(A), B))),
        ("!a OR -b", Or((Not(A), Not(B)))),
        ("!(a OR b)", Not(Or((A, B)))),
        ("a AND NOT NOT b", And((A, Not(Not(B))))),
        ("+a -b", And((A, Not(B)))),
        ("TO", word("TO")),
        ('"AND"', word("AND")),
        ("user.name:root", user("root")),
        ("user.name: root", user("root")),
        ("user.name:(root OR admin)", Or((user("root"), user("admin")))),
        ("user.name:(a -b)", And((user("a"), Not(user("b"))))),
        ("user.name:NOT a", Not(user("a"))),
        ('user.name:""', user()),
        (r"odd\ \"field\"\?:x", Match('odd "field"?', ("x",))),
        ("_exists_:user.name", Exists("user.name")),
        ("user.name:*", Exists("user.name")),
        ("user.name:[* TO *]", Exists("user.name")),
        ("source.port:>=1024", port(closed("1024"), None)),
        ("source.port:(>1 AND <9)", And((port(opened("1"), None), port(None, opened("9"))))),
        ("source.port:[-5 TO 9}", port(closed("-5"), opened("9"))),
        ("user.name:{a TO *]", Range("user.name", opened("a"), None)),
        ('user.name:["a b" TO "TO"]', Range("user.name", closed("a b"), closed("TO"))),
        ("source.port:-5", Match("source.port", ("-5",))),
        ("source.ip:192.0.2.0/24", Match("source.ip", ("192.0.2.0/24",))),
        ("source.ip:2001:db8::/32", Match("source.ip", ("2001:db8::/32",))),
        ("source.ip:::1", Match("source.ip", ("::1",))),
        ("source.ip:(::1 OR fe80::1)", Or((Match("source.ip", ("::1",)), Match("source.ip", ("fe80::1",))))),
        ("url.full:http://x/y", Match("url.full", ("http://x/y",))),
        (r'"C:\\Windows"', word("C:\\Windows")),
        (r'"say \"hi\""', word('say "hi"')),
        ('"a*b?"', word("a*b?")),
        (r"a\*b\ c\:d", word("a*b c:d")),
        ("/etc/passwd ~/.ssh", And((word("/etc/passwd"), word("~/.ssh")))),
        ("a=b 'c' x,y;z #1 50%", And(tuple(word(each) for each in ["a=b", "'c'", "x,y;z", "#1", "50%"]))),
    ],
)
def test_meaning(text: str, query: Query) -> None:
    assert parse(text, TYPES) == query


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("adm*", ("adm", ANY)),
        ("a*b?c**d", ("a", ANY, "b", ONE, "c", ANY, "d")),
        (r"C:\\Windows\\*", ("C:\\Windows\\", ANY)),
        (r"C:\*", ("C:*",)),
        ("**?", (ANY, ONE)),
    ],
)
def test_wildcards(text: str, pattern: Pattern) -> None:
    assert parse(f"user.name:{text}", TYPES) == Match("user.name", pattern)


@pytest.mark.parametrize(
    ("text", "lower", "upper"),
    [
        ("2026-11-26", "2026-11-25T16:00:00.000000Z", "2026-11-26T16:00:00.000000Z"),
        ("2026-11-26T08:00:05+08:00", "2026-11-26T00:00:05.000000Z", "2026-11-26T00:00:06.000000Z"),
        ("2026-11-26T08:00", "2026-11-26T00:00:00.000000Z", "2026-11-26T00:01:00.000000Z"),
        ("2026-11-26T08:00:00.25Z", "2026-11-26T08:00:00.250000Z", "2026-11-26T08:00:00.260000Z"),
        ('"2026-11-26 08:00Z"', "2026-11-26T08:00:00.000000Z", "2026-11-26T08:01:00.000000Z"),
        (">2026-11-26", "2026-11-26T16:00:00.000000Z", None),
        (">=2026-11-26", "2026-11-25T16:00:00.000000Z", None),
        ("<2026-11-26", None, "2026-11-25T16:00:00.000000Z"),
        ("<=2026-11-26", None, "2026-11-26T16:00:00.000000Z"),
        ("[2026-11-25 TO 2026-11-26]", "2026-11-24T16:00:00.000000Z", "2026-11-26T16:00:00.000000Z"),
        ("{2026-11-25 TO 2026-11-26}", "2026-11-25T16:00:00.000000Z", "2026-11-25T16:00:00.000000Z"),
        ("[now-1h TO now]", "2026-11-25T23:00:00.000000Z", "2026-11-26T00:00:00.000001Z"),
        ("{now-2d TO now+1w}", "2026-11-24T00:00:00.000001Z", "2026-12-03T00:00:00.000000Z"),
    ],
)
def test_dates_are_absolute(text: str, lower: str | None, upper: str | None) -> None:
    now_us = 20_783 * 86_400_000_000
    query = parse(f"event.created:{text}", TYPES, zone=ZoneInfo("Asia/Shanghai"), now_us=now_us)
    assert query == Range("event.created", closed(lower) if lower else None, opened(upper) if upper else None)


@pytest.mark.parametrize(
    ("text", "places", "reason"),
    [
        ("a AND", [5], "ends where a part is missing"),
        ("AND a", [0], "can't stand here"),
        ("a OR OR b", [5], "can't stand here"),
        ("NOT", [3], "ends where"),
        ("()", [1], "can't stand here"),
        ("(a", [0], "never closed"),
        ("a)", [1], "nothing is open"),
        ("(a]", [0, 2], "never closed"),
        ('x "abc', [2], "never closed"),
        ("a -", [2], "nothing follows"),
        ("a - b", [2], "nothing follows"),
        ("x\\", [1], "nothing follows this backslash"),
        ("foo(bar)", [3], "touch"),
        ("sshd[123]", [4], "touch"),
        ('a"b"', [1], "touch"),
        ('"a"b', [3], "touch"),
        (r'"C:\Windows\cmd.exe"', [3, 11], "a backslash stands before “W”"),
        (r"C:\\x", [0], "“C” is not the name"),
        ("http://x", [0], "“http” is not the name"),
        ("10:30:05", [0], "“10” is not the name"),
        ("2001:db8::1 fe80::1", [0, 12], "“2001” is not the name"),
        (":a", [0], "no field stands before"),
        ('"a":b', [3], "no field stands before"),
        ("a.*:b", [0], "wildcards in the name"),
        ("*:b", [0], "only *:*"),
        ("user.name：root", [9], "full-width"),
        ("“abc” OR （a OR b）", [0, 9], "full-width"),
        ("user.name:（a", [10], "full-width"),
        ("/a.c/ OR user.name:/x/", [0, 19], "regular expressions"),
        ('a~ b~2 "c"~3', [1, 4, 10], "fuzzy"),
        ('a^2 "b"^3 (c)^4', [1, 7, 13], "weights"),
        ("user.name:!x", [10], "can't begin with"),
        ("a OR +b", [5], "+ says"),
        (">5 OR [1 TO 2]", [0, 6], "needs a field"),
        ("<script>", [0], "needs a field"),
        ("source.port:[1 TO", [12], "never closed"),
        ("source.port:[1 2]", [15], "can't stand here"),
        ("user.name:[a* TO b]", [10], "no wildcards"),
        ("_exists_:a*", [9], "wants the name"),
        ("_exists_:>5", [9], "wants the name"),
        ("source.port:abc source.port:1.5", [12, 28], "“abc” is not a whole number"),
        ("source.port:99999999999999999999", [12], "64 bits"),
        ("source.port:44*", [12], "no wildcards"),
        ("source.port:１２", [12], "not a whole number"),
        ("event.risk_score:1e999", [17], "not a number"),
        ("event.risk_score:nan", [17], "not a number"),
        ("process.elevated:yes", [17], "true or false"),
        ("process.elevated:>true", [17], "no ranges"),
        ("message:[a TO b]", [8], "no ranges"),
        ("source.ip:192.0.2.*", [10], "no wildcards"),
        ("source.ip:192.0.2.0/33", [10], "not a network"),
        ("source.ip:192.0.2.0/255.255.255.0", [10], "not a network"),
        ("source.ip:[192.0.2.0/24 TO *]", [10], "not an address"),
        ("source.ip:fe80::1%eth0", [10], "without a zone"),
        (r'source.port:x "\a" 10:30', [12, 15, 19], "not a whole number"),
        ("event.created:2026-02-30", [14], "not a date"),
        ("event.created:26.11.2026", [14], "not a date"),
        ("event.created:9999-12-31", [14], "not a date"),
        ("event.created:now-1h", [14], "not a date"),
        ("event.created:2026-11-26T00:00:00+99:00", [14], "not a date"),
        ("a\ud800", [1], "not text in UTF-8"),
        ("a" * 65_537, [65_536], "at most 65536 characters"),
        ("a " * 4_097, [8_192], "at most 4096 words"),
        ("(" * 51 + "a" + ")" * 51, [50], "nested at most 50 deep"),
        ("-" * 51 + "a", [50], "nested at most 50 deep"),
        (f"a{'?' * 2000}", [0], "at most 2000 characters"),
    ],
)
def test_faults(text: str, places: list[int], reason: str) -> None:
    with pytest.raises(QueryInvalid) as caught:
        parse(text, TYPES)
    assert [fault.position for fault in caught.value.faults] == places
    assert reason in str(caught.value.faults[0].message)
    assert caught.value.query.startswith(text[:100])


@settings(max_examples=200, deadline=None)
@given(queries())
def test_a_written_search_means_the_same(query: Query) -> None:
    again = parse(written(query), TYPES)
    for event in CORPUS:
        assert evaluate(again, event, TYPES) == evaluate(query, event, TYPES)


_WORDS = [
    *("a", "登录", "user.name", "source.port", "event.created", "_exists_", ":", '"', "(", ")", "[", "]", "{", "}"),
    *(
        "AND",
        "OR",
        "NOT",
        "TO",
        "&&",
        "||",
        "!",
        "-",
        "+",
        "*",
        "?",
        "\\",
        "~",
        "^",
        "/",
        ">",
        "<=",
        " ",
        "\n",
        "：",
        "（",
    ),
    *("1", "now", "-1h", "2026-11-26", "\x00", "\ud800", "\u202e", "😀"),
]


@settings(max_examples=1000, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(_WORDS), max_size=30).map("".join))
def test_any_text_is_a_search_or_is_refused(text: str) -> None:
    faults = refusal(text)
    assert faults is None or (faults and all(0 <= fault.position <= len(text) for fault in faults))


@pytest.mark.parametrize(
    "part", ["(", "a ", "!", "-", "\\", "a:", '"', "f:(", "f:[", "~", "^", "/", "*", "a OR ", "a\\"]
)
def test_long_searches_end(part: str) -> None:
    for text in (part * (65_000 // len(part)), part * 1000 + "a", "(" * 40 + part * 900 + ")" * 40):
        assert refusal(text) != ()
