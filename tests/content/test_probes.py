"""Probes against real processes and files, where a case with made-up output proves nothing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from sec_ops.compliance.collector import collector_script
from sec_ops.compliance.frames import read_pack
from sec_ops.model.check import Probe
from sec_ops.model.fact import Fact, FactState, Provenance

PROBES = Path(__file__).parents[2] / "rules" / "graded_protection" / "probes" / "linux"
COMMON = (
    "awk",
    "cat",
    "date",
    "grep",
    "head",
    "readlink",
    "sed",
    "sleep",
    "sort",
    "stat",
    "tail",
    "tr",
    "uname",
    "uniq",
)


def fact_of(name: str, path: Path) -> Fact:
    """Return the fact of a probe, read with nothing in the path but the programs in `path`."""
    probe = Probe.model_validate(YAML(typ="safe").load(PROBES / f"{name}.yml"))
    script = collector_script([probe]).replace(b"PATH=/usr/sbin:", b"PATH=" + os.fsencode(path) + b" sec_ops_rest=", 1)
    done = subprocess.run(["dash"], input=script, capture_output=True, check=True, timeout=60)
    pack = read_pack(
        done.stdout,
        {name: probe},
        host="h",
        collected_at="2026-11-23T00:00:00Z",
        provenance=Provenance.COLLECTED,
    ).pack
    return pack.facts[name]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    for program in COMMON:
        (tmp_path / program).symlink_to(str(shutil.which(program)))
    return tmp_path


def test_another_ssh_server_is_not_the_absence_of_one(programs: Path) -> None:
    (programs / "dropbear").symlink_to(str(shutil.which("sleep")))
    running = subprocess.Popen([programs / "dropbear", "60"])
    try:
        assert fact_of("sshd_effective", programs).state is FactState.FAILED
    finally:
        running.kill()
        running.wait()
