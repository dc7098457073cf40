"""How each expected log source stands, and what arrives that nobody expects. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sec_ops.inventory.log_sources import Expected
from sec_ops.siem.collect.outcome import HostNote
from sec_ops.siem.collect.plan import series_name
from sec_ops.siem.collect.scope import journal_source
from sec_ops.siem.collect.series import Gap, gaps_of
from sec_ops.siem.events import UNPARSED
from sec_ops.siem.records import Transport
from sec_ops.siem.storing import SourceFacts

__all__ = ["Known", "SourceStanding", "Standing", "State", "by_key", "standing_of"]

_MINUTE_US = 60_000_000
_DAY_US = 86_400_000_000
_EARLIEST_US = 946_684_800_000_000  # 2000: an older time is a clock that was never set
_SYSLOG = frozenset({Transport.SYSLOG_UDP, Transport.SYSLOG_TCP, Transport.SYSLOG_TLS, Transport.RELP})


_Key = tuple[str, str, str, str]


class State(StrEnum):
    """How a source stands."""

    ARRIVING = "arriving"
    STALE = "stale"  # records come, but none of them is recent: old ones are sent again, or the clock is wrong
    SILENT = "silent"  # nothing has come for longer than the source may be silent
    MISSING = "missing"  # nothing ever came


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a standing is made from: everything kept, what came in the last day, positions and notes of pulls."""

    facts: Sequence[SourceFacts]
    today: Mapping[_Key, SourceFacts]
    positions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: Mapping[str, HostNote] = field(default_factory=dict)


def by_key(facts: Iterable[SourceFacts]) -> dict[_Key, SourceFacts]:
    """Return facts by what tells them apart."""
    return {_key(each): each for each in facts}


