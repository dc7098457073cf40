"""What is taken of files, folders and archives, what is left out, and why."""

import io
import os
import tarfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.runtime.archives.readers import Budget, Refused
from sec_ops.siem.importing.importer import Importer, ImportOptions
from sec_ops.siem.importing.intake import Intake
from sec_ops.siem.importing.lines import LINE_BYTES
from sec_ops.siem.importing.unwrapping import Loss
from sec_ops.siem.raw.log import RawLog
from tests.unit.siem.importing.support import compressed, import_paths, reasons, tarred, zipped
from tests.unit.siem.index.support import MemoryStore
from tests.unit.siem.raw.support import all_records, everything

TEXT = b"one\ntwo\n"
WRAPPED = {
    "plain.log": TEXT,
    "crlf.log": b"one\r\ntwo\r\n",
    "no-end.log": b"one\ntwo",
    "marked.log": b"\xff\xfe" + "one\r\ntwo\r\n".encode("utf-16-le"),
    "big.log": b"\xfe\xff" + "one\ntwo".encode("utf-16-be"),
    **{f"log.{kind}": compressed(kind, TEXT) for kind in ("gz", "xz", "bz2", "zst")},
    **{f"twice.{kind}": compressed(kind, b"one\n") + compressed(kind, b"two\n") for kind in ("gz", "xz", "bz2", "zst")},
    "padded.gz": compressed("gz", TEXT) + bytes(700),
    "a.tar": tarred({"x/1": b"one\n", "x/2": b"two\n"}),
    "gnu.tar.gz": compressed("gz", tarred({"n" * 300: b"one\n", "2": b"two"}, tarfile.GNU_FORMAT)),
    "a.tar.xz": compressed("xz", tarred({"日志" * 60: TEXT})),
    "old.tar": tarred({"1": TEXT}, tarfile.USTAR_FORMAT),
    "deflated.zip": zipped({"1": b"one\n", "2": b"two\n"}),
    "stored.zip": zipped({"1": TEXT}, zipfile.ZIP_STORED),
    "bzip2.zip": zipped({"1": TEXT}, zipfile.ZIP_BZIP2),
    "nested.zip": zipped({"a.zip": zipped({"b.tar.gz": compressed("gz", tarred({"c.log": TEXT}))})}),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_the_same_lines_come_out_of_every_wrapping(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(WRAPPED[name])
    imported, store = import_paths(tmp_path / "logs", tmp_path / name)
    assert store.messages == ["one", "two"]
    assert imported.unread == []
    assert imported.records == 2


def test_what_is_known_of_a_file_goes_with_its_records(tmp_path: Path) -> None:
    path = tmp_path / "auth.log.gz"
    path.write_bytes(compressed("gz", TEXT))
    os.utime(path, (1_600_000_000, 1_600_000_000))
    archive = tmp_path / "logs.tar"
    archive.write_bytes(tarred({"var/log/syslog": b"three\n"}))
    import_paths(
        tmp_path / "logs",
        path,
        archive,
        host="db-1",
        unit="school",
        parser="x",
        dataset="d",
        zone="UTC",
        encoding="gbk",
    )
    first, second, end = (batch for _, batch in everything(tmp_path / "logs"))
    origin = first.origin
    assert (origin.path, origin.reference_ms) == (str(path), 1_600_000_000_000)
    assert (origin.host, origin.unit, origin.parser, origin.dataset, origin.zone, origin.encoding) == (
        "db-1", "school", "x", "d", "UTC", "gbk",
    )  # fmt: skip
    assert second.origin.path == f"{archive}!/var/log/syslog"
    assert second.origin.reference_ms == 1_700_000_000_000
    assert end.records == ()


def test_folders_are_walked_in_order_and_links_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "1.log").write_bytes(b"third\n")
    (folder / "a.log").write_bytes(b"second\n")
    (folder / "A.log").write_bytes(b"first\n")
    (tmp_path / "secret").write_bytes(b"secret\n")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    imported, store = import_paths(tmp_path / "logs", folder)
    assert store.messages == ["first", "second", "third"]
    assert set(reasons(imported)) == {"link", "loop", "pipe"}
    assert {each.loss for each in imported.unread} == {Loss.NONE}


def test_a_path_that_is_not_there_is_told_before_anything_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(TEXT)
    with pytest.raises(UsageError, match="no such file"):
        import_paths(tmp_path / "logs", tmp_path / "a", tmp_path / "b")
    assert everything(tmp_path / "logs") == []


NO_LOGS = {
    "empty": (b"", "empty"),
    "program": (b"\x7fELF" + bytes(100), "program"),
    "journal": (b"LPKSHHRH" + bytes(100), "journalctl"),
    "noise": (bytes(range(256)) * 20, "no text"),
    "word.docx": (zipped({"[Content_Types].xml": b"<x/>"}), "office"),
}


@pytest.mark.parametrize("name", NO_LOGS)
def test_what_is_no_log_is_left_out_with_the_reason(tmp_path: Path, name: str) -> None:
    data, reason = NO_LOGS[name]
    (tmp_path / name).write_bytes(data)
    (tmp_path / "z.log").write_bytes(TEXT)
    imported, store = import_paths(tmp_path / "logs", tmp_path / name, tmp_path / "z.log")
    assert store.messages == ["one", "two"]
    assert reason in reasons(imported)[name]
    assert [each.loss for each in imported.unread] == [Loss.NONE]


def test_names_of_members_are_names_only(tmp_path: Path) -> None:
    names = ["../../etc/cron.d/evil", "/etc/passwd", "a/../../b", "\x1b[31mred", "x" * 9000]
    (tmp_path / "a.tar").write_bytes(tarred({name: b"%d\n" % index for index, name in enumerate(names)}))
    (tmp_path / "a.zip").write_bytes(zipped({name: b"z%d\n" % index for index, name in enumerate(names)}))
    before = sorted(path for path in tmp_path.rglob("*"))
    imported, store = import_paths(tmp_path / "logs", tmp_path / "a.tar", tmp_path / "a.zip")
    assert len(store.messages) == 10
    assert imported.unread == []
    outside = sorted(path for path in tmp_path.rglob("*") if not path.is_relative_to(tmp_path / "logs"))
    assert outside == before
    assert max(len(batch.origin.path) for _, batch in everything(tmp_path / "logs")) <= 4096


def test_links_and_devices_in_an_archive_are_passed_over(tmp_path: Path) -> None:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as archive:
        for kind, target in ((tarfile.SYMTYPE, "/etc/shadow"), (tarfile.LNKTYPE, "x"), (tarfile.FIFOTYPE, "")):
            member = tarfile.TarInfo(f"link-{kind!r}")
            member.type, member.linkname = kind, target
            archive.addfile(member)
        member = tarfile.TarInfo("real")
        member.size = len(TEXT)
        archive.addfile(member, io.BytesIO(TEXT))
    (tmp_path / "a.tar").write_bytes(output.getvalue())
    _, store = import_paths(tmp_path / "logs", tmp_path / "a.tar")
    assert store.messages == ["one", "two"]


@pytest.mark.parametrize("kind", ["gz", "xz", "bz2", "zst"])
def test_of_a_stream_that_is_cut_off_what_came_is_kept(tmp_path: Path, kind: str) -> None:
    text = b"".join(b"line %d %d\n" % (number, number * 7919) for number in range(60_000))
    whole = compressed(kind, text)
    (tmp_path / f"cut.{kind}").write_bytes(whole[: len(whole) * 3 // 4])
    imported, store = import_paths(tmp_path / "logs", tmp_path / f"cut.{kind}")
    assert [each.loss for each in imported.unread] == [Loss.INCOMPLETE]
    assert 0 < len(store.messages) < 60_000
    assert text.startswith("\n".join(store.messages).encode())


def test_damaged_archives_keep_what_came_before(tmp_path: Path) -> None:
    tar = tarred({"1": b"one\n", "2": b"two\n", "3": b"x" * 5000})
    (tmp_path / "cut.tar").write_bytes(tar[:3000])
    (tmp_path / "bad.tar").write_bytes(tar[:1024] + b"\x01" * 512 + tar[1536:])
    zip_bytes = bytearray(zipped({"1": b"uno\n", "2": b"due\n"}, zipfile.ZIP_STORED))
    zip_bytes[zip_bytes.index(b"due")] ^= 1
    (tmp_path / "crc.zip").write_bytes(zip_bytes)
    (tmp_path / "cut.zip").write_bytes(zipped({"1": b"tre\n"})[:-30])
    imported, store = import_paths(tmp_path / "logs", *sorted(tmp_path.glob("*.*")))
    assert sorted(store.messages) == ["eue", "one", "one", "two", "uno", "x" * 440]
    assert {each.loss for each in imported.unread} == {Loss.INCOMPLETE}
    assert set(reasons(imported)) == {"cut.tar", "3", "bad.tar", "cut.zip", "2"}


def test_a_bomb_is_told_and_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sec_ops.siem.importing.importer.Budget", partial(Budget, always=1_000_000))
    bomb = compressed("bz2", b"x\n" * 2_000_000)
    (tmp_path / "a.bz2").write_bytes(bomb)
    (tmp_path / "b.zip").write_bytes(zipped({"bomb.bz2": bomb, "z.log": TEXT}))
    (tmp_path / "c.log").write_bytes(TEXT + b"three\n")
    imported, store = import_paths(tmp_path / "logs", *sorted(tmp_path.glob("*.*")))
    assert "bomb" in reasons(imported)["a.bz2"]
    assert "bomb" in reasons(imported)["bomb.bz2"]
    assert {each.loss for each in imported.unread} == {Loss.SKIPPED}
    assert store.messages.count("x") < 1_100_000
    assert store.messages[-3:] == ["one", "two", "three"]


def test_endless_nesting_is_bounded(tmp_path: Path) -> None:
    data = TEXT
    for _ in range(12):
        data = compressed("gz", data)
    (tmp_path / "deep.gz").write_bytes(data)
    imported, store = import_paths(tmp_path / "logs", tmp_path / "deep.gz")
    assert store.messages == []
    assert "wrapped" in reasons(imported)["deep.gz"]
    assert [each.loss for each in imported.unread] == [Loss.SKIPPED]


def test_a_line_too_long_is_cut_and_counted(tmp_path: Path) -> None:
    long = b"x" * (10 * 1024 * 1024)
    (tmp_path / "a.log").write_bytes(b"before\n" + long + b"\nafter\n" + long)
    imported, store = import_paths(tmp_path / "logs", tmp_path / "a.log")
    assert [len(message) for message in store.messages] == [6, LINE_BYTES, 5, LINE_BYTES]
    assert imported.cut_bytes == 2 * (len(long) - LINE_BYTES)


def test_lines_in_several_encodings_are_kept_as_they_came(tmp_path: Path) -> None:
    lines = ["登录失败".encode("gbk"), "登录失败".encode(), b"\xff\xfe\xfd cut \x81", b"plain"] * 3
    (tmp_path / "a.log").write_bytes(b"\n".join(lines) + b"\n")
    import_paths(tmp_path / "logs", tmp_path / "a.log")
    assert [record for _, batch in everything(tmp_path / "logs") for record in batch.records] == lines


def test_nul_bytes_and_blank_lines_are_kept_as_they_came(tmp_path: Path) -> None:
    text = b"a\0b\n\n" + b"good line of text\n" * 50 + b"\0" * 20 + b"\nend\n"
    (tmp_path / "a.log").write_bytes(text)
    import_paths(tmp_path / "logs", tmp_path / "a.log")
    records = [record for _, batch in everything(tmp_path / "logs") for record in batch.records]
    assert b"\n".join(records) + b"\n" == text


@pytest.mark.parametrize("hole", [600, 5_000, 70_000, 3_000_000])
def test_a_log_with_a_hole_of_nul_bytes_is_a_log(tmp_path: Path, hole: int) -> None:
    (tmp_path / "emptied.log").write_bytes(bytes(hole) + TEXT)
    (tmp_path / "power-loss.log").write_bytes(TEXT + bytes(hole) + b"\nthree\n")
    (tmp_path / "void").write_bytes(bytes(hole))
    imported, store = import_paths(tmp_path / "logs", *sorted(tmp_path.iterdir()))
    assert [each.strip("\0") for each in store.messages if each.strip("\0")] == ["one", "two", "one", "two", "three"]
    assert reasons(imported) == {"void": "no text"}


def test_holes_of_sparse_files_that_are_no_logs_are_not_read(tmp_path: Path) -> None:
    with (tmp_path / "lastlog").open("wb") as file:
        file.truncate(1 << 40)
        file.seek(1 << 39)
        file.write(bytes(range(32)) * 2_000)
    with (tmp_path / "void").open("wb") as file:
        file.truncate(1 << 40)
    with (tmp_path / "emptied.log").open("wb") as file:
        file.seek(1 << 20)
        file.write(TEXT)
    imported, store = import_paths(tmp_path / "logs", *sorted(tmp_path.iterdir()))
    assert reasons(imported) == {"lastlog": "no text", "void": "no text"}
    assert store.messages == ["one", "two"]


def test_a_pipe_is_taken_once(tmp_path: Path) -> None:
    from typing import cast

    from sec_ops.siem.storing import EventStore
    from tests.unit.siem.importing.support import joining, no_worker
    from tests.unit.siem.raw.support import SetClock

    store = MemoryStore()
    with (
        RawLog.open(tmp_path, clock=SetClock()) as log,
        Intake(tmp_path, log, store=cast("EventStore", store), understand=joining, clock=SetClock()) as intake,
    ):
        importer = Importer(intake, options=ImportOptions(), ask=no_worker, progress=lambda name, count: None)
        importer.take_stream(io.BytesIO(compressed("gz", TEXT)), "stdin-1")
        importer.take_stream(io.BytesIO(TEXT), "stdin-2")
    assert store.messages == ["one", "two"] * 2


def test_the_same_content_is_taken_once_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(TEXT)
    (tmp_path / "copy.log").write_bytes(TEXT)
    (tmp_path / "a.tar").write_bytes(tarred({"x": b"three\n"}))
    imported, store = import_paths(tmp_path / "logs", *sorted(tmp_path.glob("*.*")))
    assert (imported.files, sorted(store.messages)) == (2, ["one", "three", "two"])
    assert reasons(imported) == {"copy.log": "it was imported before"}
    imported, again = import_paths(tmp_path / "logs", *sorted(tmp_path.glob("*.*")), store=store)
    assert imported.files == 0
    assert again.messages == store.messages
    imported, _ = import_paths(tmp_path / "logs", tmp_path / "a.log", store=store, again=True)
    assert sorted(store.messages) == ["one", "one", "three", "two", "two"]
    imported, _ = import_paths(tmp_path / "logs", tmp_path / "a.log", store=store, host="another")
    assert len(store.messages) == 7
    assert imported.files == 1


def test_members_of_one_name_are_all_taken_and_only_once(tmp_path: Path) -> None:
    path = tmp_path / "appended.tar"
    with tarfile.open(path, "w") as archive:
        for text in (b"one\n", b"two\n", b"three\n"):
            member = tarfile.TarInfo("var/log/auth.log")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    imported, store = import_paths(tmp_path / "logs", path)
    assert (imported.files, imported.unread) == (3, [])
    imported, store = import_paths(tmp_path / "logs", path, store=store)
    assert store.messages == ["one", "two", "three"]


def test_an_archive_of_which_something_was_skipped_is_looked_into_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(tarred({"1.zip": zipped({"x": b"in the zip\n"}), "2.log": TEXT}))

    def no_room(source: object) -> None:
        raise Refused(message("no room to look into it: {reason}", reason="no space left"))

    with monkeypatch.context() as patch:
        patch.setattr("sec_ops.siem.importing.unwrapping.spooled", no_room)
        imported, store = import_paths(tmp_path / "logs", path)
    assert [each.loss for each in imported.unread] == [Loss.SKIPPED]
    imported, store = import_paths(tmp_path / "logs", path, store=store)
    assert sorted(store.messages) == ["in the zip", "one", "two"]
    assert reasons(imported) == {"2.log": "it was imported before"}
    imported, store = import_paths(tmp_path / "logs", path, store=store)
    assert reasons(imported) == {"a.tar": "it was imported before"}


def test_a_unit_and_a_host_of_one_name_are_two(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(TEXT)
    _, store = import_paths(tmp_path / "logs", tmp_path / "a.log", unit="yunting")
    imported, _ = import_paths(tmp_path / "logs", tmp_path / "a.log", store=store, host="yunting")
    assert imported.files == 1


def test_two_imports_of_one_content_at_once_take_it_once(tmp_path: Path) -> None:
    both = threading.Barrier(2)

    def once(path: Path) -> None:
        both.wait()
        import_paths(tmp_path / "logs", path)

    for turn in range(5):
        path = tmp_path / f"{turn}.log"
        path.write_bytes(TEXT + str(turn).encode())
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(once, [path, path]))
    records = all_records(tmp_path / "logs")
    assert len(records) == 5 * 3


def test_what_is_known_of_sources_is_for_the_owner_only(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(TEXT)
    import_paths(tmp_path / "logs", tmp_path / "a.log")
    files = [path for path in (tmp_path / "logs").rglob("*") if path.is_file()]
    assert [path for path in files if path.stat().st_mode & 0o077] == []


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("stop", range(9))
def test_an_import_that_was_killed_goes_on_where_the_raw_log_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    monkeypatch.setattr("sec_ops.siem.importing.lines._GROUP_BYTES", 16)
    lines = [b"%03d line\n" % number for number in range(12)]
    (tmp_path / "a.log").write_bytes(b"".join(lines[:6]))
    (tmp_path / "b.tar.gz").write_bytes(compressed("gz", tarred({"x": b"".join(lines[6:9]), "y": b"".join(lines[9:])})))
    store, taken = MemoryStore(), 0
    original = RawLog.append

    def killing(self: RawLog, batch: object) -> object:
        nonlocal taken
        taken += 1
        if taken > stop:
            raise _Killed
        return original(self, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(RawLog, "append", killing)
    with pytest.raises(_Killed):
        import_paths(tmp_path / "logs", tmp_path / "a.log", tmp_path / "b.tar.gz", store=store)
    monkeypatch.setattr(RawLog, "append", original)
    import_paths(tmp_path / "logs", tmp_path / "a.log", tmp_path / "b.tar.gz", store=store)
    assert store.messages == [line.decode().rstrip("\n") for line in lines]
    assert replace(store.commits["0001"], sequence=0).pending == {}
