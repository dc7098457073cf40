"""Sources not verified on a real system: what they say to programs, and how they take answers.

The answers were written by us, after the vendors' documented forms as remembered, and confirmed by nobody.
"""

import json
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.source import Arguments, Order
from sec_ops.backup.sources import kinds, source_of
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.model.errors import EngineError, ProgramFailed
from sec_ops.model.protocols import Completed
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secret

_SECRET = "pass\"word'1"
_PROGRAM = """#!{python}
import json, os, sys
told = json.load(open({answers!r}))
with open({heard!r}, "a") as heard:
    said = "" if {metered} else sys.stdin.read()
    secret = {{name: os.environ[name] for name in ("SQLCMDPASSWORD", "SECRET") if name in os.environ}}
    passfile = os.environ.get("PASSFILE")
    secret |= {{"PASSFILE": open(passfile).read()}} if passfile else {{}}
    print(json.dumps([sys.argv[1:], said, secret]), file=heard)
for word, answer in told.items():
    if word in " ".join(sys.argv) + said:
        print(answer["says"])
        sys.exit(answer.get("code", 0))
sys.exit(99)
"""


@dataclass(frozen=True, slots=True)
class _Doors:
    """The real doors, with programs of our own found first."""

    folder: Path
    clock: SystemClock = field(default_factory=SystemClock)
    python: str = sys.executable

    def run(self, arguments: Arguments, *, stdin: bytes = b"", deadline_seconds: float) -> Completed:
        words = ("env", f"PATH={self.folder}:/usr/bin:/bin", *arguments)
        return LocalDoors(clock=self.clock).run(words, stdin=stdin, deadline_seconds=deadline_seconds)

    def talk(self, arguments: Arguments, *, deadline_seconds: float):
        return LocalDoors(clock=self.clock).talk(arguments, deadline_seconds=deadline_seconds)

    def report(self):
        return LocalDoors(clock=self.clock).report()


def _order(place: Path, program: str, answers: Mapping[str, object], kind: str, **settings: object) -> Order:
    path = place / program
    told = place / "answers.json"
    told.write_text(json.dumps(answers))
    values = {"python": sys.executable, "answers": str(told), "heard": str(place / "heard")}
    path.write_text(_PROGRAM.format(**values, metered=program == "sys_dump"))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    source = SourceSettings(id="data", kind=kind, settings=settings)
    return Order(source=source, doors=_Doors(place), last_good=lambda _part: None, secret=Secret(_SECRET))


def _heard(folder: Path) -> list[tuple[list[str], str, dict[str, str]]]:
    return [tuple(json.loads(line)) for line in (folder / "heard").read_text().splitlines()]


def test_which_kinds_are_verified() -> None:
    assert [kind for kind in kinds() if not source_of(kind).verified] == [
        "dm8",
        "kingbase",
        "mysql",
        "sqlserver",
        "windows_files",
    ]


_BACKED_UP = (
    "Processed 344 pages for database 'card', file 'card' on file 1.\n"
    "BACKUP DATABASE successfully processed 346 pages in 0.040 seconds (67.504 MB/sec)."
)
_VALID = "The backup set on file 1 is valid."


def test_sqlserver(tmp_path: Path) -> None:
    answers = {"BACKUP DATABASE": {"says": _BACKED_UP}, "RESTORE VERIFYONLY": {"says": _VALID}}
    settings = {"user": "keeper", "database": "ca]rd", "folder": str(tmp_path)}
    (tmp_path / "ca]rd.bak").touch()
    with source_of("sqlserver").open(_order(tmp_path, "sqlcmd", answers, "sqlserver", **settings)) as capture:
        assert [str(path) for part in capture.parts for path in part.paths] == [f"{tmp_path}/ca]rd.bak"]
        assert (tmp_path / "ca]rd.bak").exists()
    assert not (tmp_path / "ca]rd.bak").exists()
    (first, _stdin, secret), (second, *_others) = _heard(tmp_path)
    assert secret == {"SQLCMDPASSWORD": _SECRET}
    assert _SECRET not in " ".join(first + second)
    assert {"-N", "-b"} <= set(first)
    assert "-C" not in first
    assert first[-1].startswith(f"BACKUP DATABASE [ca]]rd] TO DISK = N'{tmp_path}/ca]rd.bak' WITH COPY_ONLY, CHECKSUM")
    assert second[-1].startswith("RESTORE VERIFYONLY FROM DISK")


