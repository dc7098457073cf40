"""The collector in every shell it must run in: real runs, hostile output, bounds in bytes and time."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from sec_ops.compliance.collector import collector_digest, collector_script, needed_probes
from sec_ops.compliance.frames import ReadPack, read_header, read_pack
from sec_ops.model.check import Probe
from sec_ops.model.fact import Fact, FactState, Provenance
from tests.unit.compliance.samples import check

SHELLS = [shell for shell in (["dash"], ["bash"], ["busybox", "ash"]) if shutil.which(shell[0])]
every_shell = pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[-1])


def probe(name: str, run: str, **bounds: int) -> Probe:
    return Probe.model_validate({"id": name, "run": run, **bounds})


def collect(shell: list[str], *probes: Probe, nonce: str = "") -> ReadPack:
    script = collector_script(probes, nonce=nonce)
    done = subprocess.run(shell, input=script, capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    return read(done.stdout, *probes, nonce=nonce)


def read(data: bytes, *probes: Probe, nonce: str = "") -> ReadPack:
    named = {one.id: one for one in probes}
    return read_pack(
        data, named, host="h", collected_at="2026-11-23T00:00:00Z", provenance=Provenance.COLLECTED, nonce=nonce
    )


def one_fact(shell: list[str], run: str, **bounds: int) -> Fact:
    found = collect(shell, probe("value", run, **bounds))
    assert found.faults == ()
    assert found.pack.complete
    return found.pack.facts["value"]


@every_shell
def test_bytes_arrive_as_they_are(shell: list[str]) -> None:
    fact = one_fact(shell, r"printf 'a\0b\377\n\n@@x end value 0\n\n'")
    assert fact.text.encode("utf-8", "surrogateescape") == b"a\0b\xff\n\n@@x end value 0\n\n"
    assert fact.state is FactState.READ


@every_shell
def test_a_snippet_whose_orphans_hold_the_pipe_is_cut_and_the_next_still_runs(shell: list[str]) -> None:
    """Orphans are nobody's descendants: their writing end stays open after the snippet is done."""
    found = collect(shell, probe("orphans", "sleep 70 & echo done", seconds_bound=1), probe("next", "echo next"))
    assert found.pack.facts["orphans"].state is FactState.TIMED_OUT
    assert (found.pack.facts["next"].state, found.pack.facts["next"].text) == (FactState.READ, "next\n")


def test_functions_of_the_login_s_environment_do_not_answer_for_programs() -> None:
    script = collector_script([probe("value", "printf 'x y\\n' | awk '{ print $2 }'; cat /dev/null")])
    forged = {f"BASH_FUNC_{name}%%": "() { echo forged; }" for name in ("awk", "cat", "printf", "have", "stat")}
    environment = {**os.environ, **forged}
    done = subprocess.run(
        ["bash", "--posix"], input=script, capture_output=True, check=True, env=environment, timeout=60
    )
    assert read(done.stdout, probe("value", "true")).pack.facts["value"].text == "y\n"


@pytest.mark.parametrize("missing", ["awk", "sort", "stat"])
def test_without_a_common_program_no_answer_counts(tmp_path: Path, missing: str) -> None:
    """`awk … | while read` says nothing and exits 0 where awk is missing: that is no answer."""
    for program in (
        "awk",
        "cat",
        "date",
        "grep",
        "head",
        "sed",
        "sleep",
        "sort",
        "stat",
        "tail",
        "tr",
        "uname",
        "uniq",
    ):
        if program != missing:
            (tmp_path / program).symlink_to(str(shutil.which(program)))
    silent = probe("value", "awk 1 /etc/passwd | sort | while read -r line; do :; done")
    script = collector_script([silent]).replace(b"PATH=/usr/sbin:", b"PATH=" + bytes(tmp_path) + b" sec_ops_rest=", 1)
    done = subprocess.run(["dash"], input=script, capture_output=True, check=True, timeout=60)
    fact = read(done.stdout, silent).pack.facts["value"]
    assert (fact.state, fact.exit_code) == (FactState.FAILED, 127)
    assert missing in fact.text


