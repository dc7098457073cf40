"""Which listeners a configuration may ask for."""

import pytest
from pydantic import ValidationError

from sec_ops.model.log_listener import Listener
from sec_ops.model.log_settings import LogSettings

TLS = {"certificate": "tls/server.pem", "key": "tls/server.key"}
CLIENTS = {**TLS, "client_ca": "tls/ca.pem"}
KEY = {"id": "school-7", "sha256": "0" * 64}
OUTSIDE = {"id": "door", "address": "192.0.2.1", "port": 514}
ALLOWED = [
    {"id": "door", "kind": "syslog_tcp", "port": 0},
    {"id": "door", "kind": "bulk", "port": 9200},
    {"id": "door", "kind": "bulk", "address": "::1", "port": 9200},
    {
        **OUTSIDE,
        "kind": "syslog_udp",
        "plain_text": "accepted",
        "senders": [{"networks": ["10.0.0.0/8", "::1/128"]}],
    },
    {**OUTSIDE, "kind": "syslog_tls", "tls": CLIENTS},
    {**OUTSIDE, "kind": "relp", "tls": TLS, "senders": [{"networks": ["2001:db8::/32"]}]},
    {**OUTSIDE, "kind": "bulk", "tls": TLS, "keys": [KEY]},
]
REFUSED = [
    ({**OUTSIDE, "kind": "syslog_udp", "senders": [{}]}, "plain_text: accepted"),
    ({**OUTSIDE, "kind": "syslog_tcp", "plain_text": "accepted"}, "needs senders"),
    ({**OUTSIDE, "kind": "syslog_tls", "tls": TLS}, "needs senders"),
    ({**OUTSIDE, "kind": "bulk", "plain_text": "accepted", "keys": [KEY]}, "needs tls and keys"),
    ({**OUTSIDE, "kind": "bulk", "tls": TLS}, "needs tls and keys"),
    ({**OUTSIDE, "kind": "relp", "address": "0.0.0.0"}, "needs tls"),
    ({"id": "door", "kind": "syslog_tls", "port": 6514}, "needs tls"),
    ({"id": "door", "kind": "syslog_tcp", "port": 6514, "tls": TLS}, "syslog_tls"),
    ({"id": "door", "kind": "relp", "port": 1, "keys": [KEY]}, "bulk endpoint"),
    ({"id": "door", "kind": "bulk", "port": 1, "keys": [KEY, KEY]}, "one id"),
    ({"id": "door", "kind": "relp", "port": 1, "tls": {**TLS, "names": ["a"]}}, "client_ca"),
    ({"id": "door", "kind": "relp", "port": 1, "senders": [{"host": "a", "relay": True}]}, "relay"),
    (
        {"id": "door", "kind": "relp", "port": 1, "senders": [{"networks": ["10.0.0.300"]}]},
        "neither an address",
    ),
    ({"id": "door", "kind": "relp", "port": 1, "address": "localhost"}, "no address"),
    ({"id": "door", "kind": "relp", "port": 1, "senders": [{"encoding": "morse"}]}, "no encoding"),
    ({"id": "door", "kind": "relp", "port": 1, "senders": [{"zone": "Mars/Base"}]}, "zone"),
]


@pytest.mark.parametrize("given", ALLOWED, ids=str)
def test_allowed(given: dict) -> None:
    assert Listener.model_validate(given).id == "door"


@pytest.mark.parametrize(("given", "why"), REFUSED, ids=str)
def test_refused(given: dict, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Listener.model_validate(given)


def test_networks_are_written_one_way() -> None:
    listener = Listener.model_validate(ALLOWED[3])
    assert listener.senders[0].networks == ("10.0.0.0/8", "::1")


def test_two_listeners_of_one_id() -> None:
    with pytest.raises(ValidationError, match="one id"):
        LogSettings.model_validate({"listen": [ALLOWED[0], ALLOWED[1]]})
