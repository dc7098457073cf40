"""The SSH door against real sshd hosts: signing in, host keys, many hosts at once."""

from __future__ import annotations

import threading

import pytest

from sec_ops.model.errors import (
    AuthenticationFailed,
    ContentInvalid,
    HostKeyChanged,
    HostKeyUnknown,
    HostUnreachable,
)
from sec_ops.transport.process import run_program
from tests.integration.ssh_controller import (
    Agent,
    Controller,
    copy_of_key,
    sessions,
    soon,
)
from tests.testbed import faults
from tests.testbed.bed import Bed

pytestmark = pytest.mark.integration


@pytest.fixture
def controller(bed: Bed) -> Controller:
    return Controller(bed)


def test_a_key_signs_in_and_the_verified_host_key_is_told(controller, host):
    reply = controller.one(controller.target(host))
    assert (reply.error, reply.output, reply.exit_code) == (None, b"root\ndone\n", 0)
    digest = run_program(["ssh-keygen", "-lf", "-"], stdin=host.public_key.encode()).stdout.split()[1].decode()
    assert reply.host_key == f"ssh-ed25519 {digest}"


def test_ipv6(controller, host):
    assert controller.one(controller.target(host, address=str(host.ipv6))).output == b"root\ndone\n"


def test_a_password_by_reference_signs_in(controller, host):
    target = controller.target(host, user="guest", identity_file=None, password={"env": "PASSWORD_GUEST"})
    assert controller.one(target).output == b"guest\ndone\n"


def test_key_and_password_together_where_the_host_asks_for_both(controller, host):
    faults.set_line(host, "/etc/ssh/sshd_config", "AuthenticationMethods", "AuthenticationMethods publickey,password")
    host.restart()
    both = controller.target(host, user="guest", password={"env": "PASSWORD_GUEST"})
    assert controller.one(both).output == b"guest\ndone\n"
    assert isinstance(controller.one(controller.target(host, user="guest")).error, AuthenticationFailed)


def test_a_password_through_keyboard_interactive(controller, host):
    lines = "PasswordAuthentication no\nKbdInteractiveAuthentication yes"
    faults.set_line(host, "/etc/ssh/sshd_config", "KbdInteractiveAuthentication", lines)
    host.restart()
    target = controller.target(host, user="guest", identity_file=None, password={"env": "PASSWORD_GUEST"})
    assert controller.one(target).output == b"guest\ndone\n"


def test_an_encrypted_key_with_its_passphrase(controller, host, tmp_path):
    key = copy_of_key(controller, tmp_path)
    run_program(["ssh-keygen", "-q", "-p", "-N", "opensesame", "-f", str(key)])
    (tmp_path / "passphrase").write_text("opensesame\n")
    (tmp_path / "passphrase").chmod(0o600)
    reference = {"file": str(tmp_path / "passphrase")}
    assert controller.one(controller.target(host, identity_file=key, identity_passphrase=reference)).error is None
    with pytest.raises(ContentInvalid):
        controller.one(controller.target(host, identity_file=key))


def test_the_agent_signs_in(controller, host, tmp_path, monkeypatch):
    socket = tmp_path / "agent"
    with Agent(socket):
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        assert isinstance(controller.one(controller.target(host, identity_file=None)).error, AuthenticationFailed)
        assert run_program(["ssh-add", "-q", str(controller.bed.identity)]).exit_code == 0
        assert controller.one(controller.target(host, identity_file=None)).output == b"root\ndone\n"


def test_a_wrong_key_is_refused(controller, host, tmp_path):
    other = tmp_path / "other"
    run_program(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)])
    reply = controller.one(controller.target(host, identity_file=other))
    assert isinstance(reply.error, AuthenticationFailed)
    assert reply.output == b""


def test_a_wrong_password_is_tried_once(controller, host):
    target = controller.target(host, user="guest", identity_file=None, password={"env": "PASSWORD_WRONG"})
    assert isinstance(controller.one(target).error, AuthenticationFailed)
    assert host.log.read_text().count("Failed password for guest") == 1


