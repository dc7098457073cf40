"""When processes began, and which are none any more."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

from sec_ops.backup.processes import process_began


def test_a_process_that_lives_began_in_the_past() -> None:
    began = process_began(os.getpid())
    assert began is not None
    assert began <= datetime.now(UTC) + timedelta(seconds=2)


def test_one_that_ended_is_none_though_nobody_has_asked_how() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    until = time.monotonic() + 20
    while process_began(child.pid) is not None and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(child.pid, 0)
    assert process_began(child.pid) is None
    child.wait()
    assert process_began(child.pid) is None
