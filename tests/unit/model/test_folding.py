"""Case is taken away character by character; what folds to a character is known completely."""

import pytest

from sec_ops.model.folding import caseless, fold, spellings


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Root", "root"),
        ("É", "é"),
        ("ẞ", "ß"),
        ("SS", "ss"),
        ("ΑΣ", "ασ"),
        ("ς", "ς"),
        ("İ", "i"),
        ("I", "i"),
        ("ı", "ı"),
        ("\u212a", "k"),
        ("\u212b", "å"),
        ("ſ", "ſ"),
        ("登录", "登录"),
        ("Ａ", "ａ"),
        ("\U00010400", "\U00010428"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert len(fold(text)) == len(text)


def test_spellings_are_all_characters_that_fold_to_one() -> None:
    wanted: dict[str, set[str]] = {}
    for code in range(0x110000):
        wanted.setdefault(fold(chr(code)), set()).add(chr(code))
    for character, all_of_them in wanted.items():
        if len(all_of_them) > 1:
            assert set(spellings(character)) == all_of_them
    assert spellings("登") == "登"


def test_caseless_text_is_written_in_one_way() -> None:
    assert caseless("4625 登录/。")
    assert not any(map(caseless, ["a", "登录k", "å"]))
