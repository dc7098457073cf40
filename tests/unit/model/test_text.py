"""Hostile text becomes readable and harmless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.model.text import printable


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("plain", "plain"),
        ("中文 text", "中文 text"),
        ("\x1b[31m", r"\x1b[31m"),
        ("a\r\nb", "a\\x0d\nb"),
        ("tab\there", "tab\there"),
        ("\u202eevil", r"\u202eevil"),
        ("\udcff", r"\udcff"),
        ("\u2028", r"\u2028"),
        ("\U000e0001", r"\U000e0001"),
        ("\x7f", r"\x7f"),
    ],
)
def test_table(given_text: str, shown: str) -> None:
    assert printable(given_text) == shown


@given(st.text())
def test_nothing_dangerous_remains_and_twice_is_once(text: str) -> None:
    shown = printable(text)
    assert not [c for c in shown if c not in "\t\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}]
    assert printable(shown) == shown
    shown.encode()
