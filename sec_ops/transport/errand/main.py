"""Takes one order and does it: run a program, hold a report, or tell what the host is."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import socket
import sys
from typing import Any

from sec_ops.transport.errand.frames import Link
from sec_ops.transport.errand.starting import prepared, started, surroundings, wake_up
from sec_ops.transport.errand.work import Work


def run(link: Link, order: dict[str, Any]) -> None:
    """Run the program of an order and tell how it ended."""
    environment = surroundings(order["environment"])
    alarm = wake_up()
    try:
        words, descriptors = prepared(order["words"])
        child = started(words, environment, descriptors)
    except OSError as error:
        kind = "missing" if error.errno == errno.ENOENT else "refused"
        return link.send(b"x", json.dumps({kind: error.strerror or str(error)}).encode())
    for each in descriptors:
        os.close(each)
    code = Work(child, link, order).run(alarm)
    return link.send(b"x", json.dumps({"code": code}).encode())


def hold(link: Link) -> None:
    """Hold a report in memory; programs of this user write it through this process."""
    descriptor = os.memfd_create("report", os.MFD_CLOEXEC)
    link.send(b"h", "/proc/{}/fd/{}".format(os.getpid(), descriptor).encode())
    while not link.gone:
        link.wait(1.0)
        link.read()
        link.listen()
        while True:
            frame = link.next()
            if frame is None:
                break
            if frame[0] == b"r":
                link.send(b"m", os.pread(descriptor, os.fstat(descriptor).st_size, 0))
            if frame[0] == b"t":
                return
        link.write()


def facts() -> dict[str, Any]:
    """Return what the controller needs to know of this host."""
    path = surroundings({})["PATH"]
    return {
        "python": sys.executable,
        "host": socket.gethostname(),
        "user": os.geteuid(),
        "cache": os.path.join(os.path.expanduser("~"), ".cache", "sec-ops", "restic"),
        "restic": shutil.which("restic", path=path) or "",
        "path": path,
    }


def main() -> None:
    """Take the order and do it."""
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: link.drop())
    link = Link()
    frame = None
    while frame is None and not link.gone:
        link.wait(1.0)
        link.read()
        link.listen()
        frame = link.next()
    if frame is None:
        return
    order = json.loads(frame[1])
    link.silence = float(order["silence"])
    if order["do"] == "run":
        run(link, order)
    elif order["do"] == "hold":
        hold(link)
    else:
        link.send(b"f", json.dumps(facts()).encode())
    link.finish()
