"""No text without its Chinese, none stale, and no Chinese outside the catalogues."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sec_ops"
KEYWORDS = {"_": None, "message": None, "gettext": None, "ngettext": (1, 2), "translate": None}
METHODS = [("**.py", "python"), ("**/html/*.html", "jinja2.ext:babel_extract")]
ROOMS = sorted((PACKAGE / "locale" / "zh_CN").glob("*.po"))
OWN_LANGUAGE = {"verify.py"}  # one file for an auditor, which carries its own texts


def _used() -> Iterator[tuple[str, str]]:
    options = {"**/html/*.html": {"extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true"}}
    for name, _line, text, _comments, _context in extract_from_dir(PACKAGE, METHODS, options, keywords=KEYWORDS):
        for each in text if isinstance(text, tuple) else (text,):
            yield each, name


def _translated() -> dict[str, str]:
    entries = {}
    for room in ROOMS:
        with room.open("rb") as stream:
            for entry in read_po(stream):
                if entry.id:
                    assert not entry.fuzzy, f"{room.name}: {entry.id}"
                    entries[str(entry.id)] = str(entry.string)
    return entries


USED = sorted(_used())
TRANSLATED = _translated()


def test_every_text_has_its_chinese() -> None:
    missing = {f"{name}: {text}" for text, name in USED if not TRANSLATED.get(text)}
    assert not missing, "\n".join(sorted(missing))


def test_no_translation_is_stale() -> None:
    stale = set(TRANSLATED) - {text for text, _ in USED}
    assert not stale, "\n".join(sorted(stale))


def test_placeholders_are_the_same() -> None:
    pattern = re.compile(r"\{\w+\}|%\(\w+\)s")
    wrong = [
        text for text, chinese in TRANSLATED.items() if set(pattern.findall(text)) != set(pattern.findall(chinese))
    ]
    assert not wrong


def test_one_text_has_one_translation() -> None:
    seen: dict[str, tuple[str, str]] = {}
    for room in ROOMS:
        with room.open("rb") as stream:
            for entry in read_po(stream):
                known = seen.setdefault(str(entry.id), (room.name, str(entry.string)))
                assert not entry.id or known[1] == entry.string, f"{room.name} and {known[0]} differ: {entry.id}"


@pytest.mark.parametrize(
    "path", [path for path in sorted(PACKAGE.rglob("*.py")) if path.name not in OWN_LANGUAGE], ids=str
)
def test_no_chinese_literal_in_code(path: Path) -> None:
    lines = path.read_text().splitlines()
    literal = re.compile(r"[\"'][^\"']*[\u4e00-\u9fff]")
    code = [line for line in lines if not line.lstrip().startswith(("#", '"""'))]
    docstring = re.compile(r'"""[\s\S]*?"""')
    text = docstring.sub("", "\n".join(code))
    found = [line for line in text.splitlines() if literal.search(line.partition("#")[0])]
    assert not found, found
