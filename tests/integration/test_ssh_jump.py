"""The SSH door through jump hosts: hosts that the controller itself can't reach, real sshd on every hop."""

from __future__ import annotations

import dataclasses
import threading

import pytest

from sec_ops.model.errors import (
    AuthenticationFailed,
    ConnectionLost,
    DeadlineExceeded,
    HostKeyChanged,
    HostKeyUnknown,
    HostUnreachable,
)
from sec_ops.transport._wire import Wire
from sec_ops.transport.values import Target
from tests.integration.audit_site import AuditSite, host_variables
from tests.integration.ssh_controller import Controller, sessions, soon, sudo_target
from tests.testbed import faults
from tests.testbed.bed import Bed
from tests.testbed.host import Host

pytestmark = pytest.mark.integration


@pytest.fixture
def controller(bed: Bed) -> Controller:
    return Controller(bed)


def hide(host: Host, *others: Host) -> None:
    """Make a host unable to answer the controller, and the other hosts given."""
    for address in ("10.77.0.1", *(str(other.ipv4) for other in others)):
        host.run(["ip", "route", "add", "blackhole", f"{address}/32"])


def behind(target: Target, jump: Target) -> Target:
    return dataclasses.replace(target, jump=jump)


def test_a_hidden_host_is_reached_through_another_and_only_so(controller, hosts):
    gate, hidden = hosts(2)
    hide(hidden)
    straight = controller.target(hidden, deadline_seconds=3)
    assert controller.one(straight, connect_seconds=2).error is not None
    reply = controller.one(behind(controller.target(hidden), controller.target(gate)))
    assert (reply.error, reply.output) == (None, b"root\ndone\n")
    assert reply.host_key.startswith("ssh-ed25519 ")


def test_two_hops_each_with_its_own_user(controller, hosts):
    outer, inner, hidden = hosts(3)
    hide(inner)
    hide(hidden, outer)
    way = behind(controller.target(inner, user="guest"), controller.target(outer, user="operator"))
    reply = controller.one(behind(sudo_target(controller, hidden, "officer", "officer"), way))
    assert (reply.error, reply.output) == (None, b"root\ndone\n")


def test_many_hosts_share_one_connection_to_their_jump_host(controller, hosts):
    gate, *hidden = hosts(4)
    faults.set_line(gate, "/etc/ssh/sshd_config", "LogLevel", "LogLevel VERBOSE")
    gate.restart()
    way = controller.target(gate)
    targets = [behind(controller.target(hidden[index % 3]), way) for index in range(12)]
    replies = list(controller.visit(targets, b'echo "$SSH_CLIENT"\n'))
    assert [reply.error for reply in replies] == [None] * 12
    assert {reply.output.split()[0].decode() for reply in replies} == {str(gate.ipv4)}
    assert gate.log.read_text().count("Accepted publickey") == 1


@pytest.mark.parametrize("at", ["gate", "host"])
def test_a_changed_key_of_any_hop_is_refused_and_the_hop_is_named(controller, hosts, at):
    gate, hidden = hosts(2)
    {"gate": gate, "host": hidden}[at].use_new_key()
    reply = controller.one(behind(controller.target(hidden), controller.target(gate)))
    assert isinstance(reply.error, HostKeyChanged)
    assert {"gate": gate, "host": hidden}[at].name in str(reply.error.what)
    assert ("on the way" in str(reply.error.what)) is (at == "gate")
    assert reply.output == b""


def test_an_unknown_jump_host_is_not_spoken_to(controller, hosts, tmp_path):
    gate, hidden = hosts(2)
    stranger = controller.target(gate, known_hosts=tmp_path / "empty")
    reply = controller.one(behind(controller.target(hidden), stranger))
    assert isinstance(reply.error, HostKeyUnknown)
    assert f"at a jump host: {gate.name}:" in str(reply.error.what)


def test_who_is_not_let_in_at_the_jump_host_is_told_so_once_for_all_behind_it(controller, hosts, tmp_path):
    gate, hidden = hosts(2)
    way = controller.target(gate, user="guest", identity_file=None, password={"env": "PASSWORD_WRONG"})
    replies = list(controller.visit([behind(controller.target(hidden), way)] * 3))
    assert {type(reply.error) for reply in replies} == {AuthenticationFailed}
    assert gate.log.read_text().count("Failed password") == 1


