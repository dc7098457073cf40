"""What the operating system is told, judged by systemd's own checker, and by a shell as cron starts it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sec_ops.model.job import Job, Timing
from sec_ops.schedule.install.cron import cron_file
from sec_ops.schedule.install.systemd import Installation, unit_files

JOBS = (
    Job(id="minutes", command=("logs", "pull"), timing=Timing(every_minutes=5)),
    Job(id="hours", command=("audit", "run"), timing=Timing(every_hours=6)),
    Job(id="daily", command=("logs", "retain"), timing=Timing(daily="02:30")),
    Job(id="weekly", command=("audit", "run"), timing=Timing(weekly="sun 03:00")),
    Job(id="off", command=("audit", "run"), timing=Timing(daily="02:30"), enabled=False),
)
ODD = "site of 50% \"city\" 'x' $HOME"


def place(tmp_path: Path, name: str = "site") -> Installation:
    program = tmp_path / "sec-ops"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    (tmp_path / name).mkdir(exist_ok=True)
    return Installation(program=program, site=tmp_path / name, user="root", site_id="qinglan", zone="Asia/Shanghai")


def test_a_job_switched_off_has_no_units(tmp_path: Path) -> None:
    names = unit_files(JOBS, place(tmp_path))
    assert len(names) == 8
    assert not any("off" in name for name in names)


def test_no_secret_and_no_shell_in_a_unit(tmp_path: Path) -> None:
    for text in unit_files(JOBS, place(tmp_path)).values():
        assert "sh -c" not in text
        assert "Environment=" not in text


@pytest.mark.parametrize("name", ["site", ODD])
def test_systemd_finds_no_fault_and_little_exposure(tmp_path: Path, name: str) -> None:
    assert shutil.which("systemd-analyze"), "package systemd"
    folder = tmp_path / "units"
    folder.mkdir()
    files = unit_files(JOBS, place(tmp_path, name))
    for each, text in files.items():
        (folder / each).write_text(text)
    paths = [str(folder / each) for each in files]
    verify = ["systemd-analyze", "verify", "--man=no", *paths]
    said = subprocess.run(verify, check=False, capture_output=True, text=True).stderr
    assert "sec-ops-qinglan" not in said
    services = [each for each in paths if each.endswith(".service")]
    security = ["systemd-analyze", "security", "--offline=yes", "--no-pager", *services]
    shown = subprocess.run(security, check=False, capture_output=True, text=True).stdout
    levels = [float(each) for each in re.findall(r"Overall exposure level for \S+: ([0-9.]+)", shown)]
    assert len(levels) == 4
    assert max(levels) < 2.5


@pytest.mark.parametrize("name", ["site", ODD])
def test_cron_starts_what_is_meant(tmp_path: Path, name: str) -> None:
    here = place(tmp_path, name)
    (line,) = [each for each in cron_file(here).splitlines() if each.startswith("*")]
    stars, user, command = line[:9], *line[10:].split(" ", 1)
    assert (stars, user) == ("* * * * *", "root")
    assert not re.search(r"(?<!\\)%", command), "a bare % ends the command for cron"
    started = subprocess.run(["/bin/sh", "-c", command.replace("\\%", "%")], check=True, capture_output=True, text=True)
    assert started.stdout.splitlines() == ["--site", str(here.site), "schedule", "run-due", "--quiet"]
