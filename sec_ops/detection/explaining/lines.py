"""A judged condition as lines for people: what decided first, the rest counted, everything bounded.

Of alternatives those that hold are shown, of none that holds the first few. Of parts that all have to hold, those that
don't come first.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sec_ops.detection.explaining.words import asked, cut
from sec_ops.detection.naive import Judged
from sec_ops.detection.rule import KEYWORD, All, AnyOf, Not, Selection, Test
from sec_ops.detection.values import text_of
from sec_ops.model.messages import Message, message

__all__ = ["Line", "lines_of"]

_ALTERNATIVES = 5
_TOGETHER = 20
_VALUES = 3
_MOST = 400


@dataclass(frozen=True, slots=True)
class Line:
    """One line: how deep it stands, whether its part holds (None: it only counts others), what it says."""

    depth: int
    held: bool | None
    text: Message


def lines_of(judged: Judged, written: Mapping[str, str], depth: int = 0) -> list[Line]:
    """Return the lines of a condition, at most some hundreds; `written` is how the rule calls the event's fields."""
    lines: list[Line] = []
    for line in _lines(judged, written, depth):
        if len(lines) == _MOST:
            lines.append(Line(depth, None, message("… and more")))
            break
        lines.append(line)
    return lines


def _lines(judged: Judged, written: Mapping[str, str], depth: int) -> Iterator[Line]:
    match judged.expression:
        case Test():
            yield Line(depth, judged.held, _test(judged, judged.expression, written))
        case Selection(name, _part):
            yield Line(depth, judged.held, message("{name}", name=cut(name)))
            yield from _lines(judged.parts[0], written, depth + 1)
        case Not():
            yield Line(depth, judged.held, message("not:"))
            yield from _lines(judged.parts[0], written, depth + 1)
        case All():
            yield from _several(judged, written, depth, _in_question_first, _TOGETHER, message("all of:"))
        case AnyOf():
            yield from _several(judged, written, depth, _holding_first, _ALTERNATIVES, message("one of:"))


Choose = Callable[[Sequence[Judged]], list[Judged]]


def _several(
    judged: Judged, written: Mapping[str, str], depth: int, choose: Choose, most: int, head: Message
) -> Iterator[Line]:
    if len(judged.parts) == 1:
        yield from _lines(judged.parts[0], written, depth)
        return
    yield Line(depth, judged.held, head)
    chosen = choose(judged.parts)
    for part in chosen[:most]:
        yield from _lines(part, written, depth + 1)
    rest = [part for part in judged.parts if not any(part is each for each in chosen[:most])]
    for held, text in ((True, "hold"), (False, "fail")):
        count = sum(part.held is held for part in rest)
        if count:
            yield Line(depth + 1, None, _counted(count, text))


def _counted(count: int, what: str) -> Message:
    if what == "hold":
        return message("others that hold: {count}", count=count)
    return message("others that don't hold: {count}", count=count)


def _in_question_first(parts: Sequence[Judged]) -> list[Judged]:
    return sorted(parts, key=lambda part: part.held)


def _holding_first(parts: Sequence[Judged]) -> list[Judged]:
    held = [part for part in parts if part.held]
    return held or list(parts)


def _test(judged: Judged, test: Test, written: Mapping[str, str]) -> Message:
    question = message("{field} {asked}", field=_field(test, written), asked=asked(test.operand))
    if judged.given_up:
        return message("{question}: the search took too long and was given up", question=question)
    if not judged.values:
        return message("{question}: the event has no such field", question=question)
    if test.field == KEYWORD and not judged.held:
        return message("{question}: no value does", question=question)
    return message("{question}: {values}", question=question, values=_values(judged, test))


def _field(test: Test, written: Mapping[str, str]) -> Message:
    if test.field == KEYWORD:
        return message("any value of the event")
    name = written.get(test.field, test.field)
    if name == test.field:
        return message("{name}", name=cut(test.field))
    return message("{name} (in the rule: {written})", name=cut(test.field), written=cut(name))


def _values(judged: Judged, test: Test) -> str:
    shown = [f'"{cut(text_of(value))}"' for _name, value in judged.values[:_VALUES]]
    if test.field == KEYWORD:
        names = [name for name, _value in judged.values[:_VALUES]]
        shown = [f"{cut(name)}={value}" for name, value in zip(names, shown, strict=True)]
    more = len(judged.values) - len(shown)
    return ", ".join(shown) + (f" (+{more})" if more else "")