@pytest.mark.parametrize(("address", "port"), [(None, 2), ("no-such-host.invalid", 22), ("203.0.113.7", 22)])
def test_what_the_jump_host_can_not_reach_names_it(controller, hosts, address, port):
    gate, hidden = hosts(2)
    target = controller.target(hidden, address=address or str(hidden.ipv4), port=port)
    reply = controller.one(behind(target, controller.target(gate)))
    assert isinstance(reply.error, HostUnreachable)
    assert f"the jump host {gate.name} can't reach" in str(reply.error.what)


def test_a_jump_host_that_passes_nothing_on(controller, hosts):
    gate, hidden = hosts(2)
    faults.set_line(gate, "/etc/ssh/sshd_config", "AllowTcpForwarding", "AllowTcpForwarding no")
    gate.restart()
    reply = controller.one(behind(controller.target(hidden), controller.target(gate)))
    assert isinstance(reply.error, HostUnreachable)
    assert "does not pass connections on" in str(reply.error.what)


def test_a_dead_jump_host_is_tried_once(controller, hosts, bed, monkeypatch):
    (hidden,) = hosts(1)
    (nobody,) = bed.dead_addresses(1)
    tried = []
    connect = Wire.connect

    def counted(self: Wire, target: Target, seconds: float) -> None:
        tried.append(target.name)
        connect(self, target, seconds)

    monkeypatch.setattr(Wire, "connect", counted)
    way = dataclasses.replace(controller.target(hidden), name="gate", address=str(nobody))
    replies = list(controller.visit([behind(controller.target(hidden), way)] * 20, parallel=2, connect_seconds=5))
    assert {type(reply.error) for reply in replies} == {HostUnreachable}
    assert tried == ["gate"]


def test_one_deadline_covers_the_way_and_the_script(controller, hosts):
    gate, hidden = hosts(2)
    target = behind(controller.target(hidden, deadline_seconds=2), controller.target(gate))
    slow, quick = controller.visit([target, behind(controller.target(hidden), controller.target(gate))], b"sleep 4\n")
    assert {type(reply.error) for reply in (slow, quick)} == {DeadlineExceeded, type(None)}


def test_a_jump_host_that_dies_in_the_middle_ends_its_visits_only(controller, hosts):
    gate, hidden, other = hosts(3)
    visits = controller.visit(
        [behind(controller.target(hidden), controller.target(gate)), controller.target(other)],
        b"echo here; touch /tmp/begun; sleep 3; echo done\n",
    )

    def begun():
        return hidden.run(["test", "-e", "/tmp/begun"], accept=(0, 1)).returncode == 0

    plug = threading.Thread(target=lambda: soon(begun) and gate.stop())
    plug.start()
    replies = {reply.target.name: reply for reply in visits}
    plug.join()
    assert isinstance(replies[hidden.name].error, ConnectionLost)
    assert replies[other.name].output == b"here\ndone\n"


def test_closing_ends_what_runs_behind_a_jump_host(controller, hosts):
    gate, hidden, other = hosts(3)
    way = controller.target(gate)
    visits = controller.visit(
        [behind(controller.target(hidden), way), controller.target(other)],
        b'[ "$(cat /proc/sys/kernel/hostname)" = host003 ] || sleep 60\n',
    )
    assert next(visits).target.name == other.name
    assert soon(lambda: sessions(hidden))
    visits.close()
    assert soon(lambda: not sessions(hidden) and not sessions(gate))


def test_an_audit_reads_a_host_behind_a_jump_host(bed, hosts, tmp_path):
    gate, hidden = hosts(2)
    hide(hidden)
    site = AuditSite(root=tmp_path / "site", prefix=bed.controller_command([])).init()
    variables = {gate.name: host_variables(gate, bed), hidden.name: host_variables(hidden, bed, sec_ops_jump=gate.name)}
    site.write_hosts(variables, bed.known_hosts.read_text())
    answer = site.audit("--hosts", hidden.name)
    assert {name: host["state"] for name, host in answer.hosts().items()} == {hidden.name: "collected"}
