"""The sandbox on this very kernel: closed, proved, and gone afterwards, however its drill ended."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from sec_ops.drill.sandbox.doors import SandboxDoors
from sec_ops.drill.sandbox.layout import Layout, Way, arguments
from sec_ops.drill.sandbox.opening import Asked, SandboxLeaks, open_sandbox, remove_leftovers
from sec_ops.drill.sandbox.proof import Target
from sec_ops.model.errors import EngineError, ProgramFailed
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.clock import SystemClock
from sec_ops.transport.process import ProgramRunner, run_program
from sec_ops.transport.streaming import Handed

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]
FAR = [
    Target(name="site_a", address="192.0.2.10", port=5432),
    Target(name="site_b", address="2001:db8::b", port=8000),
    Target(name="dns", address="192.0.2.53", port=53, protocol="udp"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "drill" / "run-1"


def opened(folder: Path, *, share_network: bool = False):
    asked = Asked(folder=folder, targets=FAR, absent=[ROOT], share_network=share_network)
    return open_sandbox(asked, run_program=run_program)


def test_everything_tried_is_refused_and_recorded(folder: Path) -> None:
    with opened(folder) as sandbox:
        isolation = sandbox.isolation
        assert isolation.holds
        tried = {each.name for each in isolation.probes}
        assert tried >= {"site_a", "site_b", "dns", "host_loopback", "unix_socket", "routes", "mount", "capabilities"}
        decoys = [each for each in isolation.probes if each.name in ("host_loopback", "unix_socket")]
        assert len(decoys) == 4
        assert all(each.outside for each in decoys), "each was seen to answer outside"
        assert isolation.way == (Way.OWN_UID if os.getuid() == 0 else Way.UNPRIVILEGED).value
    assert not folder.exists()


def test_a_network_that_is_shared_is_found_before_anything_starts(folder: Path) -> None:
    with pytest.raises(SandboxLeaks) as caught, opened(folder, share_network=True):
        pytest.fail("it was given out")
    assert caught.value.outcome is Outcome.ENGINE
    assert "host_loopback" in caught.value.why
    assert "interfaces" in caught.value.why or "site_a" in caught.value.why
    assert not folder.exists()


def test_programs_run_with_a_deadline_and_what_they_say_is_kept(folder: Path) -> None:
    with opened(folder) as sandbox:
        (sandbox.work / "in").write_text("from outside")
        os.chown(sandbox.work / "in", *(sandbox.work.stat().st_uid,) * 2)
        ended = sandbox.run(["sh", "-c", "cat; echo bad >&2; exit 3"], seconds=10, stdin=sandbox.work / "in")
        assert (ended.exit_code, ended.stdout, ended.stderr) == (3, "from outside", "bad\n")
        late = sandbox.run(["sleep", "60"], seconds=0.3)
        assert late.expired
        with pytest.raises(ProgramFailed):
            sandbox.run(["no-such-program"], seconds=5)
        assert sandbox.run(["id", "-u"], seconds=5).stdout.strip() != "0"


def test_a_service_listens_inside_only(folder: Path) -> None:
    with opened(folder) as sandbox:
        (sandbox.work / "index.html").write_text("restored")
        (sandbox.work / "index.html").chmod(0o644)
        sandbox.start("web", ["/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", "8080"])
        until = time.monotonic() + 20
        while not sandbox.listens("127.0.0.1", 8080) and time.monotonic() < until:
            time.sleep(0.05)
        page = sandbox.ask_web(8080, "/index.html", host="records.example")
        assert (page.status, page.body) == (200, "restored")
        alive, _said = sandbox.said("web")
        assert alive
        sandbox.stop("web")
        assert sandbox.ask_web(8080, "/", host="x").status == 0


def test_bubblewrap_that_is_not_installed_is_carried_into_the_sandbox_s_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As setup leaves it beside our Python, where the sandbox's user can't look."""
    beside = tmp_path / "hidden"
    beside.mkdir(mode=0o700)
    installed = shutil.which("bwrap")
    assert installed
    shutil.copy(installed, beside / "bwrap")
    found = shutil.which
    monkeypatch.setattr("shutil.which", lambda name, **more: None if name == "bwrap" else found(name, **more))
    with pytest.raises(EngineError, match="bwrap"), opened(folder):
        pytest.fail("it was made of nothing")
    monkeypatch.setattr(sys, "executable", str(beside / "python"))
    with opened(folder) as sandbox:
        assert sandbox.isolation.holds
        assert sandbox.run(["id", "-u"], seconds=10).stdout.strip() != "0"


