"""Searches and events that are made for each other: few fields, few characters, the odd ones among them."""

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from sec_ops.model.folding import fold, spellings
from sec_ops.siem.events import Event, FieldType, FieldTypes
from sec_ops.siem.query.tree import (
    ANY,
    ONE,
    And,
    Bound,
    Everything,
    Exists,
    Match,
    Not,
    Or,
    Pattern,
    Query,
    Range,
    Wildcard,
)

TYPES = FieldTypes(
    {
        "@timestamp": FieldType.DATE,
        "message": FieldType.TEXT,
        "process.command_line": FieldType.TEXT,
        "source.port": FieldType.LONG,
        "event.risk_score": FieldType.DOUBLE,
        "source.ip": FieldType.IP,
        "event.created": FieldType.DATE,
        "process.elevated": FieldType.BOOLEAN,
        "url.full": FieldType.TEXT,
    }
)
KEYWORDS = ("user.name", "User.Name", "event.code", 'odd "field"?')
PIECES = [
    *"aAbB01 ._-/*?%\\'\"^[]{}()~:",
    *"kK\u212aiIİısſßẞσςΣéÉåÅ\u212b",
    *("登录", "失败", "登", "\n", "\x00", "\U00010400", "\U00010428", "😀", "e\u0301", "AND", "："),
]
POOL = [
    *("root", "ROOT", "Root2", "administrator", "", " ", "a", "A", "ab", "aXb", "a\nb", "a\r\nB", "x\x00y"),
    *(
        "用户登录失败：root",
        "登录",
        "失败 登录",
        "Kelvin \u212a",
        "k",
        "İstanbul",
        "istanbul",
        "ıi",
        "ſs",
        "S",
        "ẞß",
        "SS",
    ),
    *("ΑΣ", "ας", "ασ", "É\u212b", "éå", "e\u0301", "\U00010400", "\U00010428😀", "100%", "100_", "1000", "a*b", "a?b"),
    *("C:\\Windows\\Cmd.EXE", "c:\\windows\\cmd.exe", '"quoted"', "[a-z]{2}", "^a.b$", "(a|b)", "AND", "-1", "a~2"),
]
_pooled = st.sampled_from(POOL)
_text = _pooled | st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
_long_text = st.builds(lambda text, times: text * times, _text, st.sampled_from([1, 1, 1, 1, 1, 500]))
_CODE = ["4624", "4625", "10", "9", "-1", "1e2", "0x10", ""]
_code = st.sampled_from(_CODE)
_WHOLE = [0, 1, -1, 22, 80, 443, 65535, 2**53 + 1, 2**63 - 1, -(2**63)]
_whole = st.sampled_from(_WHOLE)
_NUMBER = [0.0, -1.5, 0.1, 1.0, 99.9, 1e300, 5e-324, 2.0**53]
_number = st.sampled_from(_NUMBER)
_ADDRESS = [
    "192.0.2.1",
    "192.0.2.130",
    "192.0.3.1",
    "10.0.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "2001:db8::",
    "2001:db8::1",
    "2001:db8:1::",
    "2001:db8:0:1::a",
    "fe80::1:2",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "1:2:3:4:5:6:7:8",
]
_address = st.sampled_from(_ADDRESS)
_network = st.sampled_from(
    [
        "192.0.2.0/24",
        "192.0.2.128/25",
        "192.0.0.0/15",
        "0.0.0.0/0",
        "10.0.0.0/8",
        "192.0.2.1/32",
        "2001:db8::/32",
        "2001:db8::/65",
        "::/0",
        "::/1",
        "::1/128",
        "192.0.2.77/26",
        "::ffff:192.0.2.0/120",
    ]
)
_DAY = 86_400_000_000
_START = 20_662 * _DAY  # 2026-07-28
_MOMENT = [0, -1, _START, _START + 1, _START + _DAY - 1, _START + _DAY, _START + 3_600_000_000]
_moment = st.sampled_from(_MOMENT)
_date = st.sampled_from(
    [
        "2026-07-28",
        "2026-07-28T00:00:00Z",
        "2026-07-28T01:00+00:00",
        "2026-07-29T00:00:00.000001Z",
        "1970-01-01",
        "2026-07-28T08:00:00.0+08:00",
        "1969-12-31T23:59:59.999999Z",
    ]
)

_VALUES: dict[FieldType, st.SearchStrategy[Any]] = {
    FieldType.KEYWORD: _long_text | _code,
    FieldType.TEXT: _long_text,
    FieldType.LONG: _whole,
    FieldType.DOUBLE: _number,
    FieldType.IP: _address,
    FieldType.DATE: _moment,
    FieldType.BOOLEAN: st.booleans(),
}
_WRITTEN: dict[FieldType, st.SearchStrategy[str]] = {
    FieldType.KEYWORD: _text | _code,
    FieldType.LONG: _whole.map(str) | st.just("007"),
    FieldType.DOUBLE: _number.map(repr) | st.just("1"),
    FieldType.IP: _address | st.just("2001:DB8:0::1") | st.just("::ffff:192.0.2.1"),
    FieldType.DATE: _date,
    FieldType.BOOLEAN: st.sampled_from(["true", "False"]),
}
_MARKS = {".": ONE, "*": ANY}


