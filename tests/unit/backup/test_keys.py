"""Passwords for paper, the register of keys, the page."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.backup.keys.page import EscrowPage, escrow_page
from sec_ops.backup.keys.passphrase import make_passphrase, read_typed
from sec_ops.backup.keys.register import KeyRegister, KnownKey
from sec_ops.model.errors import ContentInvalid, UsageError
from sec_ops.runtime.secrets import Secret

BYTES = st.binary(min_size=20, max_size=20)


def made(data: bytes) -> str:
    return make_passphrase(lambda _count: data).get_secret_value()


@given(BYTES)
def test_what_was_made_is_read_however_it_is_typed(data):
    password = made(data)
    assert re.fullmatch(r"([A-Z2-7]{4}-){8}[A-Z2-7]{4}", password)
    for typed in (password, password.lower(), password.replace("-", " "), f"  {password}\n", password.replace("-", "")):
        assert read_typed(typed).get_secret_value() == password


@given(BYTES, st.integers(0, 35), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_one_wrong_letter_is_noticed(data, position, letter):
    plain = made(data).replace("-", "")
    if plain[position] == letter:
        return
    with pytest.raises(UsageError, match="slip"):
        read_typed(plain[:position] + letter + plain[position + 1 :])


@given(BYTES, st.integers(0, 30))
def test_two_letters_changed_over_are_noticed(data, position):
    plain = made(data).replace("-", "")
    if plain[position] == plain[position + 1]:
        return
    swapped = plain[:position] + plain[position + 1] + plain[position] + plain[position + 2 :]
    with pytest.raises(UsageError, match="slip"):
        read_typed(swapped)


@pytest.mark.parametrize("text", ["correct horse battery staple", " leading", "x", "密码"])
def test_a_password_of_another_shape_is_taken_as_it_is(text):
    assert read_typed(text + "\n").get_secret_value() == text


def key(name: str, **more) -> KnownKey:
    return KnownKey(id=name, **({"purpose": "daily", "recorded": "2026-11-26T00:00:00Z"} | more))


def test_the_register_keeps_what_was_put(tmp_path: Path):
    register = KeyRegister(tmp_path / "backup")
    assert register.read() == {}
    register.put("a", "r1", key("k1"))
    register.put("a", "r1", key("k2", purpose="escrow", safe="box"))
    register.put("b", "r2", key("k3"))
    register.drop("b", "k3")
    register.drop("unheard of", "k3")
    again = KeyRegister(tmp_path / "backup").read()
    assert [each.id for each in again["a"].keys] == ["k1", "k2"]
    assert again["b"].keys == ()
    register.put("a", "another repository", key("k9"))
    assert [each.id for each in register.read()["a"].keys] == ["k9"]
    assert (tmp_path / "backup" / "keys.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"repositories": {"a": {}}}', '{"repositories": []}', "\x00"])
def test_a_damaged_register_is_told_and_not_written_over(tmp_path: Path, text):
    path = tmp_path / "keys.json"
    path.write_text(text)
    for strike in (KeyRegister(tmp_path).read, lambda: KeyRegister(tmp_path).put("a", "r", key("k"))):
        with pytest.raises(ContentInvalid):
            strike()
    assert path.read_text() == text


def test_the_page_holds_all_and_nothing_hostile_gets_out():
    hostile = "</td><script>alert(1)</script>'; rm -rf / #"
    page = escrow_page(
        EscrowPage(
            repository=hostile,
            repository_id="r1",
            location=f"/srv/{hostile}",
            key_id="k1",
            safe=hostile,
            person="wang",
            made="2026-11-26T00:00:00Z",
            password=Secret("ABCD-EFGH"),
        )
    ).decode()
    assert "<script" not in page
    assert "ABCD-EFGH" in page
    assert "<svg" in page
    assert "托管密钥" in page
    assert "escrow key" in page
    assert not re.search(r"(src|href)=", page), "the page needs nothing else"
    json.dumps(page)
