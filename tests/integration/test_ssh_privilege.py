"""Being root through the SSH door, on real hosts with real sudo."""

from __future__ import annotations

import dataclasses
import hashlib
import logging

import pytest

from sec_ops.model.errors import (
    DeadlineExceeded,
    PrivilegeRefused,
)
from sec_ops.transport.values import PINNED_COLLECTOR, Privilege
from tests.integration.ssh_controller import (
    WRONG,
    Controller,
    sudo_target,
)
from tests.testbed.bed import Bed
from tests.testbed.host import Host

pytestmark = pytest.mark.integration


@pytest.fixture
def controller(bed: Bed) -> Controller:
    return Controller(bed)


def test_a_password_for_sudo(controller, host):
    reply = controller.one(sudo_target(controller, host, "officer", "officer"))
    assert (reply.error, reply.output, reply.privilege) == (None, b"root\ndone\n", Privilege.STREAMED)


@pytest.mark.parametrize("secret", [None, "operator", "wrong"])
def test_sudo_without_password_is_never_sent_one(controller, host, secret):
    script = b"id -un; cat /proc/self/status | grep -c root; cat >/tmp/rest\n"
    reply = controller.one(sudo_target(controller, host, "operator", secret), script)
    assert reply.error is None
    assert reply.output.startswith(b"root\n")
    assert WRONG.encode() not in host.read("/tmp/rest")


def test_a_wrong_password_is_sent_once_and_the_script_never(controller, host):
    reply = controller.one(sudo_target(controller, host, "officer", "wrong"), b"touch /tmp/ran\n")
    assert isinstance(reply.error, PrivilegeRefused)
    assert "did not take the password" in str(reply.error)
    assert reply.output == b""
    assert host.run(["test", "-e", "/tmp/ran"], accept=(1,)).returncode == 1


def test_no_password_where_sudo_wants_one(controller, host):
    reply = controller.one(sudo_target(controller, host, "officer", None))
    assert isinstance(reply.error, PrivilegeRefused)
    assert "a password is required" in reply.error.why
    assert "sudo_password" in str(reply.error.advice)


def test_an_account_without_sudo(controller, host):
    reply = controller.one(sudo_target(controller, host, "guest", "guest"))
    assert isinstance(reply.error, PrivilegeRefused)
    assert "guest is not in the sudoers file" in reply.error.why


def test_a_cached_ticket_does_not_stand_in_for_the_password_and_stays(controller, host):
    host.write("/etc/sudoers.d/ticket", "Defaults timestamp_type=global, timestamp_timeout=60\n", mode=0o440)
    password = controller.bed.account("officer").password.encode()
    host.run(["sudo", "-S", "-p", "", "-v"], data=password + b"\n", user="officer")
    host.run(["sudo", "-n", "true"], user="officer")
    for secret in ("wrong", None):
        assert isinstance(controller.one(sudo_target(controller, host, "officer", secret)).error, PrivilegeRefused)
    assert controller.one(sudo_target(controller, host, "officer", "officer")).output == b"root\ndone\n"
    host.run(["sudo", "-n", "true"], user="officer")


def test_lecture_login_noise_and_terminal_rules_stay_out(controller, host):
    host.write("/etc/sudoers.d/talk", "Defaults lecture=always, use_pty\n", mode=0o440)
    host.write("/home/officer/.bashrc", "echo noise; echo more noise >&2\n")
    host.write("/home/guest/.bashrc", "echo noise\n")
    assert controller.one(sudo_target(controller, host, "officer", "officer")).output == b"root\ndone\n"
    assert controller.one(controller.target(host, user="guest")).output == b"guest\ndone\n"


def test_a_required_terminal_is_named(controller, host):
    host.write("/etc/sudoers.d/tty", "Defaults requiretty\n", mode=0o440)
    reply = controller.one(sudo_target(controller, host, "officer", "officer"))
    assert isinstance(reply.error, PrivilegeRefused)
    assert "requiretty" in str(reply.error.advice)


def test_another_prompt_than_ours_gets_no_password(controller, host):
    host.write("/etc/sudoers.d/prompt", "officer ALL=(ALL) ALL\n", mode=0o440)
    host.run(["mv", "/usr/bin/sudo", "/usr/bin/sudo.real"])
    host.write("/usr/bin/sudo", "#!/bin/sh\nprintf '[sudo] password for officer: ' >&2\ncat >/tmp/caught\n", mode=0o755)
    target = dataclasses.replace(sudo_target(controller, host, "officer", "officer"), deadline_seconds=2)
    reply = controller.one(target, b"touch /tmp/ran\n")
    assert isinstance(reply.error, DeadlineExceeded)
    assert "[sudo] password for officer" in reply.error.why
    assert host.read("/tmp/caught") == b""


def _pin(host: Host, text: bytes, digest: str) -> None:
    host.write(PINNED_COLLECTOR, text, mode=0o755)
    rule = f'guest ALL=(root) NOPASSWD: sha256:{digest} {PINNED_COLLECTOR} ""\n'
    host.write("/etc/sudoers.d/collector", rule, mode=0o440)


def test_a_pinned_collector_runs_without_the_script_and_only_with_its_digest(controller, host):
    text = b"#!/bin/sh\nid -un; cat\n"
    _pin(host, text, hashlib.sha256(text).hexdigest())
    target = controller.target(host, user="guest", privilege=Privilege.PINNED)
    reply = controller.one(target, b"echo injected\n")
    assert (reply.error, reply.output, reply.privilege) == (None, b"root\n", Privilege.PINNED)
    host.write(PINNED_COLLECTOR, text + b"# changed\n", mode=0o755)
    changed = controller.one(target)
    assert isinstance(changed.error, PrivilegeRefused)
    assert changed.output == b""


def test_nothing_anywhere_shows_a_password(controller, host, caplog):
    """Outputs, errors, logs, and every command line on the host while the script runs and afterwards."""
    caplog.set_level(logging.DEBUG)
    script = b"for each in /proc/[0-9]*; do tr '\\000' ' ' <$each/cmdline; tr '\\000' ' ' <$each/environ; done 2>&1\n"
    replies = [
        controller.one(sudo_target(controller, host, user, secret), script)
        for user, secret in [("officer", "officer"), ("officer", "wrong"), ("guest", "guest"), ("operator", "wrong")]
    ]
    replies.append(
        controller.one(
            controller.target(host, user="guest", identity_file=None, password={"env": "PASSWORD_GUEST"}), script
        )
    )
    assert b"sudo" in replies[0].output
    shown = [host.log.read_text(), caplog.text, *(repr(reply) for reply in replies)]
    for reply in replies:
        error = reply.error
        shown += [reply.output.decode(errors="replace"), repr(error), str(error)]
        shown += [f"{error.where} {error.why} {error.advice}"] if error else []
    for name in ("/var/log/auth.log", "/var/log/syslog"):
        shown.append(host.run(["cat", name], accept=None).stdout.decode(errors="replace"))
    for password in (WRONG, *(each.password for each in controller.bed.accounts.values())):
        assert all(password not in text for text in shown)
