"""A sieve that judges each distinct value once, and makes no Python object of what was seen before.

The compiled half walks lines by what it was told; what is new it asks, and the matcher's own nodes and memos answer. So
both paths give the same answers, and a rule, an operand or a regular expression is known in one place only.
"""

from collections.abc import Iterator, Sequence
from itertools import compress, count
from typing import Final

import orjson

from sec_ops.detection.match.matcher import Matcher
from sec_ops.detection.match.memo import Memo
from sec_ops.detection.match.nodes import NOTHING, Node, Outcome
from sec_ops.detection.match.varied import KeywordMemo, Skeletons
from sec_ops.detection.rule import KEYWORD
from sec_ops.detection.sieve.half import HEAD, Half, Lines
from sec_ops.detection.sieve.sieving import Sieved, event_of, parsed
from sec_ops.runtime.compiled.library import Broken

__all__ = ["CompiledSieve"]

BYTES_BOUND: Final = 1 << 31
_TOGETHER: Final = 1 << 18
"""So many bytes of lines are handed over together, about: what was copied last is still near the processor."""
_PLAN, _VALUES, _FOLLOWING = 1, 2, 3
_NOTHING, _THROUGH = 0, 1
_TESTED, _KEYWORD, _APART = 0, 1, 2

Names = tuple[str, ...]


class _Known:
    """What the compiled half was told, by its numbers there.

    A node is entered for the names of its lines: it may know fewer of them, and stand for lines of many kinds.
    """

    def __init__(self) -> None:
        self.nodes: dict[int, tuple[Node, Names]] = {}
        self.memos: list[Memo] = []
        self._of_nodes: dict[tuple[int, int], int] = {}
        self._of_memos: dict[int, int] = {}
        self._of_skeletons: dict[int, tuple[Skeletons, int]] = {}

    def node(self, way: Node | Outcome | None, names: Names, half: Half) -> int:
        """Return the number of where a way goes on for lines of these names."""
        if not isinstance(way, Node):
            return _NOTHING if way is NOTHING else _THROUGH
        key = (id(way), id(names))
        number = self._of_nodes.get(key)
        if number is None:
            keywords = self._keywords(way.skeletons, half)
            number = self._of_nodes[key] = half.node(keywords, self._fields(way, names))
            self.nodes[number] = way, names
        return number

    def _fields(self, node: Node, names: Names) -> list[tuple[int, int, int]]:
        places = dict(zip(names, count()))
        classes = (_KEYWORD if isinstance(memo, KeywordMemo) else _TESTED for memo in node.memos)
        asked = zip(node.fields, classes, node.memos, strict=True)
        numbered = [(places[name], each, self._memo(memo)) for name, each, memo in asked]
        return numbered + [(places[name], _APART, 0) for name in node.apart]

    def _memo(self, memo: Memo) -> int:
        number = self._of_memos.setdefault(id(memo), len(self.memos))
        if number == len(self.memos):
            self.memos.append(memo)
        return number

    def _keywords(self, skeletons: Skeletons, half: Half) -> int:
        known = self._of_skeletons.get(id(skeletons))
        if known is None:
            texts = skeletons.keywords if skeletons.useful else ()
            known = skeletons, half.keywords(texts, skeletons.numbers_hold_none)
            self._of_skeletons[id(skeletons)] = known
        return known[1]


class CompiledSieve:
    """Lets lines through that the matcher may find something in, and those that are in any way unusual."""

    def __init__(self, half: Half, matcher: Matcher) -> None:
        self._half, self._matcher = half, matcher
        self._known = _Known()
        self._age = matcher.forgettings
        self.broken = False

    def __call__(self, lines: Sequence[bytes]) -> Sieved:
        """Sort lines."""
        if self.broken or sum(map(len, lines)) > BYTES_BOUND:
            return parsed(lines)
        try:
            verdicts = b"".join([self._verdicts(Lines(part)) for part in _parts(lines)])
        except Broken:
            self.broken = True
            return parsed(lines)
        places = list(compress(count(), verdicts))
        through = parsed([lines[place] for place in places])
        return Sieved(
            events=through.events,
            places=[places[at] for at in through.places],
            quiet=len(lines) - len(places),
            others=[places[at] for at in through.others],
        )

    def _verdicts(self, lines: Lines) -> bytes:
        if self._is_old():
            self._forget()
        scan = self._half.scan
        at = scan(lines, 0, 0)
        while at < lines.count:
            self._answer(lines, at)
            if self._is_old():
                self._forget()
                lines.verdicts[at] = 1
                at = scan(lines, at + 1, 0)
            else:
                at = scan(lines, at, 1)
        return lines.verdicts.tobytes()

    def _is_old(self) -> bool:
        return self._age != self._matcher.forgettings

    def _forget(self) -> None:
        self._half.forget()
        self._known, self._age = _Known(), self._matcher.forgettings

    def _answer(self, lines: Lines, at: int) -> None:
        ask = self._half.ask
        question, node, size = ask[:HEAD]
        if question == _VALUES:
            for place in range(HEAD, HEAD + 3 * size, 3):
                memo, start, end = ask[place : place + 3]
                ask[place] = self._known.memos[memo][orjson.loads(lines.data[start:end])]
        elif question == _FOLLOWING:
            reached, names = self._known.nodes[node]
            following = reached[tuple(ask[HEAD : HEAD + size])]
            ask[0] = self._known.node(following, names, self._half)
        elif question == _PLAN:
            names = tuple(event_of(lines.line(at)) or ())
            # With a name that comes twice the values aren't where the names are.
            usual = len(names) == size and KEYWORD not in names
            ask[0] = self._known.node(self._matcher.beginning(names) if usual else None, names, self._half)
        else:
            self._forget()


def _parts(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    size = sum(map(len, lines))
    step = max(1, len(lines) * min(_TOGETHER, size) // max(1, size))
    for start in range(0, len(lines), step):
        yield lines[start : start + step]
