"""`sec-ops detect import`: what a release changes, what stays, and what is sealed of it."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.main import run
from sec_ops.content.library import Library
from sec_ops.detection.library.loading import load_rules
from tests.unit.detection.library.conftest import Command
from tests.unit.detection.library.rules import FIRST, SECOND, THIRD, exception, put, rule

BROKEN = "title: broken\nid: 66666666-6666-4666-8666-666666666666\ndetection:\n  a: 1\n"


def zipped(folder: Path, name: str, files: dict[str, str]) -> Path:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return put(folder, name, stream.getvalue())


@pytest.fixture
def august(tmp_path: Path) -> Path:
    files = {"sigma-08/a.yml": rule(FIRST, "One"), "sigma-08/b.yml": rule(SECOND, "Two"), "sigma-08/x.yml": BROKEN}
    return zipped(tmp_path, "sigma-08.zip", files)


@pytest.fixture
def september(tmp_path: Path) -> Path:
    files = {
        "sigma-09/moved/a.yml": rule(FIRST, "One"),
        "sigma-09/c.yml": rule(THIRD, "Three", level="low"),
        "sigma-09/b.yml": rule(SECOND, "Two", value="other", level="critical"),
    }
    return zipped(tmp_path, "sigma-09.zip", files)


def ids(entries: list[dict[str, Any]]) -> list[str]:
    return sorted(each["id"] for each in entries)


def imported(site: Path) -> list[str]:
    library = load_rules(Library.open(site))
    return sorted(each.rule.header.id for each in library.listed if each.source == "imported")


def test_a_release_comes_into_force(site: Path, command: Command, august: Path) -> None:
    code, dry = command("detect", "import", august, "--dry-run")
    assert code == 3
    assert imported(site) == []
    code, done = command("detect", "import", august)
    assert code == 3
    assert imported(site) == [FIRST, SECOND]
    assert ids(done["added"]) == sorted([FIRST, SECOND, "66666666-6666-4666-8666-666666666666"])
    assert (dry["dry_run"], done["dry_run"]) == (True, False)
    assert dry["release"]["sha256"] == done["release"]["sha256"]
    assert [(each["path"], bool(each["reason"])) for each in done["refused"]] == [("x.yml", True)]
    _, entries = command("evidence", "list")
    (sealed,) = [each for each in entries["entries"] if each["kind"] == "detection.rules_imported/1"]
    _, shown = command("evidence", "show", sealed["seq"])
    assert shown["entry"]["data"] == {
        "release": "sigma",
        "sha256": done["release"]["sha256"],
        "source": "sigma-08.zip",
        "source_sha256": done["release"]["source_sha256"],
        "files": 3,
        "added": 3,
        "changed": 0,
        "removed": 0,
        "refused": 1,
    }


def test_an_update_shows_its_difference_and_keeps_what_the_site_decided(
    site: Path, command: Command, august: Path, september: Path
) -> None:
    command("detect", "import", september)
    put(site, "rules/detection/filters/backup.yml", exception(FIRST, THIRD))
    put(site, "rules/detection/own/three.yml", rule(THIRD, "Ours", more=f"overrides: {THIRD}\n"))
    put(site, "rules/detection/changes.yml", f"rules:\n  - {{id: {THIRD}, enabled: false, reason: noise}}\n")
    code, done = command("detect", "import", august)
    assert code == 3
    assert ids(done["removed"]) == [THIRD]
    assert [(each["id"], each["level_before"], each["level"]) for each in done["changed"]] == [
        (SECOND, "critical", "high")
    ]
    assert done["same"] == 1
    assert done["look_at"] == [
        f"the exception rules/detection/filters/backup.yml names {THIRD}, which is removed",
        f"rules/detection/own/three.yml overrides {THIRD}, which is removed",
        f"changes.yml names {THIRD}, which is removed",
    ]
    library = load_rules(Library.open(site))
    assert sorted(
        (each.rule.header.title["en"], each.enabled) for each in library.listed if each.source != "shipped"
    ) == [
        ("One", True),
        ("Ours", False),
        ("Two", True),
    ]


def test_the_same_release_again_changes_nothing(site: Path, command: Command, september: Path) -> None:
    command("detect", "import", september)
    before = sorted(site.rglob("rules/**/*"))
    code, again = command("detect", "import", september)
    assert (code, again["already_in_force"], again["same"]) == (0, True, 3)
    assert sorted(site.rglob("rules/**/*")) == before


def test_importing_again_mends_a_release(site: Path, command: Command, september: Path) -> None:
    command("detect", "import", september)
    (path,) = site.rglob("imported/sigma/*/c.yml")
    path.write_text(rule(THIRD, "Forged"))
    assert imported(site) == sorted([FIRST, SECOND])
    code, again = command("detect", "import", september)
    assert (code, again["already_in_force"]) == (0, False)
    assert imported(site) == sorted([FIRST, SECOND, THIRD])


def test_releases_of_two_names_stand_side_by_side(site: Path, command: Command, august: Path, september: Path) -> None:
    command("detect", "import", august)
    command("detect", "import", september, "--as", "threats")
    assert imported(site) == sorted([FIRST, SECOND, THIRD])


@pytest.mark.parametrize("name", ["../up", "", "Sigma", "a/b", ".hidden"])
def test_a_name_is_a_name(site: Path, command: Command, september: Path, name: str) -> None:
    code, _ = command("detect", "import", september, "--as", name)
    assert code == 2
    assert not list(site.rglob("release.json"))


def test_what_a_person_sees(site: Path, september: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    title = "Three\x1b[31m\u202e"
    hostile = zipped(tmp_path, "hostile.zip", {"c.yml": rule(THIRD, title), "..\\d.yml": rule(FIRST)})
    run(["--site", str(site), "detect", "import", str(september)])
    capsys.readouterr()
    assert run(["--site", str(site), "detect", "import", str(hostile)]) == 3
    shown = capsys.readouterr().out
    assert "0 added, 1 changed, 2 removed" in shown
    assert "low → high" in shown
    assert run(["--site", str(site), "--lang", "zh", "detect", "import", str(september)]) == 0
    assert "高 → 低" in capsys.readouterr().out
    assert not set(shown) & {"\x1b", "\u202e"}


def test_lint_tells_of_an_exception_that_cannot_be_read(site: Path, command: Command) -> None:
    put(site, "rules/detection/filters/good.yml", exception(FIRST))
    assert command("content", "lint")[0] == 0
    put(site, "rules/detection/filters/bad.yml", exception(FIRST).replace("condition: not ours", "condition: not x"))
    assert command("content", "lint")[0] == 4
