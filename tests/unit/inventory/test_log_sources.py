"""Which logs are expected, and whose log comes from an address."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.inventory.inventory import Inventory
from sec_ops.inventory.log_sources import expected_sources, network_of, senders_of
from sec_ops.model.content import Layer
from sec_ops.model.log_source import LogSource
from sec_ops.model.organisation import Host, KeySystem
from sec_ops.model.values import Text

HOSTS = {
    "app-1": Host(name="app-1", address="192.0.2.11", unit="school-7"),
    "app-2": Host(name="app-2", address="192.0.2.12"),
    "db-1": Host(name="db-1", address="2001:db8::21"),
    "lone": Host(name="lone", address="lone.example.org"),
}


def _inventory(*sources: LogSource) -> Inventory:
    system = KeySystem(
        id="records",
        name=Text(zh="x", en="x"),
        unit="city",
        grading="S3A3G3",
        leader="lin",
        operator="chen",
        rto_seconds=1,
        rpo_seconds=1,
        hosts=("app-1", "app-2", "db-1"),
        objects=({"id": "switch", "kind": "network_device", "name": {"zh": "x", "en": "x"}},),
        log_sources=sources,
    )
    return Inventory(
        folder=Path("inventory"),
        layer=Layer.SHIPPED,
        units={},
        systems={"records": system},
        people={},
        hosts=HOSTS,
        groups={"all": tuple(HOSTS), "apps": ("app-1", "app-2")},
    )


JOURNAL = LogSource(id="journal", collect="journal")
WEB = LogSource(id="web", collect="syslog", hosts=("apps",), parser="nginx", zone="Asia/Shanghai")
SWITCH = LogSource(id="switch", collect="syslog", object="switch", addresses=("192.0.2.1", "198.51.100.0/24"))


def test_a_source_is_expected_of_each_of_its_hosts_or_of_its_object_once() -> None:
    found = expected_sources(_inventory(JOURNAL, WEB, SWITCH))
    assert [each.name for each in found] == [
        "records/journal@app-1",
        "records/journal@app-2",
        "records/journal@db-1",
        "records/web@app-1",
        "records/web@app-2",
        "records/switch@switch",
    ]
    assert [each.unit for each in found] == ["school-7", "city", "city", "school-7", "city", "city"]


@pytest.mark.parametrize(
    ("address", "host", "source", "unit"),
    [
        ("192.0.2.11", "app-1", "web", "school-7"),
        ("::ffff:192.0.2.12", "app-2", "web", "city"),
        ("2001:db8::21", "db-1", "", "city"),
        ("2001:db8:0:0::21%eth0", "db-1", "", "city"),
        ("192.0.2.1", "switch", "switch", "city"),
        ("198.51.100.77", "switch", "switch", "city"),
        ("203.0.113.5", "lone", "", ""),
    ],
)
def test_whose_log_comes_from_an_address(address: str, host: str, source: str, unit: str) -> None:
    senders = senders_of(_inventory(JOURNAL, WEB, SWITCH), {"lone.example.org": ["203.0.113.5"]}.__getitem__)
    found = senders.of(address)
    assert found is not None
    assert (found.host, found.source, found.unit) == (host, source, unit)


def test_what_is_known_of_the_source_comes_with_it() -> None:
    found = senders_of(_inventory(WEB), lambda _name: ()).of("192.0.2.11")
    assert found is not None
    assert (found.system, found.parser, found.zone) == ("records", "nginx", "Asia/Shanghai")


def test_sources_of_one_host_that_differ_leave_the_parser_open() -> None:
    other = LogSource(id="app", collect="syslog", hosts=("apps",), parser="tomcat", zone="Asia/Shanghai")
    found = senders_of(_inventory(WEB, other), lambda _name: ()).of("192.0.2.11")
    assert found is not None
    assert (found.source, found.parser, found.zone) == ("web", "", "Asia/Shanghai")


@pytest.mark.parametrize("address", ["203.0.113.5", "not an address", "", "/run/socket"])
def test_a_stranger_is_nobody(address: str) -> None:
    assert senders_of(_inventory(WEB), lambda _name: ()).of(address) is None


def test_the_narrowest_network_wins() -> None:
    wide = LogSource(id="wide", collect="syslog", object="switch", addresses=("192.0.2.0/24",))
    found = senders_of(_inventory(wide, WEB), lambda _name: ()).of("192.0.2.11")
    assert found is not None
    assert found.source == "web"


@given(st.text(max_size=50))
def test_any_text_is_a_network_or_none(text: str) -> None:
    network_of(text)
    senders_of(_inventory(WEB), lambda _name: ()).of(text)


def test_an_address_is_kept_in_its_shortest_form() -> None:
    source = LogSource(id="switch", collect="syslog", object="switch", addresses=("2001:DB8:0::1", "192.0.2.0/24"))
    assert source.addresses == ("2001:db8::1", "192.0.2.0/24")
