"""Nested events made flat: dotted names, or the names of EventData as flat recordings have them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import NoneType
from typing import Any, Final

from sec_ops.detection.events import FlatEvent, Value
from sec_ops.detection.values import scalars

__all__ = ["flattened"]

DEPTH_BOUND: Final = 32
"""Maps that lie deeper are not looked at; lists that do are their values, one after the other."""

_ATTRIBUTES, _TEXT, _DATA = "#attributes", "#text", "EventData"
_PLAIN_PARTS: Final = frozenset(("System", _DATA, _ATTRIBUTES))
_PLAIN: Final = frozenset((str, int, float, bool, NoneType))


def flattened(event: Mapping[str, Any], how: str) -> FlatEvent:
    """Return a flat event; `how` is `dotted` or `evtx`.

    A list of maps gives lists of what they hold. Names that come twice have all their values.
    """
    if how == "evtx" and isinstance(event.get("Event"), Mapping):
        return _evtx(event)
    if not any(map(_holds_map, event.values())):
        return event if not any(map(_is_deep, event.values())) else {n: _levelled(each) for n, each in event.items()}
    found = _Found()
    for name, value in event.items():
        found.put(_leaves(name, value, 0))
    return found


class _Found(dict[str, Value]):
    """Values by name; of a name that comes more than once, all in one list."""

    def __init__(self) -> None:
        super().__init__()
        self._lists: dict[str, list[Value]] = {}

    def put(self, leaves: Iterable[tuple[str, Value]]) -> None:
        """Take in names and their values."""
        for name, value in leaves:
            if name not in self:
                self[name] = value
                continue
            if name not in self._lists:
                self[name] = self._lists[name] = list(_listed(self[name]))
            self._lists[name].extend(_listed(value))


def _holds_map(value: object) -> bool:
    """Tell whether a list holds a map at any depth; lists may be nested as deeply as a parser lets them."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping):
            return True
        if isinstance(each, Sequence) and not isinstance(each, str):
            waiting.extend(each)
    return False


def _is_deep(value: Value) -> bool:
    """Tell whether lists are nested deeper than anything recursive should see."""
    level = [value]
    for _ in range(DEPTH_BOUND):
        level = [each for one in level if isinstance(one, list | tuple) for each in one]
        if not level:
            return False
    return True


def _levelled(value: Value) -> Value:
    return tuple(scalars(value)) if isinstance(value, list | tuple) and _is_deep(value) else value


def _leaves(name: str, value: Any, depth: int) -> Iterator[tuple[str, Value]]:  # noqa: ANN401 - any JSON
    if depth > DEPTH_BOUND:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{name}.{key}" if name else key, inner, depth + 1)
    elif _holds_map(value):
        for each in value:
            yield from _leaves(name, each, depth + 1)
    else:
        yield name, _levelled(value)


def _listed(value: Value) -> Sequence[Value]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)


def _plainly(event: Mapping[str, Any]) -> FlatEvent | None:
    """Return what `_evtx` does of an event as nearly all are: elements with text and attributes, named data; else None.

    What isn't so, or would give a name twice, is for `_evtx` to sort out.
    """
    inner = event["Event"]
    system, data = inner.get("System"), inner.get(_DATA)
    if len(event) > 1 or type(system) is not dict or type(data) is not dict or not _PLAIN_PARTS.issuperset(inner):
        return None
    pairs = [*_plain_elements(system)]
    found: dict[str, Value] = dict(pairs)
    taken = frozenset(found)
    named = [(f"{_DATA}_{name}" if name in taken else name, each) for name, each in data.items() if name != _ATTRIBUTES]
    found.update(named)
    return found if len(found) == len(pairs) + len(named) and _PLAIN.issuperset(map(type, found.values())) else None


def _plain_elements(system: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in system.items():
        if type(value) is not dict:
            yield name, value
            continue
        for key, inner in value.items():
            if key == _ATTRIBUTES and type(inner) is dict:
                yield from [(_attribute(name, attribute), text) for attribute, text in inner.items()]
            else:
                yield name, inner if key == _TEXT else value


def _evtx(event: Mapping[str, Any]) -> FlatEvent:
    plain = _plainly(event)
    if plain is not None:
        return plain
    inner = event["Event"]
    found = _Found()
    system = inner.get("System")
    for name, value in (system if isinstance(system, Mapping) else {}).items():
        found.put(_element(name, value, 0))
    taken = frozenset(found)
    for part, content in inner.items():
        if part not in ("System", _ATTRIBUTES):
            found.put(_apart(part, pair, taken) for pair in _data(part, content, 0))
    for name, value in event.items():
        if name != "Event":
            found.put(_apart("Record", pair, taken) for pair in _leaves(name, value, 0))
    return found


def _apart(part: str, pair: tuple[str, Value], taken: frozenset[str]) -> tuple[str, Value]:
    """Keep what the system says apart from a value that bears the same name."""
    name, value = pair
    return (f"{part}_{name}" if name in taken else name), value


def _element(name: str, value: Any, depth: int) -> Iterator[tuple[str, Value]]:  # noqa: ANN401 - any JSON
    """Yield an element's text under its name and its attributes after it: `Provider_Name`."""
    if not isinstance(value, Mapping) or depth > DEPTH_BOUND:
        yield from _leaves(name, value, depth)
        return
    for key, inner in value.items():
        if key == _TEXT:
            yield from _leaves(name, inner, depth)
        elif key == _ATTRIBUTES and isinstance(inner, Mapping):
            for attribute, text in inner.items():
                yield from _leaves(_attribute(name, attribute), text, depth + 1)
        else:
            yield from _element(f"{name}_{key.lstrip('@')}", inner, depth + 1)


def _attribute(element: str, attribute: str) -> str:
    return attribute if (element, attribute) == ("TimeCreated", "SystemTime") else f"{element}_{attribute}"


def _data(part: str, content: Any, depth: int) -> Iterator[tuple[str, Value]]:  # noqa: ANN401 - any JSON
    """Yield the values of EventData or UserData by name; UserData's own element falls away."""
    if not isinstance(content, Mapping) or depth > DEPTH_BOUND:
        yield from _leaves(part, content, depth)
        return
    for name, value in content.items():
        if name == _ATTRIBUTES:
            continue
        if name == "Data" and (named := tuple(_named(value))):
            yield from named
        elif part == "UserData" and depth == 0 and isinstance(value, Mapping):
            yield from _data(part, value, depth + 1)
        else:
            yield from _element(name, value, depth + 1)


def _named(value: Any) -> Iterator[tuple[str, Value]]:  # noqa: ANN401 - any JSON
    """Yield Data elements with a name as XML converters write them: `{"@Name": …, "#text": …}` or under #attributes."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, Mapping):
            attributes = each.get(_ATTRIBUTES)
            inner = attributes.get("Name") if isinstance(attributes, Mapping) else None
            name = inner or each.get("@Name") or each.get("Name")
            if isinstance(name, str):
                yield name, each.get(_TEXT)
