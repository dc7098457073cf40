"""After a crash: torn tails are set aside, acknowledged entries stay, damage is not mistaken for a crash."""

import errno
import random
from pathlib import Path

import pytest

from sec_ops.evidence.files import DiskFiles
from sec_ops.model.errors import EvidenceBroken, StorageError
from tests.unit.evidence.power import FullDisk, LosingFiles, PowerLost
from tests.unit.evidence.support import facts, faults, hosts, log_bytes, opened, write_log


def test_every_byte_of_a_tail(folder: Path) -> None:
    opened(folder).append_many([facts(1)])
    base, acknowledged = log_bytes(folder), (folder / "acknowledged").read_bytes()
    opened(folder).append_many([facts(2), facts(3)])
    whole = log_bytes(folder)
    for cut in range(len(base) + 1, len(whole)):
        write_log(folder, [whole[:cut]])
        (folder / "acknowledged").write_bytes(acknowledged)
        partial = whole[:cut].rpartition(b"\n")[2]
        opened(folder).append_many([facts(4)])
        kept = ["host-1", "host-2"] if whole[:cut].count(b"\n") == base.count(b"\n") + 1 else ["host-1"]
        assert hosts(folder) == [*kept, "host-4"]
        recovered = [entry for entry in opened(folder).entries() if entry.kind == "log.recovered/1"]
        assert len(recovered) == bool(partial)
        if partial:
            assert (folder / "torn" / recovered[0].data["kept"]).read_bytes() == partial
            assert recovered[0].data["size"] == len(partial)


@pytest.mark.parametrize("tail", [b"\0" * 4096, b"garbage\n", b'{"seq":4}\n', b"\n\n", b"\xff" * 10])
def test_other_tails(folder: Path, tail: bytes) -> None:
    log = opened(folder)
    log.append_many([facts(1)])
    write_log(folder, [log_bytes(folder), tail])
    opened(folder).append_many([facts(2)])
    assert hosts(folder) == ["host-1", "host-2"]
    assert [path.read_bytes() for path in (folder / "torn").iterdir()] == [tail]
    opened(folder).checkpoint()
    assert faults(folder) == []


def test_a_bad_line_that_was_acknowledged_is_damage(folder: Path) -> None:
    opened(folder).append_many([facts(1), facts(2)])
    before = log_bytes(folder)
    changed = before.replace(b"host-1", b"host-9")
    write_log(folder, [changed])
    with pytest.raises(EvidenceBroken, match=r"entry \d is missing or was changed"):
        opened(folder).append_many([facts(3)])
    assert log_bytes(folder) == changed


@pytest.mark.parametrize("lines", [0, 1, 3, 4])
def test_a_log_cut_short_is_damage(folder: Path, lines: int) -> None:
    opened(folder).append_many([facts(1), facts(2)])
    write_log(folder, log_bytes(folder).splitlines(keepends=True)[:lines])
    with pytest.raises(EvidenceBroken):
        opened(folder).append_many([facts(3)])
    assert opened(folder).writer  # reading what is left still works
    assert len(list(opened(folder).entries())) == lines


def test_without_the_hint_the_checkpoint_still_protects(folder: Path) -> None:
    log = opened(folder)
    log.append_many([facts(1)])
    log.checkpoint()
    (folder / "acknowledged").unlink()
    write_log(folder, log_bytes(folder).splitlines(keepends=True)[:3])
    with pytest.raises(EvidenceBroken):
        opened(folder).append_many([facts(2)])


@pytest.mark.parametrize("content", [b"", b"{}", b'{"v":1,"size":4,"offset":0,"previous":"x","nodes":{}}', b"\xff"])
def test_a_spoilt_shortcut_only_costs_time(folder: Path, content: bytes) -> None:
    log = opened(folder)
    log.append_many([facts(1)])
    log.checkpoint()
    (folder / "checkpoints" / "000000000004" / "state.json").write_bytes(content)
    opened(folder).append_many([facts(2)])
    opened(folder).checkpoint()
    assert faults(folder) == []


def test_a_lying_shortcut_is_found_by_its_root(folder: Path) -> None:
    log = opened(folder)
    log.append_many([facts(1)])
    log.checkpoint()
    path = folder / "checkpoints" / "000000000004" / "state.json"
    text = path.read_text()
    start = text.index('"sha256":["') + 11
    path.write_text(text[:start] + ("0" if text[start] != "0" else "1") + text[start + 1 :])
    opened(folder).append_many([facts(2)])
    opened(folder).checkpoint()
    assert faults(folder) == []


@pytest.mark.parametrize(("seed", "lines"), [(0, 65_536), (1, 65_536), (2, 4), (3, 5)])
def test_power_lost_at_every_operation(folder: Path, seed: int, lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was not synced may be gone, in part or whole; what was acknowledged is there."""
    for module in ("layout", "state", "writer", "recovery", "reading"):
        monkeypatch.setattr(f"sec_ops.evidence.{module}.LINES_PER_FILE", lines)
    chance = random.Random(seed)
    acknowledged: list[str] = []
    step, lost = 0, 0
    while True:
        files = LosingFiles(lose_at=step)
        try:
            log = opened(folder, files)
            host = f"{seed}-{step}"
            log.append("audit.facts/1", {**facts(0).data, "host": host}, blob=host.encode() * 50)
            acknowledged.append(host)
            log.checkpoint()
            break
        except PowerLost:
            lost += 1
            files.lose(chance)
        found = hosts(folder)
        assert [host for host in found if host in acknowledged] == acknowledged
        step += 1
    assert lost > 15
    assert faults(folder) == []
    for entry in opened(folder).entries():
        assert entry.blob is None or opened(folder).read_blob(entry.blob.sha256)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_disk_that_refuses(folder: Path, number: int) -> None:
    """At every write: a clear error, nothing half-written stays in the log, and it goes on when there is space."""
    for step in range(40):
        files = FullDisk(refuse_at=step, number=number)
        log = opened(folder, files)
        before = len(hosts(folder))
        try:
            log.append_many([facts(step, blob=b"%d" % step * 100), facts(step)])
            log.checkpoint()
            if not files.refused:
                break
        except StorageError:
            pass
        assert len(hosts(folder)) in (before, before + 2)
        log.append_many([facts(1000 + step)])
        assert hosts(folder)[-1] == f"host-{1000 + step}"
    else:
        pytest.fail("never got through")
    opened(folder).checkpoint()
    assert faults(folder) == []
    assert not (folder / "torn").exists()


def test_a_half_written_line_that_could_not_be_cut_off(folder: Path) -> None:
    class Stubborn(FullDisk):
        def truncate(self, path: Path, size: int) -> None:
            raise OSError(errno.EIO, "refused")

    log = opened(folder)
    log.append_many([facts(1)])
    broken = opened(folder, Stubborn(refuse_at=0, number=errno.ENOSPC, only="append"))
    with pytest.raises(StorageError):
        broken.append_many([facts(2)])
    assert not log_bytes(folder).endswith(b"\n")
    log.append_many([facts(3)])
    assert hosts(folder) == ["host-1", "host-3"]
    assert len(list((folder / "torn").iterdir())) == 1


def test_disk_files_leave_nothing_behind_on_failure(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(OSError, match="directory"):
        DiskFiles().write(target, b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