@pytest.mark.parametrize(
    "answers",
    [
        {"BACKUP DATABASE": {"says": "Msg 911, Level 16, State 11\nDatabase 'card' does not exist.", "code": 1}},
        {"BACKUP DATABASE": {"says": "BACKUP DATABASE is terminating abnormally."}},
        {"BACKUP DATABASE": {"says": _BACKED_UP}, "RESTORE VERIFYONLY": {"says": "VERIFY DATABASE is terminating"}},
    ],
)
def test_sqlserver_that_does_not_say_so_is_no_backup(tmp_path: Path, answers: dict[str, object]) -> None:
    settings = {"user": "keeper", "database": "card", "folder": str(tmp_path)}
    opened = source_of("sqlserver").open(_order(tmp_path, "sqlcmd", answers, "sqlserver", **settings))
    with pytest.raises(ProgramFailed), opened:
        pass


def test_dm8(tmp_path: Path) -> None:
    answers = {"BACKUP DATABASE": {"says": "executed successfully\nused time: 00:00:01.379. Execute id is 85."}}
    settings = {"user": "SYSDBA", "folder": str(tmp_path)}
    with source_of("dm8").open(_order(tmp_path, "disql", answers, "dm8", **settings)) as capture:
        assert [str(path) for part in capture.parts for path in part.paths] == [f"{tmp_path}/sec-ops"]
    ((arguments, said, _secret),) = _heard(tmp_path)
    assert arguments == ["/nolog"]
    assert said.splitlines() == [
        'CONNECT SYSDBA/"pass""word\'1"@localhost:5236;',
        f"BACKUP DATABASE FULL BACKUPSET '{tmp_path}/sec-ops';",
        "EXIT;",
    ]


@pytest.mark.parametrize("secret", [_SECRET, _SECRET.replace('"', '""')])
@pytest.mark.parametrize("code", [0, 3])
def test_dm8_that_refuses_is_no_backup(tmp_path: Path, code: int, secret: str) -> None:
    answers = {"BACKUP DATABASE": {"says": f"[-2501]:Invalid username or password {secret}.", "code": code}}
    opened = source_of("dm8").open(_order(tmp_path, "disql", answers, "dm8", user="SYSDBA", folder=str(tmp_path)))
    with pytest.raises(EngineError) as caught, opened:
        pass
    assert "[-2501]" in caught.value.why
    assert secret not in caught.value.why


def test_kingbase(tmp_path: Path) -> None:
    order = _order(tmp_path, "sys_dump", {"--format": {"says": "KDMP"}}, "kingbase", user="keeper", database="records")
    with source_of("kingbase").open(order) as capture:
        (part,) = capture.parts
        done = order.doors.run(part.command, deadline_seconds=60)
        assert (done.exit_code, done.stdout) == (0, b"KDMP\n")
        assert capture.facts().dumped[0].bytes == 5
    ((arguments, _said, secret),) = _heard(tmp_path)
    assert secret["PASSFILE"].startswith("*:*:*:*:pass")
    assert "passfile='/proc/self/fd/" in arguments[1]
    assert {"--compress=0", "--no-password"} <= set(arguments)


def test_windows_files(tmp_path: Path) -> None:
    order = _order(tmp_path, "none", {}, "windows_files", paths=["D:\\records"])
    with source_of("windows_files").open(order) as capture:
        (part,) = capture.parts
    assert [str(path) for path in part.paths] == ["D:\\records"]
    assert part.options == ("--use-fs-snapshot",)


def test_a_content_system_tells_what_changed_since_its_moment(tmp_path: Path) -> None:
    pages, quiet = tmp_path / "pages", tmp_path / "quiet"
    for folder in (pages, quiet):
        folder.mkdir()
        (folder / "page").write_text("old")
    import sqlite3

    with sqlite3.connect(tmp_path / "site.db") as database:
        database.execute("CREATE TABLE pages (a)")
    database.close()
    inner = {"kind": "sqlite", "settings": {"path": str(tmp_path / "site.db")}}
    for name, changes in (("quiet", False), ("pages", True)):
        order = _order(tmp_path, "none", {}, "cms", paths=[str(tmp_path / name)], database=inner)
        with source_of("cms").open(order) as capture:
            dump, files = capture.parts
            assert order.doors.run(dump.command, deadline_seconds=60).exit_code == 0
            assert [str(path) for path in files.paths] == [str(tmp_path / name)]
            if changes:
                (pages / "page").write_text("new")
            facts = capture.facts()
        assert [table.name for table in facts.tables] == ["pages"]
        assert facts.disturbed == ((str(pages / "page"),) if changes else ())
