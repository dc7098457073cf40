"""What counts as refused, and that each way out is noticed."""

import copy
import errno
from typing import Any

import pytest

from sec_ops.drill.sandbox.opening import SandboxLeaks
from sec_ops.drill.sandbox.proof import Target, judged
from sec_ops.model.drill_record import ANSWERS

STATUS = dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), "0000000000000000") | {"NoNewPrivs": "1"}
TARGETS = [
    Target(name="site_a", address="192.0.2.10", port=5432),
    Target(name="host_loopback", address="127.0.0.1", port=4000, outside=True),
    Target(name="unix_socket", address="@secret", protocol="unix", outside=True),
]
FACTS: dict[str, Any] = {
    "reached": [
        {"name": "site_a", "address": "192.0.2.10", "port": 5432, "protocol": "tcp", "errno": errno.ENETUNREACH},
        {"name": "host_loopback", "address": "127.0.0.1", "port": 4000, "protocol": "tcp", "errno": errno.ECONNREFUSED},
        {"name": "unix_socket", "address": "@secret", "port": None, "protocol": "unix", "errno": errno.ECONNREFUSED},
    ],
    "interfaces": ["lo"],
    "routes": [],
    "routes6": [["0", "0", "lo"]],
    "mounts": [
        ["1", "0", "0:1", "/", "/", "ro,nosuid,nodev"],
        ["2", "1", "0:1", "/", "/usr", "ro,nosuid,nodev"],
        ["3", "1", "0:1", "/w", "/drill", "rw,nosuid,nodev"],
        ["4", "1", "0:1", "/null", "/dev/null", "rw,nosuid"],
    ],
    "present": {"/srv/site": False},
    "written": {"/": errno.EROFS},
    "powers": {"raw_socket": errno.EPERM},
    "signalled": errno.ESRCH,
    "status": STATUS,
    "uid": 61184,
    "groups": [],
    "environment": ["PATH", "HOME"],
    "descriptors": {"0": "pipe", "1": "pipe", "2": "pipe", "3": ""},
    "processes": [1, 2],
}


def test_a_closed_sandbox_holds() -> None:
    isolation = judged(FACTS, TARGETS, "way")
    assert isolation.holds
    assert not isolation.leaks
    assert [each.outside for each in isolation.probes[:3]] == [False, True, True]


def reached(number: int, index: int = 0) -> dict[str, Any]:
    facts = copy.deepcopy(FACTS)
    facts["reached"][index]["errno"] = number
    return facts


@pytest.mark.parametrize("number", [0, -1, errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ECONNRESET, errno.ETIMEDOUT])
def test_a_far_machine_that_answers_or_may_have_is_a_leak(number: int) -> None:
    (leak,) = judged(reached(number), TARGETS, "way").leaks
    assert leak.name == "site_a"
    assert leak.how


@pytest.mark.parametrize("index", [1, 2])
def test_what_answers_on_this_machine_is_a_leak(index: int) -> None:
    assert len(judged(reached(0, index), TARGETS, "way").leaks) == 1


CHANGES: dict[str, Any] = {
    "interfaces": ["lo", "eth0"],
    "routes": [["eth0"]],
    "routes6": [["0", "0", "eth0"]],
    "mounts": [*FACTS["mounts"], ["5", "1", "8:1", "/", "/srv", "ro,nosuid"]],
    "present": {"/srv/site": True},
    "written": {"/": 0},
    "powers": {"raw_socket": 0},
    "signalled": 0,
    "status": STATUS | {"CapBnd": "0000000000000001"},
    "uid": 0,
    "groups": [4],
    "environment": ["PATH", "SSH_AUTH_SOCK"],
    "descriptors": {"0": "pipe", "7": "/srv/site/var/evidence/log"},
    "processes": [1, 2, 4711],
    "reached": FACTS["reached"][1:],
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_each_way_out_is_noticed(name: str) -> None:
    isolation = judged(FACTS | {name: CHANGES[name]}, TARGETS, "way")
    assert not isolation.holds
    assert len(isolation.leaks) == 1


def test_a_writable_system_folder_and_a_program_that_gains_powers_are_noticed() -> None:
    for options in ("rw,nosuid", "ro,nodev"):
        mounts = copy.deepcopy(FACTS["mounts"])
        mounts[1][5] = options
        assert len(judged(FACTS | {"mounts": mounts}, TARGETS, "way").leaks) == 1
    assert not judged(FACTS | {"status": STATUS | {"NoNewPrivs": "0"}}, TARGETS, "way").holds


@pytest.mark.parametrize("name", sorted(FACTS))
def test_a_missing_fact_is_no_proof(name: str) -> None:
    with pytest.raises(KeyError):
        judged({key: value for key, value in FACTS.items() if key != name}, TARGETS, "way")


def test_words_of_ours_are_known_to_those_who_show_them_and_stand_in_no_error() -> None:
    facts = reached(0)
    facts["reached"][1]["errno"] = -1
    del facts["reached"][2]
    isolation = judged(facts, TARGETS, "way")
    assert {each.how for each in isolation.leaks} == {"succeeded", "no answer", "not tried"} <= set(ANSWERS)
    leaks = SandboxLeaks(isolation).why.splitlines()
    assert leaks == ["site_a 192.0.2.10 5432/tcp", "host_loopback 127.0.0.1 4000/tcp", "unix_socket @secret"]
