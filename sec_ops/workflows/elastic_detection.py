"""Detection in a store that searches by itself: rules go to the events, what they may find comes back and is judged.

Every rule becomes a search that finds at least its events (`pushed_queries`), and our own matcher has the last word, so
alerts are those of every other path. Two ways: a run that goes on where the last one ended, and one over a span of time
that leaves nothing behind but its alerts.

The watermark is exact: every event is stored with the batch of its stream, and a batch's commit is written after its
events. So a run asks for what was stored since the batches it knows, up to those that are committed; late events have
new batches. Only at the last batch of a stream may more events come later (a source fell silent), so that batch is
asked again, and the records that were judged of it are remembered.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

from sec_ops.detection.database import Database
from sec_ops.detection.live.positions import Position
from sec_ops.detection.mapping.mapped import CannotFire, mapped
from sec_ops.detection.mapping.shape import STORED_SHAPE
from sec_ops.detection.match.matcher import Silent
from sec_ops.detection.run.detection import Detection, Setting
from sec_ops.detection.run.findings import Findings
from sec_ops.detection.run.gathering import Span
from sec_ops.detection.run.going_on import GoingOn
from sec_ops.siem.elastic.fetching import ToldEvents
from sec_ops.siem.events import RECORD, Event, FieldTypes
from sec_ops.siem.query import tree
from sec_ops.siem.storing import Commit
from sec_ops.workflows.pushed_queries import NOTHING, cheaper, dear, loosened, pushed

__all__ = ["PushStore", "Pushing", "StoreJudged", "judge_new", "judge_span", "push"]

_ALTERNATIVES = (100, 20, 5, 1, 0)
"""How long lists of alternatives may be, the longest that makes a query fit."""
_DEAR_BOUND = 1_000
_AT_ONCE = 2_000


class PushStore(Protocol):
    """A store that finds by itself what rules may find."""

    types: FieldTypes

    def settled(self) -> Mapping[str, Commit]:
        """Return the last commit of every stream, all of whose events are found from now on, whoever wrote them."""
        ...

    def can(self, query: tree.Query) -> bool:
        """Tell whether it can answer a query exactly."""
        ...

    def parts(self, query: tree.Query) -> int:
        """Return how many parts it counts in a query."""
        ...

    def parts_bound(self) -> int:
        """Return how many parts a query may have."""
        ...

    def between(self, queries: Sequence[tree.Query], since_us: int | None, until_us: int | None) -> Iterator[Event]:
        """Yield the events that any of the queries finds within [since, until), by their time, each once."""
        ...

    def told(self, queries: Sequence[tree.Query], stream: str, first: int, last: int) -> Iterator[ToldEvents]:
        """Yield what any of the queries finds among the events stored with batches `first` to `last`, by batch."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushing:
    """Rules as searches: `queries` find together at least what the rules find.

    `exact` and `wider` count the rules whose search finds just their events, and those whose search finds more; for
    those in `everything` (ids) every event has to be fetched. `silent` can find nothing in stored events, and why.
    """

    queries: tuple[tree.Query, ...]
    exact: int
    wider: int
    everything: tuple[str, ...]
    silent: tuple[Silent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreJudged:
    """What was asked and what was found; `streams` are those with something new, 0 for a run over a span."""

    pushing: Pushing
    findings: Findings
    streams: int = 0


def judge_new(store: PushStore, setting: Setting, database: Database) -> StoreJudged:
    """Judge what was stored since the last run, each event once; alerts are kept with how far that brings it.

    The first run judges all that is kept. Raises EngineError for the server's faults, StorageError for our own disk's;
    the next run then begins where this one did.
    """
    own = _stored(setting)
    pushing = push(own, store)
    going_on = GoingOn(database, own.now_ms * 1000)
    before = dict(going_on.positions)
    with Detection(own, Span()) as detection:
        commits = store.settled()
        told = [_new(store, pushing.queries, commits[name], going_on, own.now_ms) for name in sorted(commits)]
        for events in heapq.merge(*told, key=_received):
            detection.judge(events.events, _record(events.events))
        findings = detection.findings(database, going_on)
    moved = sum(each.sequence > (before[name].sequence if name in before else -1) for name, each in commits.items())
    return StoreJudged(pushing=pushing, findings=_told(findings, pushing), streams=moved)


def judge_span(store: PushStore, setting: Setting, span: Span, database: Database | None) -> StoreJudged:
    """Judge the events of a span of time, also those judged before: what an alert has counted isn't counted again.

    Alerts are kept in the database when there is one. Raises EngineError, StorageError.
    """
    own = _stored(setting)
    pushing = push(own, store)
    with Detection(own, span) as detection:
        found = store.between(pushing.queries, span.since_us, span.until_us)
        while events := list(islice(found, _AT_ONCE)):
            detection.judge(events, _record(events))
        return StoreJudged(pushing=pushing, findings=_told(detection.findings(database), pushing))


def push(setting: Setting, store: PushStore) -> Pushing:
    """Return the rules of a run as searches of a store.

    A pattern that begins with a wildcard makes the store look through all values of a field. A few do no harm; of the
    thousands that large rule sets have, only the field's existence is asked.
    """
    (shape,) = _stored(setting).shapes
    mappings = [(rule, mapped(rule, shape)) for rule in setting.chosen.rules]
    silent = [Silent(rule=rule, reason=each.reason) for rule, each in mappings if isinstance(each, CannotFire)]
    can = [(rule, pushed(each, store.types, store.can)) for rule, each in mappings if not isinstance(each, CannotFire)]
    sparing = sum(dear(each.over, store.types) for _, each in can) > _DEAR_BOUND
    bound = store.parts_bound()
    wanted = [(rule, each, cheaper(each.over, store.types) if sparing else each.over) for rule, each in can]
    searches = [_fitting(query, store, bound) for _, _, query in wanted]
    exact = sum(each.exact and search == each.over for (_, each, _), search in zip(wanted, searches, strict=True))
    everything = [
        rule.header.id for (rule, *_), each in zip(wanted, searches, strict=True) if each == tree.Everything()
    ]
    return Pushing(
        queries=tuple(_together(searches, store, bound)),
        exact=exact,
        wider=len(searches) - exact,
        everything=tuple(everything),
        silent=tuple(silent),
    )


def _stored(setting: Setting) -> Setting:
    """Return the setting for events of the one shape that stores keep."""
    return replace(setting, shapes=[each for each in setting.shapes if each.id == STORED_SHAPE])


def _fitting(query: tree.Query, store: PushStore, bound: int) -> tree.Query:
    """Return the query, or a wider one with as many parts as one query may have."""
    waiting = iter(_ALTERNATIVES)
    wider = query
    while store.parts(wider) > bound:
        most = next(waiting, None)
        if most is None:
            return tree.Everything()
        wider = loosened(query, most)
    return wider


def _together(searches: Sequence[tree.Query], store: PushStore, bound: int) -> Iterator[tree.Query]:
    """Yield the searches in as few queries as may have so many parts."""
    wanted = [each for each in dict.fromkeys(searches) if each != NOTHING]
    if tree.Everything() in wanted:
        yield tree.Everything()
        return
    waiting: list[tree.Query] = []
    size = 0
    for query in wanted:
        parts = store.parts(query)
        if waiting and size + parts > bound:
            yield tree.Or(tuple(waiting))
            waiting, size = [], 0
        waiting.append(query)
        size += parts
    if waiting:
        yield tree.Or(tuple(waiting))


def _new(
    store: PushStore, queries: Sequence[tree.Query], commit: Commit, going_on: GoingOn, now_ms: int
) -> Iterator[ToldEvents]:
    """Yield what is new of a stream, then note how far it is judged."""
    known = going_on.positions.get(commit.stream, Position(sequence=-1, received_ms=0))
    same = commit.sequence == known.sequence
    last = set(known.loose) if same else set()
    for told in store.told(queries, commit.stream, known.sequence, commit.sequence):
        judged = known.loose if told.sequence == known.sequence else ()
        events = [each for each in told.events if str(each[RECORD]) not in judged]
        if told.sequence == commit.sequence:
            last.update(str(each[RECORD]) for each in events)
        if events:
            yield replace(told, events=events)
    going_on.positions[commit.stream] = Position(
        sequence=max(commit.sequence, known.sequence), received_ms=now_ms, loose=frozenset(last)
    )


def _received(told: ToldEvents) -> int:
    return told.received_us


def _record(events: Sequence[Event]) -> Callable[[int], str]:
    return lambda place: str(events[place][RECORD])


def _told(findings: Findings, pushing: Pushing) -> Findings:
    """Return the findings with the rules that can find nothing in stored events: others were just not found."""
    return replace(findings, rules=replace(findings.rules, silent=pushing.silent))
