"""sudo rules: aliases, includes, tags, and the text that merely looks like separators."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.compliance.parsers.sudoers import parse


def rules(*lines: str, other: str = "") -> Any:
    return parse("==> /etc/sudoers <==\n" + "\n".join(lines) + other, {})["rules"]


def short(rule: dict) -> tuple:
    return rule["user"], rule["host"], rule["run_as"], rule["command"], rule["password"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("root ALL=(ALL:ALL) ALL", [("root", "ALL", "ALL:ALL", "ALL", True)]),
        ("%sudo\tALL=(ALL) NOPASSWD: ALL", [("%sudo", "ALL", "ALL", "ALL", False)]),
        ("%sudo ALL=NOPASSWD:SETENV:ALL", [("%sudo", "ALL", "root", "ALL", False)]),
        ("#1000 ALL = ALL # by number", [("#1000", "ALL", "root", "ALL", True)]),
        (
            "ops ALL = NOPASSWD: /bin/a, PASSWD: /bin/b",
            [("ops", "ALL", "root", "/bin/a", False), ("ops", "ALL", "root", "/bin/b", True)],
        ),
        (
            "a , b  w1, !w2 = (x) /bin/a : ALL = /bin/b",
            [
                ("a", "w1,!w2", "x", "/bin/a", True),
                ("b", "w1,!w2", "x", "/bin/a", True),
                ("a", "ALL", "root", "/bin/b", True),
                ("b", "ALL", "root", "/bin/b", True),
            ],
        ),
        (r"a ALL = /bin/cat /x\:y\,z", [("a", "ALL", "root", r"/bin/cat /x\:y\,z", True)]),
        ("a ALL = sha224:0f0f /bin/ls", [("a", "ALL", "root", "/bin/ls", True)]),
        ("a ALL = TIMEOUT=5m /bin/ls", [("a", "ALL", "root", "/bin/ls", True)]),
        ('Defaults secure_path="/a:/b"', []),
    ],
)
def test_a_line(line: str, expected: list[tuple]) -> None:
    assert [short(rule) for rule in rules(line)] == expected


def test_aliases_of_aliases_are_resolved() -> None:
    found = rules("User_Alias A = x, B : B = y", "Cmnd_Alias C = /bin/a, \\", " /bin/b", "A ALL = NOPASSWD: C, !C")
    assert {(rule["user"], rule["command"]) for rule in found} == {
        (user, command) for user in "xy" for command in ("/bin/a", "/bin/b", "!/bin/a", "!/bin/b")
    }


def test_only_included_files_of_allowed_names_count() -> None:
    drop_ins = "\n==> /etc/sudoers.d/one <==\no ALL=ALL\n==> /etc/sudoers.d/two.bak <==\nt ALL=ALL"
    assert [rule["user"] for rule in rules("@includedir /etc/sudoers.d", other=drop_ins)] == ["o"]
    assert rules("# nothing included", other=drop_ins) == []


def test_an_include_that_was_not_read_is_told() -> None:
    assert parse("==> /etc/sudoers <==\n#include /opt/rules\n#includedir /etc/sudoers.d", {})["missing"] == [
        "/opt/rules"
    ]


def test_authentication_switched_off_for_all() -> None:
    assert rules("Defaults !authenticate", "a ALL=(ALL) ALL")[0]["password"] is False
    assert rules("Defaults:b !authenticate", "a ALL=(ALL) ALL")[0]["password"] is True


@pytest.mark.parametrize(
    ("defaults", "asked"),
    [
        ("Defaults:a !authenticate", False),
        ("Defaults: OPS, %x !authenticate", False),
        ("Defaults:ALL !authenticate", False),
        ("Defaults:b,c !authenticate", True),
        ("Defaults:a authenticate, lecture", True),
        ("Defaults!/bin/x !authenticate", False),
        ("Defaults!/bin/y !authenticate", True),
        ("Defaults>root !authenticate", False),
        ("Defaults@w1 !authenticate", False),
    ],
)
def test_defaults_for_some_spare_them_the_password(defaults: str, asked: bool) -> None:
    assert rules("User_Alias OPS = a, d", defaults, "a ALL=(ALL) /bin/x")[0]["password"] is asked


@pytest.mark.parametrize("text", ["", "==> /etc/sudoers <==\nnonsense", "==> /etc/sudoers <==\n@include /etc/sudoers"])
def test_what_is_not_understood_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text, {})


@given(st.text(alphabet='aA%#!=:,()\\" \n\tL@NOPSWD/', max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        parse(f"==> /etc/sudoers <==\n{text}", {})
