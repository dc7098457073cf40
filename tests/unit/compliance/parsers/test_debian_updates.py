"""Versions compared as dpkg does."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.compliance.parsers import parser

parse = parser("debian_updates")


@pytest.mark.parametrize(
    ("installed", "offered", "newer"),
    [
        ("3.0.11-1~deb12u2", "3.0.15-1~deb12u1", True),
        ("1.2.4-0.2+deb12u1", "1.2.4-0.2+deb12u1", False),
        ("2:9.0-1", "1:99-1", False),
        ("1.0~rc1-1", "1.0-1", True),
        ("1.0-1", "1.0~rc1-1", False),
        ("1.0-1", "1.0+b-1", True),
        ("1.0-9", "1.0-10", True),
        ("1.0", "1.0-0", False),
        ("1.0a", "1.0+", True),
    ],
)
def test_newer(installed: str, offered: str, newer: bool) -> None:
    assert parse(f"openssl {installed} {offered}\n", {}) == (["openssl"] if newer else [])


def test_an_odd_line_is_a_fault() -> None:
    with pytest.raises(ValueError, match="not package"):
        parse("openssl 1.0\n", {})


VERSION = st.from_regex(r"\A([0-9]:)?[0-9][a-z0-9.+~]{0,6}(-[a-z0-9.+~]{1,4})?\Z")


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not installed")
@settings(max_examples=40, deadline=None)
@given(installed=VERSION, offered=VERSION)
def test_agrees_with_dpkg(installed: str, offered: str) -> None:
    done = subprocess.run(["dpkg", "--compare-versions", offered, "gt", installed], check=False, capture_output=True)
    assert bool(parse(f"p {installed} {offered}", {})) is (done.returncode == 0)
