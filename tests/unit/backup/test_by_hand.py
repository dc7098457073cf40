"""Lines for a person to type: bash reads back what was meant, and nothing in them is invisible."""

import subprocess

from hypothesis import given
from hypothesis import strategies as st

from sec_ops.backup.by_hand import Hand, below, word
from sec_ops.model.text import printable

_ODD = ["", "-n", "a b", "it's", "$HOME `id`", "line\nend", "\x1b[2J", "\u202eevil", "\u5b66\u7c4d", "back\\slash"]
_ODD += ["\udcff", "!x", "~", "*", "\u00e9\u0301"]
_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


def _read_back(words: list[str]) -> list[bytes]:
    line = "printf '%s\\0' " + " ".join(words)
    done = subprocess.run(["bash", "-c", line.encode("utf-8")], capture_output=True, check=True, env={"HOME": "/x"})
    return done.stdout.split(b"\0")[:-1]


def test_bash_reads_words_back() -> None:
    assert _read_back([word(each) for each in _ODD]) == [each.encode("utf-8", "surrogateescape") for each in _ODD]


@given(_TEXT)
def test_a_word_is_one_line_of_what_can_be_seen(text: str) -> None:
    spelled = word(text)
    assert printable(spelled) == spelled
    assert "\n" not in spelled
    assert "\t" not in spelled


@given(st.lists(_TEXT, min_size=1, max_size=100))
def test_bash_reads_any_text_back(texts: list[str]) -> None:
    assert _read_back([word(each) for each in texts]) == [each.encode() for each in texts]


def test_paths_come_back_below_one_folder() -> None:
    assert below("/srv/a b") == "\"$TO\"'/srv/a b'"


def test_parts_are_named_by_run_source_and_part() -> None:
    hand = Hand(system="records", source="database")
    assert hand.dump("dump", "a b.sql") == "restic dump latest --tag \"run:$RUN,source:database,part:dump\" '/a b.sql'"
    assert hand.restore("files") == 'restic restore latest --tag "run:$RUN,source:database,part:files" --target "$TO"'
    assert hand.kept("x y") == "\"$TO\"/'records.database.x y'"
