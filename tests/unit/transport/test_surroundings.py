"""Gateways and name servers as the system writes them, and programs that end when they are asked to."""

import threading
import time
from pathlib import Path

from sec_ops.transport.halting import halting
from sec_ops.transport.streaming import HeadAndTail, stream_program
from sec_ops.transport.surroundings import answers, gateways, name_servers

ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
torn
"""
_ANY = "0" * 32
ROUTES_6 = f"""{_ANY} 00 {_ANY} 00 20010db8000000000000000000000001 0400 1 0 3 eth0
fe800000000000000000000000000000 40 {_ANY} 00 {_ANY} 0100 1 0 1 eth0
"""


def test_gateways_of_both_families(tmp_path: Path) -> None:
    (tmp_path / "route").write_text(ROUTES)
    (tmp_path / "ipv6_route").write_text(ROUTES_6)
    assert gateways(tmp_path) == ("192.0.2.1", "2001:db8::1")
    assert gateways(tmp_path / "none") == ()


def test_name_servers(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text(
        "# nameserver 192.0.2.9\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\nnameserver x\nnameserver\n"
    )
    assert name_servers(path) == ("192.0.2.53", "fe80::1")
    assert name_servers(tmp_path / "none") == ()


def test_a_port_where_nothing_listens_does_not_answer() -> None:
    assert not answers("127.0.0.1", 1, seconds=1)
    assert not answers("::1", 1, seconds=1)


def test_a_program_ends_when_it_is_asked_to() -> None:
    asked = threading.Event()
    stream = halting(stream_program, asked.is_set)
    threading.Timer(0.3, asked.set).start()
    begun = time.monotonic()
    ended = stream(["sleep", "60"], stdout=HeadAndTail(100), stderr=HeadAndTail(100), deadline_seconds=60)
    assert ended.exit_code != 0
    assert time.monotonic() - begun < 30
    said = HeadAndTail(100)
    assert (
        halting(stream_program, lambda: False)(
            ["echo", "all"], stdout=said, stderr=HeadAndTail(100), deadline_seconds=60
        ).exit_code
        == 0
    )
    assert said.bytes() == b"all\n"