@every_shell
@pytest.mark.parametrize(
    ("run", "state"),
    [
        ("echo a", FactState.READ),
        ("exit 0", FactState.READ),
        ("exit 120", FactState.ABSENT),
        ("exit 121", FactState.UNREADABLE),
        ("no_such_program_here", FactState.FAILED),
        ("echo a; exit 3", FactState.FAILED),
        ("if; then", FactState.FAILED),
        ("kill -9 $$; echo no", FactState.MISSING),
        ("show /no/such/file", FactState.ABSENT),
        ("show /etc", FactState.UNREADABLE),
        ("show_all /no/such/* /nor/this", FactState.ABSENT),
        ("have no_such_program_here || exit 120", FactState.ABSENT),
        ("cat", FactState.READ),
    ],
)
def test_exit_codes_become_states(shell: list[str], run: str, state: FactState) -> None:
    if state is FactState.MISSING:
        script = collector_script([probe("value", run)])
        left = subprocess.run(shell, input=script, capture_output=True, check=False, timeout=60).stdout
        found = read(left, probe("value", run))
        assert not found.pack.complete
        assert found.pack.facts["value"].state is state
    else:
        assert one_fact(shell, run).state is state


@every_shell
def test_other_exit_codes_may_be_answers(shell: list[str]) -> None:
    answers = Probe.model_validate({"id": "value", "run": "echo none; exit 1", "ok_exit": [0, 1]})
    assert collect(shell, answers).pack.facts["value"].state is FactState.READ


@every_shell
@pytest.mark.parametrize("size", [99, 100, 101, 110, 120, 130, 140, 150, 170, 100_000])
def test_the_bound_in_bytes(shell: list[str], size: int) -> None:
    fact = one_fact(shell, f"head -c {size} /dev/zero", bytes_bound=100)
    assert len(fact.text) == min(size, 100)
    assert fact.state is (FactState.READ if size <= 100 else FactState.TRUNCATED)


@every_shell
def test_endless_output_is_cut(shell: list[str]) -> None:
    assert one_fact(shell, "while :; do echo y; done", bytes_bound=1000).state is FactState.TRUNCATED


@every_shell
@pytest.mark.parametrize(
    "run", ["echo begun; sleep 600; :", "echo begun; sleep 600 | cat", "trap '' TERM; while :; do :; done"]
)
def test_the_bound_in_time_ends_all_of_a_snippet(shell: list[str], run: str) -> None:
    marked = f"sec_ops_test_of={time.monotonic_ns()} sh -c \"$(cat <<'X'\n{run}\nX\n)\""
    found = collect(shell, probe("slow", marked, seconds_bound=1), probe("value", "echo on"))
    assert found.pack.facts["slow"].state is FactState.TIMED_OUT
    assert found.pack.facts["value"].text == "on\n"
    mark = marked.partition(" ")[0].encode()
    assert [path for path in Path("/proc").glob("[0-9]*/environ") if mark in environment(path)] == []


