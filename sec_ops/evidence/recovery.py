"""After a crash: follow the log to its last good line and set a torn tail aside.

A tail is torn when it was never acknowledged: it lies behind the last checkpoint and behind the count that the writer
leaves after each synced batch. A bad line before that was acknowledged once; then the log was damaged, not torn.
"""

import hashlib
from pathlib import Path

from sec_ops.evidence.checkpoints import checkpoint_sizes, load_state
from sec_ops.evidence.drafts import MAX_LINE_BYTES
from sec_ops.evidence.files import Files
from sec_ops.evidence.layout import LINES_PER_FILE, Layout
from sec_ops.evidence.state import LogState
from sec_ops.model.errors import EvidenceBroken
from sec_ops.model.evidence import LogRecovered
from sec_ops.model.messages import message

__all__ = ["acknowledge", "catch_up", "starting_state"]


def starting_state(layout: Layout, files: Files) -> LogState:
    """Return the state at the newest checkpoint that is whole; of a log without any, the empty state."""
    for size in reversed([0, *checkpoint_sizes(layout, files)]):
        state = load_state(layout, files, size)
        if state is not None:
            return state
    raise AssertionError("size 0 always has a state")


def acknowledge(layout: Layout, files: Files, size: int) -> None:
    """Leave the number of entries that callers were told are on disk; not synced, for it is a lower bound only."""
    files.overwrite(layout.acknowledged, b"%020d\n" % size)


def catch_up(layout: Layout, files: Files, state: LogState) -> LogRecovered | None:
    """Carry the state on to the end of the log; return what was set aside. Under the writer's lock.

    Raises EvidenceBroken when acknowledged entries are gone or changed.
    """
    path = layout.log_file(state.size)
    if not _stands_on_its_line(layout, files, state):
        raise _broken(path, state, state.size)
    tail = b""
    while data := files.read(path, state.offset):
        tail = _follow(state, data)
        if tail or state.offset:
            break
        path = layout.log_file(state.size)
    promised = max([_acknowledged(layout, files), *checkpoint_sizes(layout, files)[-1:]])
    is_last = not files.size(layout.log_file(state.size + LINES_PER_FILE))
    if state.size < promised or not is_last or path != layout.log_file(state.size):
        raise _broken(path, state, promised)
    return _set_aside(layout, files, state, path, tail) if tail else None


def _stands_on_its_line(layout: Layout, files: Files, state: LogState) -> bool:
    """Return whether the line that the state counted last is where it was."""
    if state.size == 0:
        return True
    path = layout.log_file(state.size - 1)
    end = state.offset or files.size(path)
    start = max(0, end - MAX_LINE_BYTES - 1)
    chunk = files.read(path, start)[: end - start]
    last = chunk[:-1].rpartition(b"\n")[2]
    return len(chunk) == end - start and hashlib.sha256(last).hexdigest() == state.previous


def _follow(state: LogState, data: bytes) -> bytes:
    """Carry the state on by the good lines of one file; return what follows them."""
    position = 0
    while (end := data.find(b"\n", position)) >= 0 and state.accepts(data[position:end]):
        state.add(data[position:end])
        position = end + 1
        if state.offset == 0:
            break
    return data[position:]


def _acknowledged(layout: Layout, files: Files) -> int:
    text = files.read(layout.acknowledged)
    return int(text) if text.strip().isdigit() else 0


def _set_aside(layout: Layout, files: Files, state: LogState, path: Path, tail: bytes) -> LogRecovered:
    digest = hashlib.sha256(tail).hexdigest()
    kept = layout.torn / f"{path.stem}-{state.offset}-{digest[:16]}"
    files.make_folder(layout.torn)
    files.write(kept, tail)
    files.sync_folder(layout.torn)
    files.truncate(path, state.offset)
    return LogRecovered(file=path.name, offset=state.offset, size=len(tail), sha256=digest, kept=kept.name)


def _broken(path: Path, state: LogState, promised: int) -> EvidenceBroken:
    what = message(
        "entry {sequence} is missing or was changed; {promised} entries were acknowledged",
        sequence=state.size,
        promised=promised,
    )
    advice = message("nothing was written; find out who changed it: sec-ops evidence verify")
    return EvidenceBroken(what, where=f"{path}:{state.size % LINES_PER_FILE + 1}", advice=advice)
