"""The process door: exit codes, bounds, deadlines, groups, what errors show."""

import os
import sys
import time
from pathlib import Path

import pytest

from sec_ops.model.errors import ProgramFailed, ProgramMissing
from sec_ops.runtime.secrets import Secret
from sec_ops.transport.process import ProgramRunner, clean_environment, program_failed, run_program


@pytest.mark.parametrize(
    ("script", "exit_code", "stdout", "stderr"),
    [
        ("exit 0", 0, b"", b""),
        ("exit 7", 7, b"", b""),
        ("echo out; echo err >&2; exit 3", 3, b"out\n", b"err\n"),
        ("kill -9 $$", -9, b"", b""),
        ("printf '\\377\\000'", 0, b"\xff\x00", b""),
        ("cat", 0, b"fed", b""),
        ("exec >&- 2>&-; sleep 0.2; exit 4", 4, b"", b""),
    ],
)
def test_what_a_program_leaves_is_returned(script, exit_code, stdout, stderr):
    completed = run_program(["sh", "-c", script], stdin=b"fed")
    assert (completed.exit_code, completed.stdout, completed.stderr) == (exit_code, stdout, stderr)
    assert completed.elapsed_ms >= 0


def test_no_shell_reads_the_arguments():
    assert run_program(["printf", "%s", "$(id); `id` *"]).stdout == b"$(id); `id` *"


def test_large_input_and_output_pass_at_once():
    data = os.urandom(3_000_000)
    assert run_program(["cat"], stdin=data).stdout == data


def test_a_program_that_ignores_its_input_is_no_fault():
    assert run_program(["true"], stdin=b"x" * 1_000_000).exit_code == 0


def test_output_past_the_bound_keeps_both_ends_and_says_what_is_missing():
    runner = ProgramRunner(output_bytes=100)
    completed = runner(["sh", "-c", "printf begin; head -c 100000 /dev/zero; printf end; exit 5"])
    assert completed.exit_code == 5
    assert completed.stdout.startswith(b"begin")
    assert completed.stdout.endswith(b"end")
    assert b"[99908 bytes cut here]" in completed.stdout
    assert len(completed.stdout) < 200


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_output_within_the_bound_is_whole(size):
    assert ProgramRunner(output_bytes=100)(["head", "-c", str(size), "/dev/zero"]).stdout == bytes(size)


def test_the_deadline_ends_the_whole_group(tmp_path: Path):
    script = f"(trap '' TERM; sleep 60) & echo $! > {tmp_path}/pid; echo said; wait"
    with pytest.raises(ProgramFailed) as caught:
        run_program(["sh", "-c", script], deadline_seconds=0.5)
    assert "said" in caught.value.why
    assert _gone(int((tmp_path / "pid").read_text()))


def test_what_a_finished_program_left_running_is_ended(tmp_path: Path):
    completed = run_program(["sh", "-c", f"sleep 60 & echo $! > {tmp_path}/pid; echo done"], deadline_seconds=30)
    assert completed.stdout == b"done\n"
    assert completed.elapsed_ms < 20_000
    assert _gone(int((tmp_path / "pid").read_text()))


def test_a_missing_program_is_named():
    with pytest.raises(ProgramMissing, match="no-such-program"):
        run_program(["no-such-program"])


def test_a_file_without_the_right_to_run_is_missing(tmp_path: Path):
    (tmp_path / "plain").write_text("#!/bin/sh\n")
    with pytest.raises(ProgramMissing):
        run_program([str(tmp_path / "plain")])


def test_a_program_that_can_not_start_failed(tmp_path: Path):
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)
    with pytest.raises(ProgramFailed, match="could not start"):
        run_program([str(broken)])


def test_the_environment_given_is_the_whole_environment():
    completed = run_program(["/usr/bin/env"], environment={"ONLY": "this"})
    assert completed.stdout == b"ONLY=this\n"


def test_a_clean_environment_carries_no_agent_and_no_library_path(monkeypatch: pytest.MonkeyPatch):
    for name in ("SSH_AUTH_SOCK", "LD_PRELOAD", "PYTHONPATH", "https_proxy"):
        monkeypatch.setenv(name, "/tmp/evil")
    environment = clean_environment(EXTRA="1")
    assert environment["EXTRA"] == "1"
    assert "PATH" in environment
    assert "/tmp/evil" not in environment.values()


def test_programs_are_looked_up_in_the_given_path_only(tmp_path: Path):
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\necho mine\n")
    tool.chmod(0o755)
    assert run_program(["tool"], environment={"PATH": f"{tmp_path}:/usr/bin:/bin"}).stdout == b"mine\n"
    with pytest.raises(ProgramMissing):
        run_program(["tool"])


@pytest.mark.parametrize("secret", ["hunter2secret", "with space", "quo'te\"s", "back\\slash"])
def test_errors_never_show_a_known_secret(secret):
    runner = ProgramRunner(secrets=[Secret(secret)])
    program = [sys.executable, "-c", "import sys,time; print(sys.stdin.read()); sys.stdout.flush(); time.sleep(9)"]
    with pytest.raises(ProgramFailed) as caught:
        runner([*program, secret], stdin=secret.encode(), deadline_seconds=1.5)
    shown = f"{caught.value} {caught.value.where} {caught.value.why} {caught.value!r}"
    assert secret not in shown
    assert "[redacted]" in caught.value.where


def test_an_exit_code_the_caller_refuses_shows_the_last_lines():
    arguments = ["sh", "-c", "seq 100 >&2; exit 9"]
    error = program_failed(arguments, run_program(arguments))
    assert "exit code 9" in str(error)
    assert error.why.splitlines() == [str(number) for number in range(76, 101)]


def _gone(pid: int) -> bool:
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False
