"""What every door that runs a script promises: SSH, this machine and the fleet in memory alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from types import NoneType

import pytest

from sec_ops.compliance.collector import collector_script
from sec_ops.compliance.frames import read_header
from sec_ops.model.errors import ConnectionLost, DeadlineExceeded, OutputExceeded, TransportError
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secrets
from sec_ops.testing.fleet import Answer, FakeFleet
from sec_ops.transport import local, ssh
from sec_ops.transport.clock_offset import clock_offset_ms
from sec_ops.transport.process import run_program
from sec_ops.transport.values import Reply, Target

BOUND = 100_000


@dataclass(frozen=True)
class Case:
    """A script, how a host without an interpreter would answer it, and what must come of it."""

    name: str
    script: str
    answer: Answer
    output: bytes
    exit_code: int | None = 0
    error: type[TransportError] | None = None
    offset: type = NoneType

    def __str__(self) -> str:
        return self.name


def _said(name: str, script: str, output: bytes, exit_code: int = 0, **options: type) -> Case:
    return Case(name, script, Answer(output=output, exit_code=exit_code), output, exit_code, **options)


HEADER = f"@@sec-ops-facts 1 b00 c00 {int(time.time())}\n"
CASES = [
    _said("nothing", "", b""),
    _said("text", "echo one; echo two", b"one\ntwo\n"),
    _said("exit code", "echo said; exit 7", b"said\n", 7),
    _said("messages stay out", "echo out; echo err >&2; echo out", b"out\nout\n"),
    _said("binary", "printf '\\377\\000\\033[31m\\r\\n'", b"\xff\x00\x1b[31m\r\n"),
    _said("no line end", "printf end", b"end"),
    _said("many messages", "head -c 3000000 /dev/zero >&2; echo done", b"done\n"),
    _said("long script", "# " + "x" * 300_000 + "\necho done", b"done\n"),
    _said("header", f"printf '{HEADER}'; echo fact", HEADER.encode() + b"fact\n", offset=int),
    _said("header alone", f"printf '{HEADER}'", HEADER.encode(), offset=int),
    _said("time elsewhere", f"echo; printf '{HEADER}'", b"\n" + HEADER.encode()),
    _said("at the bound", f"head -c {BOUND} /dev/zero", bytes(BOUND)),
    Case(
        "past the bound",
        f"head -c {BOUND + 1} /dev/zero",
        Answer(output=bytes(BOUND + 1)),
        bytes(BOUND),
        None,
        OutputExceeded,
    ),
    Case("without end", "yes", Answer(output=b"y\n" * BOUND), b"y\n" * (BOUND // 2), None, OutputExceeded),
    Case(
        "too slow",
        f"printf '{HEADER}'; echo begun; sleep 60; echo late",
        Answer(output=HEADER.encode() + b"begun\n", elapsed_ms=60_000),
        HEADER.encode() + b"begun\n",
        None,
        DeadlineExceeded,
        int,
    ),
    Case(
        "ended by a signal",
        "echo begun; kill -9 $$",
        Answer(output=b"begun\n", exit_code=None),
        b"begun\n",
        None,
        ConnectionLost,
    ),
]

Door = Callable[[list[Target], Case], Iterator[Reply]]


def _fake(request: pytest.FixtureRequest) -> tuple[Door, Target]:
    def run(targets: list[Target], case: Case) -> Iterator[Reply]:
        answers = {target.name: case.answer for target in targets}
        return FakeFleet(answers, clock=SystemClock(), output_bytes=BOUND)(targets, case.script.encode())

    return run, local.local_target("fake")


def _local(request: pytest.FixtureRequest) -> tuple[Door, Target]:
    def run(targets: list[Target], case: Case) -> Iterator[Reply]:
        run_here = partial(local.run_script, case.script.encode(), clock=SystemClock(), output_bytes=BOUND)
        return (run_here(target=target) for target in targets)

    return run, local.local_target("here")


def _ssh(request: pytest.FixtureRequest) -> tuple[Door, Target]:
    bed = request.getfixturevalue("bed")
    (host,) = bed.up(1)
    secrets = Secrets(run_program=run_program, environment={})

    def run(targets: list[Target], case: Case) -> Iterator[Reply]:
        with bed.enter_controller():
            yield from ssh.run_script(
                targets, case.script.encode(), read_secret=secrets, clock=SystemClock(), output_bytes=BOUND
            )

    target = Target(
        name=host.name,
        address=str(host.ipv4),
        user="guest",
        known_hosts=bed.known_hosts,
        identity_file=bed.identity,
    )
    return run, target


@pytest.fixture(
    params=[
        pytest.param(_fake, id="fake"),
        pytest.param(_local, id="local"),
        pytest.param(_ssh, id="ssh", marks=pytest.mark.integration),
    ]
)
def door(request: pytest.FixtureRequest) -> tuple[Door, Target]:
    make: Callable[[pytest.FixtureRequest], tuple[Door, Target]] = request.param
    return make(request)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_script_is_answered(door, case):
    run, target = door
    target = replace(target, deadline_seconds=2 if case.error is DeadlineExceeded else 60)
    (reply,) = run([target], case)
    assert type(reply.error) is (case.error or type(None)), reply.error and reply.error.why
    assert reply.output == case.output
    assert reply.exit_code == case.exit_code
    assert type(reply.clock_offset_ms) is case.offset
    assert reply.target == target
    assert reply.privilege is target.privilege
    assert reply.elapsed_ms <= 60_000


def test_each_target_answers_once(door):
    run, target = door
    targets = [replace(target, name=f"{target.name}-{number}") for number in range(5)]
    replies = list(run(targets, CASES[1]))
    assert sorted(reply.target.name for reply in replies) == [each.name for each in targets]
    assert {reply.output for reply in replies} <= {b"one\ntwo\n", b""}


@pytest.mark.parametrize("nonce", ["", "n0nce"])
def test_the_collectors_own_first_line_tells_the_clock(nonce):
    reply = local.run_script(collector_script((), nonce=nonce), clock=SystemClock())
    header = read_header(reply.output, nonce=nonce)
    assert header is not None
    assert clock_offset_ms(reply.output, datetime.fromtimestamp(header.epoch + 10, UTC)) == -9_500
    assert reply.clock_offset_ms == 0


def test_no_target_is_no_fault(door):
    run, _ = door
    assert list(run([], CASES[1])) == []
