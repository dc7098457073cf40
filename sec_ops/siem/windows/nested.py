"""Windows events as nested maps, made flat: System's values under `System.<Name>`, EventData's under their own names.

XML has attributes, texts and repeated elements, which converters write as JSON in several ways: `#attributes` and
`#text` (the `evtx` library), `<Name>_attributes` beside it (the same library, asked for it), `@Name` and `#text`
(xmltodict and its like), plain members (Velociraptor), `Data` as a map, a list of named values, or of bare ones.
"""

from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any

from sec_ops.siem.windows.layouts import SYSTEM

__all__ = ["flattened", "unfolded"]

_ATTRIBUTES, _TEXT = "#attributes", "#text"
_TEXTS = (_TEXT, "Value", "value", "text", "content", "$", "_", "")
_NAMES = ("Name", "@Name", "name", "@name")
_PARTS = {
    "Provider": ("Name", "Guid", "EventSourceName"),
    "TimeCreated": ("SystemTime",),
    "Execution": ("ProcessID", "ThreadID"),
    "Correlation": ("ActivityID", "RelatedActivityID"),
    "Security": ("UserID",),
}
"""Elements of System that hold only attributes."""
_NAMED_PARTS = {
    element: tuple((part, f"{SYSTEM}{part if part == 'SystemTime' else f'{element}_{part}'}") for part in parts)
    for element, parts in _PARTS.items()
}
_BARE = {
    **{element: f"{SYSTEM}{element}" for element in _PARTS},
    "Provider": f"{SYSTEM}Provider_Name",
    "TimeCreated": f"{SYSTEM}TimeText",
    "Security": f"{SYSTEM}Security_UserID",
}
"""What they mean where a converter leaves nothing but one text."""
_QUALIFIERS = f"{SYSTEM}Qualifiers"
_DATA = "Data"
_SINGLE = frozenset({str, int, float, bool, NoneType})


def flattened(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the flat record of a nested one, None when it has no System."""
    event = record.get("Event", record)
    system = event.get("System") if isinstance(event, dict) else None
    if not isinstance(system, dict):
        return None
    flat: dict[str, Any] = {}
    _add_system(flat, system)
    data = event.get("EventData")
    if type(data) is dict and _DATA not in data and _SINGLE.issuperset(map(type, data.values())):
        flat.update(data)
    else:
        for name, value in _event_data(data):
            _add(flat, name, value)
    for name, value in _user_data(event.get("UserData")):
        _add(flat, name, value)
    for holder in (event, record):
        for name in holder:
            if name not in _KNOWN:
                _add(flat, name, holder[name])
    message = _message(event, record)
    return flat | {f"{SYSTEM}Message": message} if message else flat


def unfolded(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a flat record whose sender keeps EventData's values in a map or list of their own, as one level.

    Winlogbeat 6 has maps `event_data` and `user_data`, .NET's EventLogRecord the list `Properties`.
    """
    flat = dict(record)
    for name in ("event_data", "user_data"):
        if isinstance(record.get(name), dict):
            del flat[name]
            for key, value in record[name].items():
                _add(flat, key, value)
    if isinstance(record.get("Properties"), list):
        for name, value in _listed(flat.pop("Properties")):
            _add(flat, name, value)
    return flat


_KNOWN = frozenset(
    {"Event", "System", "EventData", "UserData", "RenderingInfo", "Message", _ATTRIBUTES, "@xmlns", "xmlns"}
)


def _add(flat: dict[str, Any], name: str, value: object) -> None:
    """Add a value beside those of its name, never in place of one."""
    if name not in flat or flat[name] is None:
        flat[name] = value
    elif flat[name] != value:
        if not isinstance(flat[name], list):
            flat[name] = [flat[name]]
        flat[name] += value if isinstance(value, list) else [value]


def _add_system(flat: dict[str, Any], system: Mapping[str, Any]) -> None:
    for name, value in system.items():
        element = name.removesuffix("_attributes")
        parts = _NAMED_PARTS.get(element)
        if parts is not None:
            if type(value) is dict:
                attributes = _attributes(value)
                for part, slot in parts:
                    if part in attributes and attributes[part] is not None:
                        flat[slot] = attributes[part]
            elif value is not None:
                flat[_BARE[element]] = value
        elif type(value) is not dict:
            flat[f"{SYSTEM}{name}"] = value
        elif name not in {_ATTRIBUTES, "xmlns"}:
            _add_text(flat, name, element, value)


def _add_text(flat: dict[str, Any], name: str, element: str, value: dict[str, Any]) -> None:
    """Add an element's text and, of EventID, the qualifiers that stand in its attributes."""
    if element == name:
        flat[f"{SYSTEM}{name}"] = _text(value)
    qualifiers = _attributes(value).get("Qualifiers")
    if qualifiers is not None:
        flat[_QUALIFIERS] = qualifiers


def _attributes(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        return {}
    inner = value.get(_ATTRIBUTES)
    return inner if isinstance(inner, dict) else {name.lstrip("@"): each for name, each in value.items()}


def _text(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return next((value[name] for name in _TEXTS if name in value), None)


def _event_data(data: object) -> Iterator[tuple[str, Any]]:
    if isinstance(data, list):
        yield from _listed(data)
    elif not isinstance(data, dict):
        if data is not None:
            yield _DATA, data
    else:
        for name, value in data.items():
            if name == _DATA and isinstance(value, list | dict):
                yield from _listed(value if isinstance(value, list) else [value])
            elif name == _ATTRIBUTES or name.endswith("_attributes"):
                pass  # the name of the EventData element's template, or of a Data element
            else:
                yield name.lstrip("@"), _value(value)


def _listed(elements: list[Any]) -> Iterator[tuple[str, Any]]:
    """Yield named Data elements by their names, and what has none as one list of `Data`."""
    bare: list[Any] = []
    for element in elements:
        name = _name(element)
        if name:
            yield name, _value(element)
        else:
            value = _value(element)
            bare += value if isinstance(value, list) else [value]
    if bare:
        yield _DATA, bare


def _name(element: object) -> str:
    if not isinstance(element, dict):
        return ""
    attributes = element.get(_ATTRIBUTES)
    named = {**element, **attributes} if isinstance(attributes, dict) else element
    return next((named[key] for key in _NAMES if isinstance(named.get(key), str) and named[key]), "")


def _value(value: object) -> object:
    """Return an element's text, or the element itself when it holds more than text."""
    if not isinstance(value, dict):
        return value
    text = _text(value)
    if text is not None:
        return text
    return None if not value or set(value) <= {_ATTRIBUTES, *_NAMES} else value


def _user_data(data: object) -> Iterator[tuple[str, Any]]:
    """Yield the values of UserData's element as EventData's are; the element's own name as `System.UserDataName`."""
    if not isinstance(data, dict):
        return
    for element, content in data.items():
        if element in {_ATTRIBUTES, "xmlns"} or element.endswith("_attributes"):
            continue
        if isinstance(content, dict):
            yield f"{SYSTEM}UserDataName", element
            yield from ((name, _value(value)) for name, value in content.items() if not _is_attribute(name))
        else:
            yield element, content


def _is_attribute(name: str) -> bool:
    return name == _ATTRIBUTES or name.startswith(("@xmlns", "xmlns")) or name.endswith("_attributes")


def _message(event: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    rendering = event.get("RenderingInfo")
    rendered = rendering.get("Message") if isinstance(rendering, dict) else None
    found = (rendered, event.get("Message"), record.get("Message"))
    return next((text for text in found if isinstance(text, str) and text), "")
