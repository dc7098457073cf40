"""A restored application that fills the disk is ended, and what else lives on that disk goes on."""

import os
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.restic.client import Restic
from sec_ops.drill.sandbox.opening import Asked, open_sandbox
from sec_ops.drill.services.nginx import Nginx
from sec_ops.model.errors import ProgramFailed
from sec_ops.transport.process import run_program
from tests.drilled_site import DrilledSite, check
from tests.integration.drill.test_drill_bad_days import english
from tests.integration.drill.town import told

pytestmark = [pytest.mark.integration, pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")]
WEB, MIB = "website-group", 1024**2

FILLS = textwrap.dedent("""
    import itertools, time
    for number in itertools.count():
        with open(f"/drill/{number}.fill", "wb") as stream:
            stream.write(bytes(2 ** 20))
        time.sleep(0.03)
""")
"""Slower than the disk by far, so that the one who looks is not late on a busy machine."""

CLAIMS = textwrap.dedent("""
    import os
    with open("/drill/one", "wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, 40 * 2 ** 20)
""")
"""Room claimed by one call is gone before anybody could look."""

NAMES = "import os, time\nfor n in range(10 ** 6): os.mknod(f'/drill/{n}.name'); n % 20 or time.sleep(0.02)"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own; in memory where this machine has no loop devices."""
    image, place = tmp_path / "image", tmp_path / "disk"
    place.mkdir()
    with image.open("wb") as stream:
        stream.truncate(64 * MIB)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-N", "2000", str(image)], check=True)
    if subprocess.run(["mount", "-o", "loop", str(image), str(place)], check=False, capture_output=True).returncode:
        options = "size=52m,nr_inodes=2000"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("program", [FILLS, NAMES], ids=["bytes", "names"])
def test_who_fills_the_disk_is_ended_before_it_is_full(disk: Path, program: str) -> None:
    with open_sandbox(Asked(folder=disk / "run-1"), run_program=run_program) as sandbox:
        sandbox.start("web", ["sleep", "600"])
        with pytest.raises(ProgramFailed, match="the sandbox was ended") as caught:
            sandbox.run(["python3", "-c", program], seconds=300)
        assert sandbox.broken is caught.value
        assert caught.value.why == "web; python3"
        assert shutil.disk_usage(disk).free > 4 * MIB
        (disk / "log").write_bytes(os.urandom(2 * MIB))
        with pytest.raises(ProgramFailed, match="the sandbox was ended"):
            sandbox.run(["true"], seconds=10)
    assert sorted(each.name for each in disk.iterdir() if each.name != "lost+found") == ["log"]


def test_no_single_file_can_be_larger_than_what_may_be_used(disk: Path) -> None:
    with open_sandbox(Asked(folder=disk / "run-1"), run_program=run_program) as sandbox:
        ended = sandbox.run(["python3", "-c", CLAIMS], seconds=60)
        assert "File too large" in ended.stderr
        assert sandbox.broken is None
        assert sandbox.run(["echo", "goes on"], seconds=10).stdout == "goes on\n"


def test_the_drill_is_sealed_as_failed_and_names_the_reserve_and_what_ran(
    disk: Path, tmp_path: Path, restic: Restic, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = DrilledSite(tmp_path / "site", capsys)
    scratch = site.root / "var" / "drill" / "scratch"
    scratch.parent.mkdir(parents=True)
    scratch.symlink_to(disk)
    site.repository("a", Path(restic.repository.location.path), place="second-site")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "1.html").write_text("<h1>1</h1>")
    site.plan(WEB, [{"id": "pages", "kind": "files", "settings": {"paths": [str(tmp_path / "pages")]}}])
    service = {"id": "web", "kind": "nginx", "settings": {"files": "pages", "root": str(tmp_path / "pages")}}
    site.recovery(WEB, [check("http", "web", path="/1.html", text="<h1>1</h1>")], services=[service])
    site.scenario("gone", "site_loss", {"id": WEB}, lost_places=["centre"])
    site.saved(WEB)
    provision = Nginx.provision

    def filling(service: Any, place: Any) -> Any:
        standing = provision(service, place)
        place.sandbox.start("records", ["python3", "-c", FILLS])
        place.sandbox.run(["sleep", "300"], seconds=300)
        return standing

    monkeypatch.setattr(Nginx, "provision", filling)
    code, record = site.drill("gone")
    assert (code, record["verdict"]) == (1, "failed"), told(record)
    (problem,) = record["problems"]
    assert "the sandbox was ended" in english(problem["what"])
    assert problem["why"] == "records; sleep"
    assert [each.name for each in disk.iterdir() if each.name != "lost+found"] == []
    _code, entries = site.call("evidence", "list")
    assert '"drill.run/1"' in str(entries).replace("'", '"')
