"""Site B pulls over a slow cable of IPv6 that is cut in the middle: nothing is lost, nothing is called good."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.backup.two_sites import Two, runs_of
from tests.servers.process import free_port, running
from tests.servers.sites import A, Cable, two_sites

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]
_BYTES = 60_000_000


def pulling(two: Two, cable: Cable) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "sec_ops", "--site", str(two.b.root), "--json", "backup", "copy", "student-records"]
    return subprocess.Popen(cable.at(cable.b, words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)


def pulled(child: "subprocess.Popen[bytes]") -> tuple[int, str]:
    output, errors = child.communicate(timeout=300)
    assert output, errors
    return child.returncode, json.loads(output)["systems"][0]["verdict"]


def server(folder: Path, port: int) -> list[str]:
    """Return an sshd that speaks sftp at site A."""
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    (folder / "known_hosts").write_text(f"[{A}]:{port} {(folder / 'host.pub').read_text()}")
    options = {
        "ListenAddress": A,
        "AuthorizedKeysFile": str(folder / "user.pub"),
        "UsePAM": "no",
        "StrictModes": "no",
        "PermitRootLogin": "yes",
        "PidFile": "none",
        "Subsystem": "sftp internal-sftp",
    }
    Path("/run/sshd").mkdir(exist_ok=True)
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ["/usr/sbin/sshd", "-D", "-e", "-p", str(port), "-f", "/dev/null", "-h", str(folder / "host"), *words]


@pytest.mark.heavy
@pytest.mark.skipif(os.getuid() != 0, reason="network namespaces need root")
def test_a_cable_cut_in_a_pull_is_told_and_the_next_pull_brings_the_rest(two: Two, tmp_path: Path) -> None:
    (two.tree / "large").write_bytes(os.urandom(_BYTES))
    run = two.run()
    folder = tmp_path / "sshd"
    folder.mkdir()
    port = free_port()
    words = server(folder, port)
    near = two.a.root / "data" / "near"
    two.b.repository(
        "near",
        location=f"sftp://root@[{A}]:{port}/{near}",
        identity_file=str(folder / "user"),
        known_hosts=str(folder / "known_hosts"),
    )
    with two_sites("60mbit") as cable:
        answers = ["bash", "-c", f"exec 3<>/dev/tcp/{A}/{port}"]

        def ready() -> bool:
            return subprocess.run(cable.at(cable.a, answers), capture_output=True, check=False).returncode == 0

        with running(cable.at(cable.a, words), ready, tmp_path / "sshd.log"):
            far = two.b.root / "data" / "far" / "data"
            before = size_of(far)
            child = pulling(two, cable)
            until = time.monotonic() + 120
            while size_of(far) == before and child.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
            assert child.poll() is None, "it was cut in the middle"
            cable.set("down")
            code, verdict = pulled(child)
            assert (code, verdict) in [(3, "unreachable"), (3, "interrupted"), (5, "failed")]
            assert runs_of(two.far) == set()
            assert pulled(pulling(two, cable)) == (3, "unreachable")
            cable.set("up")
            assert pulled(pulling(two, cable)) == (0, "ok")
    assert runs_of(two.far) == {run}
    assert two.far.check().judged.good


def size_of(folder: Path) -> int:
    """Return the bytes below a folder, which may change meanwhile."""
    sizes = []
    for each in folder.rglob("*"):
        try:
            sizes.append(each.stat().st_size)
        except FileNotFoundError:
            continue
    return sum(sizes)
