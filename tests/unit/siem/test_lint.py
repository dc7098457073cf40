"""What `content lint` says of log parsers that can't work, with the line of each."""

from pathlib import Path

import pytest

from sec_ops.content.kinds import FIELDS, PARSERS
from sec_ops.content.library import Library
from sec_ops.content.lint import lint
from sec_ops.model.content import Layer
from sec_ops.siem.events import FieldType
from sec_ops.siem.lint import RULES
from sec_ops.siem.parse.loading import field_types, load_understanding
from tests.unit.siem.parse.support import events, origin

HEAD = """\
id: mine
title: {zh: 我的, en: mine}
dataset: mine
"""
SOUND = HEAD + "engine: json\nrecognise: {keys: [mine]}\nmap: {mine: labels.mine}\n"


def site(folder: Path, text: str, samples: str = "{}\n") -> Library:
    parser = folder / "rules/parsers/mine"
    for name in ("samples", "expected"):
        (parser / name).mkdir(parents=True)
        if samples:
            (parser / name / "a.jsonl").write_text(samples)
    (parser / "parser.yml").write_text(text)
    return Library.open(folder)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (HEAD + "engine: jsom\n", 4, "there is no engine jsom"),
        (HEAD + "engine: json\noptions:\n  outside: [x]\n", 6, "engine json has no option outside"),
        (HEAD + "engine: pattern\noptions: {patterns: ['(']}\n", 5, "the engine refuses its options: missing ): ("),
        (
            HEAD + "engine: json\nrecognise:\n  content: ['(?<=x)']\n",
            6,
            "not a RE2 pattern: invalid perl operator: (?<=",
        ),
        (HEAD + "engine: json\njoin: {by: serial, pattern: '('}\n", 5, "not a RE2 pattern: missing ): ("),
        (HEAD + "engine: json\nheading: '['\n", 5, "not a RE2 pattern: missing ]: ["),
        (HEAD + "engine: json\ntime:\n  field: t\n  formats: ['%Q']\n", 7, "the time form has no %Q"),
        (HEAD + "engine: json\ntime:\n  field: t\n  zone: Asia/Peking\n", 7, "there is no time zone Asia/Peking"),
        (HEAD + "engine: json\nmap:\n  a: user.nam\n", 6, "the field catalogue has no user.nam"),
        (
            HEAD + "engine: json\nmap:\n  a: {to: [sec_ops.unit]}\n",
            6,
            "sec_ops.unit is set by the program, never by a parser",
        ),
        (HEAD + "engine: json\nconstants: {event.kinds: x}\n", 5, "the field catalogue has no event.kinds"),
    ],
)
def test_each_fault_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    library = site(tmp_path, text)
    faults = [
        (fault.line, str(fault.message)) for fault in lint(library, RULES, PARSERS, FIELDS) if "mine" in fault.file
    ]
    assert faults == [(line, message)]


def test_samples_are_wanted(tmp_path: Path) -> None:
    faults = [
        fault for fault in lint(site(tmp_path, SOUND, samples=""), RULES, PARSERS, FIELDS) if "mine" in fault.file
    ]
    assert [str(fault.message) for fault in faults] == ["there is no file in samples/", "there is no file in expected/"]


def test_a_site_adds_replaces_and_switches_off(tmp_path: Path) -> None:
    """Parsers and fields are overlaid as any content is; the folder's name is the parser's id."""
    library = site(tmp_path, SOUND)
    fields = tmp_path / "rules/fields"
    fields.mkdir()
    (fields / "own.yml").write_text("fields:\n  - {id: labels.size, type: long, title: {zh: 大小, en: size}}\n")
    patched, replaced = (tmp_path / f"rules/parsers/{name}" for name in ("sshd", "json"))
    patched.mkdir()
    (patched / "parser.yml").write_text("patches: sshd\nenabled: false\n")
    replaced.mkdir()
    text = SOUND.replace("id: mine", "id: json\noverrides: json").replace("keys: [mine]", "keys: ['*'], priority: 90")
    (replaced / "parser.yml").write_text(text.replace("labels.mine}", "labels.mine, size: labels.size}"))
    assert library.faults(PARSERS, FIELDS) == ()
    assert library.objects(PARSERS)["mine"].origin.layer is Layer.SITE
    assert field_types(library).of("labels.size") is FieldType.LONG
    understand = load_understanding(library)
    first, second, third = events(
        understand,
        [b'{"mine":"a"}', b'{"size":"7"}', b"<38>Nov 26 08:00:00 h sshd[1]: Invalid user a from ::1 port 1"],
        origin(),
    )
    assert (first["sec_ops.parser"], first["labels.mine"]) == ("mine", "a")
    assert (second["sec_ops.parser"], second["labels.size"]) == ("json", 7)
    assert third["event.dataset"] == "syslog"


def test_the_folder_is_the_id(tmp_path: Path) -> None:
    (fault,) = site(tmp_path, SOUND.replace("id: mine", "id: other")).faults(PARSERS)
    assert (fault.line, str(fault.message)) == (1, "the id is other, the folder mine")


def test_shipped_parsers_and_fields_are_sound() -> None:
    assert lint(Library.open(None), RULES, PARSERS, FIELDS) == ()
