"""Each way the SSH door can fail, on real hosts and odd peers."""

from __future__ import annotations

import pytest

from sec_ops.model.errors import (
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    HostUnreachable,
    NameUnknown,
    OutputExceeded,
    ProtocolFailed,
)
from tests.integration.ssh_controller import (
    Controller,
    Listener,
    sudo_target,
)
from tests.testbed import faults
from tests.testbed.bed import Bed
from tests.testbed.slow_link import SlowLink

pytestmark = pytest.mark.integration


@pytest.fixture
def controller(bed: Bed) -> Controller:
    return Controller(bed)


def test_refused(controller, host):
    faults.refuse_connections(host)
    assert isinstance(controller.one(controller.target(host)).error, ConnectionRefused)


def test_nobody_there(controller, bed, host):
    (dead,) = bed.dead_addresses(1)
    assert isinstance(controller.one(controller.target(host, address=str(dead))).error, HostUnreachable)


def test_packets_swallowed(controller, host):
    faults.drop_packets(host)
    reply = controller.one(controller.target(host), connect_seconds=1)
    assert isinstance(reply.error, HostUnreachable)


def test_a_name_without_an_address(controller, host):
    assert isinstance(controller.one(controller.target(host, address="no.such.host.invalid")).error, NameUnknown)


def test_a_peer_that_never_says_a_word(controller, bed, host):
    with SlowLink(bed, host, rate=0) as link:
        reply = controller.one(controller.target(host, address=link.address, port=link.port, deadline_seconds=1))
    assert isinstance(reply.error, DeadlineExceeded)


def test_a_slow_line_is_only_slow(controller, bed, host):
    with SlowLink(bed, host, delay=0.02, rate=50_000) as link:
        reply = controller.one(controller.target(host, address=link.address, port=link.port))
    assert reply.output == b"root\ndone\n"


def test_a_slow_host_keeps_what_it_said(controller, host):
    reply = controller.one(controller.target(host, deadline_seconds=2), b"echo begun; sleep 60; echo late\n")
    assert isinstance(reply.error, DeadlineExceeded)
    assert reply.output == b"begun\n"
    assert reply.elapsed_ms < 20_000


def test_a_host_that_never_takes_the_script(controller, host):
    faults.replace_shell(host, "#!/usr/bin/dash\nexec sleep 60\n")
    reply = controller.one(controller.target(host, user="guest", deadline_seconds=2), b"#" * 20_000_000)
    assert isinstance(reply.error, DeadlineExceeded)


def test_a_peer_that_speaks_something_else(controller, bed, host):
    with Listener(bed, b"HTTP/1.1 400 Bad Request\r\n\r\n" * 200) as port:
        reply = controller.one(controller.target(host, address="127.0.0.1", port=port))
    assert isinstance(reply.error, ProtocolFailed)


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-gone\r\n"])
def test_a_peer_that_hangs_up(controller, bed, host, said):
    with Listener(bed, said) as port:
        reply = controller.one(controller.target(host, address="127.0.0.1", port=port))
    assert isinstance(reply.error, ConnectionLost)


def test_a_host_that_dies_in_the_middle_leaves_what_it_said(controller, host):
    with faults.die_mid_output(host, 5000) as dead:
        reply = controller.one(controller.target(host), b"yes | head -c 1000000\n")
        assert dead.wait(10)
    assert isinstance(reply.error, ConnectionLost)
    assert reply.output == b"y\n" * 2500


def test_an_account_without_a_shell(controller, host):
    host.run(["usermod", "-s", "/usr/sbin/nologin", "guest"])
    reply = controller.one(controller.target(host, user="guest"))
    assert isinstance(reply.error, ProtocolFailed)
    assert "login shell" in str(reply.error)


def test_a_flood_ends_at_the_bound(controller, host):
    reply = controller.one(controller.target(host), b"yes\n", output_bytes=5_000_000)
    assert isinstance(reply.error, OutputExceeded)
    assert len(reply.output) == 5_000_000


def test_busybox_as_shell(controller, host):
    faults.busybox_shell(host)
    assert controller.one(controller.target(host)).output == b"root\ndone\n"
    assert controller.one(sudo_target(controller, host, "officer", "officer")).output == b"root\ndone\n"


def test_the_clock_of_the_host_is_told(controller, host):
    script = b'echo "@@sec-ops-facts 1 boundary digest $(($(date +%s) + 3600))"\n'
    reply = controller.one(controller.target(host), script)
    assert abs(reply.clock_offset_ms - 3_600_000) < 5_000