def test_no_name_space_allowed_is_exit_5_with_the_reason_of_each_way(folder: Path) -> None:
    class Refusing(ProgramRunner):
        def __call__(self, arguments, **more):
            return super().__call__(["sh", "-c", "echo not permitted >&2; exit 1"], **more)

    with pytest.raises(EngineError) as caught, open_sandbox(Asked(folder=folder), run_program=Refusing()):
        pytest.fail("it was given out")
    assert caught.value.outcome is Outcome.ENGINE
    assert "not permitted" in caught.value.why


def test_two_drills_do_not_share_a_folder(folder: Path) -> None:
    with opened(folder), pytest.raises(EngineError, match="another drill"), opened(folder):
        pytest.fail("it was given out twice")


HELD = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from sec_ops.drill.sandbox.opening import Asked, open_sandbox
    from sec_ops.transport.process import run_program
    with open_sandbox(Asked(folder=Path(sys.argv[1])), run_program=run_program) as sandbox:
        sandbox.start("sleeper", ["sleep", "98765"])
        print("stands", flush=True)
        time.sleep(600)
""")


def sleepers() -> list[str]:
    lines = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in lines if line.split(maxsplit=1)[1] == "sleep 98765"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_however_a_drill_ends_nothing_of_it_runs_on_and_the_next_finds_its_folder(folder: Path, number: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HELD, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"stands\n"
    assert len(sleepers()) == 1
    assert remove_leftovers(folder.parent) == [], "it is alive"
    child.send_signal(number)
    child.wait()
    child.stdout.close()
    until = time.monotonic() + 20
    while sleepers() and time.monotonic() < until:
        time.sleep(0.05)
    assert sleepers() == []
    if number == signal.SIGINT:
        assert not folder.exists(), "an interrupted drill clears up itself"
    else:
        assert remove_leftovers(folder.parent) == ["run-1"]
    assert not folder.exists()
    assert list(Path("/sys/fs/cgroup").glob("**/sec-ops-run-1")) == [], "nor are control groups left"


def test_a_hostile_tree_is_removed_and_what_its_links_name_stays(folder: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir(mode=0o755)
    (precious / "file").write_text("stays")
    with opened(folder) as sandbox:
        made = sandbox.run(["sh", "-c", f"mkdir -p a/b; ln -s {precious} a/link; chmod 0 a/b a"], seconds=10)
        assert made.exit_code == 0
    assert not folder.exists()
    assert (precious / "file").read_text() == "stays"
    assert precious.stat().st_mode & 0o777 == 0o755


def test_as_an_ordinary_user_it_stands_too(tmp_path: Path) -> None:
    """Where the kernel lets users make name spaces; this program's own text is read by another user here."""
    if os.getuid() != 0:
        pytest.skip("run as root: the other tests are this one")
    layout = Layout(folder=tmp_path, python=Path("/usr/bin/python3"), uid=65100)
    tmp_path.chmod(0o755)
    for name in ("work", "etc"):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, 65100, 65100)
    reachable = Path("/var/tmp") / f"sec-ops-{os.getpid()}"
    tmp_path.rename(reachable)
    try:
        words = arguments(
            Layout(folder=reachable, python=layout.python, uid=65100), Way.UNPRIVILEGED, ["cat", "/proc/self/uid_map"]
        )
        user = ["setpriv", "--reuid", "65100", "--regid", "65100", "--clear-groups", "--"]
        ended = run_program([*user, *words], deadline_seconds=30)
    finally:
        reachable.rename(tmp_path)
    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout.split()[0] == b"65100"


def test_where_root_may_make_no_user_name_space_the_way_of_dropped_powers_starts_in_the_work_folder(
    tmp_path: Path,
) -> None:
    if os.getuid() != 0:
        pytest.skip("only root has powers to drop")
    layout = Layout(folder=tmp_path, python=Path("/usr/bin/python3"), uid=65100)
    for name in ("work", "etc"):
        (tmp_path / name).mkdir(mode=0o700)
    os.chown(tmp_path / "work", 65100, 65100)
    ended = run_program(arguments(layout, Way.DROPPED, ["sh", "-c", "pwd; id -u; >here"]), deadline_seconds=30)
    assert (ended.exit_code, ended.stdout.split()) == (0, [b"/drill", b"65100"]), ended.stderr
    assert (tmp_path / "work" / "here").stat().st_uid == 65100


