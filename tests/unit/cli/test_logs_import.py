"""`logs import` on the command line: a host that nobody knows is told, not refused."""

from pathlib import Path

import pytest

from sec_ops.cli.main import run


def imported(site: Path, *options: str) -> int:
    log = site.parent / "dpkg.log"
    log.write_text("2026-11-26 01:02:03 install busybox:amd64 <none> 1:1.35.0-4\n")
    return run(["--site", str(site), "logs", "import", str(log), *options])


def test_a_host_and_a_unit_that_are_not_in_the_inventory_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site"
    assert run(["init", str(site)]) == 0
    assert imported(site) == 0
    assert "warning" not in capsys.readouterr().err
    assert imported(site, "--host", "wbe-1", "--unit", "qinglna") == 0
    told = capsys.readouterr().err
    assert "no host of the inventory is called wbe-1" in told
    assert "no unit of the inventory has the id qinglna" in told


def test_an_inventory_with_faults_does_not_keep_logs_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site"
    assert run(["init", str(site)]) == 0
    (site / "inventory" / "people.yml").write_text("people: [{}]\n")
    capsys.readouterr()
    assert imported(site, "--host", "web-1") == 0
    assert "1 files, 1 events" in capsys.readouterr().out
