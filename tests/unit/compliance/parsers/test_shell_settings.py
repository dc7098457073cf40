"""TMOUT and umask in shell files."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.compliance.parsers.shell_settings import parse


def read(text: str) -> tuple[list[int], bool, list[int]]:
    found = parse(f"==> /etc/profile <==\n{text}", {})
    timeouts, umasks = ([item["value"] for item in found[name]] for name in ("timeouts", "umasks"))
    return timeouts, found["timeout_readonly"], umasks


@pytest.mark.parametrize(
    ("text", "timeouts", "readonly"),
    [
        ("TMOUT=600", [600], False),
        ("export TMOUT=300 # five minutes", [300], False),
        ("readonly TMOUT=600\nexport TMOUT", [600], True),
        ("TMOUT=600; readonly TMOUT; export TMOUT", [600], True),
        ("declare -xr TMOUT='900'", [900], True),
        ("typeset -r -x TMOUT=900", [900], True),
        ("# TMOUT=600", [], False),
        ("#readonly TMOUT", [], False),
        ("TMOUT=600\nunset TMOUT", [600, 0], False),
        ("TMOUT=", [0], False),
        ("TMOUT=$LIMIT", [-1], False),
        ('if [ "$UID" -eq 0 ]; then TMOUT=300; else TMOUT=0; fi', [300, 0], False),
        ("MYTMOUT=600\necho TMOUT=5", [], False),
        ("export HISTSIZE=10 TMOUT=600", [600], False),
    ],
)
def test_timeout(text: str, timeouts: list[int], readonly: bool) -> None:
    assert read(text)[:2] == (timeouts, readonly)


@pytest.mark.parametrize(
    ("text", "umasks"),
    [
        ("umask 027", [0o27]),
        ("  umask 0077", [0o77]),
        ("if [ $UID -gt 199 ]; then\n umask 002\nelse\n umask 022\nfi", [0o2, 0o22]),
        ("umask u=rwx,g=rx,o=", [0o27]),
        ("umask g-w", [-1]),
        ("#umask 077", []),
        ("umask -S", []),
        ("umask\nold=$(umask)", []),
        ("umask $mask", [-1]),
    ],
)
def test_umask(text: str, umasks: list[int]) -> None:
    assert read(text)[2] == umasks


def test_values_name_their_files() -> None:
    found = parse("==> /etc/profile <==\numask 022\n==> /etc/bashrc <==\numask 027", {})
    assert found["umasks"] == [{"file": "/etc/profile", "value": 0o22}, {"file": "/etc/bashrc", "value": 0o27}]


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    with contextlib.suppress(ValueError):
        parse(text, {})
    parse(f"==> /etc/profile <==\n{text}", {})
