"""Each way the SSH door can fail, on real hosts and odd peers."""

from __future__ import annotations

import signal
import subprocess
import sys

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


@pytest.mark.parametrize("length", [0, 1, 12, 2**16 + 4, 2**31 + 4, 2**32 - 1])
def test_a_peer_that_sends_nonsense(controller, bed, host, length):
    said = b"SSH-2.0-OpenSSH_9.2\r\n" + length.to_bytes(4) + b"\x14" * 5000
    with Listener(bed, said) as port:
        target = controller.target(host, address="127.0.0.1", port=port, deadline_seconds=3)
        reply = controller.one(target)
    assert isinstance(reply.error, ProtocolFailed | ConnectionLost | DeadlineExceeded)


def test_a_packet_without_end_does_not_fill_the_memory(controller, bed, host):
    said = b"SSH-2.0-OpenSSH_9.2\r\n" + (2**32 - 4).to_bytes(4) + bytes(40_000_000)
    with Listener(bed, said) as port:
        reply = controller.one(controller.target(host, address="127.0.0.1", port=port), output_bytes=1000)
    assert isinstance(reply.error, OutputExceeded)


def test_complaints_without_end(controller, host):
    reply = controller.one(controller.target(host), b"yes >&2\n", output_bytes=1000)
    assert isinstance(reply.error, OutputExceeded)


_INTERRUPTED = """
import sys
from tests.integration.ssh_controller import Controller
from tests.testbed.bed import Bed

bed = Bed.attach(sys.argv[1])
controller = Controller(bed)
script = b"test $(hostname) = host001 || exec sleep 271; echo quick"
try:
    for reply in controller.visit([controller.target(host) for host in bed.hosts[:3]], script):
        print("got", reply.target.name, reply.output, flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_an_interruption_keeps_what_came_and_ends_at_once(bed, hosts):
    hosts(3)
    name = bed.directory.name.removeprefix("sec-ops-testbed-")
    child = subprocess.Popen([sys.executable, "-c", _INTERRUPTED, name], stdout=subprocess.PIPE)
    with child:
        assert child.stdout
        assert child.stdout.readline() == b"got host001 b'quick\\n'\n"
        child.send_signal(signal.SIGINT)
        rest, _ = child.communicate(timeout=20)
    assert rest == b"interrupted\n"
    assert child.returncode == 0
