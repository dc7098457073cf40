"""YAML in the pages is what the models accept, and every command in a fenced block is one that exists.

A block says which kind it is: ```yaml checks, ```yaml systems, ```yaml hosts; `site` after the kind means that it lies
in a site over the shipped content.
"""

import re
import shlex
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from scripts.reference.commands import command_paths
from sec_ops.cli.app import NOUNS
from sec_ops.compliance.cases import case_fault
from sec_ops.content.kinds import KINDS, PROBES
from sec_ops.content.library import Library
from sec_ops.inventory.hosts import read_hosts
from sec_ops.model.check import Check
from sec_ops.model.site import SiteConfiguration
from tests.docs.pages import ROOT, fenced, markdown_files

SNIPPETS = [(path, words, text) for path in markdown_files() for words, text in fenced(path, "yaml")]
SHELL = [
    (path, text)
    for path in markdown_files()
    for language in ("console", "sh", "bash")
    for _, text in fenced(path, language)
]


def label(value: object) -> str:
    return value.relative_to(ROOT).as_posix() if isinstance(value, Path) else str(value).partition("\n")[0][:40]


@pytest.mark.parametrize(("path", "words", "text"), SNIPPETS, ids=label)
def test_yaml_is_what_the_models_accept(path: Path, words: str, text: str, tmp_path: Path) -> None:
    kind, _, place = words.partition(" ")
    assert kind in {*KINDS, "hosts", "site", "fragment"}, "say which kind of content the block is"
    document: Any = yaml.safe_load(text)
    if kind == "site":
        SiteConfiguration.model_validate(document)
    elif kind == "hosts":
        assert read_hosts(listing(document), lambda *_: ("hosts.yml", 0)).faults == ()
    elif kind != "fragment":
        check_content(kind, place, document, text, tmp_path)


def check_content(kind_name: str, place: str, document: dict[str, Any], text: str, tmp_path: Path) -> None:
    """A snippet of a shipped object is the shipped file, word for word; any other is read as a site's."""
    kind = KINDS[kind_name]
    name = str(document.get("id") or document.get("patches"))
    shipped = Library.open(None).objects(kind).get(name)
    if shipped and place != "site" and not kind.example:
        assert (ROOT / shipped.origin.path).read_text(encoding="utf-8") == text
        return
    file = (
        tmp_path
        / kind.folder
        / ("" if kind.items or "/" not in kind.files[0] else "linux" if "*/" in kind.files[0] else kind.name)
    )
    file = file / (kind.files[0].rpartition("/")[2] if kind.items else f"{name}.yml")
    if kind.named_by == "folder":
        file = tmp_path / kind.folder / name / PurePosixPath(kind.files[0]).name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    library = Library.open(tmp_path)
    assert [f"{fault.place}: {fault.message}" for fault in library.faults(kind)] == []
    if place != "site" and kind_name == "checks":
        assert cases_of(library.objects(kind)[name].value) == []


def cases_of(check: Check) -> list[str]:
    shared = {name: loaded.value for name, loaded in Library.open(None).objects(PROBES).items()}
    assert check.cases
    faults = (case_fault(check, case, shared) for case in check.cases)
    return [f"{fault.case}: {fault.message}" for fault in faults if fault]


def listing(inventory: dict[str, Any]) -> dict[str, Any]:
    """Return what ansible-inventory would list of one level of groups: enough for a snippet."""
    hosts: dict[str, dict[str, Any]] = {}
    for group in ({"all": inventory["all"]}, inventory["all"].get("children", {})):
        for members in group.values():
            for name, own in (members.get("hosts") or {}).items():
                hosts[name] = {**inventory["all"].get("vars", {}), **members.get("vars", {}), **(own or {})}
    return {"all": {"hosts": list(hosts)}, "_meta": {"hostvars": hosts}}


def commands_in(text: str) -> list[list[str]]:
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    commands = [line.removeprefix("$ ").strip() for line in lines]
    found = []
    for line in commands:
        for command in re.split(r"\s*(?:&&|\|\||[|;]) ", line):
            words = split(command)
            if words and words[0].endswith("sec-ops"):
                found.append(words[1:])
    return found


def split(command: str) -> list[str]:
    try:
        return shlex.split(command, comments=True)
    except ValueError:
        return []


@pytest.mark.parametrize(("path", "text"), SHELL, ids=label)
def test_commands_exist(path: Path, text: str) -> None:
    for words in commands_in(text):
        plain = [word for word in without_common(words) if not word.startswith("-")]
        if not plain and "--version" in words:
            continue
        known = any(plain[: len(each.split())] == each.split() for each in command_paths())
        assert known, f"no such command: sec-ops {' '.join(words)}"
        assert plain[0] in NOUNS


def test_advice_names_commands_that_exist() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "sec_ops").rglob("*.py")}
    named = {
        (str(path.relative_to(ROOT)), f"{noun} {verb}")
        for path, text in sources.items()
        for noun, verb in re.findall(r"sec-ops (?:--site \{\w+\} )?([a-z]+) ([a-z][a-z-]*)", text)
        if noun in NOUNS and verb != "of"
    }
    assert len(named) > 50
    assert [each for each in sorted(named) if not any(path.startswith(each[1]) for path in command_paths())] == []


def without_common(words: list[str]) -> list[str]:
    kept, queue = [], list(words)
    while queue:
        word = queue.pop(0)
        if word in ("--site", "--lang"):
            queue[:1] = []
        else:
            kept.append(word)
    return kept


@pytest.mark.parametrize(("path", "text"), SHELL, ids=label)
def test_options_exist(path: Path, text: str) -> None:
    reference = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    for words in commands_in(text):
        plain = [word for word in without_common(words) if not word.startswith("-")]
        command = next(
            (
                each
                for each in sorted(command_paths(), key=len, reverse=True)
                if plain[: len(each.split())] == each.split()
            ),
            "",
        )
        section = reference.partition(f"\n## sec-ops {command}\n")[2].partition("\n## ")[0]
        for option in (word.partition("=")[0] for word in without_common(words) if word.startswith("--")):
            common = option in ("--json", "--jsonl", "--debug", "--no-color", "--help", "--version")
            assert common or option in re.findall(r"--[a-z-]+", section), f"sec-ops {command} has no {option}"


@pytest.mark.parametrize(("path", "text"), SHELL, ids=label)
def test_files_of_the_checkout_exist(path: Path, text: str) -> None:
    """What a block runs of this checkout is there: scripts, tests."""
    named = re.findall(r"(?<![\w/.])(?:scripts|tests|benchmarks|sec_ops)/[\w./-]*\w", text)
    assert [name for name in named if not (ROOT / name).exists()] == []