def test_faulty_references_are_all_told_before_any_connection(controller, hosts, tmp_path):
    first, second = hosts(2)
    open_key = copy_of_key(controller, tmp_path)
    open_key.chmod(0o644)
    targets = [
        controller.target(first, identity_file=open_key),
        controller.target(second, identity_file=tmp_path / "none", password={"env": "NOT_SET"}),
    ]
    with pytest.raises(ContentInvalid) as caught:
        list(controller.visit(targets))
    assert len(caught.value.faults) == 3
    assert "Connection from" not in first.log.read_text()


# Host keys


def test_an_unknown_host_key_is_refused_with_the_way_to_add_it(controller, host, tmp_path):
    unknown = tmp_path / "known_hosts"
    reply = controller.one(controller.target(host, known_hosts=unknown))
    assert isinstance(reply.error, HostKeyUnknown)
    assert f"ssh-keyscan -p 22 {host.ipv4} >> {unknown}" in str(reply.error.advice)
    assert "SHA256:" in str(reply.error)
    assert "Accepted" not in host.log.read_text()


def test_a_changed_host_key_is_refused(controller, host):
    host.use_new_key()
    reply = controller.one(controller.target(host))
    assert isinstance(reply.error, HostKeyChanged)
    assert "Accepted" not in host.log.read_text().rpartition("Server listening")[2]


def test_what_ssh_keyscan_writes_is_understood(controller, host, tmp_path):
    known = tmp_path / "known_hosts"
    arguments = controller.bed.controller_command(["ssh-keyscan", "-H", str(host.ipv4)])
    known.write_bytes(run_program(arguments).stdout)
    assert b"|1|" in known.read_bytes()
    assert controller.one(controller.target(host, known_hosts=known)).error is None


def test_the_kind_of_key_that_is_known_is_asked_for(controller, host):
    host.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", "/etc/ssh/ssh_host_rsa_key"])
    faults.set_line(
        host,
        "/etc/ssh/sshd_config",
        "HostKey",
        "HostKey /etc/ssh/ssh_host_rsa_key\nHostKey /etc/ssh/ssh_host_ed25519_key",
    )
    host.restart()
    known = controller.bed.directory / "known_rsa"
    public = host.read("/etc/ssh/ssh_host_rsa_key.pub").decode()
    known.write_text(f"{host.ipv4} {public}\n")
    reply = controller.one(controller.target(host, known_hosts=known))
    assert reply.error is None
    assert reply.host_key.startswith("ssh-rsa ")


# Many at once


def test_twenty_hosts_of_which_four_are_down(controller, bed, hosts):
    up = hosts(16)
    targets = [controller.target(host) for host in up]
    targets += [
        controller.target(up[0], name=f"down-{address}", address=str(address)) for address in bed.dead_addresses(4)
    ]
    replies = list(controller.visit(targets, parallel=7))
    assert sorted(reply.target.name for reply in replies) == sorted(target.name for target in targets)
    assert {reply.target.name for reply in replies if reply.error} == {target.name for target in targets[16:]}
    assert all(isinstance(reply.error, HostUnreachable) for reply in replies if reply.error)
    assert all(reply.output == b"root\ndone\n" for reply in replies if not reply.error)


def test_quick_hosts_do_not_wait_for_slow_ones(controller, hosts):
    slow, quick = hosts(2)
    faults.slow_shell(slow, 3)
    replies = list(controller.visit([controller.target(slow), controller.target(quick)]))
    assert [reply.target.name for reply in replies] == [quick.name, slow.name]


def test_leaving_early_ends_every_connection(controller, hosts):
    quick, *slow = hosts(4)
    before = set(threading.enumerate())
    targets = [controller.target(quick), *(controller.target(each, deadline_seconds=300) for each in slow)]
    script = b'test "$(hostname)" = ' + quick.name.encode() + b" || exec sleep 271\necho quick\n"
    replies = controller.visit(targets, script)
    assert next(replies).output == b"quick\n"
    replies.close()
    assert soon(lambda: not set(threading.enumerate()) - before)
    assert soon(lambda: not any(sessions(each) for each in slow))
