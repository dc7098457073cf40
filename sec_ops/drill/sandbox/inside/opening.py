"""Opening of files that something in here may have put something else in place of: none may hold up who asks."""

from __future__ import annotations

import errno
import os
import stat
from typing import IO

MODES = {os.O_RDONLY: "rb", os.O_WRONLY: "wb", os.O_RDWR: "rb+"}


def opened(path: str, how: int = os.O_RDONLY) -> IO[bytes]:
    """Return an open file; raises OSError for a named pipe or anything else that might let its reader wait."""
    descriptor = os.open(path, how | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode) and path != os.devnull:
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a plain file", path)
    return os.fdopen(descriptor, MODES[how & os.O_ACCMODE], 0 if how & os.O_RDWR else -1)


def output(path: str) -> IO[bytes]:
    """Return a file that a program's words go to, and that can be read again, whatever lies at its path by then."""
    return opened(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW)
