"""What the command-line library says of mistakes and at the frame of help comes in the user's language."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from sec_ops.cli.main import run
from sec_ops.cli.usage import complaint
from sec_ops.model.outcome import Outcome

HAN = re.compile(r"[\u4e00-\u9fff]")
MISTAKES = [
    ("logs import", "argument PATH… is missing", "缺少参数 PATH…", "sec-ops logs import --help"),
    ("logs migrate", "option --to is missing", "缺少选项 --to", "sec-ops logs migrate --help"),
    (
        "logs search --limt 3",
        "there is no option --limt; did you mean: --limit?",
        "没有选项 --limt；是否指：--limit？",
        "sec-ops logs search --help",
    ),
    ("backup --nope", "there is no option --nope", "没有选项 --nope", "sec-ops backup --help"),
    (
        "logs serch",
        "there is no command serch; did you mean: search?",
        "没有命令 serch；是否指：search？",
        "sec-ops logs --help",
    ),
    (
        "logs hold ad",
        "there is no command ad; did you mean: add?",
        "没有命令 ad；是否指：add？",
        "sec-ops logs hold --help",
    ),
    ("xyz", "there is no command xyz", "没有命令 xyz", "sec-ops --help"),
    ("logs search a b c", "too many arguments: b c", "多余的参数：b c", "sec-ops logs search --help"),
    ("logs search --limit", "option --limit needs a value", "选项 --limit 须带取值", "sec-ops logs search --help"),
    (
        "logs search --count=3",
        "option --count takes no value",
        "选项 --count 不带取值",
        "sec-ops logs search --help",
    ),
    ("logs search --limit x", "--limit: it must be a whole number", "--limit：须为整数", "sec-ops logs search --help"),
    (
        "logs search --limit 1.5",
        "--limit: it must be a whole number",
        "--limit：须为整数",
        "sec-ops logs search --help",
    ),
    ("logs search --limit -1", "--limit: it must be at least 0", "--limit：不得小于 0", "sec-ops logs search --help"),
    (
        "logs search --limit 1000000001",
        "--limit: it must be at most 1000000000",
        "--limit：不得大于 1000000000",
        "sec-ops logs search --help",
    ),
    (
        "logs search --format xml",
        "--format: 'xml' is none of 'table', 'json', 'csv'",
        "--format：'xml' 不在可选值之列：'table', 'json', 'csv'",
        "sec-ops logs search --help",
    ),
    ("logs", "a command is missing", "缺少子命令", "sec-ops logs --help"),
]


@pytest.mark.parametrize(("words", "english", "chinese", "command"), MISTAKES, ids=[each[0] for each in MISTAKES])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_mistake_is_told(
    words: str, english: str, chinese: str, command: str, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*words.split(), "--lang", language]) == Outcome.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    expected = (
        [f"error: {english}", f"  next: see: {command}"]
        if language == "en"
        else [f"错误：{chinese}", f"  下一步：查看：{command}"]
    )
    assert err.splitlines()[-2:] == expected


@pytest.mark.parametrize(
    "words", ["", "logs", "logs search", "logs hold", "logs hold add", "audit run", "evidence key"]
)
def test_help_is_framed_in_chinese(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*words.split(), "--help", "--lang", "zh"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"用法：sec-ops {words}".rstrip())
    frame = [line for line in lines if line and not line.startswith(" ")]
    assert all(HAN.search(line) for line in frame), frame
    assert not [line for line in lines if re.search(r"Show this|\[default|required\]|\[OPTIONS\]|ARGS", line)]


def test_help_in_english_is_the_library_s_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["logs", "search", "--help", "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Usage: sec-ops logs search [OPTIONS] [QUERY]\n")
    assert "\nOptions:\n" in out
    assert "[default: table]" in out
    assert "Show this message and exit." in out


VALUES = [
    ("Invalid value for '--x': Input should be a valid number, unable to parse string as a number", "须为数字"),
    ("Invalid value for '--x': Input should be a valid boolean, unable to interpret input", "true"),
    ("Invalid value for '--x': Input should be greater than 0", "须大于 0"),
    ("Invalid value for '--x': Input should be less than 9", "须小于 9"),
    ("Invalid value for '--x': File 'a b' does not exist.", "'a b' 不存在"),
    ("Invalid value for 'PATH': Directory 'a' is a file.", "'a' 是文件"),
    ("Invalid value for 'PATH': File 'a' is a directory.", "'a' 是文件夹"),
    ("Invalid value for 'PATH': Path 'a' is not readable.", "'a' 无法读取"),
    ("Invalid value for 'PATH': Path 'a' is not writable.", "'a' 无法写入"),
    ("Option '--pair' requires 2 arguments.", "选项 --pair 须带 2 个取值"),
    ("Argument 'pair' takes 2 values.", "参数 pair 须有 2 个取值"),
]


@pytest.mark.parametrize(("text", "chinese"), VALUES)
def test_what_no_command_of_ours_asks_for_yet(text: str, chinese: str) -> None:
    from sec_ops.runtime.language import translator

    assert chinese in complaint(text).render(translator("zh"))


def test_what_is_unknown_stays_as_it_is() -> None:
    assert str(complaint("Something new.")) == "Something new."
    assert str(complaint("Invalid value for '--x': something new")) == "--x: something new"


def _texts() -> Iterator[str]:
    """Yield every complaint that stands in the library's source, its values written as 7."""
    raising = {"fail", "UsageError", "BadParameter", "BadOptionUsage", "BadArgumentUsage", "MissingParameter"}
    folder = Path(typer.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        if path.name in {"termui.py", "_termui_impl.py", "testing.py", "cli.py"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
            if name in raising:
                yield from (_written(each) for each in node.args if isinstance(each, ast.JoinedStr))  # type: ignore[attr-defined]


def _written(text: ast.JoinedStr) -> str:
    parts = [each.value if isinstance(each, ast.Constant) else _value(each) for each in text.values]
    return "".join(map(str, parts))


def _value(each: ast.expr) -> str:
    named = ast.unparse(each)
    known = {"label": "File", "msg": "an argument.", "loc": "'7'"}
    found = next((value for name, value in known.items() if f"{{{name}}}" in named), "7")
    return f"'{found}'" if "!r" in named else found


TEXTS = sorted(set(_texts()) - {"'7': 7"})
"""Without a file's name and what the system says of it: there is nothing of the library's in that."""


def test_the_source_has_texts() -> None:
    assert len(TEXTS) >= 8


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_of_the_library_is_known(text: str) -> None:
    alone, of_a_value = str(complaint(text)), str(complaint(f"Invalid value for '--x': {text}"))
    assert alone != text or of_a_value != f"--x: {text}"
