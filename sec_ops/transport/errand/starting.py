"""How an errand starts its program: secrets in pipes, a group of its own, bound to end with the errand."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import signal
import subprocess
from typing import Any, Callable

PIPE_BYTES = 65536
INHERITED = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER")
FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KERNEL_ENDS_US = 1  # PR_SET_PDEATHSIG of prctl(2)


def surroundings(added: dict[str, str]) -> dict[str, str]:
    """Return what programs need of this host's environment, and what was added."""
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    known = environment.get("PATH", "").split(":")
    environment["PATH"] = ":".join([*filter(None, known), *(each for each in FOLDERS.split(":") if each not in known)])
    environment.update(added)
    return environment


def prepared(given: list[Any]) -> tuple[list[str], list[int]]:
    """Return the words with paths of pipes that hold the secrets, and the pipes."""
    words, descriptors = [], []
    for each in given:
        if isinstance(each, str):
            words.append(each)
        else:
            descriptors.append(filled_pipe(each["secret"].encode("utf-8", "surrogateescape")))
            words.append("{}/dev/fd/{}".format(each["prefix"], descriptors[-1]))
    return words, descriptors


def filled_pipe(data: bytes) -> int:
    """Return the reading end of a pipe that holds the data and its end."""
    if len(data) > PIPE_BYTES:
        raise OSError(errno.E2BIG, "a secret is longer than a pipe holds")
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    os.write(writing, data)
    os.close(writing)
    return reading


def started(words: list[str], environment: dict[str, str], descriptors: list[int]) -> subprocess.Popen[bytes]:
    """Start the program as the first of a group of its own, to end with this process."""
    program = shutil.which(words[0], path=environment["PATH"])
    if program is None:
        raise OSError(errno.ENOENT, words[0])
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [program, *words[1:]],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env=environment,
        start_new_session=True,
        pass_fds=descriptors,
        preexec_fn=ends_with_us(),
    )


def ends_with_us() -> Callable[[], None]:
    """Return what makes the kernel kill a child when this process is gone, however it went."""
    control, us = ctypes.CDLL(None).prctl, os.getpid()

    def bind() -> None:
        control(KERNEL_ENDS_US, signal.SIGKILL)
        if os.getppid() != us:
            os.kill(os.getpid(), signal.SIGKILL)

    return bind


def wake_up() -> int:
    """Return a descriptor that can be read when a child ended."""
    reading, writing = os.pipe()
    for each in (reading, writing):
        os.set_blocking(each, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading
