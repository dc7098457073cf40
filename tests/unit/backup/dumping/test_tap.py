"""The tap: bytes unchanged, what went by told, nothing that is not whole gets by, secrets in no argument."""

import hashlib
import sys
from collections.abc import Sequence

import pytest

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.dumping.tap import CUT_SHORT, EMPTY, Entries, Rows
from sec_ops.backup.dumping.tapping import Words, quiet, tapped, told
from sec_ops.backup.source import Table
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.protocols import Completed
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secret

DOORS = LocalDoors(clock=SystemClock())


def _python(program: str, *more: str) -> Sequence[str]:
    return (sys.executable, "-c", program, *more)


def _run(words: Words) -> tuple[Completed, bytes]:
    with DOORS.report() as report:
        done = DOORS.run(tapped(words, DOORS, report), deadline_seconds=60)
        return done, report.read()


def test_the_bytes_pass_unchanged() -> None:
    data = bytes(range(256)) * 10_000
    program = "import sys; [sys.stdout.buffer.write(bytes(range(256))) for _ in range(10_000)]"
    with DOORS.report() as report:
        done = DOORS.run(tapped(Words(arguments=_python(program)), DOORS, report), deadline_seconds=60)
        dumped = told(report, "x.dump").dumped
    assert (done.exit_code, done.stdout) == (0, data)
    assert (dumped.bytes, dumped.sha256) == (len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("program", "ends", "code"),
    [
        ("print('dump'); raise SystemExit(3)", "", 3),
        ("pass", "", EMPTY),
        ("print('dump')", "-- complete", CUT_SHORT),
        ("import os; print('dump', flush=True); os.kill(os.getpid(), 9)", "", 128 + 9),
    ],
)
def test_what_is_not_whole_does_not_count(program: str, ends: str, code: int) -> None:
    done, reported = _run(Words(arguments=_python(program), ends=ends))
    assert (done.exit_code, reported) == (code, b"")


def test_a_dump_without_report_does_not_count() -> None:
    with DOORS.report() as report, pytest.raises(ProgramFailed, match=r"x\.dump"):
        told(report, "x.dump")


def test_the_closing_words_may_be_followed_by_little() -> None:
    done, reported = _run(Words(arguments=_python("print('a\\n-- complete\\n\\n')"), ends="-- complete"))
    assert done.exit_code == 0
    assert reported


_SHOW = """
import os, stat, sys
place = os.environ["PASSFILE"]
told = os.stat(place)
print(open(place).read(), open(sys.argv[1]).read(), os.environ["WORD"], oct(told.st_mode), stat.S_ISREG(told.st_mode))
print("hid" + "den" in open("/proc/self/cmdline").read())
"""


def test_secrets_reach_the_program_by_files_and_variables_only() -> None:
    words = Words(
        arguments=_python(_SHOW, "@PASSFILE@"),
        environment={"WORD": Secret("hidden-2")},
        files={"PASSFILE": Secret("hidden-1")},
    )
    wanted = b"hidden-1 hidden-1 hidden-2 0o100600 True\nFalse\n"
    done, _reported = _run(words)
    assert done.stdout == wanted
    assert DOORS.run(quiet(words, DOORS), deadline_seconds=60).stdout == wanted


def test_what_is_meant_for_restic_stays_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import os; print(sorted(name for name in os.environ if name.startswith(('RESTIC', 'AWS'))))"
    with DOORS.report() as report:
        words = tapped(Words(arguments=_python(program)), DOORS, report)
        done = DOORS.run(("env", "RESTIC_PASSWORD=x", "AWS_SECRET_ACCESS_KEY=y", *words), deadline_seconds=60)
    assert done.stdout == b"[]\n"


_DUMP = rb"""-- MariaDB dump
USE `school`;
CREATE TABLE `empty` (
  `a` int
);
CREATE TABLE `pupils` (
);
INSERT INTO `pupils` VALUES
(1,'(a),(b)'),
(2,'it''s \' (c)'),
(3,NULL);
/*!40000 ALTER TABLE */;
INSERT INTO `pupils` (`id`, `name`) VALUES (4,'x'),(5,'),('),(6,_binary '\\');
USE `other``one`;
INSERT IGNORE INTO `pupils` VALUES
(1,'INSERT INTO `no` VALUES (1)');
(9,'no row: no statement is open');
DELIMITER ;;
CREATE PROCEDURE fill()
INSERT INTO `pupils` VALUES (1,'no row');;
DELIMITER ;
INSERT INTO `pupils` VALUES (2,'a row');
"""


@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_rows_are_counted_however_the_dump_is_cut(step: int) -> None:
    rows = Rows()
    for start in range(0, len(_DUMP), step):
        rows.feed(_DUMP[start : start + step])
    rows.feed(b"\n")
    assert rows.tables == {"school.empty": 0, "school.pupils": 6, "other`one.pupils": 2}


@pytest.mark.parametrize("step", [1, 5, 1000])
def test_entries_are_counted_however_the_dump_is_cut(step: int) -> None:
    data = b"dn: dc=a\nobject: x\n\ndn:: ZGM=\nnote: dn: no\n dn: folded\n\ndn: c\n"
    entries = Entries()
    for start in range(0, len(data), step):
        entries.feed(data[start : start + step])
    assert entries.tables == {"entries": 3}


@pytest.mark.parametrize("end", ["", "\\n"])
def test_tables_are_told(end: str) -> None:
    program = f"print('CREATE TABLE `t` (\\nINSERT INTO `t` VALUES (1),(2);', end='{end}')"
    words = Words(arguments=_python(program), count="mariadb")
    with DOORS.report() as report:
        DOORS.run(tapped(words, DOORS, report), deadline_seconds=60)
        assert told(report, "x").tables == (Table(name="t", rows=2),)