@st.composite
def _like_a_value(draw: st.DrawFn) -> Pattern:
    """Draw a part of a text that events hold, in other case, with wildcards for some of its characters."""
    text = draw(_pooled)
    start = draw(st.sampled_from([0, 0, 0, 1, 2]))
    part = text[start : len(text) - draw(st.sampled_from([0, 0, 0, 1, 2]))]
    plan = draw(st.text("====ulcs.*", min_size=len(part), max_size=len(part)))
    end = st.sampled_from(["*", ""])
    pieces = [*map(_written, draw(end), "*"), *map(_written, part, plan), *map(_written, draw(end), "*")]
    return joined_pattern(pieces)


def joined_pattern(pieces: Iterable[str | Wildcard]) -> Pattern:
    """Return the pattern as `parse` makes it: literals next to each other are one, and so are two of `*`."""
    found: list[str | Wildcard] = []
    for piece in pieces:
        last = found[-1] if found else ""
        if isinstance(piece, str) and isinstance(last, str):
            found[-1:] = [last + piece]
        elif piece is not ANY or last is not ANY:
            found.append(piece)
    return tuple(piece for piece in found if piece != "")


def _written(character: str, plan: str) -> str | Wildcard:
    if plan in _MARKS:
        return _MARKS[plan]
    cased = {"u": character.upper(), "l": character.lower(), "c": fold(character), "s": spellings(character)[-1]}
    return cased.get(plan, character)


_pieces = st.lists(_text | st.sampled_from([ANY, ONE]), min_size=1, max_size=5).map(joined_pattern)
_pattern = _like_a_value() | _like_a_value() | _pieces
_names = st.sampled_from([*KEYWORDS, *TYPES.types, "missing"])


def corpus() -> list[Event]:
    """Return events that hold every value of the pools in every field of its type, alone and in lists."""
    pools: dict[FieldType, list[Any]] = {
        FieldType.KEYWORD: [*POOL, *_CODE],
        FieldType.TEXT: POOL,
        FieldType.LONG: _WHOLE,
        FieldType.DOUBLE: _NUMBER,
        FieldType.IP: _ADDRESS,
        FieldType.DATE: _MOMENT,
        FieldType.BOOLEAN: [True, False],
    }
    found: list[Event] = [{"@timestamp": _START}]
    for name in [*KEYWORDS, *TYPES.types]:
        pool = pools[TYPES.of(name)]
        found += [{"@timestamp": _START, name: value} for value in pool]
        if name != "@timestamp":
            found += [{"@timestamp": _START, name: [*pair]} for pair in zip(pool, pool[3:] + pool[:3], strict=True)]
    return found


def events() -> st.SearchStrategy[Event]:
    """Return events with some of the fields, each with one value or a list."""
    return st.fixed_dictionaries(
        {"@timestamp": _moment, "sec_ops.text": st.just("x")},
        optional={name: _field(TYPES.of(name)) for name in [*KEYWORDS, *TYPES.types] if name != "@timestamp"},
    )


def queries() -> st.SearchStrategy[Query]:
    """Return searches that `parse` could have made: no part that its field's type can't have."""
    leaf = st.just(Everything()) | _names.map(Exists) | _names.flatmap(_match) | _default() | _names.flatmap(_range)
    return st.recursive(leaf, _joined, max_leaves=6)


def _field(kind: FieldType) -> st.SearchStrategy[Any]:
    return _VALUES[kind] | st.lists(_VALUES[kind], min_size=1, max_size=3)


def _joined(inner: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return inner.map(Not) | several.map(And) | several.map(Or)


def _literal(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _default() -> st.SearchStrategy[Query]:
    return _pattern.map(lambda pattern: Everything() if pattern == (ANY,) else Match("", pattern))


def _match(name: str) -> st.SearchStrategy[Query]:
    kind = TYPES.of(name)
    if kind in (FieldType.KEYWORD, FieldType.TEXT):
        return (_code.map(_literal) | _pattern).map(lambda pattern: Match(name, pattern))
    written = _network | _WRITTEN[kind] if kind is FieldType.IP else _WRITTEN[kind]
    return written.map(lambda text: Match(name, _literal(text)))


def _range(name: str) -> st.SearchStrategy[Query]:
    kind = TYPES.of(name)
    if kind in (FieldType.TEXT, FieldType.BOOLEAN):
        return st.just(Exists(name))
    bound = st.builds(Bound, _WRITTEN[kind], st.booleans())
    return st.builds(Range, st.just(name), st.none() | bound, bound) | bound.map(lambda lower: Range(name, lower, None))
