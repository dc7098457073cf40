"""Who may send, and what is known of it."""

import ipaddress

import pytest

from sec_ops.inventory.log_sources import Senders as KnownSenders
from sec_ops.model.log_listener import ApiKey, Sender
from sec_ops.siem.listen.directory import Directory, Known
from sec_ops.siem.listen.senders import Senders, names_fit, plain_address
from tests.unit.siem.listen.support import listener

SWITCH = Known(host="switch-1", unit="yunting", parser="huawei_vrp")
DIRECTORY = Directory(
    addresses=KnownSenders(((ipaddress.ip_network("10.1.0.5/32"), SWITCH),)),
    names={"web-1": Known(host="web-1", unit="city", dataset="nginx.access")},
)


def senders(*given: dict, kind: str = "syslog_tls", **other: object) -> Senders:
    tls = {"certificate": "a", "key": "b", "client_ca": "c"} if kind == "syslog_tls" else None
    made = listener(kind, tls=tls, senders=[Sender.model_validate(each) for each in given], **other)
    return Senders(listener=made, directory=DIRECTORY, zone="Asia/Shanghai")


def test_without_senders_anybody_and_the_inventory_names_them() -> None:
    known = senders().origin("10.1.0.5")
    assert known is not None
    assert (known.source, known.host, known.unit, known.parser) == (
        "switch-1:syslog_tls",
        "switch-1",
        "yunting",
        "huawei_vrp",
    )
    stranger = senders().origin("10.9.9.9")
    assert stranger is not None
    assert (stranger.source, stranger.host, stranger.peer) == ("10.9.9.9:syslog_tls", "", "10.9.9.9")
    assert stranger.zone == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("address", "names", "expected"),
    [
        ("10.1.2.3", (), "school-1"),
        ("10.2.0.1", (), None),
        ("2001:db8::7", (), "school-6"),
        ("192.0.2.1", ("web-1",), "by-name"),
        ("192.0.2.1", ("WEB-9.example.org",), "by-name"),
        ("192.0.2.1", ("a.b.example.org",), None),
        ("192.0.2.1", (), None),
        ("10.1.2.3", ("web-1",), "school-1"),
    ],
)
def test_the_first_entry_that_fits_decides(address: str, names: tuple[str, ...], expected: str | None) -> None:
    made = senders(
        {"networks": ["10.1.0.0/16"], "unit": "school-1"},
        {"networks": ["2001:db8::/32"], "unit": "school-6"},
        {"names": ["web-1", "*.example.org"], "unit": "by-name"},
        {"networks": ["192.0.2.1"], "names": ["nobody"], "unit": "both"},
    )
    origin = made.origin(address, names)
    assert (origin.unit if origin else None) == expected


def test_what_is_said_of_a_sender_wins_over_the_inventory() -> None:
    origin = senders({"networks": ["10.1.0.5"], "host": "core", "parser": "cisco_ios", "zone": "UTC"}).origin(
        "10.1.0.5"
    )
    assert origin is not None
    assert (origin.host, origin.unit, origin.parser, origin.zone) == ("core", "yunting", "cisco_ios", "UTC")


def test_a_relay_speaks_for_others() -> None:
    origin = senders({"networks": ["10.1.0.5"], "relay": True, "unit": "city"}).origin("10.1.0.5")
    assert origin is not None
    assert (origin.source, origin.host, origin.unit) == ("10.1.0.5:syslog_tls", "", "city")


def test_a_verified_name_is_the_host() -> None:
    origin = senders().origin("192.0.2.9", ("web-1",))
    assert origin is not None
    assert (origin.host, origin.dataset) == ("web-1", "nginx.access")


def test_forged_addresses_make_no_more_series_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sec_ops.siem.listen.senders._REMEMBERED", 3)
    made = senders(kind="syslog_udp")
    sources = {origin.source for number in range(9) if (origin := made.origin(f"10.0.0.{number}"))}
    assert sources == {"10.0.0.0:syslog_udp", "10.0.0.1:syslog_udp", "10.0.0.2:syslog_udp", "others:syslog_udp"}


def test_a_key_decides() -> None:
    key = ApiKey(id="school-7", sha256="0" * 64, unit="yunting", dataset="winlog", host=None)
    origin = senders(kind="bulk").of_key(key, "10.1.0.5")
    assert (origin.source, origin.host, origin.unit, origin.dataset) == (
        "switch-1:school-7:bulk",
        "",
        "yunting",
        "winlog",
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [("::ffff:10.0.0.1", "10.0.0.1"), ("fe80::1%eth0", "fe80::1"), ("10.0.0.1", "10.0.0.1"), ("::1", "::1")],
)
def test_plain_address(given: str, expected: str) -> None:
    assert plain_address(given) == expected


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("a.example.org", "*.example.org", True),
        ("a.b.example.org", "*.example.org", False),
        (".example.org", "*.example.org", False),
        ("example.org", "*.example.org", False),
        ("A.Example.org", "a.example.ORG", True),
        ("aa.example.org", "a*.example.org", False),
        ("10.0.0.1", "10.0.0.1", True),
    ],
)
def test_names(name: str, pattern: str, fits: bool) -> None:
    assert names_fit([name], [pattern]) is fits