def test_what_is_handed_over_is_laid_where_no_link_leads_out(folder: Path, tmp_path: Path) -> None:
    with opened(folder) as sandbox:
        doors = SandboxDoors(sandbox=sandbox, clock=SystemClock())
        handed = Handed(prefix="pass:", secret=SecretStr("sécret"))
        with doors.report() as report:
            words: list[str | Handed] = ["sh", "-c", 'cat - "${1#pass:}" >"$2"', "sh"]
            words += [handed, report.path]
            assert doors.run(words, stdin=b"\xffin ", deadline_seconds=10).exit_code == 0
            assert report.read() == b"\xffin " + "sécret".encode()
            assert doors.run(["ln", "-sf", "/etc/shadow", report.path], deadline_seconds=10).exit_code == 0
            with pytest.raises(ProgramFailed):
                report.read()
        with doors.talk(["sh", "-c", "cat; echo end"], deadline_seconds=10) as dialogue:
            dialogue.say("line\nend\n")
            assert dialogue.hear("end") == ("line",)
        assert not [each for each in sandbox.work.rglob("*") if each.is_file() and "logs" not in each.parts]


def test_who_says_too_much_is_ended_and_threads_take_turns(folder: Path) -> None:
    with opened(folder) as sandbox:
        assert sandbox.run(["yes"], seconds=60, most_bytes=1_000_000).flooded
        assert (
            sandbox.run(["head", "-c", "200000", "/dev/zero"], seconds=60, kept_bytes=100_000).stdout == "\0" * 100_000
        )
        assert not sandbox.run(["cat"], seconds=60, given="ü" * 500_000, most_bytes=1_000_000).flooded
        ends: list[str] = []
        threads = [
            threading.Thread(target=lambda n=n: ends.append(sandbox.run(["echo", n], seconds=30).stdout.strip()))
            for n in map(str, range(8))
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert sorted(ends) == list("01234567")


_PIPES = "cd /drill/logs; rm -f held.log; mkfifo held.log; for n in $(seq 0 9); do mkfifo $n.out; done; sleep 600"


def test_pipes_and_links_in_place_of_files_hold_up_nobody(folder: Path) -> None:
    with opened(folder) as sandbox:
        sandbox.start("held", ["sh", "-c", _PIPES])
        until = time.monotonic() + 20
        while not (folder / "work" / "logs" / "9.out").exists() and time.monotonic() < until:
            time.sleep(0.02)
        for deed in (
            lambda: sandbox.said("held"),
            lambda: sandbox.run(["true"], seconds=10),
            lambda: sandbox.read(sandbox.work / "logs" / "3.out"),
            lambda: sandbox.write(sandbox.work / "logs" / "3.out", b"x"),
            lambda: sandbox.run(["cat"], seconds=10, stdin=sandbox.work / "logs" / "9.out"),
        ):
            with pytest.raises(ProgramFailed):
                deed()


def test_a_program_whose_output_is_removed_meanwhile_is_told_nevertheless(folder: Path) -> None:
    with opened(folder) as sandbox:
        ended = sandbox.run(["sh", "-c", "rm /drill/logs/*; sleep 0.3; echo said"], seconds=10)
        assert (ended.exit_code, ended.stdout) == (0, "said\n")


_LOOKS = """
import os
for number in (1, 2):
    for name in ("mem", "environ", "maps", "fd/0", "fd/1"):
        path = f"/proc/{number}/{name}"
        try:
            with open(path, "rb"):
                print(os.readlink(path) if "fd" in name else path)
        except OSError:
            pass
"""


def test_who_reports_can_not_be_looked_into_nor_spoken_for_by_what_runs_beside(folder: Path) -> None:
    with opened(folder) as sandbox:
        found = sandbox.run(["python3", "-c", _LOOKS], seconds=20).stdout.split()
        assert not [each for each in found if each.startswith("/proc/2/")]
        assert [each for each in found if not each.startswith("/proc/")] == ["/dev/null", "/dev/null"]
        own = "open('/proc/self/mem', 'rb').close(); open('/proc/self/environ').close()"
        assert sandbox.run(["python3", "-c", own], seconds=20).exit_code == 0, "what it starts is as free as ever"
