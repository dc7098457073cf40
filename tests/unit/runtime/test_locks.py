"""Locks keep others out, threads and processes alike, and end with their process however it dies."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sec_ops.model.errors import StorageError
from sec_ops.runtime.locks import Lock, shared, tried, waited

HOLD = """
import sys
from pathlib import Path
from sec_ops.runtime.locks import Lock
print(Lock.take(Path(sys.argv[1])) is not None, flush=True)
sys.stdin.read()
"""


def is_free(path: Path) -> bool:
    with tried(path) as held:
        return held


def test_a_lock_keeps_others_out_until_it_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = Lock.take(path)
    assert lock is not None
    assert Lock.take(path) is None
    assert not is_free(path)
    lock.release()
    lock.release()
    assert is_free(path)


def test_whoever_shares_keeps_out_only_who_wants_it_alone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with shared(path), shared(path):
        assert not is_free(path)
    with waited(path):
        assert not is_free(path)
    assert is_free(path)


def test_waiting_ends_when_the_lock_is_let_go(tmp_path: Path) -> None:
    path, had = tmp_path / "lock", threading.Event()

    def wait() -> None:
        with waited(path):
            had.set()

    with waited(path):
        thread = threading.Thread(target=wait)
        thread.start()
        assert not had.wait(0.05)
    thread.join(30)
    assert had.is_set()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"True"
        assert not is_free(path)
        holder.kill()
        holder.wait()
        assert is_free(path)


def test_a_folder_is_locked_itself(tmp_path: Path) -> None:
    with waited(tmp_path):
        assert not is_free(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_locked_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError), waited(tmp_path / "missing" / "lock"):
        pytest.fail("no lock was held")
    with pytest.raises(StorageError):
        Lock.take(tmp_path / "missing" / "lock")