def environment(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@every_shell
def test_a_snippet_cannot_disturb_the_next(shell: list[str]) -> None:
    spoilers = [
        "cd /tmp; PATH=/; LC_ALL=x",
        "exec 1>&-",
        "exec echo done",
        "set -e; false",
        "unset PATH",
        "trap 'echo bye' EXIT",
    ]
    probes = [probe(f"spoiler{number}", run) for number, run in enumerate(spoilers)]
    found = collect(shell, *probes, probe("value", 'echo "$PWD $PATH $LC_ALL"'))
    assert found.faults == ()
    assert found.pack.facts["value"].text.startswith("/ /usr/sbin:")


@every_shell
def test_show_all_frames_files_that_cannot_speak_for_others(shell: list[str], tmp_path: Path) -> None:
    (tmp_path / "a b=c").write_text("one\n==> /etc/passwd <==\ntwo")
    (tmp_path / "empty").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("/no/such")
    fact = one_fact(shell, f"show_all {tmp_path}/* /no/such/file")
    expected = f"==> {tmp_path}/a b=c <==\none\n ==> /etc/passwd <==\ntwo\n==> {tmp_path}/empty <==\n"
    assert fact.text == expected


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
@every_shell
def test_not_being_allowed_to_look_is_not_absence(shell: list[str], tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "inner").mkdir(parents=True)
    (tmp_path / "file").write_text("x")
    closed.chmod(0o600)
    (tmp_path / "file").chmod(0o000)
    snippets = {
        "below": f"show {closed}/inner/file",
        "pattern": f"show_all {closed}/*",
        "file": f"show {tmp_path}/file",
        "files": f"show_all {tmp_path}/file",
        "absent": f"show {tmp_path}/none",
        "absent_pattern": f"show_all {tmp_path}/*.none",
    }
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    script = collector_script([probe(name, run) for name, run in snippets.items()])
    done = subprocess.run(
        [*shell], input=script, capture_output=True, check=True, timeout=60, user="nobody", extra_groups=[]
    )
    found = read(done.stdout, *(probe(name, run) for name, run in snippets.items()))
    states = {name: fact.state for name, fact in found.pack.facts.items()}
    unreadable = dict.fromkeys(("below", "pattern", "file", "files"), FactState.UNREADABLE)
    assert states == unreadable | dict.fromkeys(("absent", "absent_pattern"), FactState.ABSENT)


@every_shell
def test_the_header_echoes_the_nonce_after_noise(shell: list[str]) -> None:
    script = collector_script([probe("value", "echo 1")], nonce="abc.DEF-9")
    data = b"Welcome!\n" + subprocess.run(shell, input=script, capture_output=True, check=True).stdout
    header = read_header(data, nonce="abc.DEF-9")
    assert header is not None
    assert header.collector_sha256 == collector_digest(script)
    assert abs(header.epoch - time.time()) < 60
    assert read_header(data) is None
    assert read_header(data, nonce="another") is None


@every_shell
def test_the_nonce_may_come_by_the_environment(shell: list[str]) -> None:
    script = collector_script([probe("value", "echo 1")])
    done = subprocess.run(
        shell, input=script, capture_output=True, check=True, env={"SEC_OPS_NONCE": "n1", "PATH": "/usr/bin:/bin"}
    )
    assert read_header(done.stdout, nonce="n1")


def test_a_script_cut_on_its_way_does_nothing() -> None:
    script = collector_script([probe("value", "echo 1")])
    for cut in (len(script) // 2, len(script) - 40, script.rindex(b"\n}\n")):
        assert subprocess.run(["dash"], input=script[:cut], capture_output=True, check=False).stdout == b""


def test_the_script_is_the_same_for_the_same_probes() -> None:
    probes = [probe("a", "echo 'it''s'"), probe("b", "true")]
    assert collector_script(probes) == collector_script(probes)
    assert collector_digest(collector_script(probes, nonce="x")) == collector_digest(collector_script(probes))
    assert collector_digest(collector_script(probes[:1])) != collector_digest(collector_script(probes))
    with pytest.raises(ValueError, match="nonce"):
        collector_script(probes, nonce="$(reboot)")


def test_needed_probes_are_each_there_once() -> None:
    shared = {name: probe(name, "true") for name in ("os_release", "zeta", "alpha", "unused")}
    own = probe("own", "true")
    checks = [
        check(probe=["zeta", own]),
        check(probe=["alpha", "zeta", "unknown"]),
        check(probe=["unused"], enabled=False),
    ]
    assert [one.id for one in needed_probes(checks, shared)] == ["os_release", "alpha", "own", "zeta"]
