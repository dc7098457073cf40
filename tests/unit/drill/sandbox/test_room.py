"""What is kept of a disk: a rule, and a guard that ends what takes more."""

import time
from pathlib import Path

import pytest

from sec_ops.drill.sandbox import room
from sec_ops.drill.sandbox.room import Guard, Room, guarded, reserve_of, room_of
from sec_ops.model.errors import StorageError
from sec_ops.model.messages import message

GIB = 1024**3


@pytest.mark.parametrize(
    ("total", "free", "kept"),
    [
        ((20 * GIB, 1000), (10 * GIB, 900), (GIB, 20)),
        ((100 * GIB, 1000), (50 * GIB, 900), (2 * GIB, 20)),
        ((100 * GIB, 1000), (GIB, 10), (GIB // 2, 5)),
        ((100 * GIB, 0), (0, 0), (0, 0)),
    ],
)
def test_reserve(total: tuple[int, int], free: tuple[int, int], kept: tuple[int, int]) -> None:
    found = reserve_of(Room(bytes=total[0], files=total[1]), Room(bytes=free[0], files=free[1]))
    assert (found.bytes, found.files) == kept


def answering(monkeypatch: pytest.MonkeyPatch, *answers: tuple[int, int] | StorageError) -> None:
    told = iter(answers)

    def answer(_folder: Path) -> tuple[Room, Room]:
        found = next(told)
        if isinstance(found, StorageError):
            raise found
        return Room(bytes=8 * GIB, files=1000), Room(bytes=found[0], files=found[1])

    monkeypatch.setattr(room, "room_of", answer)


@pytest.mark.parametrize(
    ("later", "ends"),
    [
        ((GIB, 20), False),
        ((GIB - 1, 500), True),
        ((4 * GIB, 19), True),
        (StorageError(message("done")), True),
    ],
    ids=["the reserve is left", "bytes", "files", "nobody can tell"],
)
def test_a_look(later: tuple[int, int] | StorageError, ends: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, (4 * GIB, 500), later)
    ended: list[str] = []
    guard = Guard(Path("/x"), end=lambda: ended.append("ended"), running=lambda: ["web", "psql"])
    assert guard.most_bytes == 3 * GIB
    guard.look()
    assert ended == (["ended"] if ends else [])
    assert (guard.broken is not None) is ends
    if guard.broken and not isinstance(later, StorageError):
        assert guard.broken.why == "web; psql"
        assert "20 files are kept" in str(guard.broken)


def test_it_looks_again_and_again_until_it_has_ended_the_sandbox_once(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, (4 * GIB, 500), (3 * GIB, 500), (2 * GIB, 500), (0, 500))
    ended: list[str] = []
    guard = Guard(Path("/x"), end=lambda: ended.append("ended"), running=tuple)
    with guarded(guard):
        until = time.monotonic() + 30
        while not ended and time.monotonic() < until:
            time.sleep(0.01)
    assert ended == ["ended"]


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    assert room_of(tmp_path)[0].bytes > 0
    with pytest.raises(StorageError):
        room_of(tmp_path / "gone")
