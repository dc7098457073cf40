"""Hostile text becomes readable and harmless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.model.text import bytes_text, printable


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


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (322_754, "323 kB"),
        (9_940_000, "9.9 MB"),
        (1_234_000_000_000, "1.2 TB"),
    ],
)
def test_bytes_as_people_read_them(count: int, text: str) -> None:
    assert bytes_text(count) == text
