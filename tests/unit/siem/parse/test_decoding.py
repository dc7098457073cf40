"""Bytes become text by a stated rule, and none disappears."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.siem.parse.decoding import decode, known_encoding


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (b"plain", "", "plain"),
        ("学籍".encode(), "", "学籍"),
        ("学籍系统登录失败".encode("gbk"), "", "学籍系统登录失败"),
        ("登录 𠀀".encode("gb18030"), "", "登录 𠀀"),
        ("联通".encode("gbk"), "gb18030", "联通"),  # these four bytes are UTF-8 too: only the source can tell
        (b"\xef\xbb\xbf{}", "", "{}"),
        ("a登".encode("utf-16"), "", "a登"),
        ("a登".encode("utf-16-be"), "utf-16-be", "a登"),
        ("word".encode("utf-16-le"), "", "word"),
        (b"\x00" + "word".encode("utf-16-le"), "", "word"),  # cut at the line feed's first byte
        ("word".encode("utf-16-be") + b"\x00", "", "word"),
        (b"a\x00b", "", "a\x00b"),
        (b"\xffbad \xc3(", "", "\\xffbad \\xc3("),
        ("学籍 半".encode()[:-1], "", "学籍 \\xe5\\x8d"),
        ("登录".encode(), "gb18030", "鐧诲綍"),  # what the source says wins where it fits
        (b"\x80", "gb18030", "\\x80"),
        (b"", "", ""),
    ],
)
def test_by_rule(data: bytes, encoding: str, text: str) -> None:
    assert decode(data, encoding) == text


@pytest.mark.parametrize(("name", "known"), [("GBK", "gb18030"), ("UTF8", "utf-8"), ("rot13", ""), ("nothing", "")])
def test_encodings_are_named(name: str, known: str) -> None:
    assert known_encoding(name) == known


@given(data=st.binary(max_size=200), encoding=st.sampled_from(["", "utf-8", "gb18030", "utf-16-le", "latin-1"]))
def test_any_bytes_give_text_that_can_be_stored(data: bytes, encoding: str) -> None:
    decode(data, encoding).encode()
