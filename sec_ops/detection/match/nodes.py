"""The way of an event to its rules: nodes that fetch some of its fields and lead on by what their values pass.

A node is a dictionary of hit-set numbers to the next node; what it lacks it works out once. So an ordinary event costs
three look-ups, and no call of ours. The first node tells events apart by the fields that most rules want one value of,
the second fetches what the rules that are left need, the last everything that the rules read whose needs were met.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from sec_ops.detection.match.conditions import Known, holds
from sec_ops.detection.match.memo import Memo
from sec_ops.detection.match.numbered import Entry
from sec_ops.detection.match.route import Route
from sec_ops.detection.match.state import State
from sec_ops.detection.match.varied import Kind, Skeletons, fetch_all
from sec_ops.detection.rule import KEYWORD, Test

__all__ = ["NOTHING", "Node", "Outcome", "first_node", "numbers_for"]

Numbers = tuple[int, ...]
NODE_COST: Final = 1_000
"""What a node takes beside what it leads to, in bytes."""


class Outcome:
    """Where the way ends: the rules that found the event, by place, and the entries that open tests decide.

    `passed` are the tests that are known to pass.
    """

    __slots__ = ("open", "passed", "rules")
    memos: Sequence[Memo] | None = None

    def __init__(self, rules: Iterable[int], open_: Iterable[Entry] = (), passed: frozenset[int] = frozenset()) -> None:
        self.rules, self.open, self.passed = tuple(rules), tuple(open_), passed

    def finished(self, ask: Callable[[Test], bool]) -> "Outcome":
        """Return the outcome once somebody answers open tests."""
        known = Known(self.passed, ask=ask)
        late = {entry.rule for entry in self.open if holds(entry.condition, known)}
        return Outcome(sorted(late.union(self.rules)))


NOTHING: Final = Outcome(())


class Node(dict[Numbers, Any]):
    """A step: `fetch` takes the values of its fields from an event, `memos` number them.

    With keywords its fields are all those of the event that aren't known yet; in those `apart`, which have no number,
    no keyword may be.
    """

    __slots__ = ("_known", "_state", "apart", "fetch", "fields", "memos", "names")

    def __init__(self, state: State, names: tuple[str, ...], fields: Collection[str], known: frozenset[int]) -> None:
        super().__init__()
        self._state, self.names, self._known = state, names, known
        self.apart: tuple[str, ...] = ()
        self.fetch: Callable[[Mapping[str, Any]], Iterable[Any]]
        own = set(fields) - {KEYWORD}
        if KEYWORD in fields:
            sure = (Kind.VARIED, Kind.NUMBER)
            apart = {name for name in names if state.kinds.get(name) in sure and name not in own}
            if KEYWORD in names:  # as the slow way has it, which fetches nothing
                apart = set()
            others = state.rules.routers.union(apart)
            self.fields = tuple(name for name in names if name not in others)
            kinds = {name: state.kinds[name] for name in apart - state.rules.routers}
            self.apart = tuple(kinds)
            self.fetch = fetch_all(names, self.fields, state.skeletons, kinds, state.turn)
        else:
            there = [name for name in names if name in fields]
            self.fields = tuple(there * 2 if len(there) == 1 else there)
            if there:
                self.fetch = itemgetter(*self.fields)
        asked = [(state.memo if field in own else state.keyword_memo)(field) for field in self.fields]
        self.memos: Sequence[Memo] = tuple(asked)

    def __missing__(self, numbers: Numbers) -> "Node | Outcome":
        """Work out where these hit sets lead."""
        sets = self._state.hit_sets.sets
        following = self._following(self._known.union(*[sets[number] for number in numbers]))
        self[numbers] = following
        self._state.budget.spend(numbers.__sizeof__())
        return following

    @property
    def skeletons(self) -> Skeletons:
        """Return what tells texts without a keyword."""
        return self._state.skeletons

    def _following(self, passed: frozenset[int]) -> "Node | Outcome":
        raise NotImplementedError


class _First(Node):
    __slots__ = ()

    def _following(self, passed: frozenset[int]) -> Node | Outcome:
        return _need_node(self._state, self.names, passed)


class _Needs(Node):
    __slots__ = ("_lasts", "_route")

    def __init__(self, state: State, names: tuple[str, ...], route: Route, known: frozenset[int]) -> None:
        super().__init__(state, names, route.fields, known)
        self._route = route
        self._lasts: dict[tuple[tuple[Entry, ...], frozenset[int]], Node | Outcome] = {}

    def _following(self, passed: frozenset[int]) -> Node | Outcome:
        entries = self._route.may_hold(passed)
        keywords = passed & self._state.tests.keywords
        found = self._lasts.get((entries, keywords))
        if found is None:
            found = _last_node(self._state, self.names, entries, self._known | keywords, self._route.fields)
            self._lasts[entries, keywords] = found
            self._state.budget.spend(NODE_COST)
        return found


class _Last(Node):
    __slots__ = ("_entries",)

    def __init__(
        self,
        state: State,
        names: tuple[str, ...],
        fields: Collection[str],
        entries: tuple[Entry, ...],
        known: frozenset[int],
    ) -> None:
        super().__init__(state, names, fields, known)
        self._entries = entries

    def _following(self, passed: frozenset[int]) -> Outcome:
        return _outcome(self._entries, passed)


def first_node(state: State, names: tuple[str, ...]) -> Node | Outcome:
    """Return where events with exactly these names begin."""
    known = state.tests.absent(names)
    if state.rules.routers.isdisjoint(names):
        return _need_node(state, names, known)
    return _First(state, names, state.rules.routers, known)


def _need_node(state: State, names: tuple[str, ...], known: frozenset[int]) -> Node | Outcome:
    route = state.route(known & state.tests.of_routers)
    if not route.entries:
        return NOTHING
    node = _Needs(state, names, route, known)
    return node if node.fields or KEYWORD in route.fields else node[()]


def _last_node(
    state: State, names: tuple[str, ...], entries: tuple[Entry, ...], known: frozenset[int], fetched: Collection[str]
) -> Node | Outcome:
    if not entries:
        return NOTHING
    reads = frozenset[str]().union(*(entry.reads for entry in entries)) - state.rules.routers
    if KEYWORD in fetched:
        reads -= {KEYWORD}
    node = _Last(state, names, reads, entries, known)
    return node if node.fields or KEYWORD in reads else node[()]


def _outcome(entries: Iterable[Entry], passed: frozenset[int]) -> Outcome:
    known = Known(passed)
    results = [(entry, holds(entry.condition, known)) for entry in entries]
    rules = sorted({entry.rule for entry, result in results if result})
    left = [entry for entry, result in results if result is None and entry.rule not in rules]
    return Outcome(rules, left, passed if left else frozenset()) if rules or left else NOTHING


def numbers_for(node: Node, event: Mapping[str, Any]) -> Numbers:
    """Return the hit-set numbers of a node's fields the slow way: whatever the values are."""
    return tuple(memo.of(event[field]) for field, memo in zip(node.fields, node.memos, strict=True))
