"""Rules and events to see that a store which searches by itself gives the alerts of every other path."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any

from sec_ops.content.library import Library
from sec_ops.detection.alerts.reading import Wanted, alerts_of
from sec_ops.detection.alerts.store import never
from sec_ops.detection.database import open_database
from sec_ops.detection.mapping.shape import STORED_SHAPE, load_shapes
from sec_ops.detection.rule import Level
from sec_ops.detection.run.choosing import choose
from sec_ops.detection.run.detection import Detection, Setting
from sec_ops.detection.run.gathering import Span
from sec_ops.detection.sigma.reading import RuleText, read_rules
from sec_ops.siem.events import RECORD, TIME, Event, FieldTypes, Row
from sec_ops.siem.parse.loading import field_types
from sec_ops.siem.records import Place

NOON_US = 1_785_240_000_000_000
MINUTE_US = 60_000_000

RULES = r"""
title: Guessed password
id: 00000000-0000-4000-8000-00000000000a
name: failed
level: low
logsource: {product: linux, service: sshd}
detection:
  selection: {event.action: ssh_login, event.outcome: failure}
  home: {source.ip|cidr: 10.0.0.0/8}
  condition: selection and not home
---
title: Guessing
id: 00000000-0000-4000-8000-00000000000b
level: high
correlation:
  type: event_count
  rules: [failed]
  group-by: [source.ip]
  timespan: 5m
  condition: {gte: 3}
---
title: Cased, expression, text, number, missing
id: 00000000-0000-4000-8000-00000000000c
level: medium
logsource: {product: linux, service: sshd}
detection:
  cased: {user.name|cased: Root}
  regex: {message|re: 'publi[ck]ey for \w+'}
  ends: {message|endswith: 'ssh2'}
  number: {source.port|gte: 60000}
  missing: {user.domain: null}
  condition: 1 of cased or regex or (ends and number and missing)
---
title: Keyword
id: 00000000-0000-4000-8000-00000000000d
level: low
logsource: {product: linux, service: sshd}
detection:
  keywords: ['sEgFaUlt', '登录失败']
  condition: keywords
---
title: Lists and wildcards
id: 00000000-0000-4000-8000-00000000000e
level: low
logsource: {product: linux, service: sshd}
detection:
  selection: {related.user|contains: 'o?t', event.code: 4625}
  condition: selection
---
title: Another log source
id: 00000000-0000-4000-8000-00000000000f
level: low
logsource: {product: linux, service: sudo}
detection:
  selection: {user.name|fieldref: user.target.name}
  condition: selection
---
title: Never recorded here
id: 00000000-0000-4000-8000-000000000010
level: low
logsource: {product: okta}
detection:
  selection: {actor: x}
  condition: selection
"""

_SSH = {"event.dataset": "sshd", "event.action": "ssh_login", "sec_ops.parser": "sshd", "host.name": "web-1"}


def types() -> FieldTypes:
    """Return the shipped field catalogue."""
    return field_types(Library.open(None))


def setting(now_us: int = NOON_US + 60 * MINUTE_US) -> Setting:
    """Return a run's setting with the rules above."""
    read = read_rules([RuleText(path="rules.yml", data=RULES.encode())], {})
    assert not read.refused
    return Setting(
        chosen=choose(read.rules, read.correlations, Level.INFORMATIONAL),
        refused=(),
        shapes=load_shapes(Library.open(None)),
        zone=UTC,
        suppress=never,
        now_ms=now_us // 1000,
    )


def events() -> list[Event]:
    """Return events, some of which each of the rules finds, others that it nearly finds."""
    found: list[Event] = []
    for minute, (ip, outcome) in enumerate(
        [("192.0.2.7", "failure"), ("10.1.2.3", "failure"), ("192.0.2.7", "success"), ("192.0.2.7", "failure")] * 4
    ):
        found.append({**_SSH, "event.outcome": outcome, "source.ip": ip, TIME: NOON_US + minute * MINUTE_US})
    others: list[dict[str, Any]] = [
        {"user.name": "Root"},
        {"user.name": "root"},
        {"message": "Accepted publickey for root"},
        {"message": "Accepted publiKey for root"},
        {"message": "Failed password from 192.0.2.9 SSH2", "source.port": 60001},
        {"message": "Failed password from 192.0.2.9 ssh2", "source.port": 60001, "user.domain": "x"},
        {"message": "Failed password from 192.0.2.9 ssh2 ", "source.port": 60001},
        {"message": "sshd[7]: SEGFAULT at 0"},
        {"user.name": "登录失败"},
        {"related.user": ["anna", "root"], "event.code": "4625"},
        {"related.user": ["anna", "ot"], "event.code": "4625"},
        {"event.dataset": "sudo", "user.name": "chen", "user.target.name": "CHEN"},
        {"event.dataset": "sudo", "user.name": "chen", "user.target.name": "root"},
        {"message": "x" * 40_000 + "segfault"},
    ]
    found += [{**_SSH, TIME: NOON_US + (20 + at) * MINUTE_US, **each} for at, each in enumerate(others)]
    return found


def batch(some: Iterable[Event], sequence: int, *, stream: str = "0001") -> list[Row]:
    """Return events as the rows of one batch of a stream."""
    place = Place(stream, sequence)
    return [
        Row({"event.ingested": event[TIME], **event, RECORD: place.record(index)}, place, index)
        for index, event in enumerate(some)
    ]


def embedded(stored: Iterable[Event], folder: Path) -> dict[str, tuple[str, int]]:
    """Return the alerts of the plain path over stored events: rule and count by the alert's id."""
    kept = list(stored)
    own = setting()
    with (
        Detection(Setting(**{**_fields(own), "shapes": _stored(own)}), Span()) as detection,
        closing(open_database(folder / "plain.db")) as database,
    ):
        detection.judge(kept, lambda place: str(kept[place][RECORD]))
        detection.findings(database)
        return alerts(database)


def alerts(database: Any) -> dict[str, tuple[str, int]]:
    """Return the alerts of a database: rule and count by their id."""
    return {each.id: (each.rule, each.count) for each in alerts_of(database, Wanted())}


def _fields(own: Setting) -> dict[str, Any]:
    return {name: getattr(own, name) for name in ("chosen", "refused", "zone", "suppress", "now_ms")}


def _stored(own: Setting) -> Sequence[Any]:
    return [each for each in own.shapes if each.id == STORED_SHAPE]
