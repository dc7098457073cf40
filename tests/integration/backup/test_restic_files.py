"""Hostile file names, sparse and changing files, repositories over sftp: nothing lost, nothing mistaken."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sec_ops.backup.restic.events import Node
from sec_ops.backup.restic.requests import BackupRequest, CopyRequest, ReadData, RestoreRequest
from sec_ops.backup.verdict import Verdict
from sec_ops.model.outcome import Outcome
from tests.servers.restic import Sftp, make_repository, make_restic, sftp_server

pytestmark = pytest.mark.integration

NAMES = [
    b"line\nbreak",
    b"\xff\xfe not UTF-8",
    b"x" * 255,
    b"-rf",
    b"--password-file=",
    b"\x1b[31mred",
    b"quote ' \" \\ $HOME `id`",
    b" leading and trailing ",
    "中文 \N{RIGHT-TO-LEFT OVERRIDE} txt".encode(),
    b"latest",
    b"*",
    b"does not exist, skipping",
]


def hostile(folder: Path) -> Path:
    folder.mkdir()
    for number, name in enumerate(NAMES):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text(str(number))
    return folder


def contents(folder: Path) -> dict[bytes, bytes]:
    return {os.fsencode(each.name): each.read_bytes() for each in folder.iterdir()}


def saved(restic, *paths: Path):
    return restic.backup(BackupRequest(host="h", tags=["t"], paths=paths))


def test_hostile_names_come_back_byte_for_byte(restic, tmp_path):
    folder = hostile(tmp_path / "names")
    result = saved(restic, folder)
    assert result.judged.good
    assert result.summary.total_files == len(NAMES)
    point = restic.snapshots().snapshots[0].id
    restored = restic.restore(RestoreRequest(snapshot=point, target=tmp_path / "out", folder=str(folder)))
    assert restored.judged.good
    assert contents(tmp_path / "out") == contents(folder)


def test_a_listing_says_which_names_it_can_t_tell(restic, tmp_path):
    saved(restic, hostile(tmp_path / "names"))
    nodes: list[Node] = []
    point = restic.snapshots().snapshots[0].id
    assert restic.ls(point, on_node=nodes.append).judged.good
    names = {Path(node.path).name: node.exact for node in nodes if node.type == "file"}
    assert len(names) == len(NAMES)
    assert [name for name, exact in names.items() if not exact] == ["\N{REPLACEMENT CHARACTER}" * 2 + " not UTF-8"]
    assert names["line\nbreak"]


def test_paths_with_hostile_names_are_sources_themselves(restic, tmp_path):
    folder = hostile(tmp_path / "names")
    chosen = [Path(os.fsdecode(os.fsencode(folder) + b"/" + name)) for name in NAMES]
    result = saved(restic, *chosen)
    assert result.judged.good
    assert result.summary.total_files == len(NAMES)


def test_one_file_that_may_not_be_read_is_named(restic, tmp_path, tree):
    """Even root may not read what is a folder's dead end: a file behind a broken mount is such, /proc/self/mem too."""
    (tree / "file-dead").symlink_to("/proc/self/mem")
    result = restic.backup(BackupRequest(host="h", tags=["t"], paths=[tree, Path("/proc/self/mem")]))
    assert (result.judged.verdict, result.judged.outcome) == (Verdict.PARTIAL, Outcome.INCOMPLETE)
    assert "/proc/self/mem" in result.judged.paths


def test_sparse_files_stay_small(restic, tmp_path):
    folder = tmp_path / "sparse"
    folder.mkdir()
    with (folder / "holes").open("wb") as stream:
        stream.truncate(64 * 1024 * 1024)
        stream.seek(32 * 1024 * 1024)
        stream.write(b"island")
    result = saved(restic, folder)
    assert result.judged.good
    assert result.summary.data_added_packed < 100_000
    point = restic.snapshots().snapshots[0].id
    request = RestoreRequest(snapshot=point, target=tmp_path / "out", folder=str(folder), options=["--sparse"])
    assert restic.restore(request).judged.good
    restored = tmp_path / "out" / "holes"
    assert restored.stat().st_size == 64 * 1024 * 1024
    assert restored.stat().st_blocks * 512 < 8 * 1024 * 1024
    assert restored.read_bytes() == (folder / "holes").read_bytes()


def test_files_that_change_and_vanish_meanwhile_break_nothing(restic, tmp_path, grow):
    folder = grow(tmp_path / "busy")
    ended = threading.Event()

    def stir() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            (folder / f"file-{number % 20:03}").write_bytes(os.urandom(1000))
            (folder / f"come-{number}").write_text("x")
            (folder / f"come-{number}").unlink()

    thread = threading.Thread(target=stir)
    thread.start()
    try:
        results = [saved(restic, folder) for _ in range(3)]
    finally:
        ended.set()
        thread.join()
    assert {each.judged.verdict for each in results} <= {Verdict.OK, Verdict.PARTIAL}
    assert restic.check(ReadData(subset="all")).judged.good


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[Sftp]:
    folder = tmp_path / "sshd"
    folder.mkdir()
    with sftp_server(folder) as server:
        yield server


def test_a_repository_over_sftp_from_start_to_copy(sftp, restic, tmp_path, tree):
    assert saved(restic, tree).judged.good
    far = make_restic(sftp.repository("far"), tmp_path)
    assert far.init(chunker_of=restic.repository).judged.good
    points = [each.id for each in restic.snapshots().snapshots]
    copied = far.copy_from(restic.repository, CopyRequest(snapshots=points))
    assert copied.judged.good
    assert [source for source, _ in copied.copied] == [points[0][:8]]
    assert far.check(ReadData(subset="all")).judged.good
    restored = far.restore(
        RestoreRequest(snapshot=far.snapshots().snapshots[0].id, target=tmp_path / "out", folder=str(tree))
    )
    assert restored.judged.good
    assert contents(tmp_path / "out") == contents(tree)


def test_sftp_with_an_unknown_host_key_or_key_is_refused_and_told(sftp, tmp_path):
    (tmp_path / "empty").touch()
    stranger = sftp.repository("far")
    unknown = make_repository(
        stranger.location.text, identity_file=stranger.identity_file, known_hosts=tmp_path / "empty"
    )
    assert make_restic(unknown, tmp_path).snapshots().judged.verdict is Verdict.UNREACHABLE
    no_key = make_repository(
        stranger.location.text, identity_file=sftp.folder.parent / "host", known_hosts=stranger.known_hosts
    )
    assert make_restic(no_key, tmp_path).snapshots().judged.verdict is Verdict.REFUSED


def test_sftp_where_nothing_listens(tmp_path):
    from tests.servers.process import free_port

    gone = make_restic(make_repository(f"sftp://root@127.0.0.1:{free_port()}//srv/r"), tmp_path)
    judged = gone.snapshots().judged
    assert (judged.verdict, judged.outcome) == (Verdict.UNREACHABLE, Outcome.INCOMPLETE)
    assert judged.advice
