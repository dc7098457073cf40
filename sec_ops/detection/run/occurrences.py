"""When an event was and whom it is about, by the names of its shape; asked only of events that a rule found."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from sec_ops.detection.events import Entity, FlatEvent, Value
from sec_ops.model.event_shape import EventShape

__all__ = ["entity_of", "moment_of"]

_PER_SECOND: Final[Mapping[str, int]] = {"epoch": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}
_MICROSECONDS: Final = 1_000_000
_LARGEST: Final = 2**62
_NOTHING: Final = ("", "-")


def moment_of(event: FlatEvent, shape: EventShape) -> int | None:
    """Return the event's time in microseconds since 1970 (UTC), None when it says none that can be read."""
    for name in shape.time.fields:
        value = _single(event.get(name))
        for form in shape.time.formats if value is not None else ():
            found = _moment(value, form)
            if found is not None:
                return found
    return None


def entity_of(event: FlatEvent, shape: EventShape) -> Entity:
    """Return whom the event is about, as far as it says."""
    return Entity(host=_first(event, shape.host), user=_first(event, shape.user), address=_first(event, shape.address))


def _first(event: FlatEvent, names: Sequence[str]) -> str:
    for name in names:
        value = event.get(name)
        if value is not None and (value := _single(value)) is not None and (text := str(value)) not in _NOTHING:
            return text
    return ""


def _single(value: Value) -> Value:
    if isinstance(value, list | tuple):
        return next((each for each in value if each is not None), None)
    return value


def _moment(value: Value, form: str) -> int | None:
    if form in _PER_SECOND:
        return _epoch(value, _PER_SECOND[form])
    if not isinstance(value, str):
        return None
    try:
        text = value.removesuffix(" UTC")
        found = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007 - below
        return int(_utc(found).timestamp() * _MICROSECONDS)
    except (ValueError, OverflowError):
        return None


def _epoch(value: Value, per_second: int) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = round(float(value) * _MICROSECONDS / per_second) if not isinstance(value, int) else None
        whole = value * _MICROSECONDS // per_second if isinstance(value, int) else found
    except (ValueError, OverflowError):
        return None
    return whole if whole is not None and -_LARGEST < whole < _LARGEST else None


def _utc(moment: datetime) -> datetime:
    """Return a moment with its zone; one that names none is taken for UTC, as Windows and ECS write it."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
