"""Files pulled through a real shell: rotation in every way, truncation, what can't be read, crashes at any point."""

import bz2
import contextlib
import gzip
import lzma
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sec_ops.model.log_source import LogSource
from sec_ops.siem.collect.lines import LINE_BYTES
from sec_ops.siem.collect.outcome import host_state, source_states
from tests.pulling import Crash, Machine


def machine(*paths: Path | str, **more: object) -> Machine:
    return Machine((LogSource(id="log", collect="pull", paths=tuple(map(str, paths)), **more),))


def lines(first: int, last: int) -> list[bytes]:
    return [f"{number:06} something happened here".encode() for number in range(first, last)]


def write(path: Path, *records: bytes, ending: bytes = b"\n") -> None:
    with path.open("ab") as stream:
        stream.write(b"".join(record + ending for record in records))


def age(path: Path, seconds: int = 3600) -> None:
    """Make a file old, as a rotated one is by the time somebody looks."""
    stat = path.stat()
    os.utime(path, (stat.st_atime - seconds, stat.st_mtime - seconds))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


def test_a_file_is_read_once_and_then_what_was_added(log: Path) -> None:
    pulled = machine(log)
    write(log, *lines(0, 5))
    pulled.pull()
    assert pulled.records() == lines(0, 5)
    pulled.pull()
    write(log, *lines(5, 7))
    pulled.pull()
    assert pulled.records() == lines(0, 7)
    assert (pulled.stored[0].origin.source, pulled.stored[0].origin.path) == (f"here:{log}", str(log))


def test_nothing_new_stores_nothing(log: Path) -> None:
    pulled = machine(log)
    write(log, *lines(0, 5))
    pulled.pull()
    pulled.pull()
    before = len(pulled.stored)
    assert host_state(pulled.pull()) == "collected"
    assert len(pulled.stored) == before


def test_an_unfinished_line_is_held_until_its_end(log: Path) -> None:
    pulled = machine(log)
    log.write_bytes(b"whole\nhal")
    pulled.pull()
    assert pulled.records() == [b"whole"]
    write(log, b"f")
    pulled.pull()
    assert pulled.records() == [b"whole", b"half"]


def shift(log: Path, number: int) -> None:
    for each in range(number, 0, -1):
        before = log.with_name(f"{log.name}.{each}")
        if before.exists():
            before.rename(log.with_name(f"{log.name}.{each + 1}"))


def rename(log: Path, number: int) -> None:
    shift(log, number)
    log.rename(log.with_name(f"{log.name}.1"))
    log.touch()


def copy_and_truncate(log: Path, number: int) -> None:
    shift(log, number)
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    os.truncate(log, 0)


def by_date(log: Path, number: int) -> None:
    log.rename(log.with_name(f"app-202611{number + 10}.log"))
    log.touch()


@pytest.mark.parametrize("rotate", [rename, copy_and_truncate, by_date])
@pytest.mark.parametrize("rotations", [1, 4])
def test_rotation_between_two_pulls_loses_and_repeats_nothing(
    log: Path, rotate: Callable[[Path, int], None], rotations: int
) -> None:
    pulled = machine(log)
    write(log, *lines(0, 10))
    pulled.pull()
    for number in range(rotations):
        write(log, *lines(10 + 10 * number, 20 + 10 * number))
        rotate(log, number)
    write(log, *lines(100, 110))
    pulled.pull()
    pulled.pull()
    assert pulled.records() == lines(0, 10 + 10 * rotations) + lines(100, 110)
    assert pulled.gaps() == []


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zst": zstandard.ZstdCompressor().compress,
}
TOOLS = {"gz": "gzip", "zst": "zstd", "bz2": "bzip2", "xz": "xz"}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("read_before", [0, 5, 10])
def test_a_file_is_known_again_when_it_was_compressed(log: Path, packer: str, read_before: int) -> None:
    if shutil.which(TOOLS[packer]) is None:
        pytest.skip(f"{TOOLS[packer]} is not installed")
    pulled = machine(log)
    write(log, *lines(0, read_before))
    pulled.pull()
    write(log, *lines(read_before, 10))
    packed = log.with_name(f"app.log.1.{packer}")
    packed.write_bytes(PACKERS[packer](log.read_bytes()))
    log.unlink()
    write(log, *lines(50, 60))
    pulled.pull()
    pulled.pull()
    assert pulled.records() == lines(0, 10) + lines(50, 60)
    assert pulled.gaps() == []


