"""Files cut into documents, and what their lines say."""

import pytest

from sec_ops.detection.library.documents import Source, documents
from tests.unit.detection.library.rules import FIRST, SECOND, exception, rule


def read(text: str) -> list[tuple[str, str]]:
    return [(each.path, each.id) for each in documents("a.yml", text.encode(), Source.SITE)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rule(FIRST), [("a.yml", FIRST)]),
        (f"---\n{rule(FIRST)}", [("a.yml", FIRST)]),
        (f"# remark\n---\n{rule(FIRST)}---\n{rule(SECOND)}", [("a.yml", FIRST), ("a.yml#2", SECOND)]),
        (f"{rule(FIRST)}--- # more\n{rule(SECOND)}...\n", [("a.yml", FIRST), ("a.yml#2", SECOND)]),
        (f"{rule(FIRST)}---\r\n{rule(SECOND)}", [("a.yml", FIRST), ("a.yml#2", SECOND)]),
        (f"{rule(FIRST)}description: |\n  a\n  ---\n  b\n", [("a.yml", FIRST)]),
        (f"action: global\n{rule(FIRST)}---\n{rule(SECOND)}", [("a.yml", FIRST)]),
        ("", [("a.yml", "")]),
        (f"id: '{FIRST.upper()}' # ours\n", [("a.yml", FIRST)]),
        (f'id: "{FIRST}"\n', [("a.yml", FIRST)]),
        (f"id:   {FIRST}   # ours\n", [("a.yml", FIRST)]),
        (f"id: {FIRST}\r\n", [("a.yml", FIRST)]),
        (f"related:\n  - id: {SECOND}\n", [("a.yml", "")]),
    ],
)
def test_a_file_is_cut_into_its_documents(text: str, expected: list[tuple[str, str]]) -> None:
    assert read(text) == expected


def test_what_its_lines_say() -> None:
    text = rule(FIRST, "Dump # of memory", more=f"overrides: {FIRST}\nname: dump\n")
    (found,) = documents("a.yml", text.encode(), Source.SITE)
    assert (found.title, found.name, found.level, found.status) == ("Dump", "dump", "high", "test")
    assert found.overrides == FIRST
    assert not found.is_filter


def test_a_filter_is_told_from_a_rule() -> None:
    (found,) = documents("a.yml", exception(FIRST).encode(), Source.SITE)
    assert found.is_filter