def _key(facts: SourceFacts) -> _Key:
    return (facts.source, facts.dataset, facts.host, facts.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStanding:
    """One source. Times are microseconds since 1970 in UTC, 0 for never; counts of the last day are by receipt.

    `trouble` is the word of what the last pull could not read; `behind_ms` how old the newest event was when it came,
    negative when the sender's clock is ahead; `clock_offset_ms` the host's clock against ours at the last pull.
    """

    name: str
    system: str
    unit: str
    host: str
    device: str
    collect: str
    state: State
    sources: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    last_us: int = 0
    last_received_us: int = 0
    oldest_us: int = 0
    silent_ms: int = 0
    events: int = 0
    events_day: int = 0
    unparsed_day: int = 0
    gaps: int = 0
    last_gap: Gap | None = None
    behind_ms: int = 0
    clock_offset_ms: int | None = None
    trouble: str = ""

    @property
    def ever_came(self) -> bool:
        """Return whether anything of it is kept."""
        return self.state is not State.MISSING

    def reach_days(self, now_us: int) -> int:
        """Return how many whole days the oldest kept event lies back."""
        return max(0, now_us - self.oldest_us) // _DAY_US if self.oldest_us else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All expected sources, in the inventory's order, and the unexpected ones by name."""

    now_us: int
    expected: tuple[SourceStanding, ...]
    unexpected: tuple[SourceStanding, ...]

    @property
    def wanting(self) -> tuple[SourceStanding, ...]:
        """Return the expected sources that don't arrive."""
        return tuple(each for each in self.expected if each.state is not State.ARRIVING)


def standing_of(expected: Iterable[Expected], known: Known, now_us: int) -> Standing:
    """Return how every source stands at `now_us`."""
    by_host: dict[str, list[SourceFacts]] = {}
    for facts in known.facts:
        by_host.setdefault(facts.source.partition(":")[0], []).append(facts)
        if facts.host != facts.source.partition(":")[0]:
            by_host.setdefault(facts.host, []).append(facts)
    claimed: set[str] = set()
    stands = []
    for each in expected:
        own = [facts for facts in by_host.get(_sender(each), ()) if _belongs(facts, each)]
        claimed |= {facts.source for facts in own}
        stands.append(_expected(each, own, known, now_us))
    strange: dict[str, list[SourceFacts]] = {}
    for facts in known.facts:
        if facts.source not in claimed:
            strange.setdefault(_shown_name(facts), []).append(facts)
    unexpected = tuple(_unexpected(name, own, known, now_us) for name, own in sorted(strange.items()))
    return Standing(now_us=now_us, expected=tuple(stands), unexpected=unexpected)


def _shown_name(facts: SourceFacts) -> str:
    """Return what an unexpected source is called; files brought by hand are counted by what they are and of whom."""
    transport, _, _rest = facts.source.partition(":")
    if transport != Transport.IMPORT:
        return facts.source
    return ":".join(each for each in (transport, facts.dataset, facts.host) if each)


def _sender(expected: Expected) -> str:
    return expected.host or expected.source.object or ""


def _belongs(facts: SourceFacts, expected: Expected) -> bool:
    source = expected.source
    if source.dataset is not None and facts.dataset not in (source.dataset, UNPARSED):
        return False
    sender, _, rest = facts.source.partition(":")
    if source.collect == "import":
        return facts.host == _sender(expected) and sender != facts.host
    if sender != _sender(expected):
        return False
    match source.collect:
        case "pull":
            name = rest.encode()
            return any(series_name(name, path, (name,)) == name for path in source.paths)
        case "journal":
            return facts.source == journal_source(expected.host, source)
        case "syslog":
            return rest in _SYSLOG
        case _:
            return rest.rpartition(":")[2] == Transport.BULK


def _expected(expected: Expected, own: Sequence[SourceFacts], known: Known, now_us: int) -> SourceStanding:
    note = known.notes.get(expected.host)
    state = note.expected.get(expected.name, "read") if note else "read"
    return _standing(
        own,
        known,
        now_us,
        silent_us=expected.source.silent_after_minutes * _MINUTE_US,
        name=expected.name,
        system=expected.system,
        unit=expected.unit,
        host=expected.host,
        device=expected.source.object or "",
        collect=expected.source.collect,
        clock_offset_ms=note.clock_offset_ms if note else None,
        trouble="" if state == "read" else state,
    )


def _unexpected(name: str, own: Sequence[SourceFacts], known: Known, now_us: int) -> SourceStanding:
    return _standing(
        own,
        known,
        now_us,
        silent_us=_DAY_US,
        name=name,
        system="",
        unit=own[0].unit,
        host=own[0].host,
        device="",
        collect="",
        clock_offset_ms=None,
        trouble="",
    )


def _standing(
    own: Sequence[SourceFacts],
    known: Known,
    now_us: int,
    *,
    silent_us: int,
    **named: Any,  # noqa: ANN401 - the fields
) -> SourceStanding:
    names = tuple(dict.fromkeys(facts.source for facts in own))
    recent = [known.today[key] for facts in own if (key := _key(facts)) in known.today]
    gaps = [gap for name in names for gap in gaps_of(known.positions.get(name, {}))]
    last = max((facts.last_us for facts in own), default=0)
    received = max((facts.last_received_us for facts in own), default=0)
    old = [facts.first_us for facts in own if _EARLIEST_US <= facts.first_us <= now_us]
    newest = max(own, key=lambda facts: facts.last_received_us, default=None)
    return SourceStanding(
        state=_state(last, received, now_us, silent_us),
        sources=names,
        datasets=tuple(sorted({facts.dataset for facts in own})),
        last_us=last,
        last_received_us=received,
        oldest_us=min(old, default=0),
        silent_ms=max(0, now_us - received) // 1000 if received else 0,
        events=sum(facts.events for facts in own),
        events_day=sum(facts.events for facts in recent),
        unparsed_day=sum(facts.unparsed for facts in recent),
        gaps=sum(known.positions.get(name, {}).get("gap_count", 0) for name in names),
        last_gap=max(gaps, key=lambda gap: gap.at_ms, default=None),
        behind_ms=(newest.last_received_us - newest.last_us) // 1000 if newest else 0,
        **named,
    )


def _state(last_us: int, received_us: int, now_us: int, silent_us: int) -> State:
    if not received_us:
        return State.MISSING
    if now_us - received_us > silent_us:
        return State.SILENT
    return State.STALE if now_us - last_us > max(silent_us, _DAY_US) else State.ARRIVING
