"""Bad days, each a small function on a running host; ``host.reset()`` mends them all.

Addresses where nobody is come from ``Bed.dead_addresses``, a changed host key from ``Host.use_new_key``, another
distribution from ``layers.family_layers``, a slow line from ``slow_link.SlowLink``.
"""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.testbed.errors import TestbedError
from tests.testbed.host import Host
from tests.testbed.plan import Program

__all__ = [
    "awkward_names",
    "break_file",
    "busybox_shell",
    "die_mid_output",
    "drop_packets",
    "flooding_shell",
    "forging_shell",
    "full_disk",
    "refuse_connections",
    "replace_shell",
    "set_line",
    "slow_shell",
    "write_non_utf8",
]

# PAM and other programs of the host call /bin/sh as well: only sessions by ssh or sudo meet the fault.
_SESSIONS_ONLY = '#!/usr/bin/dash\n[ -n "$SSH_CONNECTION$SUDO_USER" ] || exec dash "$@"\n'
_DYING = "/run/testbed-dying"


def break_file(host: Host, path: str, text: str) -> None:
    """Add a line of text to the end of a file of the host."""
    before = host.read(path)
    separator = b"" if before.endswith(b"\n") or not before else b"\n"
    host.write(path, before + separator + text.encode() + b"\n")


def set_line(host: Host, path: str, start: str, line: str) -> None:
    """Replace the lines of a file that begin with ``start`` (after blanks) by one line, or add it at the end.

    Raises TestbedError when the file would not change: a test that breaks nothing proves nothing.
    """
    before = host.read(path).decode("utf-8", "surrogateescape")
    kept = [old for old in before.splitlines() if not old.lstrip().startswith(start)]
    after = "\n".join([*kept, line]) + "\n"
    if after == before:
        raise TestbedError(f"{host.name}: {path}: the line is there already: {line}")
    host.write(path, after.encode("utf-8", "surrogateescape"))


def replace_shell(host: Host, script: str) -> None:
    """Make /bin/sh of the host a program of the test's own; ``script`` begins with its ``#!`` line."""
    # /bin/sh is a link to dash: writing through it would replace dash as well.
    host.run(["rm", "-f", "/bin/sh"])
    host.write("/bin/sh", script, mode=0o755)


def busybox_shell(host: Host) -> None:
    """Make /bin/sh busybox, with its own idea of many commands' options."""
    host.run(["ln", "-sfn", "busybox", "/bin/sh"])


def slow_shell(host: Host, seconds: float) -> None:
    """Have every /bin/sh wait before it starts."""
    replace_shell(host, f'{_SESSIONS_ONLY}sleep {seconds}\nexec dash "$@"\n')


def forging_shell(host: Host, output: bytes, *, status: int = 0) -> None:
    """Have /bin/sh read what it is sent, keep it in /root/received and answer with ``output`` instead of running it."""
    host.write("/root/forged", output)
    replace_shell(host, f"{_SESSIONS_ONLY}cat >/root/received\ncat /root/forged\nexit {status}\n")


def flooding_shell(host: Host, line: str = "y" * 1023) -> None:
    """Have /bin/sh write without end, whatever it is asked."""
    replace_shell(host, f"{_SESSIONS_ONLY}exec yes {shlex.quote(line)}\n")


def full_disk(host: Host, size: int = 2 * 1024 * 1024) -> None:
    """Restart the host on a disk of ``size`` bytes and fill it to the last one; what it held stays."""
    host.restart(replace(host.plan, upper_bytes=size))
    host.run(["dd", "if=/dev/zero", "of=/filler", "bs=4096"], accept=(1,))
    host.run(["dd", "if=/dev/zero", "of=/filler-tail", "bs=1"], accept=(0, 1))


def refuse_connections(host: Host) -> None:
    """Restart the host without an sshd: the kernel answers every connection with a reset."""
    host.restart(replace(host.plan, program=Program.NOTHING))


def drop_packets(host: Host) -> None:
    """Have the host's packet filter swallow what comes in: connecting runs into its time-out."""
    rules = "table inet testbed { chain input { type filter hook input priority 0; policy drop; }\n}\n"
    host.run(["nft", "-f", "-"], data=rules.encode())


def write_non_utf8(host: Host, path: str) -> bytes:
    """Write bytes that are no UTF-8 and hold NUL, escape codes and GB 18030 text; return them."""
    content = b"\xff\xfe\x00\x01binary\x80\n" + "中文".encode("gb18030") + b"\n\x1b[31mred\x1b[0m\r\n\x00\xc3\x28\n"
    host.write(path, content)
    return content


def awkward_names(host: Host, folder: str) -> tuple[bytes, ...]:
    """Make files whose names hold a line feed, an escape code, a quote, markup, a formula and no UTF-8."""
    names = (b"line\nfeed", b"\x1b[2Jescape", b"quote'\"", b"<script>alert(1)<", b"=1+1", b"-rf", b"\xff\xfe", b" ")
    host.run(["mkdir", "-p", "--", folder])
    host.run(["touch", "--", *(f"{folder}/{os.fsdecode(name)}" for name in names)])
    return names


@contextmanager
def die_mid_output(host: Host, after_bytes: int) -> Iterator[threading.Event]:
    """Have the host killed once a /bin/sh has written ``after_bytes`` bytes; the event says that it is dead."""
    script = f'dash "$@" | head -c {after_bytes}\n: >{_DYING}\nexec sleep infinity\n'
    replace_shell(host, _SESSIONS_ONLY + script)
    mark = Path(f"/proc/{host.pid}/root{_DYING}")
    done, dead = threading.Event(), threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            if mark.exists():
                host.stop()
                dead.set()
                return

    watcher = threading.Thread(target=watch, name=f"death of {host.name}")
    watcher.start()
    try:
        yield dead
    finally:
        done.set()
        watcher.join()
