"""Texts of rules, good and bad: everything that can be read is, everything else is refused with its reason."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.detection.rule import All, AnyOf, Glob, LogSource, Not, Number, Selection, Test
from sec_ops.detection.sigma.reading import RuleText, read_rules
from tests.unit.detection.support import HEAD, read, reasons, rule

WHOLE = """
title: Sign-in fails often
id: 11111111-1111-4111-8111-111111111111
name: signin_fails
level: high
status: test
description: Somebody guesses.
author: A. Nonymous
references: [https://example.org/1]
tags: [attack.t1110, attack.credential-access]
falsepositives: [Forgotten passwords]
fields: [user.name]
logsource: {product: linux, service: sshd}
detection:
  sel: {event.action: ssh_login_failed}
  other: {port: 22}
  condition: sel and not other
sec_ops:
  title: {zh: 登录屡次失败}
  description: {zh: 有人在猜口令。}
  falsepositives: {zh: [忘记口令]}
  runbook: account_compromise
  alert: {by: [source.ip], span: 30m}
"""


def test_a_whole_rule() -> None:
    found = read(WHOLE)
    assert not found.refused
    header = found.rules[0].header
    assert header.id == "11111111-1111-4111-8111-111111111111"
    assert header.name == "signin_fails"
    assert header.title == {"en": "Sign-in fails often", "zh": "登录屡次失败"}
    assert header.description == {"en": "Somebody guesses.", "zh": "有人在猜口令。"}
    assert header.false_positives == {"en": ("Forgotten passwords",), "zh": ("忘记口令",)}
    assert (header.level, header.status, header.author) == ("high", "test", "A. Nonymous")
    assert (header.tags, header.references) == (
        ("attack.t1110", "attack.credential-access"),
        ("https://example.org/1",),
    )
    assert (header.runbook, header.alert_by, header.alert_span_s) == ("account_compromise", ("source.ip",), 1800)
    assert (header.path, header.digest) == ("1.yml", hashlib.sha256(WHOLE.encode()).hexdigest())
    assert found.rules[0].source == LogSource(product="linux", service="sshd")
    assert found.rules[0].listed_fields == ("user.name",)
    sel = Selection("sel", Test("event.action", Glob(("ssh_login_failed",))))
    assert found.rules[0].condition == All((sel, Not(Selection("other", Test("port", Number(22))))))


def test_a_rule_of_few_words_has_an_id_of_its_title_and_a_medium_level() -> None:
    short = HEAD + "detection: {s: {a: b}, condition: s}"
    first, again = read(short), read(short)
    assert first == again
    assert len(first.rules[0].header.id) == 36
    assert first.rules[0].header.level == "medium"


def test_all_that_is_wrong_is_told_at_once_and_the_rest_is_read() -> None:
    broken = """
        title: Broken
        id: 22222222-2222-4222-8222-222222222222
        level: terrible
        tags: [nodot]
        logsource: {}
        detection:
          s: {a|no_such: 1, b|cidr: 10.0.0.1/8}
          t: {}
          condition: s and u
        sec_ops: {alert: {span: soon}, colour: red}
    """
    found = read(WHOLE, broken, "a: [", "just text", "")
    assert [rule.header.path for rule in found.rules] == ["1.yml"]
    assert [each.path for each in found.refused] == ["2.yml", "3.yml", "4.yml", "5.yml"]
    told = found.refused[0]
    assert (told.id, told.title) == ("22222222-2222-4222-8222-222222222222", "Broken")
    for word in (
        "terrible",
        "tag must",
        "alert.span",
        "colour",
        "log source",
        "no_such",
        "host bits",
        "empty selection",
    ):
        assert word in str(told.reason), word


@pytest.mark.parametrize(
    ("detection", "reason"),
    [
        ("{s: {a: b}, condition: s and missing}", "there is no selection missing"),
        ("{s: {a: b}, condition: 1 of missing_*}", "there is no selection missing_*"),
        ("{s: {a: b}, condition: all of them and}", "can't be read"),
        ("{s: {a: b}, condition: s | count() > 5}", "write a correlation"),
        ("{s: {a: b}, condition: 3 of s*}", "can't be read"),
        ("{s: {a: b}}", "a rule has a condition"),
        ("{s: {a: b}, condition: []}", "a rule has a condition"),
        ("{s: {a: b}, condition: [s, 3]}", "a rule has a condition"),
        ("[s]", "map of selections"),
        ("{s: {a: 2026-11-26}, condition: s}", "Unsupported type"),
        ("{s: {a: {b: c}}, condition: s}", "Unsupported type"),
        ("{s: {a: [[b]]}, condition: s}", "Unsupported type"),
        ("{s: {1: b}, condition: s}", "no text: put it in quotation marks"),
        ("{s: [], condition: s}", "keywords without any"),
        ("{s: [null], condition: s}", "ask about a field"),
        ("{s: {'|exists': true}, condition: s}", "applied to field"),
        ("{s: {'|fieldref': a}, condition: s}", "ask about a field"),
        ("{s: {a|re: '('}, condition: s}", "invalid"),
        ("{s: {a|re: null}, condition: s}", "is text"),
        ("{s: {a|re: '(a{999}){999}'}, condition: s}", "can't be searched for"),
        ("{s: {a|base64: 'x*'}, condition: s}", "wildcards"),
        ("{s: {a|base64offset: 'x'}, condition: s}", "too short"),
        ("{s: {a|wide: 登录}, condition: s}", "no text"),
        ("{s: {a|windash: '-a -b -c -d -e -f -g -h'}, condition: s}", "more than 20000"),
        ("{s: {a|hour: 24}, condition: s}", "no hour is ever 24"),
        ("{s: {a|month: [1, 13]}, condition: s}", "no month is ever 13"),
        ("{s: {a|exists: maybe}, condition: s}", "incompatible"),
        ("{s: {a|lt: x}, condition: s}", "incompatible"),
        ("{s: {a|cidr: 10.0.0.0/33}, condition: s}", "CIDR"),
        ("{s: {a|expand: '%b%'}, condition: s}", "nothing says what %b% stands for"),
        ("{s: {a|fieldref: 'b*'}, condition: s}", "wildcards"),
        ("{s: {a: .inf}, condition: s}", "Invalid number"),
        ("{s: {a: b, a: c}, condition: s}", "key a stands here a second time"),
    ],
)
def test_what_no_rule_can_say(detection: str, reason: str) -> None:
    found = read(HEAD + "detection: " + detection)
    assert not found.rules
    assert [reason in each for each in reasons(found)] == [True], reasons(found)


def test_an_id_belongs_to_its_first_rule() -> None:
    other = WHOLE.replace("Sign-in", "Another")
    found = read(WHOLE, other)
    assert [rule.header.title["en"] for rule in found.rules] == ["Sign-in fails often"]
    assert reasons(found) == ["its id 11111111-1111-4111-8111-111111111111 is that of another rule: 1.yml"]


def test_documents_of_one_file_share_what_is_global() -> None:
    found = read("""
        action: global
        title: Shared
        level: low
        logsource: {product: test}
        detection: {condition: s}
        ---
        id: 11111111-1111-4111-8111-111111111111
        detection: {s: {a: 1}}
        ---
        action: repeat
        id: 22222222-2222-4222-8222-222222222222
        detection: {t: {b: 2}, condition: s and t}
        ---
        title: [
        """)
    assert [(rule.header.title["en"], rule.header.level) for rule in found.rules] == [("Shared", "low")] * 2
    s, t = Selection("s", Test("a", Number(1))), Selection("t", Test("b", Number(2)))
    assert [rule.condition for rule in found.rules] == [s, All((s, t))]
    assert len({rule.header.digest for rule in found.rules}) == 2
    assert len(found.refused) == 1


def test_a_reset_ends_what_is_global() -> None:
    found = read("""
        action: global
        title: Shared
        ---
        action: reset
        ---
        logsource: {product: test}
        detection: {s: {a: 1}, condition: s}
        ---
        action: other
        """)
    assert ["must have a title" in each for each in reasons(found)] == [True, False]
    assert "unknown action other" in reasons(found)[1]


def test_names_may_begin_with_the_words_of_conditions() -> None:
    found = rule("""
        notepad: {a: 1}
        orange: {b: 2}
        and-more: {c: 3}
        not-1: {d: 4}
        _hidden: {e: 5}
        condition: (not notepad or orange) and 1 of not* and 1 of and-*
        """).condition
    one, two, three, four = (
        Selection(name, Test(field, Number(number)))
        for name, field, number in (("notepad", "a", 1), ("orange", "b", 2), ("and-more", "c", 3), ("not-1", "d", 4))
    )
    assert found == All((AnyOf((Not(one), two)), AnyOf((one, four)), three))


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGED = "a: &a {k: v}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 30)}]}}\n"
    for before, name in zip("abcdef", "bcdefg", strict=True)
)


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(BOMB, id="aliases of aliases"),
        pytest.param(MERGED, id="merges of merges"),
        pytest.param("a: &a [*a]", id="an alias of itself"),
        pytest.param("[" * 300_000, id="lists in lists"),
        pytest.param("{a: " * 300_000, id="maps in maps"),
        pytest.param("- " * 300_000, id="entries in entries"),
        pytest.param("? " * 300_000, id="keys of keys"),
        pytest.param("[" * 900 + "]" * 900, id="lists in lists that end"),
        pytest.param("\n".join(" " * depth + "a:" for depth in range(2000)), id="deep blocks"),
        pytest.param("a: '" + "x" * 5_000_000 + "'", id="megabytes"),
        pytest.param("a: !!python/object/apply:os.system [true]", id="code"),
        pytest.param("\ufeff\x00", id="control characters"),
        pytest.param("a: " + "9" * 10_000, id="a number of many digits"),
        pytest.param("title: [x]\nid: {}\nlevel: []\ntags: {a: b}\ndetection: 3\nlogsource: 4\nsec_ops: 5", id="kinds"),
        pytest.param("correlation: 3", id="no correlation"),
        pytest.param(
            "title: x\ncorrelation: {type: [], rules: {}, timespan: 3, aliases: {a: b}, condition: 5}", id="odd"
        ),
        pytest.param("filter: []", id="no filter"),
        pytest.param(f"{HEAD}detection: {{s: {{a: b}}, condition: {'(' * 9000}s{')' * 9000}}}", id="parentheses"),
        pytest.param(f"{HEAD}detection: {{s: {{a: b}}, condition: {'not ' * 3000}}}", id="nots"),
        pytest.param(f"{HEAD}detection: {{{'a' * 3000}: {{a: b}}, condition: 1 of {'a*' * 3000}b}}", id="stars"),
        pytest.param(f"{HEAD}detection: {{s: {{a|re: '{'(a' * 5000}'}}, condition: s}}", id="a long expression"),
        pytest.param(f"{HEAD}detection: {{s: {{a|re: '{'(?=' * 900}x{')' * 900}'}}, condition: s}}", id="a deep one"),
        pytest.param(f"{HEAD}detection: {{s: {{a|re: '((a{{9999}}){{9999}}){{9999}}'}}, condition: s}}", id="repeats"),
        pytest.param(f"{HEAD}detection: {{s: {{a|windash: '{'-a ' * 5000}'}}, condition: s}}", id="dashes"),
        pytest.param(b"\xff\xfe\x00", id="no UTF-8"),
        pytest.param(f"{HEAD}detection: {{s: [{'a,' * 100_000}], condition: s}}", id="many values"),
        pytest.param("a: b\n---\n" * 200_000, id="many documents"),
        pytest.param(f"{HEAD}detection: {{s: {{a: b}}, condition: [{'s,' * 20_000}]}}", id="many conditions"),
        pytest.param(f"{HEAD}detection: {{s: {{a|windash: [{'-a -b -c -d -e,' * 100}]}}, condition: s}}", id="dashes"),
        pytest.param(
            f"{HEAD}detection: {{s: {{{','.join(f'a{n}|x: 1' for n in range(9000))}}}, condition: s}}", id="faults"
        ),
    ],
)
def test_hostile_texts_are_refused(hostile: str | bytes) -> None:
    found = read(hostile, WHOLE)
    assert [rule.header.path for rule in found.rules] == ["2.yml"]
    assert {each.path for each in found.refused} == {"1.yml"}


def test_anchors_that_stay_small_are_read() -> None:
    found = read(HEAD + "detection:\n  s: &s {a: b}\n  t: {<<: *s, c: d}\n  condition: s and t\n")
    assert not found.refused


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_no_text_raises(data: bytes) -> None:
    read_rules([RuleText(path="x.yml", data=data)], {})


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text("ab*?\\%-/|.", max_size=8))
MODIFIERS = (
    *("contains", "startswith", "endswith", "all", "re", "i", "m", "s", "cased", "base64", "base64offset", "wide"),
    *("utf16", "utf16be", "windash", "cidr", "fieldref", "exists", "expand", "lt", "lte", "gt", "gte", "neq"),
    *("minute", "hour", "day", "week", "month", "year", "nonsense"),
)
KEYS = st.builds("|".join, st.lists(st.sampled_from([*MODIFIERS, "a", ""]), min_size=1, max_size=4))
DEFINITIONS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(["s", "t", "_u", "timeframe"]), DEFINITIONS, max_size=3),
    st.text(" st()*_|of1alnd", max_size=30),
)
def test_no_detection_raises(selections: dict[str, object], condition: str) -> None:
    value = {"title": "x", "logsource": {"product": "y"}, "detection": {**selections, "condition": condition}}
    found = read_rules([RuleText(path="x.yml", data=repr_yaml(value))], {"a": ("b", 1)})
    assert len(found.rules) + len(found.refused) == 1


def repr_yaml(value: object) -> bytes:
    import yaml

    return yaml.safe_dump(value, allow_unicode=True).encode()
