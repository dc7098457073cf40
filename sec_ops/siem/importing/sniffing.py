"""Whether bytes can be a log: what a file is by its first bytes, and how many of them no text has."""

import errno
import os
import re

from sec_ops.model.messages import Message, message
from sec_ops.siem.importing.lines import wide_codec
from sec_ops.siem.importing.windows import is_event_log

__all__ = ["no_log", "no_log_behind_hole"]

_KNOWN = (
    (b"LPKSHHRH", message("a systemd journal: export it with journalctl -o json, or let logs pull fetch it")),
    (b"\x7fELF", message("a program")),
    (b"MZ", message("a program")),
    (b"SQLite format 3\0", message("a database")),
    (b"%PDF-", message("a document")),
    (b"\x89PNG", message("a picture")),
    (b"\xff\xd8\xff", message("a picture")),
    (b"GIF8", message("a picture")),
    (b"7z\xbc\xaf\x27\x1c", message("an archive of a kind that can't be read: unpack it first")),
    (b"Rar!\x1a\x07", message("an archive of a kind that can't be read: unpack it first")),
    (b"\x04\x22\x4d\x18", message("an archive of a kind that can't be read: unpack it first")),
    (b"LfLe", message("an old Windows event log (.evt): open it in the event viewer and save it as .evtx")),
)
_TEXT_CONTROLS = b"\t\n\r\x0b\x0c\x1b\x08"
_CONTROLS = bytes(set(range(32)) - set(_TEXT_CONTROLS)) + b"\x7f"
_SHARE = 10
"""One control character in so many bytes makes it no text; single NULs in a log are damage, not another format."""
_LOOKED_AT = 64 * 1024
_HOLE = re.compile(rb"\0{512,}")
"""What a power loss or `copytruncate` leaves in a log: whole blocks of NULs."""


def no_log(head: bytes) -> Message | None:
    """Return why a stream that begins so is no log, None when it may be one."""
    if not head:
        return message("it is empty")
    if is_event_log(head) or wide_codec(head, ""):
        return None
    for magic, what in _KNOWN:
        if head.startswith(magic):
            return what
    if _share_of_controls(head) <= 1 / _SHARE or _is_wide(head):
        return None
    return message("no text")


def no_log_behind_hole(descriptor: int) -> Message | None:
    """Return why a sparse file whose data begin behind a hole is no log, None when it may be one; reads no hole.

    `lastlog` is as large as the greatest user number says, hundreds of gigabytes in a domain. Raises OSError.
    """
    try:
        start = os.lseek(descriptor, 0, os.SEEK_DATA)
    except OSError as error:
        only_hole = error.errno == errno.ENXIO and os.fstat(descriptor).st_size
        return message("no text") if only_hole else None
    os.lseek(descriptor, 0, os.SEEK_SET)
    written = os.pread(descriptor, _LOOKED_AT, start).strip(b"\0") if start else b""
    return no_log(written) if written else None


def _share_of_controls(head: bytes) -> float:
    written = _HOLE.sub(b"", head) or head
    return (len(written) - len(written.translate(None, _CONTROLS))) / len(written)


def _is_wide(head: bytes) -> bool:
    """Return whether every second byte is NUL, as in UTF-16 of Latin letters without its mark."""
    even, odd = head[::2], head[1::2]
    return max(even.count(0), odd.count(0)) > 0.8 * len(odd) and min(even.count(0), odd.count(0)) < 0.1 * len(odd)