def test_what_is_written_to_a_file_after_it_was_renamed_comes_too(log: Path) -> None:
    pulled = machine(log)
    write(log, *lines(0, 5))
    pulled.pull()
    with log.open("ab") as late:
        rename(log, 1)
        write(log, *lines(50, 55))
        pulled.pull()
        late.write(b"late\n")
    pulled.pull()
    assert sorted(pulled.records()) == sorted([*lines(0, 5), *lines(50, 55), b"late"])


def test_the_first_pull_takes_what_was_rotated_before(log: Path) -> None:
    write(log, *lines(0, 5))
    rename(log, 1)
    age(log.with_name("app.log.1"))
    write(log, *lines(5, 10))
    pulled = machine(log)
    pulled.pull()
    assert pulled.records() == lines(0, 10)
    assert pulled.stored[0].origin.reference_ms is not None
    assert pulled.stored[-1].origin.reference_ms is None


def test_a_rotated_file_without_a_last_line_feed_has_ended(log: Path) -> None:
    pulled = machine(log)
    write(log, b"one", b"two")
    write(log, b"three", ending=b"")
    rename(log, 1)
    age(log.with_name("app.log.1"))
    pulled.pull()
    assert pulled.records() == [b"one", b"two", b"three"]


def test_rotation_into_another_folder(log: Path, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    pulled = machine(log, rotated_to=("old",))
    write(log, *lines(0, 5))
    pulled.pull()
    write(log, *lines(5, 10))
    log.rename(tmp_path / "old/app.log.1")
    write(log, *lines(10, 12))
    pulled.pull()
    assert pulled.records() == lines(0, 12)


def test_a_pattern_finds_each_log_with_its_rotated_files(tmp_path: Path) -> None:
    names = ["a.log", "a.log.1", "b.log", "b-20261101.log", "worker-1.log", "worker-2.log", "a.log.old"]
    for number, name in enumerate(names):
        write(tmp_path / name, *lines(10 * number, 10 * number + 3))
    (tmp_path / "c.log").mkdir()
    pulled = machine(tmp_path / "*.log")
    pulled.pull()
    found = {batch.origin.path.rpartition("/")[2] for batch in pulled.stored}
    assert found == {"a.log", "b.log", "worker-1.log", "worker-2.log"}
    assert len(pulled.records()) == len(set(pulled.records())) == 3 * len(names)


class TestGaps:
    def test_truncated_with_nothing_left_of_it(self, log: Path) -> None:
        pulled = machine(log)
        write(log, *lines(0, 10))
        pulled.pull()
        log.write_bytes(b"")
        write(log, *lines(20, 22))
        pulled.pull()
        assert pulled.records() == lines(0, 10) + lines(20, 22)
        assert pulled.gaps() == ["truncated"]

    def test_replaced_by_another_file(self, log: Path) -> None:
        pulled = machine(log)
        write(log, *lines(0, 10))
        pulled.pull()
        write(log.with_name("new"), *lines(20, 40))
        log.with_name("new").rename(log)
        pulled.pull()
        pulled.pull()
        assert pulled.records() == lines(0, 10) + lines(20, 40)
        assert pulled.gaps() == ["gone"]

    def test_rotated_away_before_we_came(self, log: Path) -> None:
        pulled = machine(log)
        write(log, *lines(0, 10))
        pulled.pull()
        write(log, *lines(10, 20))
        rename(log, 1)
        write(log, *lines(20, 30))
        rename(log, 1)
        log.with_name("app.log.2").unlink()
        write(log, *lines(30, 40))
        pulled.pull()
        assert pulled.records() == lines(0, 10) + lines(20, 40)
        assert pulled.gaps() == ["gone"]

    def test_a_file_whose_end_was_cut_off_goes_on_there(self, log: Path) -> None:
        pulled = machine(log)
        write(log, *lines(0, 100))
        pulled.pull()
        os.truncate(log, 50 * (len(lines(0, 1)[0]) + 1))
        pulled.pull()
        write(log, b"after")
        pulled.pull()
        assert pulled.records() == [*lines(0, 100), b"after"]
        assert pulled.gaps() == ["shrunk"]

    def test_other_content_behind_the_same_beginning(self, log: Path) -> None:
        pulled = machine(log)
        write(log, *lines(0, 100))
        pulled.pull()
        log.write_bytes(b"")
        write(log, *lines(0, 50), *lines(500, 600))
        pulled.pull()
        assert pulled.records() == lines(0, 100) + lines(0, 50) + lines(500, 600)
        assert pulled.gaps() == ["rewritten"]

    def test_deleted(self, log: Path) -> None:
        pulled = machine(log)
        write(log, *lines(0, 10))
        pulled.pull()
        log.unlink()
        fetched = pulled.pull()
        assert pulled.gaps() == ["gone"]
        assert source_states(fetched) == [("s/log@here", "absent")]

    def test_a_damaged_archive_gives_what_it_can_and_is_told_once(self, log: Path) -> None:
        pulled = machine(log)
        packed = gzip.compress(b"".join(line + b"\n" for line in lines(0, 20_000)))
        log.with_name("app.log.1.gz").write_bytes(packed[: len(packed) // 2])
        write(log, b"live")
        for _ in range(3):
            pulled.pull()
        assert pulled.gaps() == ["damaged"]
        found = pulled.records()
        assert found[-1] == b"live"
        assert found[:-1] == lines(0, len(found) - 1)
        assert len(found) > 1000

    def test_what_was_deleted_by_age_is_no_gap(self, log: Path) -> None:
        pulled = machine(log)
        write(log, *lines(0, 10))
        pulled.pull()
        rename(log, 1)
        pulled.pull()
        log.with_name("app.log.1").unlink()
        pulled.pull()
        assert pulled.gaps() == []


def test_long_lines_are_cut_and_counted_and_reading_goes_on(log: Path) -> None:
    pulled = machine(log)
    pulled.visit_bytes = 3 * LINE_BYTES
    write(log, b"before", b"x" * 10_000_000, b"after")
    fetched = pulled.pull()
    found = pulled.records()
    assert (found[0], found[-1]) == (b"before", b"after")
    assert b"".join(found[1:-1]) == b"x" * 10_000_000
    assert max(map(len, found)) <= 3 * LINE_BYTES
    assert sum(report.cut for report in fetched.pull.reports) > 0


def test_large_files_come_by_several_visits_of_one_pull(log: Path) -> None:
    pulled = machine(log)
    pulled.visit_bytes = 3 * LINE_BYTES
    write(log, *lines(0, 300_000))
    fetched = pulled.pull()
    assert pulled.records() == lines(0, 300_000)
    assert fetched.pull.visits >= 4


@pytest.mark.parametrize(
    "content",
    [b"\0" * 5000 + b"after zeros\n", b"\r\n\r\ncarriage\r\n", bytes(range(256)) * 4 + b"\n", b"\n\n\n", b"\xff\xfe\n"],
)
def test_binary_content_arrives_as_it_is_but_for_line_ends_and_leading_zeros(log: Path, content: bytes) -> None:
    log.write_bytes(content)
    pulled = machine(log)
    pulled.pull()
    expected = [line.rstrip(b"\r").lstrip(b"\0") for line in content.split(b"\n")]
    assert pulled.records() == [line for line in expected if line]


def test_content_that_looks_like_our_frames_stays_content(log: Path) -> None:
    hostile = [b"@@sec-ops-logs 1 " + b"a" * 32 + b" - 1 ff", b"@@" + b"a" * 32 + b" done 1", b"$(reboot) `id` ' \" \\"]
    write(log, *hostile)
    pulled = machine(log)
    pulled.pull()
    assert pulled.records() == hostile


@pytest.mark.parametrize("name", ["a b.log", "it's.log", "$(id).log", "-n.log", "日志.log", "new\nline.log", "[x].log"])
def test_any_file_name(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"one")
    write(tmp_path / f"{name}.1", b"zero")
    for path in [tmp_path / "*.log"] + [tmp_path / name] * ("\n" not in name):
        pulled = machine(path)
        pulled.pull()
        assert sorted(pulled.records()) == [b"one", b"zero"]


def test_a_name_that_is_no_utf_8(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xff.log", "wb") as stream:  # noqa: PTH123 - a name of bytes
        stream.write(b"one\n")
    pulled = machine(tmp_path / "*.log")
    pulled.pull()
    pulled.pull()
    assert pulled.records() == [b"one"]
    assert pulled.gaps() == []


def test_links_are_not_followed(log: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("root only\n")
    log.symlink_to(tmp_path / "secret")
    pulled = machine(log)
    fetched = pulled.pull()
    assert pulled.records() == []
    assert source_states(fetched) == [("s/log@here", "link")]


def test_a_log_that_can_not_be_looked_at_for_a_while_is_not_gone(log: Path) -> None:
    pulled = machine(log)
    write(log, *lines(0, 5))
    pulled.pull()
    log.rename(log.with_name("elsewhere"))
    log.symlink_to(log.with_name("elsewhere"))
    assert source_states(pulled.pull()) == [("s/log@here", "link")]
    log.unlink()
    log.with_name("elsewhere").rename(log)
    write(log, *lines(5, 8))
    pulled.pull()
    assert pulled.records() == lines(0, 8)
    assert pulled.gaps() == []


def test_a_visit_cut_off_anywhere_loses_and_repeats_nothing(log: Path) -> None:
    pulled = machine(log)
    write(log, *lines(0, 30))
    rename(log, 1)
    write(log, *lines(30, 60))
    pulled.pull()
    write(log, *lines(60, 100))
    for cut in (0, 60, 150, 300, 600, 900, 1500, 2500):
        pulled.cut = cut
        assert (host_state(pulled.pull()) == "collected") is (cut > 2000)
    pulled.cut = None
    pulled.pull()
    assert pulled.records() == lines(0, 100)
    assert pulled.gaps() == []


def test_what_is_no_file_is_not_waited_for(log: Path) -> None:
    os.mkfifo(log)
    assert source_states(machine(log).pull()) == [("s/log@here", "absent")]


def test_an_absent_log_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.log", tmp_path / "nowhere/none.log"):
        fetched = machine(path).pull()
        assert host_state(fetched) == "incomplete"
        assert source_states(fetched) == [("s/log@here", "absent")]


def test_a_path_two_sources_name_is_read_once(log: Path) -> None:
    write(log, b"one")
    both = Machine(tuple(LogSource(id=name, collect="pull", paths=(str(log),)) for name in ("a", "b")))
    fetched = both.pull()
    assert both.records() == [b"one"]
    assert source_states(fetched) == [("s/a@here", "read"), ("s/b@here", "read")]


def test_a_dry_run_tells_what_there_is_and_takes_nothing(log: Path) -> None:
    write(log, *lines(0, 5))
    pulled = machine(log)
    fetched = pulled.pull(dry="dry run")
    assert pulled.stored == []
    assert [report.bytes for report in fetched.pull.reports] == [log.stat().st_size]


OPERATIONS = st.sampled_from(
    ["write", "write", "part", "pull", "pull", "crash", "rename", "copy", "date", "pack", "expire"]
)


class Story:
    """A log and what happens to it; `expired` are lines that were deleted, read or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "app.log"
        self.log.touch()
        self.pulled = machine(self.log)
        self.written: list[bytes] = []
        self.expired: set[bytes] = set()

    def act(self, operation: str, step: int, crash_after: int) -> None:
        whole = not self.log.read_bytes()[-1:].isalnum()
        if operation == "write":
            new = lines(1000 * step, 1000 * step + 30)
            write(self.log, *new) if whole else write(self.log, b"", *new)
            self.written += new
        elif operation == "part" and whole:
            write(self.log, f"part of {step}".encode(), ending=b"")
        elif operation == "pull":
            self.pulled.pull()
        elif operation == "crash":
            self.pulled.crash_after = crash_after
            with contextlib.suppress(Crash):
                self.pulled.pull()
            self.pulled.crash_after = None
        elif operation in ("rename", "copy", "date") and whole:
            self.rotate(operation, step)
        elif operation in ("pack", "expire"):
            self.old(operation)

    def rotate(self, operation: str, step: int) -> None:
        if operation == "date":
            self.log.rename(self.folder / f"app-20261101-{step:02}.log")
            self.log.touch()
        else:
            (rename if operation == "rename" else copy_and_truncate)(self.log, 30)

    def old(self, operation: str) -> None:
        others = sorted(path for path in self.folder.iterdir() if path != self.log)
        if operation == "pack" and others and others[-1].suffix != ".gz":
            packed = others[-1].with_name(others[-1].name + ".gz")
            packed.write_bytes(gzip.compress(others[-1].read_bytes()))
            shutil.copystat(others[-1], packed)
            others[-1].unlink()
        elif operation == "expire" and others:
            content = others[0].read_bytes()
            self.expired |= set((gzip.decompress(content) if others[0].suffix == ".gz" else content).splitlines())
            others[0].unlink()


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(operations=st.lists(OPERATIONS, max_size=25), crash_after=st.integers(0, 3))
def test_whatever_happens_each_line_comes_once(
    tmp_path_factory: pytest.TempPathFactory, operations: list[str], crash_after: int
) -> None:
    story = Story(tmp_path_factory.mktemp("machine"))
    for step, operation in enumerate([*operations, "write", "pull"]):
        story.act(operation, step, crash_after)
    found = [record for record in story.pulled.records() if not record.startswith(b"part of")]
    assert len(found) == len(set(found))
    assert set(story.written) - set(found) <= story.expired
