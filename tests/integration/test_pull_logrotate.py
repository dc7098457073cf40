"""Debian's logrotate in all its modes between pulls through a real shell: no line is lost, none comes twice."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from sec_ops.model.log_source import LogSource
from tests.pulling import Machine

pytestmark = pytest.mark.integration

MODES = {
    "create": "create 0600\ncompress",
    "nocreate": "nocreate\ncompress",
    "copytruncate": "copytruncate\ncompress",
    "copytruncate-plain": "copytruncate",
    "dateext": "dateext\ndateformat -%Y%m%d-%s\ncreate\ncompress",
    "olddir": "olddir old\ncreate\ncompress",
    "xz": "create\ncompress\ncompresscmd /usr/bin/xz\ncompressext .xz",
    "zstd": "create\ncompress\ncompresscmd /usr/bin/zstd\ncompressoptions -q --rm\ncompressext .zst",
    "delaycompress": "create\ncompress\ndelaycompress",
    "extension": "extension .log\ncreate",
}


@pytest.mark.parametrize("mode", MODES)
def test_logrotate(tmp_path: Path, mode: str) -> None:
    log = tmp_path / "log" / "app.log"
    (log.parent / "old").mkdir(parents=True)
    (tmp_path / "rotate.conf").write_text(f"{log} {{\nrotate 50\nsu root root\n{MODES[mode]}\n}}\n")
    pulled = Machine((LogSource(id="app", collect="pull", paths=(str(log),), rotated_to=("old",)),))
    written = []
    for step in range(7):
        lines = [f"{mode} {step:03} {number:03}" for number in range(40)]
        written += lines
        with log.open("a") as stream:
            stream.writelines(f"{line}\n" for line in lines)
        if step in (1, 4):
            pulled.pull()
        rotate = ["logrotate", "--force", "--state", str(tmp_path / "state"), str(tmp_path / "rotate.conf")]
        subprocess.run(rotate, check=True, capture_output=True)
        if mode == "dateext":
            time.sleep(1.05)  # its names are of a second's resolution
    log.touch()
    pulled.pull()
    pulled.pull()
    assert pulled.records() == [line.encode() for line in written]
    assert pulled.gaps() == []
