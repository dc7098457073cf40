"""Generic parsers: tables of cases; no text makes one raise anything but ValueError."""

import contextlib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sec_ops.compliance.parsers import parser, parser_names

CASES: list[tuple[str, dict[str, Any], str, Any]] = [
    ("text", {}, "a b \n\n", "a b"),
    ("lines", {}, "a\n\n  b \n", ["a", "b"]),
    ("config_lines", {}, "# c\n a 1\n\n#\nb", ["a 1", "b"]),
    ("config_lines", {"comment": "#;"}, "; c\na", ["a"]),
    ("integer", {}, " -12\n", -12),
    ("key_value", {}, "# c\nA  1 2\nB\nA 3\n", {"A": "3", "B": ""}),
    (
        "key_value",
        {"separator": "="},
        'ID=debian\nNAME="De bian"\nX = y=z',
        {"ID": "debian", "NAME": "De bian", "X": "y=z"},
    ),
    ("key_value", {"separator": ":", "lower_keys": True}, "Ab: C", {"ab": "C"}),
    ("table", {"columns": ["a", "b"]}, "1  2 3\n4\n", [{"a": "1", "b": "2 3"}, {"a": "4", "b": ""}]),
    ("table", {"columns": ["a", "b"], "separator": "\t"}, "1 x\t2", [{"a": "1 x", "b": "2"}]),
    ("table", {"columns": ["a", "b"], "separator": ":", "comment": "#"}, "#\na::b", [{"a": "a", "b": ":b"}]),
    ("files", {}, "==> /etc/a <==\nx\n\n==> /etc/b <==\n", {"/etc/a": "x", "/etc/b": ""}),
    ("json", {}, '{"a": [1, true]}', {"a": [1, True]}),
    (
        "octal_modes",
        {},
        "640 root shadow /etc/a b\n",
        [{"mode": 0o640, "owner": "root", "group": "shadow", "path": "/etc/a b"}],
    ),
]
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("integer", {}, "12 x"),
    ("integer", {}, ""),
    ("integer", {}, "9" * 30),
    ("table", {}, "a b"),
    ("files", {}, "x\n==> /a <=="),
    ("json", {}, "NaN"),
    ("octal_modes", {}, "rw- root root /x"),
    ("sshd_effective", {}, ""),
    ("sshd_effective", {}, "sshd: no hostkeys available"),
    ("pam", {}, "==> /etc/pam.d/a <==\nauth required"),
    ("pam", {}, "==> /etc/pam.d/a <==\nauth include b\n==> /etc/pam.d/b <==\nauth include a"),
]


@pytest.mark.parametrize(("name", "options", "text", "expected"), CASES)
def test_parses(name: str, options: dict[str, Any], text: str, expected: Any) -> None:
    assert parser(name)(text, options) == expected


@pytest.mark.parametrize(("name", "options", "text"), REFUSED)
def test_refuses_what_it_does_not_understand(name: str, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parser(name)(text, options)


@pytest.mark.parametrize("name", sorted(parser_names()))
@given(text=st.text() | st.text(alphabet="=> </etc:pam.d\n#[]@include auth0123456789{}\"'\\"))
@example(text="==> /etc/pam.d/a <==\n@include a")
@example(text="[" * 100_000)
def test_never_raises_anything_else(name: str, text: str) -> None:
    with contextlib.suppress(ValueError, RecursionError):
        parser(name)(text, {"columns": ["a"]} if name == "table" else {})
